# SPDX-License-Identifier: BSD-2-Clause
"""The screen after the exit: what it shows is read back with the font and compared with the serial line."""
import re

import pytest

import screen
from machines import ARCHES, SCREENS, on_machines

RAM, HOLE, GOOD, BAD = 0x8fc9a3, 0x1c2630, 0x8fc9a3, 0xe06c75
SHOWN = [name for name, machine in SCREENS.items() if machine.keys]


def pictures(run):
    assert run.end == "until"
    return [screen.Picture(ppm) for ppm in run.screens]


def words(picture):
    """All that is legible on an overview, as one text of single blanks."""
    text = " ".join(screen.overview_lines(picture).values()).replace("\0", " ")
    return " ".join(text.split())


def report_lines(run):
    """As the screen can show them: without blanks at the end."""
    return [line.rstrip() for line in run.text()]


@on_machines(*SHOWN)
def test_pages_are_the_text_of_the_serial_line(run):
    overview, *pages = pictures(run)
    count = int(re.search(r"page 1 of (\d+)", screen.bar_text(overview))[1])
    assert count - 1 <= len(pages), "the test presses enough keys"
    read = []
    for number, picture in enumerate(pages[:count - 1]):
        assert screen.bar_text(picture).startswith(f"page {number + 2} of {count} ")
        read += screen.page_lines(picture)
    wanted = report_lines(run)
    assert [line for line in read if line] == [line for line in wanted if line]
    assert read[:len(wanted)][:3] == ["", *wanted[:2]] or read[:2] == wanted[:2]


@on_machines(*SHOWN)
def test_overview_has_verdict_zones_owners_and_balance(run):
    picture = pictures(run)[0]
    report, text = run.report(), words(picture)
    assert screen.badge_text(picture, 5) == "READY"
    assert f"bootmem {run.machine.arch}" in text
    assert all(f"{zone['name']} {zone['nid']} " in text for zone in report["zones"])
    memory = report["memory"]
    assert f"free {memory['free_pages']} " in text
    assert f"+ reserved {memory['reserved_pages']} " in text
    assert f"= present {memory['present_pages']} " in text
    assert all(owner["owner"] in text for owner in report["owners"] if owner["pages"])


@on_machines(*SHOWN)
def test_strip_is_the_address_map_to_scale(run):
    """In the middle of each range that is wide enough to be seen, and of each hole, is its colour."""
    picture, report = pictures(run)[0], run.report()
    face = screen.overview_face(picture.width, picture.height)
    margin = (3 if picture.width >= 84 * face.width else 1) * face.width
    width, end = picture.width - 2 * margin, report["limits"]["max_pfn"] << 12
    ranges = [(int(r["start"], 16), int(r["end"], 16), r["type"]) for r in report["e820"]]
    wide = [r for r in ranges if r[1] <= end and (r[1] - r[0]) * width > 16 * end]
    assert any(kind == "ram" for *_, kind in wide)
    y = next(y for y in range(2 * face.height, picture.height)
             if picture.colour(margin + width // 16, y) == RAM) + face.height // 2
    for start, stop, kind in wide:
        at = margin + (start + stop) // 2 * width // end
        assert (picture.colour(at, y) == RAM) == (kind == "ram")
    for (_, stop, _), (start, _, _) in zip(ranges, ranges[1:]):
        if start <= end and (start - stop) * width > 16 * end:
            assert picture.colour(margin + (start + stop) // 2 * width // end, y) == HOLE


@on_machines(*[f"{arch}-screen-std" for arch in ARCHES])
def test_record_of_the_machine_knows_where_the_screen_is(run):
    """Under OVMF it lies at or above PAGE_OFFSET, so i386 gives it an area of its own, write-combining."""
    paging = run.report()["paging"]
    phys = int(run.report()["input"]["framebuffer"]["start"], 16)
    area = [a for a in paging["areas"] if int(a["phys"], 16) <= phys < int(a["phys"], 16) + int(a["end"], 16) -
            int(a["start"], 16) and not a["tables_only"]]
    assert [(a["kind"], a["type"], a["write"], a["exec"]) for a in area] == \
        [("framebuffer" if run.machine.arch == "i386" and phys >= 0xc0000000 else "identity", "WC", True, False)]
    assert not any(finding["quirk"] == "P12" for finding in run.report()["findings"])


@on_machines(*[f"{arch}-screen-silent" for arch in ARCHES])
def test_a_machine_without_serial_port_shows_everything(run):
    """It halts, and the picture is there without a key."""
    assert run.serial == ""
    picture = screen.Picture(run.screens[0])
    text = words(picture)
    assert screen.badge_text(picture, 5) == "READY" and "OWNERS of the reserved pages" in text


@on_machines(*[f"{arch}-screen-only" for arch in ARCHES])
def test_console_screen_keeps_text_off_the_serial_line(run):
    picture = pictures(run)[0]
    after = run.serial.split("Leaving the firmware")[1]
    assert "VERDICT" not in after and run.report()["stage"] == "booted"
    assert screen.badge_text(picture, 5) == "READY"


# Where the report goes on, by the machine.
FAREWELL = {
    "std": "the report follows on the screen and the serial port 0x3f8, 115200 baud, if there is one.",
    "only": "the report follows on the screen.",
    "off": "the report follows on the serial port 0x3f8, 115200 baud, if there is one.",
    "none": "the report follows on the serial port 0x3f8, 115200 baud, if there is one.",
}


@pytest.mark.parametrize("run, where", [(f"{arch}-screen-{kind}", where) for arch in ARCHES
                                        for kind, where in FAREWELL.items()], indirect=["run"])
def test_farewell_says_where_the_report_will_be(run, where):
    assert f"Leaving the firmware; {where}" in " ".join(run.serial.split())


@on_machines(*[f"{arch}-mute" for arch in ARCHES])
def test_without_any_console_of_ours_the_firmware_s_says_so(run):
    """console=serial with serial=off: the firmware's console stays until the exit; nothing comes after it."""
    assert run.end == "guest-shutdown"
    assert "with serial=off and no screen nothing follows." in run.serial and "VERDICT" not in run.serial


@on_machines(*[f"{arch}-screen-only-fault" for arch in ARCHES])
def test_an_exception_is_on_the_serial_line_whatever_console_says(run):
    assert run.end == "until" and "EXCEPTION 14, #PF page fault" in run.serial


@on_machines(*[f"{arch}-screen-off" for arch in ARCHES])
def test_console_serial_draws_nothing(run):
    picture = pictures(run)[0]
    assert not any(picture.colour(x, picture.height // 2) == 0x11171e for x in range(picture.width))
    assert "VERDICT" in run.serial


@on_machines(*[f"{arch}-screen-none" for arch in ARCHES])
def test_without_a_display_the_serial_line_carries_on(run):
    assert "VERDICT" in run.serial and run.report()["input"]["framebuffer"] is None
    assert "Halted." in run.serial


@on_machines(*[f"{arch}-screen-fault" for arch in ARCHES])
def test_an_exception_is_on_the_screen_as_on_the_serial_line(run):
    picture = pictures(run)[0]
    face = screen.overview_face(picture.width, picture.height)
    assert BAD in picture.row(face.height)
    lines = run.lines
    start = next(i for i, line in enumerate(lines) if line.startswith("EXCEPTION"))
    wanted = lines[start:lines.index("The machine stops here.") + 1]
    shown = list(screen.overview_lines(picture).values())
    assert shown[-len(wanted):] == [line.rstrip() for line in wanted]
    assert "in stage report, " in wanted[1] and "the guard page below the program's stack" in wanted[2]


@on_machines(*[f"{arch}-crumb" for arch in ARCHES])
def test_the_next_start_says_where_the_last_one_died(run):
    assert run.end == "until"
    first, second = run.serial.split("The last start ended in stage ")
    ip = re.search(r"in stage report, at (0x[0-9a-f]+)", first)[1]
    assert second.startswith(f"report: exception 14 at {ip}, address 0x10.")


@on_machines(*[f"{arch}-crumb-early" for arch in ARCHES])
def test_the_next_start_knows_of_a_death_before_our_page_tables(run):
    assert run.end == "until"
    first, second = run.serial.split("The last start ended in stage ")
    ip = re.search(r"in stage settle, at (0x[0-9a-f]+)", first)[1]
    assert second.startswith(f"settle: exception 18 at {ip}")


@on_machines(*[f"{arch}-crumb-clean" for arch in ARCHES])
def test_a_start_that_came_to_its_end_is_not_told_about(run):
    assert run.end == "until"
    assert run.serial.count("VERDICT") == 2 and "The last start" not in run.serial


def test_decoder_notices_a_wrong_pixel():
    """One pixel more or less and a character is none, or another."""
    face = screen.Face(screen.FONTS[0], 1)
    bits = {character: cell for cell, character in face.cells.items()}["A"]
    rows = [[0xffffff if bits[y * 8 + x] == "1" else 0x11171e for x in range(8)] for y in range(16)]

    def picture():
        body = b"".join(pixel.to_bytes(3, "big") for row in rows for pixel in row)
        return screen.Picture(b"P6\n8 16\n255\n" + body)

    assert face.read(picture(), 0, 0) == "A"
    rows[8][4] ^= 0x11171e ^ 0xffffff
    assert face.read(picture(), 0, 0) != "A"
