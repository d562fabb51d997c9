#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Proves the contracts of the modules below: prove.py BUILD_DIRECTORY [MODULE]...

Each module is a real source file, read with the layout of one architecture, and the functions in it that have
contracts. WP makes goals of the contracts and of everything that C leaves undefined; z3 and cvc4 prove them.
The admitted lemmas are bit-vector goals for z3 alone (bits.smt2). Goals that are not proved are printed.
"""
import os
import re
import subprocess
import sys
import time

SECONDS = 30 # by the clock, for one goal and prover; most need less than one on an idle machine
PRELUDE = "test/prove/prelude.h"

# The lemmas have no function.
MODULES = [
    ("lemmas", "x86_64", PRELUDE, []),
    ("types", "x86_64", "core/limits.c",
     "min_u64 max_u64 is_power_of_2 align_down align_up pfn_down pfn_up pfn_phys lowest_bit highest_bit".split()),
    ("limits", "x86_64", "core/limits.c",
     "vmalloc_reserve split_low_ram split_high_ram limits_split split_refusal_text limits_find".split()),
    ("finding", "x86_64", "core/finding.c", "finding_add finding_add_bytes".split()),
    ("e820", "x86_64", "core/e820.c",
     "before last_of strictest goes_on append cut_last entry_check e820_next_ram e820_type_at e820_equal".split()),
    ("bootmem", "x86_64", "core/bootmem.c",
     "mask put_mask put_long_bits get_bit put_bit unit_shift mixed level_of_edge word_is_uniform may_hold holds_only "
     "fits find_run preferred_node kind_of cursor_for search_for forget open_chunk keep_rest "
     "bootmem_next_free bootmem_reserved".split()),
    ("buddy", "x86_64", "core/buddy.c", "first_order has_block buddy_largest_order buddy_count_run gfp_zone".split()),
    ("zone", "x86_64", "core/zone.c", "zone_limit divide is_highmem highmem_min".split()),
    ("zone-i386", "i386", "core/zone.c", "zone_limit divide is_highmem highmem_min".split()),
    ("limits-i386", "i386", "core/limits.c",
     "vmalloc_reserve split_low_ram split_high_ram limits_split split_refusal_text limits_find".split()),
]

# Branches and conjunctions as goals of their own: more of them, and easier ones.
SPLIT = {"e820": ["-wp-split"]}

MACHDEP = {"x86_64": "gcc_x86_64", "i386": "gcc_x86_32"}


def run(command, environment):
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def detect_provers(directory, environment):
    """A configuration of our own: what the user's says of provers is none of our business."""
    result = run(["why3", "config", "detect"], environment)
    if not os.path.exists(environment["WHY3CONFIG"]):
        sys.exit(f"why3 config detect: {result.stdout}")


def prove_bits(directory):
    """The bit-vector goals, and the admitted lemmas that none of them is for."""
    with open(PRELUDE, encoding="utf-8") as file:
        lemmas = re.findall(r"admit lemma (\w+)", file.read())
    output = run(["z3", "-T:120", "test/prove/bits.smt2"], None).stdout.split()
    goals = list(zip(output[::2], output[1::2]))
    failed = [f"{name}: {answer}" for name, answer in goals if answer != "unsat"]
    failed += [f"{name}: no goal in bits.smt2" for name in lemmas if name not in output[::2]]
    return len(goals) + len(failed) - sum(answer != "unsat" for _, answer in goals), failed


def prove_module(name, arch, source, functions, directory, environment):
    what = ["-wp-fct", ",".join(functions)] if functions else ["-wp-prop", "@lemma"]
    result = run(["frama-c", "-c11", "-machdep", MACHDEP[arch],
                  f"-cpp-extra-args=-Iinclude -Iarch -Iarch/{arch} -include {PRELUDE}",
                  "-wp", "-wp-rte", "-wp-prover", "cvc4,z3", "-wp-par", "1", *SPLIT.get(name, []),
                  "-wp-timeout", str(SECONDS), *what, source], environment)
    with open(os.path.join(directory, f"{name}.log"), "w", encoding="utf-8") as log:
        log.write(result.stdout)
    count = re.search(r"Proved goals: +(\d+) / (\d+)", result.stdout)
    if result.returncode != 0 or not count:
        sys.exit(f"{name}: {result.stdout}")
    failed = re.findall(r"\[(?:Failed|Timeout|Stepout|Unknown)\] Goal (\S+)", result.stdout)
    # What WP says when it had to guess what a function does.
    failed += re.findall(r"Missing \w+ clause.*|No code nor .* for function.*", result.stdout)
    proved, goals = int(count[1]), int(count[2])
    return goals + max(0, len(failed) - (goals - proved)), failed


def main():
    directory, wanted = sys.argv[1], sys.argv[2:]
    os.makedirs(directory, exist_ok=True)
    environment = dict(os.environ, WHY3CONFIG=os.path.abspath(os.path.join(directory, "why3.conf")))
    detect_provers(directory, environment)
    total, unproved, start = 0, 0, time.monotonic()
    for module in [("bits",)] + MODULES:
        if wanted and module[0] not in wanted:
            continue
        if module[0] == "bits":
            goals, failed = prove_bits(directory)
        else:
            goals, failed = prove_module(*module, directory, environment)
        print(f"  PROVE {module[0]}: {goals - len(failed)} of {goals}", flush=True)
        for goal in failed:
            print(f"{module[0]}: not proved: {goal}", flush=True)
        total += goals
        unproved += len(failed)
    print(f"  PROVE took {time.monotonic() - start:.0f} s")
    print(f"{total - unproved} of {total} goals proved")
    sys.exit(unproved != 0)


main()
