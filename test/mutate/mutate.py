#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Plants faults in the core, one at a time, and sees whether the host tests notice; mutate.mk calls it and says what
is built before.

Of each mutant one object is compiled per variant. One that equals the original's is no fault (equivalent); else it is
linked, ahead of the archive that has the original, to each test that enters the function, until one fails, crashes or
takes several times as long as usual: the mutant is killed. The tests that killed in this file before, for their
time, come first. The slow tests, and the quick ones under sanitizers, see only what all others let pass.

equivalent.txt has mutants of which no test can notice anything, each with its reason. They are tried like all others; one
that is killed all the same is an error, as is one that is in no file any more.

Survivors are printed, and the last line is "N of M mutants killed (P %), K equivalent, L listed as such". Status 1: fewer
than 95 %, or a list that is wrong.
"""
import argparse
import concurrent.futures
import fcntl
import glob
import json
import os
import random
import resource
import shlex
import subprocess
import sys
import tempfile
import threading
import time

import plant

ROOT = "build/mutate"
VERDICTS = f"{ROOT}/verdicts"
LIST = os.path.join(os.path.dirname(__file__), "equivalent.txt")
WANTED_PERCENT = 95
QUICK_SECONDS = 7
# What changes the tests; SEED= on make's command line is the mutants', not theirs.
CHANGES_TESTS = ("GOLDEN", "SEED", "FULL")
ENVIRONMENT = dict({k: v for k, v in os.environ.items() if k not in CHANGES_TESTS}, ASAN_OPTIONS="detect_leaks=0")


class Test:
    """One program of one variant."""

    def __init__(self, variant, name):
        self.variant, self.name = variant, name
        self.seconds, self.enters = {}, None
        if name.startswith("efi_"):
            self.object, self.archive = f"efi/test/efi/test_{name[4:]}.o", "efi.a"
        else:
            self.object, self.archive = f"unit/test/unit/{name}.o", "unit.a"

    def program(self, form):
        return f"{ROOT}/{self.variant}/{form}/{self.name}"

    def __str__(self):
        return f"{self.name} ({self.variant})"


def limits(seconds):
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000") # a mutant may take memory without end; then it is the one that has to go


def run(program, seconds):
    """Did it pass, and what time of the processor did it take? A busy machine is no failure: the clock is for what sleeps."""
    with subprocess.Popen([program], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env=ENVIRONMENT, preexec_fn=lambda: limits(seconds)) as child:
        watch = threading.Timer(60 + 20 * seconds, child.kill)
        watch.start()
        _, status, usage = os.wait4(child.pid, 0)
        watch.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode == 0, usage.ru_utime + usage.ru_stime


def allowed_seconds(usual):
    return int(4 * usual) + 2


def entered_functions(variant):
    """By gcov, of what the last program left behind, which is removed."""
    data = glob.glob(f"{ROOT}/{variant}/cover/**/*.gcda", recursive=True)
    if not data:
        return []
    output = subprocess.run(["gcov", "--json-format", "--stdout", *data], stdout=subprocess.PIPE, check=True).stdout
    entered = set()
    for line in output.splitlines():
        for file in json.loads(line)["files"]:
            entered |= {f"{file['file']}:{f['name']}" for f in file["functions"] if f["execution_count"]}
    for name in data:
        os.remove(name)
    return sorted(entered)


def measure(test, form):
    if form in test.seconds:
        return
    passed, seconds = run(test.program(form), 300)
    if not passed:
        sys.exit(f"{test.program(form)} fails without a mutant")
    test.seconds[form] = seconds


def load_tests():
    """What is known of a program is kept until it is built anew."""
    known_path, known, tests = f"{ROOT}/tests.json", {}, []
    lock = open(f"{ROOT}/lock", "w", encoding="ascii") # of two runs at a time, one measures
    fcntl.flock(lock, fcntl.LOCK_EX)
    if os.path.exists(known_path):
        with open(known_path, encoding="utf-8") as file:
            known = json.load(file)
    for path in sorted(glob.glob(f"{ROOT}/*/fast/*_*")):
        test = Test(path.split("/")[2], os.path.basename(path))
        if not os.path.exists(test.program("cover")):
            continue
        entry = known.get(path)
        if entry is None or entry["built"] != os.path.getmtime(path):
            measure(test, "fast")
            run(test.program("cover"), 300)
            entry = {"built": os.path.getmtime(path), "seconds": test.seconds["fast"],
                     "enters": entered_functions(test.variant)}
            known[path] = entry
            with open(known_path, "w", encoding="utf-8") as file:
                json.dump(known, file)
        test.seconds["fast"], test.enters = entry["seconds"], set(entry["enters"])
        tests.append(test)
    lock.close()
    if not any(test.enters for test in tests):
        sys.exit(f"{ROOT}/*/cover: no test left counts of what it entered; was it built in another directory?")
    return tests


class Judge:
    def __init__(self, arguments, tests):
        self.compile = dict(c.split("=", 1) for c in arguments.compile)
        self.form = dict(f.split("=", 1) for f in arguments.form)
        self.only = dict(o.split("=", 1) for o in arguments.only)
        self.tests = tests
        self.entered = set().union(*(test.enters for test in tests))
        self.quick = arguments.quick
        self.originals = {}
        self.kills = {}
        self.lock = threading.Lock()

    def compiler(self, variant, form):
        return shlex.split(self.compile[variant]) + shlex.split(self.form[form])

    def object(self, source, path, variant, form, output):
        """None if it doesn't compile."""
        command = self.compiler(variant, form) + shlex.split(self.only.get(path, "")) + \
            ["-iquote", os.path.dirname(path), "-c", source, "-o", output]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode != 0:
            return None
        with open(output, "rb") as file:
            return file.read()

    def original(self, path, variant, source, output):
        """Compiled at the same place from the same file name, so that only the code can differ."""
        with self.lock:
            known = self.originals.get((path, variant))
        if known is None:
            with open(path, encoding="utf-8") as file, open(source, "w", encoding="utf-8") as copy:
                copy.write(file.read())
            known = self.object(source, path, variant, "fast", output)
            with self.lock:
                self.originals[path, variant] = known
        return known

    def candidates(self, mutant, variant, slow):
        stem = os.path.splitext(os.path.basename(mutant.path))[0]
        # core_: string.c has names of its own here (test/unit/core_string.h)
        names = {f"{mutant.path}:{prefix}{mutant.function}" for prefix in ("", "core_")}
        if not names & self.entered: # it is part of others in its file: inlined before gcc counts
            names = {name for name in self.entered if name.startswith(f"{mutant.path}:")}

        def cost(test):
            kills = self.kills.get((mutant.path, str(test)), 0) + (20 if test.name == f"test_{stem}" else 0)
            return (test.seconds["fast"] + 0.05) / (1 + kills)

        found = [t for t in self.tests if t.variant == variant and names & t.enters and
                 slow == (t.seconds["fast"] > QUICK_SECONDS)]
        with self.lock:
            return sorted(found, key=cost)

    def link(self, test, form, mutant_object, directory):
        program, built = f"{directory}/test", f"{ROOT}/{test.variant}"
        command = self.compiler(test.variant, form) + [
            f"{built}/{test.object}", mutant_object, "-Wl,--start-group", f"{built}/{test.archive}",
            f"{built}/{form}/core.a", "-Wl,--end-group", "-lcmocka", "-o", program]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        return program

    def killer(self, mutant, variant, form, slow, directory):
        """The test that notices, or None."""
        for test in self.candidates(mutant, variant, slow):
            if form == "check":
                if not os.path.exists(test.program(form)):
                    continue
                with self.lock:
                    measure(test, form)
            program = self.link(test, form, f"{directory}/{variant}-{form}.o", directory)
            passed, _ = run(program, allowed_seconds(test.seconds[form]))
            if not passed:
                with self.lock:
                    key = (mutant.path, str(test))
                    self.kills[key] = self.kills.get(key, 0) + 1
                return f"{test}, {form}"
        return None

    def verdict(self, mutant, text, directory):
        """"broken", "equivalent", "survived", or the test that killed it."""
        source = f"{directory}/{os.path.basename(mutant.path)}"
        variants = [v for v in self.compile if not mutant.path.startswith("arch/") or
                    ("i386" in v) == ("i386" in mutant.path)]
        differ = []
        for variant in variants:
            output = f"{directory}/{variant}-fast.o"
            original = self.original(mutant.path, variant, source, output)
            with open(source, "w", encoding="utf-8") as file:
                file.write(plant.apply(text, mutant))
            changed = self.object(source, mutant.path, variant, "fast", output)
            if changed is None:
                return "broken"
            if changed != original:
                differ.append(variant)
                killer = self.killer(mutant, variant, "fast", False, directory)
                if killer is not None:
                    return killer
        if not differ:
            return "equivalent"
        for form in () if self.quick else ("fast", "check"):
            for variant in differ:
                if form == "check":
                    self.object(source, mutant.path, variant, form, f"{directory}/{variant}-check.o")
                killer = self.killer(mutant, variant, form, form == "fast", directory)
                if killer is not None:
                    return killer
        return "survived"


def key_of(mutant):
    """Good until the file is edited."""
    return [mutant.path, mutant.function, mutant.start, mutant.old, mutant.new]


def chosen(arguments, texts, mutants):
    """Every so-manieth, in an order that makes a part of them a fair sample, too."""
    chance = random.Random(arguments.seed)
    if arguments.again:
        survived = {}
        with open(VERDICTS, encoding="utf-8") as file:
            for line in file:
                key, verdict = json.loads(line)
                survived[tuple(key)] = verdict == "survived"
        picked = [m for m in mutants if survived.get(tuple(key_of(m)))]
    elif arguments.mutants and arguments.mutants < len(mutants):
        step = len(mutants) / arguments.mutants
        first = chance.random() * step
        picked = [mutants[int(first + k * step)] for k in range(arguments.mutants)]
    else:
        picked = list(mutants)
    chance.shuffle(picked)
    return picked


def squeezed(text):
    return " ".join(text.split())


def change(mutant):
    return f"{mutant.function}: {squeezed(mutant.old)} -> {squeezed(mutant.new) or 'nothing'}"


def shown(mutant):
    return f"{mutant.path}:{mutant.line}: {change(mutant)}"


def list_key(mutant, text):
    """What the list has in its first two lines: the change, and the line as it is then."""
    first, last = text.rfind("\n", 0, mutant.start) + 1, text.find("\n", mutant.end)
    return f"{mutant.path}: {change(mutant)}", squeezed(text[first:mutant.start] + mutant.new + text[mutant.end:last])


def read_list(files):
    """Paragraphs: the change, the changed line, the reason; # begins a comment."""
    with open(LIST, encoding="utf-8") as file:
        text = "".join(line for line in file if not line.startswith("#"))
    listed = set()
    for paragraph in filter(None, map(str.strip, text.split("\n\n"))):
        lines = [squeezed(line) for line in paragraph.split("\n")]
        if len(lines) < 3:
            sys.exit(f"{LIST}: no reason: {lines[0]}")
        if lines[0].split(":")[0] in files:
            listed.add((lines[0], lines[1]))
    return listed


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutants", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--compile", action="append")
    parser.add_argument("--form", action="append")
    parser.add_argument("--only", action="append", help="FILE=FLAGS that this file alone is compiled with")
    parser.add_argument("files", nargs="+")
    return parser.parse_args()


def main():
    started = time.monotonic()
    arguments = parse()
    texts, mutants = {}, []
    for path in arguments.files:
        found, texts[path] = plant.mutants_of(path)
        mutants += found
    listed = read_list(arguments.files)
    for key in listed - {list_key(m, texts[m.path]) for m in mutants}:
        sys.exit(f"{LIST}: no such mutant: {key[0]}: {key[1]}")
    picked = chosen(arguments, texts, mutants)
    judge = Judge(arguments, load_tests())
    count = {"killed": 0, "survived": 0, "equivalent": 0, "listed": 0, "broken": 0}
    wrong = []
    work = tempfile.TemporaryDirectory(dir=ROOT)
    directories = [f"{work.name}/{n}" for n in range(arguments.jobs)]
    for directory in directories:
        os.mkdir(directory)

    def one(mutant):
        if arguments.seconds and time.monotonic() - started > arguments.seconds:
            return
        with judge.lock:
            directory = directories.pop()
        verdict = judge.verdict(mutant, texts[mutant.path], directory)
        with judge.lock:
            directories.append(directory)
            if list_key(mutant, texts[mutant.path]) in listed:
                if verdict not in count:
                    wrong.append(mutant)
                    print(f"{LIST}: {shown(mutant)} is killed: {verdict}", flush=True)
                if verdict == "survived":
                    verdict = "listed"
            count[verdict if verdict in count else "killed"] += 1
            with open(VERDICTS, "a", encoding="utf-8") as file:
                print(json.dumps([key_of(mutant), verdict]), file=file)
            if verdict == "survived":
                print(shown(mutant), flush=True)

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        list(pool.map(one, picked))

    judged = count["killed"] + count["survived"]
    percent = 100 * count["killed"] / judged if judged else 0
    print(f"{len(mutants)} mutants, {len(picked)} chosen, {sum(count.values())} tried, {count['broken']} do not compile, "
          f"{time.monotonic() - started:.0f} s")
    print(f"{count['killed']} of {judged} mutants killed ({percent:.1f} %), {count['equivalent']} equivalent, "
          f"{count['listed']} listed as such")
    return 0 if judged and percent >= WANTED_PERCENT and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
