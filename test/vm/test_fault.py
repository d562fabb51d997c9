# SPDX-License-Identifier: BSD-2-Clause
"""Exceptions are reported, on stacks of their own, and the machine stops: no triple fault, no silence."""
import re

import pytest

from checks import PAGE, owners
from machines import ARCHES, EARLY_FAULTS, FAULTS, on_machines

WIDTH = {"x86_64": 16, "i386": 8}
TITLE = {"ud": "#UD", "pf": "#PF", "stack": "#PF", "df": "#DF", "nx": "#PF", "text": "#PF", "settle-ud": "#UD",
         "settle-mc": "#MC"}


def faults(*names):
    return on_machines(*[f"{arch}-fault-{name}" for arch in ARCHES for name in names])


def registers(run):
    """The registers of the report by name."""
    width = WIDTH[run.machine.arch]
    after = run.serial.split("Now the fault.")[1]
    return {name: int(value, 16)
            for name, value in re.findall(rf"\b([a-z][a-z0-9]+) +([0-9a-f]{{{width}}})\b", after)}


def title(run):
    return run.serial.split("Now the fault.")[1].replace("\r", "").strip().split("\n")[0]


@faults(*FAULTS, *EARLY_FAULTS)
def test_exception_is_reported_once_and_the_machine_stops(run):
    name = run.machine.app.split("fault-")[1].split(".")[0]
    assert run.end == "until"
    assert TITLE[name] in title(run)
    assert run.serial.count("The machine stops") == 1
    assert "No fault was raised" not in run.serial


@faults(*FAULTS)
def test_all_registers_are_shown(run):
    shown = registers(run)
    general = "rip rsp rbp rax rbx rcx rdx rsi rdi r8 r9 r10 r11 r12 r13 r14 r15 rflags" \
        if run.machine.arch == "x86_64" else "eip esp ebp eax ebx ecx edx esi edi eflags"
    assert set(general.split() + ["cr0", "cr2", "cr3", "cr4", "cs", "ss"]) <= set(shown)
    assert shown["cr0"] & 0x80010001 == 0x80010001, "paging, write protection, protected mode"
    assert shown["cr3"] & ~0xfff == int(run.report()["paging"]["root"], 16)


@faults(*EARLY_FAULTS)
def test_exception_under_the_firmwares_page_tables_names_its_stage(run):
    assert "  in stage settle, at 0x" in run.serial and ", image + 0x" in run.serial
    assert "BEGIN BOOTMEM REPORT" not in run.serial


@faults("pf")
def test_access_to_page_0_names_its_address(run):
    """Page 0 is mapped nowhere (bit 0 of the error is clear), so a null pointer is caught, and shown in CR2."""
    assert registers(run)["cr2"] == 0x10
    assert title(run) == "EXCEPTION 14, #PF page fault: write to an unmapped page, error code 0x2"
    assert all(int(a["start"], 16) > 0xfff and (a["tables_only"] or int(a["phys"], 16) > 0xfff)
               for a in run.report()["paging"]["areas"])


@faults("stack")
def test_stack_overflow_is_reported_from_another_stack(run):
    """CR2 is in the guard page below our stack (ARCH_CPU_GUARDS), and the stack pointer right above its end."""
    shown = registers(run)
    pointer = shown["rsp" if run.machine.arch == "x86_64" else "esp"]
    block = owners(run.report())["cpu tables and stacks"]["ranges"]
    assert len(block) == 1
    guard = (block[0]["start_pfn"] + 1) * PAGE
    assert guard <= shown["cr2"] < guard + PAGE == pointer
    assert "write to an unmapped page" in title(run)


@faults("nx")
def test_data_does_not_run(run):
    shown = registers(run)
    assert shown["cr2"] == shown["rip" if run.machine.arch == "x86_64" else "eip"]
    assert "execution of a no-execute page" in title(run)


@faults("text")
def test_code_is_read_only(run):
    """A write to the program's own code: it is there (bit 0 of the error), and can't be written (bit 1)."""
    assert "write to a read-only page" in title(run)
    code = [a for a in run.report()["paging"]["areas"] if a["kind"] == "identity" and a["exec"]]
    assert any(int(a["start"], 16) <= registers(run)["cr2"] < int(a["end"], 16) for a in code)
