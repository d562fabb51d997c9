# SPDX-License-Identifier: BSD-2-Clause
"""Which serial port the report goes to. QEMU has no SPCR table for these machines; the tests hand one in."""
import json

from machines import on_machines
from qemu import BEGIN, END


def com2(run):
    return run.kept["com2"].decode("ascii", errors="replace")


@on_machines("x86_64-spcr", "i386-spcr")
def test_firmware_names_the_second_port(run):
    baud = {"x86_64": 115200, "i386": 9600}[run.machine.arch]
    assert run.end == "guest-shutdown"
    assert BEGIN in com2(run) and END in com2(run) and BEGIN not in run.serial
    assert f"serial port 0x2f8, {baud} baud, if there is one." in run.lines


@on_machines("x86_64-spcr-memory", "i386-spcr-memory")
def test_port_in_memory_is_mapped_uncached(run):
    """Nothing answers: the start goes on as with any port that is absent."""
    assert run.end == "guest-shutdown" and BEGIN not in run.serial
    assert "serial port in memory, if there is one." in run.lines
    planned = json.loads(run.files["report.json"])
    assert planned["input"]["uart"] == {"start": "0xfe034010", "end": "0xfe034018"}
    area = [a for a in planned["paging"]["areas"] if a["phys"] == "0xfe034000"]
    assert [(a["kind"], a["type"], a["write"], a["exec"], a["pages_4k"]) for a in area] == \
        [("identity" if run.machine.arch == "x86_64" else "serial port", "UC", True, False, 1)]


@on_machines("x86_64-spcr-ram")
def test_port_in_ram_is_not_touched(run):
    assert "serial=auto: the port at 0x8000000 is in RAM or out of reach; taking port 0x3f8" in run.serial
    assert run.report()["stage"] == "booted" and "P13" in [f["quirk"] for f in run.report()["findings"]]


@on_machines("x86_64-spcr-absent")
def test_port_that_is_not_there_does_not_stop_the_start(run):
    assert run.end == "guest-shutdown"
    assert "serial port 0x3e8, 115200 baud, if there is one." in run.lines and BEGIN not in run.serial + com2(run)


@on_machines("x86_64-spcr-overruled")
def test_option_wins_over_the_table(run):
    assert "serial port 0x3f8, 57600 baud, if there is one." in run.lines
    assert run.report()["stage"] == "booted" and BEGIN not in com2(run)
