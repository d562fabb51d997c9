#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""record.py [NAME...]: starts stock Linux kernels on the oracle's machines and writes goldens.

The kernels are those that `fetch` put into build/oracle; OVMF starts them through their own EFI
stub (QEMU's -kernel), and each runs until it prints its "Memory:" line. Everything else of the
machine is as in our own tests, the stick included. Without names, all goldens are written anew.
"""
import concurrent.futures
import dataclasses
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "vm"))

import linux_log  # noqa: E402
import oracle  # noqa: E402
import qemu  # noqa: E402

KERNELS = qemu.BUILD / "oracle"
APPEND = "console=ttyS0 earlyprintk=serial,ttyS0 panic=-1 nokaslr"
# One golden for each kind of map has the firmware's descriptors too.
WITH_EFI_MAP = ("x86_64-512M", "x86_64-6G", "i386-6G")


def kernel(case):
    return KERNELS / f"vmlinuz-{case.kernel or case.arch}"


def linux_machine(name):
    case = oracle.CASES[name]
    words = [APPEND, *(["efi=debug"] if name in WITH_EFI_MAP else []), *case.options]
    machine = case.machine()
    return dataclasses.replace(machine, until="K available (", extra=(
        *machine.extra, "-kernel", str(kernel(case)), "-append", " ".join(words)))


def shown(argument):
    """An argument without the directories of this machine."""
    return re.sub(r"(^|[=:])/\S*/", r"\1", f"'{argument}'" if " " in argument else argument)


def shown_command(machine):
    with tempfile.TemporaryDirectory() as directory:
        command = qemu.command_line(machine, pathlib.Path(directory))
    return " ".join(shown(str(argument)) for argument in command)


def record(name):
    machine = linux_machine(name)
    done = qemu.boot(machine)
    lines = linux_log.trim(done.serial)
    if lines is None:
        return f"{name}: no Memory: line ({done.end} after {done.seconds:.0f} s)\n" + \
            "\n".join(done.lines[-20:])
    version = kernel(oracle.CASES[name]).with_suffix(".version").read_text().strip()
    header = [f"# kernel: {version}", f"# platform: {oracle.platform(machine.arch)}",
              f"# command: {shown_command(machine)}"]
    linux_log.read(lines)
    oracle.GOLDENS.mkdir(exist_ok=True)
    oracle.golden_path(name).write_text("\n".join(header + lines) + "\n")
    return None


def main(names):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        failures = [failure for failure in pool.map(record, names or oracle.CASES) if failure]
    print("\n".join(failures + [f"{len(failures)} of {len(names or oracle.CASES)} not recorded"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
