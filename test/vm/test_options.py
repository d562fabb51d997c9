# SPDX-License-Identifier: BSD-2-Clause
"""What bootmem.conf changes, on real firmware."""
import re

from checks import MIB, PAGE, check_balance, check_e820_order, check_free_blocks, check_limits, \
    check_owner_ranges, check_page_tables, check_direct_map, owners, pages_in, ram
from machines import ARCHES, on_machines


def each(name):
    return on_machines(*[f"{arch}-{name}" for arch in ARCHES])


def finding(report, quirk):
    return next((f for f in report["findings"] if f["quirk"] == quirk), None)


@each("no-serial")
def test_missing_serial_port_does_not_hang(run):
    assert run.end == "guest-shutdown"


@each("report")
def test_report_mode_returns_to_the_firmware(run):
    """After our return the firmware is well enough to go on to its menu."""
    report = run.report()
    assert run.end == "until"
    assert run.serial.index("END BOOTMEM REPORT") < run.serial.index("UiApp")
    assert report["stage"] == "report"
    assert report["firmware"]["exit_attempts"] == 0
    assert "REPORT ONLY." in "\n".join(run.text())
    assert "did not take all" not in run.serial
    check_e820_order(report)
    check_limits(report)
    check_balance(report)
    check_owner_ranges(report)
    assert owners(report)["firmware until exit"]["pages"] > 0
    assert report["memory"]["free_pages"] > report["memory"]["present_pages"] // 2


@each("report")
def test_report_mode_starts_nothing(run):
    assert all(z["free_pages"] == 0 for z in run.report()["zones"])


@each("mem")
def test_mem_cuts_ram_and_says_so(run):
    report = run.report()
    assert run.end == "guest-shutdown"
    assert report["limits"]["max_pfn"] <= 100 * MIB // PAGE
    assert 70 * MIB < report["memory"]["present_pages"] * PAGE <= 100 * MIB
    assert finding(report, "P4")["bytes"] > 380 * MIB
    check_balance(report)
    check_free_blocks(report)


@each("reserve")
def test_reserved_ranges_are_never_handed_out(run):
    """reserve rounds outward: 5 KiB from the middle of a page are two pages, one byte is one."""
    report = run.report()
    assert run.end == "guest-shutdown"
    held = owners(report)
    reserved = [(r["start_pfn"], r["end_pfn"]) for r in held["reserve="]["ranges"]]
    assert (64 * MIB // PAGE, 80 * MIB // PAGE) in reserved
    assert (0x9001, 0x9003) in reserved
    assert held["badram="]["ranges"] == [{"start_pfn": 0xa000, "end_pfn": 0xa001}]
    check_owner_ranges(report)
    check_balance(report)
    check_free_blocks(report)


@each("badram")
def test_bad_low_memory_and_what_is_no_ram(run):
    """The crumbs are not written to pages that are not mapped; the framebuffer and the flash stay mapped."""
    report = run.report()
    assert run.end == "guest-shutdown"
    assert all(r["end_pfn"] <= 0x100 for r in owners(report)["badram="]["ranges"])
    assert any(a["type"] == "WC" for a in report["paging"]["areas"])
    check_balance(report)


@each("bad-config")
def test_bad_lines_are_named_and_ignored(run):
    assert run.end == "guest-shutdown"
    assert "bootmem.conf:2: mem=lots ignored" in run.serial
    assert "bootmem.conf:3: \"colour\" is no option, ignored" in run.serial
    assert "bootmem.conf:4: hostile=slow=1 ignored" in run.serial
    assert run.report()["stage"] == "booted"


@each("halt")
def test_after_halt_stays(run):
    assert run.end == "until"
    assert run.report()["stage"] == "booted"


@each("reboot")
def test_after_reboot_resets(run):
    """A triple fault would look the same from outside, so the report must be complete first."""
    assert run.end == "guest-reset"
    assert run.report()["stage"] == "booted"


@on_machines("i386-pae-off")
def test_without_pae_ram_above_4_gib_is_left_out(run):
    report = run.report()
    assert run.end == "guest-shutdown"
    assert report["paging"]["levels"] == 2 and report["paging"]["nx"] is False
    assert report["paging"]["pages_4m"] > 0 and report["paging"]["pages_2m"] == 0
    assert report["limits"]["max_pfn"] <= 1 << 20
    assert pages_in(ram(report), 1 << 20) == 0
    assert finding(report, "P3")["bytes"] >= 1024 * MIB
    check_balance(report)
    check_free_blocks(report)
    check_page_tables(report)
    check_direct_map(report)


# --- odd files ------------------------------------------------------------------------------------


@on_machines("x86_64-conf-utf16", "i386-conf-utf16", "x86_64-conf-crlf")
def test_what_editors_write_is_understood(run):
    """Byte order marks, both orders of UTF-16, CRLF, no end of the last line; the last of two values counts."""
    assert run.end == "guest-shutdown"
    assert "bootmem.conf" not in run.serial
    assert run.report()["input"]["options"] == "mem=100M after=poweroff"


@on_machines("x86_64-conf-rubbish")
def test_rubbish_is_named_and_counted(run):
    said = [line for line in run.lines if line.startswith("bootmem.conf:")]
    assert run.end == "until" and run.report()["input"]["options"] == ""
    assert 10 <= len(said) <= 40 and re.fullmatch(r"bootmem\.conf: \d+ more that can't be used", said[-1])
    assert all(line.isascii() and line.isprintable() for line in said)


@on_machines("i386-conf-huge")
def test_huge_file_is_refused(run):
    assert run.end == "until" and run.report()["input"]["options"] == ""
    assert "bootmem.conf: unreadable, or longer than 65536 bytes; using defaults" in run.serial


@on_machines("x86_64-conf-empty")
def test_empty_file_says_nothing(run):
    assert run.end == "until" and run.report()["input"]["options"] == ""
    assert "bootmem.conf" not in run.serial
