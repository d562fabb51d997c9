# SPDX-License-Identifier: BSD-2-Clause
"""A report is a reproducible bug report: bootmem-sim makes the same start of it again.

Every machine's report goes back into the simulator of its architecture, and each member must come out as it went
in, but for what only a machine has.
"""
import json
import os
import subprocess

import pytest

import test_oracle  # noqa: F401  declares machines
import test_paging  # noqa: F401  declares machines
import test_secure  # noqa: F401  declares machines
import test_uboot  # noqa: F401  declares machines
from machines import MACHINES, REFUSED, on_machines
from qemu import BUILD

SIMULATOR = {"x86_64": "bootmem-sim", "i386": "bootmem-sim-i386"}

# The stage; the firmware's page tables; the test of windows into high memory, which needs live page tables.
MACHINE_ONLY = {"stage", "timing", "paging.firmware_tables", "selftest.high_pages"}

# What the firmware's page tables lack, and what its SLIT has wrong: neither is in a report.
MACHINE_FINDINGS = {"P11", "N8"}


def starts(machine):
    """Its report is on COM1, alone and whole, and of a firmware that does not misbehave."""
    if machine.reset_at or machine.until == REFUSED:
        return False
    if not machine.serial or machine.app or machine.shell or machine.spcr or isinstance(machine.config, bytes):
        return False
    return "-kernel" not in machine.extra and \
        not any(word in " ".join(machine.config) for word in ("report", "hostile = stale", "serial = off"))


NAMES = [name for name, machine in MACHINES.items()
         if starts(machine) and (not name.startswith("full-") or os.environ.get("FULL"))]


def simulate(run):
    """Its document. What it says beside that, the machine has said, too."""
    program = BUILD / SIMULATOR[run.machine.arch]
    done = subprocess.run([program, "--json", "-"], input=run.serial.encode(), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for line in done.stderr.decode().splitlines():
        assert line.removeprefix("standard input: ") in run.serial
    return json.loads(done.stdout)


def by_quirk(findings):
    return {f["quirk"] + " " + f["text"]: f for f in findings if f["quirk"] not in MACHINE_FINDINGS}


def differences(ours, theirs, path=""):
    """Where two documents differ, as texts."""
    if path in MACHINE_ONLY:
        return []
    if isinstance(ours, dict) and isinstance(theirs, dict):
        names = sorted(ours.keys() | theirs.keys())
        return [d for name in names
                for d in differences(ours.get(name), theirs.get(name), f"{path}.{name}".lstrip("."))]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [d for i, (a, b) in enumerate(zip(ours, theirs)) for d in differences(a, b, f"{path}[{i}]")]
    if path == "findings":
        return differences(by_quirk(ours), by_quirk(theirs), path + " by quirk")
    return [] if ours == theirs else [f"{path}: the machine {ours}, the simulator {theirs}"]


@on_machines(*NAMES)
def test_simulator_agrees(run):
    assert differences(run.report(), simulate(run)) == []


def test_differences_are_seen():
    a = {"zones": [{"pages": 1}], "timing": [1], "paging": {"levels": 4, "firmware_tables": None}}
    b = {"zones": [{"pages": 2}], "timing": [2], "paging": {"levels": 4, "firmware_tables": {}}}
    assert len(differences(a, b)) == 1
    assert differences(a, {}) != []


def test_nothing_is_left_out():
    assert {"x86_64-512M", "i386-6G", "i386-pae-off", "x86_64-numa-4", "i386-mem"} <= set(NAMES)
