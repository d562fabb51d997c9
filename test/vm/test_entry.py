# SPDX-License-Identifier: BSD-2-Clause
"""The switch from processor states that no packaged firmware leaves behind: test/entry sets them, starts the
application, and prints the registers right before the start and once more after the exit from boot services,
when nothing but the application runs. test_paging.py looks at what is there in the end. QEMU's own emulation has
no CET, so a shadow stack left on is no state of these."""
import re

import pytest

from checks import CHECKS, GIB, PAGE, owners
from machines import ALL_ENTRY, ENTRY, on_machines

BEFORE, AFTER, END = "before the start", "after the exit", "at the end"
CR0_NE, CR0_WP, CR0_AM, CR0_CD, CR0_PG = 1 << 5, 1 << 16, 1 << 18, 1 << 30, 1 << 31
CR4_PSE, CR4_PAE, CR4_PGE, CR4_UMIP, CR4_LA57 = 1 << 4, 1 << 5, 1 << 7, 1 << 11, 1 << 12
CR4_FSGSBASE, CR4_PCIDE, CR4_OSXSAVE, CR4_SMEP = 1 << 16, 1 << 17, 1 << 18, 1 << 20
CR4_SMAP, CR4_PKE, CR4_PKS = 1 << 21, 1 << 22, 1 << 24
EFER_SCE, EFER_NXE = 1, 1 << 11
PAT, ODD_PAT = 0x0407050600070106, 0x0707070706050006
LEFT_ON = CR4_PGE | CR4_UMIP | CR4_FSGSBASE | CR4_OSXSAVE | CR4_SMEP | CR4_SMAP | CR4_PKE | CR4_PKS
# What the registers must look like in a state: register, bits, and their values.
STATES = {
    "la57": ("cr4", CR4_LA57, CR4_LA57),
    "off": ("cr0", CR0_PG, 0),
    "pae": ("cr4", CR4_PAE, CR4_PAE),
    "two-level": ("cr4", CR4_PAE | CR4_PSE, CR4_PSE),
    "no-nx": ("efer", EFER_NXE, 0),
    "cr4": ("cr4", LEFT_ON, LEFT_ON),
    "cr0": ("cr0", CR0_WP | CR0_NE | CR0_AM | CR0_CD, CR0_AM | CR0_CD),
    "efer": ("efer", EFER_SCE, EFER_SCE),
    "pat": ("pat", (1 << 64) - 1, ODD_PAT),
}
# Levels of the tables that bootmem found in use.
FOUND = {"la57": 5, "pae": 3, "two-level": 2}


def having(state):
    return on_machines(*[name for name, machine in ALL_ENTRY.items() if state in machine.entry])


def registers(run, when):
    """Those of one line of test/entry, by name."""
    lines = [line for line in run.lines if line.startswith(f"registers {when}: ")]
    assert len(lines) == 1, when
    return {name: int(value, 16) for name, value in re.findall(r"\b([a-z]+\d?) ([0-9a-f]+)",
                                                               lines[0].split(": ")[1])}


def test_every_state_is_entered():
    """By `make test` already, not only by the whole matrix."""
    assert {state for machine in ENTRY.values() for state in machine.entry} == {*STATES, "high"}


@on_machines(*ALL_ENTRY)
def test_state_is_there_until_the_switch(run):
    """And nothing of it was lost while boot services worked for us."""
    before, after = registers(run, BEFORE), registers(run, AFTER)
    assert run.serial.index(BEFORE) < run.serial.index("Leaving the firmware") < run.serial.index(AFTER)
    assert before == after
    for state in set(run.machine.entry) & set(STATES):
        name, bits, value = STATES[state]
        assert after[name] & bits == value, state
    assert bool(after["cr0"] & CR0_PG) == ("off" not in run.machine.entry)


@on_machines(*ALL_ENTRY)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_report(run, check):
    check(run.report())


@on_machines(*ALL_ENTRY)
def test_report_knows_the_tables_in_use(run):
    found = run.report()["paging"]["firmware_tables"]
    if "off" in run.machine.entry:
        assert found is None
        return
    levels = [FOUND[state] for state in run.machine.entry if state in FOUND]
    assert found["levels"] == (levels or [{"x86_64": 4, "i386": 3}[run.machine.arch]])[0]
    assert found["complete"]


@having("high")
def test_image_runs_above_4_gib(run):
    image = int(re.search(r"^image at ([0-9a-f]+)", run.serial, re.M)[1], 16)
    held = owners(run.report())["image"]["ranges"]
    assert image >= 4 * GIB
    assert held[0]["start_pfn"] == image // PAGE
    code = [a for a in run.report()["paging"]["areas"] if a["kind"] == "identity" and a["exec"]]
    assert any(image < int(a["start"], 16) < image + GIB for a in code)


@on_machines(*[name for name, machine in ALL_ENTRY.items()
               if {"x86_64", "cr4"} <= {machine.arch, *machine.entry}])
def test_pcid_was_in_use(run):
    """With all low bits of CR3 set, which mean something else once PCIDE is off."""
    shown = registers(run, AFTER)
    assert shown["cr4"] & CR4_PCIDE and shown["cr3"] & 0xfff == 0xfff


@having("pat")
def test_page_attribute_table_is_ours_in_the_end(run):
    assert registers(run, END)["pat"] == PAT
