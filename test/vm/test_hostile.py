# SPDX-License-Identifier: BSD-2-Clause
"""Firmware made to misbehave (hostile=): a correct report, or a clear message with everything given back."""
import pytest

import shell
from checks import CHECKS, e820
from machines import ARCHES, HOSTILE_BOOTS, HOSTILE_STARTS, on_machines

NOTHING_KEPT = "hostile: the program has kept 0 pages and 0 blocks of pool"
SUCCESS, INVALID, UNSUPPORTED, OUT_OF_RESOURCES = 0, 2, 3, 9
# What each of HOSTILE_STARTS ends with, and a line that it must show.
EXPECTED = [
    (SUCCESS, "REPORT ONLY."),
    (SUCCESS, "REPORT ONLY."),
    (SUCCESS, "REPORT ONLY."),
    (OUT_OF_RESOURCES, "no room for node 0's bitmap"),
    (UNSUPPORTED, "the entries of the firmware's map have an impossible size (Q5)"),
    (UNSUPPORTED, "the entries of the firmware's map have an impossible size (Q5)"),
    (OUT_OF_RESOURCES, "grew by more than 256 entries meanwhile (Q3)"),
    (UNSUPPORTED, "handoff: bootmem.conf: there is no room for it"),
    (UNSUPPORTED, "handoff: bootmem.conf: there is no room for it"),
    (SUCCESS, "REPORT ONLY."),
    (SUCCESS, "REPORT ONLY."),
]


def each(name):
    return on_machines(*[f"{arch}-{name}" for arch in ARCHES])


def findings(report):
    return {f["quirk"]: f["count"] for f in report["findings"]}


@on_machines(*HOSTILE_BOOTS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_report(run, check):
    assert run.end == "guest-shutdown"
    assert "hostile: the firmware misbehaves on purpose" in run.serial
    check(run.report())


@each("hostile-map")
def test_every_fault_of_the_map_is_found(run):
    report = run.report()
    assert report["firmware"]["descriptor_size"] == 56
    assert report["firmware"]["exit_attempts"] == 4
    found = findings(report)
    assert found["Q1"] == 3 and found["Q10"] == 5 and found["Q51"] >= 5
    assert {"Q5", "Q11", "Q12"} <= set(found)
    assert "stale=3,grow=3,stride=56,nested=20,unsorted=7,zero=5,refuse=5" in report["input"]["options"]


@each("hostile-map")
def test_spoiled_map_makes_the_same_e820(run):
    """RAM but for one thing: firmware of its own size says nothing of ours."""
    plain = [(d["type"], int(d["start"], 16), d["pages"]) for d in run.report()["firmware_map"]]
    kept = [(start, start + pages * 4096) for kind, start, pages in plain
            if kind in (0, 5, 6, 8, 9, 10, 11) and pages]
    assert len(kept) >= 5
    for start, end in kept:
        assert not any(s < end and start < e for s, e, kind in e820(run.report()) if kind == "ram")


@each("hostile-dark")
def test_neither_screen_nor_console(run):
    """All of it on our own serial port, from the first line on."""
    assert "snapshot: " in run.serial and "Leaving the firmware" in run.serial
    assert not any(a["type"] == "WC" for a in run.report()["paging"]["areas"])


@each("hostile-stale")
def test_exit_that_never_succeeds_stops(run):
    assert run.end == "guest-shutdown"
    assert "exit: the firmware refused 64 times" in run.serial
    assert "BEGIN BOOTMEM REPORT" not in run.serial


@each("hostile-starts")
def test_all_memory_comes_back(run):
    """Page by page, as the firmware counts: whatever happened, nothing of the loader's remains, and RAM is RAM."""
    parts = shell.sections(run)
    before, after = shell.pages_by_type(parts["MAP BEFORE"]), shell.pages_by_type(parts["MAP AFTER"])
    assert run.end == "guest-shutdown" and "DONE" in parts
    assert (before["LoaderData"], before["LoaderCode"]) == (after["LoaderData"], after["LoaderCode"])
    assert shell.to_e820(parts["MAP BEFORE"]) == shell.to_e820(parts["MAP AFTER"]) != []


@each("hostile-starts")
@pytest.mark.parametrize("i", range(len(HOSTILE_STARTS)), ids=HOSTILE_STARTS)
def test_report_or_message(run, i):
    lines, status = shell.start(run, i)
    text = "\n".join(lines)
    assert (status, True) == (EXPECTED[i][0], EXPECTED[i][1] in text)
    assert NOTHING_KEPT in lines and "did not take" not in text
    assert (status == SUCCESS) == ("END BOOTMEM REPORT" in text)
    assert (status == SUCCESS) != ("Nothing was changed; returning to the firmware." in lines)


@on_machines("x86_64-hostile-secure")
def test_secure_boot_refuses_the_option(run):
    """The start goes on as if nothing had been asked for."""
    report = run.report()
    assert run.end == "guest-shutdown"
    assert "hostile= is refused: Secure Boot is on" in run.serial and "on purpose" not in run.serial
    assert report["firmware"]["exit_attempts"] == 1 and "hostile" not in report["input"]["options"]


@on_machines("x86_64-secure-unsigned")
def test_secure_boot_was_really_on(run):
    assert run.end == "until" and "snapshot:" not in run.serial
