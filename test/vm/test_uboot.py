# SPDX-License-Identifier: BSD-2-Clause
"""U-Boot as the firmware: short sorted maps of 40-byte entries, no runtime services worth the name, no paging in its
32-bit build, no SSE in its 64-bit build. test_boot.py asks more of two of these machines, test_paging.py looks at
the page tables of the others."""
import re

import pytest

from checks import CHECKS, PAGE, owners
from machines import ALL_U_BOOT, U_BOOT, VIEW, on_machines
from test_entry import AFTER, BEFORE, registers

CR0_PG, CR4_SSE = 1 << 31, 0x600
PAGE_OFFSET = 0xc0000000
HIGH_I386 = [name for name, machine in ALL_U_BOOT.items()
             if machine.arch == "i386" and machine.memory * 1024 * 1024 > PAGE_OFFSET]
AS_IS = [name for name, machine in ALL_U_BOOT.items() if machine.entry == ("as-is",)]


def large_pages(machine):
    """PAE, where it is used, has its own; two levels need PSE."""
    return "-pse,-pae" not in machine.cpu


@on_machines(*ALL_U_BOOT)
def test_ends_as_asked(run):
    """Switched off by ACPI: this firmware's runtime services are not called (P9, P10)."""
    assert run.end == ("until" if run.machine.monitor == VIEW else "guest-shutdown")
    assert run.report()["paging"]["runtime_usable"] is False
    assert {"P9", "P10"} & {f["quirk"] for f in run.report()["findings"]}


@on_machines(*ALL_U_BOOT)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_report(run, check):
    check(run.report() | {"large_pages": large_pages(run.machine)})


@on_machines(*ALL_U_BOOT)
def test_firmware_is_as_we_know_it(run):
    firmware = run.report()["firmware"]
    assert firmware["vendor"] == "Das U-Boot"
    assert firmware["descriptor_size"] == 40
    assert 10 <= firmware["descriptors"] <= 40
    assert "Q12" not in {f["quirk"] for f in run.report()["findings"]}, "sorted"


@on_machines(*[name for name in U_BOOT if name not in AS_IS])
def test_starts_without_help(run):
    """Distro boot finds the application on the stick by itself, and nothing prints registers."""
    assert re.search(r"Found EFI removable media binary efi/boot/boot(x64|ia32)\.efi", run.serial)
    assert BEFORE not in run.serial


@on_machines(*AS_IS)
def test_entry_state_is_odd_by_itself(run):
    shown, found = registers(run, AFTER), run.report()["paging"]["firmware_tables"]
    if run.machine.arch == "i386":
        assert not shown["cr0"] & CR0_PG and found is None
    else:
        assert not shown["cr4"] & CR4_SSE and found["levels"] == 4


@on_machines(*HIGH_I386)
def test_image_above_page_offset_moves_below(run):
    image = int(re.search(r"^image at ([0-9a-f]+)", run.serial, re.M)[1], 16)
    held = owners(run.report())["image"]["ranges"]
    assert image >= PAGE_OFFSET
    assert held[-1]["end_pfn"] * PAGE <= PAGE_OFFSET
    assert run.report()["memory"]["present_pages"] * PAGE > PAGE_OFFSET, "there was RAM up there"


@on_machines("x86_64-u-boot-low")
def test_live_page_tables_are_kept_off(run):
    """Its map calls the pages of its tables free; we allocate right before and right behind them."""
    found = next(f for f in run.report()["findings"] if f["quirk"] == "Q73")
    live = registers(run, BEFORE)["cr3"] // PAGE
    assert found["count"] == run.report()["paging"]["firmware_tables"]["tables"]
    assert int(found["start"], 16) // PAGE == live
    kept = [r for name in ("page tables", "cpu tables and stacks", "mm", "section table", "zero page")
            for r in owners(run.report())[name]["ranges"]]
    assert min(r["start_pfn"] for r in kept) < live < max(r["end_pfn"] for r in kept) < 0x100
    assert not any(r["start_pfn"] < live + found["count"] and live < r["end_pfn"] for r in kept)
