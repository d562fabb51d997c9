#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Builds, runs and counts the tests; the targets of test.mk call it.

    run.py [unit] [fuzz] [sim] [bench] [vm] BINARY... [-- PYTEST_ARGUMENT_OF_VM...]

A program that does not build, crashes, times out or runs no test at all is a failed test. Silent
about what passes; the last line is "N passed, N failed[, N skipped]".
"""
import concurrent.futures
import os
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree

UNIT_SECONDS = 600
SIM_SECONDS = 600
BENCH_SECONDS = 600
VM_SECONDS = 6000 if os.environ.get("FULL") else 1800
MARK = re.compile(r"^\[\s+(RUN|OK|FAILED|SKIPPED)\s+\] (\S+)")


class Count:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        text = f"{self.passed} passed, {self.failed} failed"
        return text + (f", {self.skipped} skipped" if self.skipped else "")


def make(*targets, **how):
    command = shlex.split(os.environ.get("MAKE", "make")) + ["--no-print-directory", "-s", "-k", "-j2"]
    # A jobserver of the calling make would be unusable here and only causes a warning.
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS")}
    return subprocess.run(command + list(targets), env=environment, **how)


def count_cmocka(log, status):
    """cmocka names each test twice: RUN, then OK, FAILED or SKIPPED. The summary repeats failures."""
    count, running = Count(), None
    for line in log.splitlines():
        mark = MARK.match(line)
        if mark and mark[1] == "RUN":
            running = mark[2]
        elif mark and mark[2] == running:
            count.passed += mark[1] == "OK"
            count.failed += mark[1] == "FAILED"
            count.skipped += mark[1] == "SKIPPED"
            running = None
    nothing_ran = count.passed + count.failed + count.skipped == 0
    if count.failed == 0 and (status != 0 or running or nothing_ran):
        count.failed = 1
    return count


def run_unit(binary):
    if not os.access(binary, os.X_OK):
        return binary, "not built", count_cmocka("", 1)
    command = ["tools/exec32", binary] if "/32/" in binary else [binary]
    environment = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="STDOUT",
                       ASAN_OPTIONS="detect_leaks=1:abort_on_error=0",
                       UBSAN_OPTIONS="print_stacktrace=1")
    environment.pop("GOLDEN", None)  # tests compare; who records anew runs the program
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=environment, timeout=UNIT_SECONDS)
        log, status = done.stdout.decode(errors="replace"), done.returncode
    except subprocess.TimeoutExpired as late:
        log = (late.stdout or b"").decode(errors="replace") + f"\ntimed out after {UNIT_SECONDS} s"
        status = -1
    except OSError as error:  # a 32-bit program on a kernel without 32-bit support
        log, status = f"can't be started: {error.strerror}", -1
    return binary, log, count_cmocka(log, status)


def build(binaries):
    """All of them; a stale program must not stand in for one that no longer builds."""
    if make(*binaries).returncode == 0:
        return
    for binary in binaries:
        if os.path.exists(binary) and make("-q", binary).returncode != 0:
            os.remove(binary)


def unit(binaries):
    build(binaries)
    total = Count()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for binary, log, count in pool.map(run_unit, binaries):
            if count.failed:
                print(f"--- {binary}: {count}\n{log.rstrip()}\n")
            total.add(count)
    print(f"unit tests: {total}", flush=True)
    return total


def fuzz():
    """The same few inputs for each fuzzing target, each time."""
    count = Count()
    try:
        done = make("fuzz-short", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=UNIT_SECONDS)
        log, status = done.stdout.decode(errors="replace"), done.returncode
    except subprocess.TimeoutExpired as late:
        log, status = (late.stdout or b"").decode(errors="replace"), -1
    count.passed = len(re.findall(r"^\S+: \d+ inputs, none fails$", log, re.MULTILINE))
    count.failed = len(re.findall(r": an input fails", log))
    if count.failed == 0 and (status != 0 or count.passed == 0):
        count.failed = 1
    if count.failed:
        print(f"--- fuzzing: {count}\n{log.rstrip()}\n")
    print(f"fuzzing: {count}", flush=True)
    return count


def suite(name, directory, targets, seconds, arguments):
    """The tests of one directory, by pytest, once what they need is built."""
    count = Count()
    os.makedirs("build", exist_ok=True)
    result = f"build/{os.path.basename(directory)}-tests.xml"
    if os.path.exists(result):
        os.remove(result)
    if make(*targets).returncode != 0:
        print(f"--- make {' '.join(targets)} failed")
        count.failed = 1
        return count
    command = ["/usr/bin/python3", "-m", "pytest", "-q", "--no-header", "--tb=short", "-p",
               "no:cacheprovider", f"--junitxml={result}", directory] + arguments
    try:
        status = subprocess.run(command, timeout=seconds).returncode
    except subprocess.TimeoutExpired:
        status = -1
        print(f"--- {name} timed out after {seconds} s")
    if os.path.exists(result):
        totals = xml.etree.ElementTree.parse(result).getroot().find("testsuite")
        number = {k: int(totals.get(k)) for k in ("tests", "failures", "errors", "skipped")}
        count.failed = number["failures"] + number["errors"]
        count.skipped = number["skipped"]
        count.passed = number["tests"] - count.failed - count.skipped
    if count.failed == 0 and (status != 0 or count.passed == 0):
        count.failed = 1
    print(f"{name}: {count}", flush=True)
    return count


def main(arguments):
    split = arguments.index("--") if "--" in arguments else len(arguments)
    words, pytest_arguments = arguments[:split], arguments[split + 1:]
    total = Count()
    if "unit" in words:
        total.add(unit([w for w in words if w not in ("unit", "fuzz", "sim", "bench", "vm")]))
    if "fuzz" in words:
        total.add(fuzz())
    if "sim" in words:
        total.add(suite("simulator tests", "test/sim", ["sim", "sim-check"], SIM_SECONDS, []))
    if "bench" in words:
        total.add(suite("benchmark tests", "test/bench", ["build/bench"], BENCH_SECONDS, []))
    if "vm" in words:
        targets = ["image", "fault-apps", "entry-apps", "kernels", "witness-apps", "sim", "linux-files"]
        total.add(suite("machine tests", "test/vm", targets, VM_SECONDS, pytest_arguments))
    print(total, flush=True)
    return 1 if total.failed or total.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
