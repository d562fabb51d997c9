# SPDX-License-Identifier: BSD-2-Clause
"""build/bench says what it promises, and the core does not cost more than it did. Only what is the same on every machine
has a bound: instructions, bytes, pages. Times are looked at for their form alone."""
import re
import subprocess

LINE = re.compile(r"(ours|naive) (\S+) (\S+) (\d+) (\d[\d.e+]*)((?: \w+=\S+)*)")
KEYS = {"W1": ["reserved_KiB_per_GiB"], "W2": ["space", "d1", "d5", "d10"], "W3": []}

# Instructions of an operation: what docs/performance.md says, and a tenth for other compilers.
INSTRUCTIONS = {
    ("W1", "qemu4g", 1): 4900,
    ("W1", "laptop64g", 1): 15600,
    ("W1", "srv1024g2n", 1): 18200,
    ("W1", "srv1024g8n", 1): 27900,
    ("W1", "srv16384g8n", 1): 32000,
    ("W2", "laptop64g", 1000): 180,
    ("W2", "laptop64g", 10000): 175,
    ("W2", "laptop64g", 100000): 175,
    ("W2ng", "laptop64g", 1000): 180,
    ("W2ng", "laptop64g", 10000): 175,
    ("W2ng", "laptop64g", 100000): 175,
    ("W3a", "laptop64g", 1000): 560,
    ("W3b", "laptop64g", 1000): 460,
    ("W3c", "laptop64g", 1000): 175,
    ("W3a", "laptop64g", 10000): 485,
    ("W3b", "laptop64g", 10000): 410,
    ("W3c", "laptop64g", 10000): 177,
    ("W3a", "laptop64g", 100000): 445,
    ("W3b", "laptop64g", 100000): 395,
    ("W3c", "laptop64g", 100000): 230,
    ("W4", "qemu4g", 1000): 0.35,
    ("W4-eager", "qemu4g", 1000): 6.1,
    ("W5", "4g-by-4k", 1): 4,
    ("W5", "64g-largest", 1): 94,
    ("W5", "1t-largest", 1): 7.1,
}
BOOTMEM = {result for result in INSTRUCTIONS if result[0][:2] in KEYS}


def run(*arguments):
    """What is measured of each (workload, map, n): the figure and its keys."""
    done = subprocess.run(["build/bench", *arguments], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    results = {}
    for line in done.stdout.splitlines():
        parts = LINE.fullmatch(line)
        assert parts, f"not a result: {line}"
        who, name, where, n, figure, keys = parts.groups()
        if who == "ours":
            results[name, where, int(n)] = float(figure), dict(key.split("=") for key in keys.split())
    return results


def test_instructions():
    results = run("--instr")
    assert results.keys() == INSTRUCTIONS.keys()
    too_many = {result: figure for result, (figure, _) in results.items() if figure > INSTRUCTIONS[result]}
    assert not too_many
    assert all(keys == {"unit": "instructions"} for _, keys in results.values())


def test_results_of_bootmem():
    results = run("W1", "W2", "W2ng", "W3a", "W3b", "W3c")
    assert results.keys() == BOOTMEM
    for (name, where, _), (nanoseconds, keys) in results.items():
        assert nanoseconds > 0
        assert set(KEYS[name[:2]]) <= keys.keys()
        # The bitmap of a GiB is 33 KiB; holes and whole pages weigh more on a small machine.
        assert float(keys.get("reserved_KiB_per_GiB", 0)) <= (51 if where == "qemu4g" else 34.1)
        assert float(keys.get("written_KiB", 0)) <= 2
        assert 1 <= float(keys.get("space", 1)) <= 1.005


def test_unknown_workload():
    done = subprocess.run(["build/bench", "W2", "W9"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == "" and "bench: W9: no such workload" in done.stderr
