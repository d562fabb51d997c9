# SPDX-License-Identifier: BSD-2-Clause
"""Both architectures at every size: the machine ends well, and its report holds together."""
import re

import pytest

from checks import CHECKS, MIB, PAGE, address, owners, pages_in, ram
from machines import SIZED, on_machines

STARTED = SIZED + ["x86_64-pc", "x86_64-u-boot", "i386-u-boot"]
PAGE_OFFSET = 0xc0000000


@on_machines(*STARTED)
def test_switches_off(run):
    assert run.end == "guest-shutdown"


@on_machines(*STARTED)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_report(run, check):
    check(run.report())


@on_machines(*STARTED)
def test_report_is_of_this_machine(run):
    """Nearly all memory the machine has is present: firmware keeps some, but not much."""
    report, memory = run.report(), run.machine.memory
    present = report["memory"]["present_pages"] * PAGE
    assert report["arch"] == run.machine.arch
    kept = 40 * MIB if run.machine.arch == "i386" else 12 * MIB  # SMM and its tables take 31 MiB
    assert memory * MIB - kept <= present <= memory * MIB
    if memory >= 4096:  # q35 and pc put part of it above 4 GiB
        assert report["limits"]["max_pfn"] > 1 << 20


@on_machines(*STARTED)
def test_runs_without_execute_and_with_large_pages(run):
    paging = run.report()["paging"]
    assert paging["nx"] is True
    assert paging["levels"] == {"x86_64": 4, "i386": 3}[run.machine.arch]
    assert paging["pages_2m"] + paging["pages_1g"] > 0


@on_machines(*STARTED)
def test_text_fits_the_terminal(run):
    for line in run.text():
        assert len(line) <= 79
        assert line.isascii() and line.isprintable()


@on_machines(*STARTED)
def test_text_and_json_agree(run):
    report, text = run.report(), "\n".join(run.text())
    assert "READY." in text and "PROBLEM" not in text and "NOT READY" not in text
    assert f"Self-test: {report['selftest']['blocks']} blocks" in text
    section = text.split("E820 - ")[1].split("LIMITS - ")[0]
    lines = re.findall(r"\[(0x\w+), (0x\w+)\) +\d+ \w+ +(\S.*)", section)
    assert [(int(s, 16), int(e, 16)) for s, e, _ in lines] == \
        [(address(e["start"]), address(e["end"])) for e in report["e820"]]
    assert [kind == "RAM" for _, _, kind in lines] == [e["type"] == "ram" for e in report["e820"]]
    for name, owner in owners(report).items():
        assert re.search(rf"^  {re.escape(name)} +{owner['pages']} ", text, re.M), name
    for name, number in (("free", "free"), (r"\+ reserved", "reserved"), ("= present", "present")):
        pages = report["memory"][f"{number}_pages"]
        assert re.search(rf"^ +{name} +{pages} ", text, re.M), number


@on_machines("i386-6G", "i386-4G")
def test_high_memory_is_in_its_zone(run):
    report = run.report()
    zone = report["zones"][2]
    split = 896 * MIB // PAGE
    assert zone["name"] == "HighMem" and zone["start_pfn"] >= split
    assert zone["present_pages"] == pages_in(ram(report), split) > 0
    in_high = {o["owner"] for o in report["owners"] for r in o["ranges"] if r["end_pfn"] > split}
    assert in_high <= {"image", "firmware page tables"}, "only the firmware puts anything there"


@on_machines("x86_64-6G", "i386-6G")
def test_unsorted_map_is_a_finding(run):
    """OVMF lists reserved ranges below 4 GiB after the RAM above it (M1)."""
    assert "Q12" in [f["quirk"] for f in run.report()["findings"]]


@on_machines("i386-512M", "i386-6G", "x86_64-512M")
def test_framebuffer_is_mapped(run):
    """OVMF has it at 0xc0000000, which on i386 is PAGE_OFFSET: there it gets an area of its own above vmalloc."""
    report = run.report()
    shown = [a for a in report["paging"]["areas"] if a["type"] == "WC"]
    assert not [f for f in report["findings"] if f["quirk"] == "P12"] and len(shown) == 1
    assert shown[0]["kind"] == ("framebuffer" if run.machine.arch == "i386" else "identity")
    assert shown[0]["write"] and not shown[0]["exec"]
    if run.machine.arch == "i386":
        assert address(shown[0]["phys"]) >= PAGE_OFFSET
        assert address(shown[0]["start"]) >= address(report["paging"]["vmalloc"]["end"])
