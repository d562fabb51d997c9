# SPDX-License-Identifier: BSD-2-Clause
"""Which serial port the report goes to. QEMU has no SPCR table for these machines; the tests hand one in."""
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


@on_machines("x86_64-spcr-memory")
def test_console_in_memory_is_named_and_passed_over(run):
    assert "serial=auto: the SPCR table names no 16550 at I/O ports; taking port 0x3f8" in run.serial
    assert run.report()["stage"] == "booted" and BEGIN not in com2(run)


@on_machines("x86_64-spcr-absent")
def test_port_that_is_not_there_does_not_stop_the_start(run):
    assert run.end == "guest-shutdown"
    assert "serial port 0x3e8, 115200 baud, if there is one." in run.lines and BEGIN not in run.serial + com2(run)


@on_machines("x86_64-spcr-overruled")
def test_option_wins_over_the_table(run):
    assert "serial port 0x3f8, 57600 baud, if there is one." in run.lines
    assert run.report()["stage"] == "booted" and BEGIN not in com2(run)
