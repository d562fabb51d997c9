# SPDX-License-Identifier: BSD-2-Clause
"""The stick as every kind of disk, the files that a start writes to it, and the image itself."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import xml.etree.ElementTree

import pytest

from checks import CHECKS, check_balance, check_e820_order, check_limits, check_owner_ranges
from machines import ARCHES, STICKS, on_machines
from qemu import BUILD, MIB
from shell import sections

ROOT = BUILD.parent
SVG = "{http://www.w3.org/2000/svg}"


@on_machines(*STICKS)
def test_starts_from(run):
    assert run.end == "guest-shutdown"
    for check in CHECKS:
        check(run.report())


@on_machines(*[f"{arch}-boot-entry" for arch in ARCHES])
def test_a_boot_entry_has_options_of_its_own(run):
    """They come after those of the file."""
    assert run.end == "guest-shutdown"
    assert any(re.fullmatch(r'BdsDxe: starting Boot[0-9A-F]{4} "bootmem" from .*\\BOOTMEM\.EFI', line) for line in run.lines)
    assert run.report()["limits"]["max_pfn"] == 100 * MIB >> 12


# --- make run ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["/", "it's"])
def test_run_names_a_kernel_that_is_no_file(name):
    """Also one that the shell would stumble over."""
    made = subprocess.run(["make", "-s", "run", f"KERNEL={name}"], cwd=ROOT, capture_output=True, text=True)
    assert made.returncode != 0 and f"kernel: {name} is no file that can be read" in made.stderr


# --- files ----------------------------------------------------------------------------------------


def document(run, name="report.json"):
    return json.loads(run.files[name])


@on_machines("i386-files", "x86_64-files-rotate", "x86_64-files-u-boot")
def test_files_hold_the_planned_start(run):
    """What the start planned before the exit and what it then was, but for what the firmware allocated meanwhile."""
    planned, booted = document(run), json.loads(run.serial.replace("\r", "").split("BEGIN BOOTMEM REPORT-----\n")[-1]
                                                .split("-----END")[0])
    assert (planned["stage"], booted["stage"]) == ("planned", "booted")
    for check in (check_balance, check_e820_order, check_limits, check_owner_ranges):
        check(planned)
    for member in ("schema", "arch", "limits", "affinity", "input"):
        assert planned[member] == booted[member], member
    assert planned["memory"]["present_pages"] == booted["memory"]["present_pages"]
    text = run.files["report.txt"].decode("ascii")
    assert text.startswith(f"\nbootmem {run.machine.arch}") or text.startswith(f"bootmem {run.machine.arch}")
    assert max(map(len, text.split("\n"))) <= 79


@on_machines("i386-files", "x86_64-files-rotate", "x86_64-files-u-boot")
def test_picture_is_of_this_machine(run):
    picture = xml.etree.ElementTree.fromstring(run.files["map.svg"])
    titles = [t.text for t in picture.iter(f"{SVG}title")]
    for entry in (e for e in document(run)["e820"] if e["type"] == "ram"):
        assert any(title.startswith(f"[{entry['start']}, {entry['end']})") for title in titles), entry
    texts = [t.text for t in picture.iter(f"{SVG}text")]
    assert document(run)["firmware"]["vendor"] in texts and "page tables" in texts and "Findings" in texts


@on_machines("i386-files", "x86_64-files-rotate")
def test_file_system_stays_sound(run):
    assert run.fsck == ""


@on_machines("x86_64-files-rotate")
def test_older_files_are_numbered(run):
    """Six starts have written: five are kept, the first and what was there before are gone."""
    names = {f"{stem}{number}.{suffix}" for number in ("", "-1", "-2", "-3", "-4")
             for stem, suffix in (("report", "txt"), ("report", "json"), ("map", "svg"))}
    assert set(run.files) == names | {"report-4.txt"}
    assert "START 6" in sections(run)
    options = [document(run, f"report{n}.json")["input"]["options"] for n in ("-4", "-3", "-2", "-1", "")]
    assert [re.search(r"reserve=4K@0x(\d)00000|$", o)[1] for o in options] == ["2", "3", "4", "5", None]
    for n in ("-4", "-3", "-2", "-1"):
        assert document(run, f"report{n}.json")["stage"] == "report"


@on_machines("x86_64-files-u-boot")
def test_without_renaming_the_last_report_is_replaced(run):
    assert "files: the last report.txt is not kept: the firmware can't rename it" in run.serial
    assert set(run.files) == {"report.txt", "report.json", "map.svg"}


@on_machines("i386-files-full")
def test_full_volume_is_a_message(run):
    """The text just fits, the document does not, and nothing half-written stays."""
    assert run.end == "guest-shutdown" and run.report()["stage"] == "booted"
    assert "files: no \\bootmem\\report.json: the volume is full" in run.serial
    assert set(run.files) == {"report.txt", "report-1.txt"}
    assert run.fsck == ""


@on_machines("i386-files-read-only")
def test_read_only_volume_is_a_message(run):
    assert run.end == "guest-shutdown" and run.report()["stage"] == "booted"
    assert "files: no directory \\bootmem: the volume is read-only" in run.serial


@on_machines("x86_64-files-no-pool")
def test_without_memory_for_the_buffer_no_files(run):
    assert run.end == "guest-shutdown" and run.report()["stage"] == "booted"
    assert "files: no report: there is no memory for it" in run.serial
    assert run.files == {}


# --- the image --------------------------------------------------------------------------------------


def test_image_is_sound(tmp_path):
    """One active EFI system partition at 1 MiB, FAT32, sound, with room; sizes as the MBR and FAT specifications."""
    image = (BUILD / "bootmem.img").read_bytes()
    entries = [image[446 + 16 * i:462 + 16 * i] for i in range(4)]
    assert image[510:512] == b"\x55\xaa" and entries[1:] == [bytes(16)] * 3
    assert (entries[0][0], entries[0][4]) == (0x80, 0xef)
    start, count = (int.from_bytes(entries[0][at:at + 4], "little") for at in (8, 12))
    assert (start, (start + count) * 512) == (2048, len(image))
    assert image[MIB + 82:MIB + 90] == b"FAT32   "
    part = tmp_path / "part"
    part.write_bytes(image[MIB:])
    subprocess.run(["/sbin/fsck.fat", "-n", part], check=True, stdout=subprocess.DEVNULL)
    listing = subprocess.run(["mdir", "-/", "-b", "-i", part, "::/"], capture_output=True, text=True, check=True)
    assert set(listing.stdout.split()) >= {"::/EFI/BOOT/BOOTX64.EFI", "::/EFI/BOOT/BOOTIA32.EFI", "::/bootmem.conf"}
    free = subprocess.run(["mdir", "-i", part, "::/"], capture_output=True, text=True, check=True).stdout
    assert int(re.search(r"([\d ]+) bytes free", free)[1].replace(" ", "")) >= 64 * MIB


def test_same_source_makes_the_same_bytes(tmp_path):
    """In another folder, with a longer name, in another time zone and language."""
    other = tmp_path / "a folder's worth of another name".replace(" ", "-").replace("'", "")
    files = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                           capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, files):
        if not name.startswith("test/maps/") and (ROOT / name).is_file():
            (other / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, other / name)
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    subprocess.run(["make", "-s", "image"], cwd=other, check=True, stdout=subprocess.DEVNULL,
                   env=environment | {"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8"})
    for name in ("x86_64/bootmem.efi", "i386/bootmem.efi", "bootmem.img"):
        assert (other / "build" / name).read_bytes() == (BUILD / name).read_bytes(), name


@pytest.mark.parametrize("at, value, complaint", [
    ("subsystem", 11, "subsystem 11"),
    ("align", 512, "sections are aligned"),
    ("write text", None, "writable and executable"),
    ("reloc name", None, "no .reloc section"),
    ("machine", 0xaa64, "do not match"),
    ("stripped", None, "not relocatable"),
])
def test_pe_checker_refuses(tmp_path, at, value, complaint):
    data = bytearray((BUILD / "x86_64/bootmem.efi").read_bytes())
    coff = int.from_bytes(data[0x3c:0x40], "little") + 4
    optional, names = coff + 20, coff + 20 + int.from_bytes(data[coff + 16:coff + 18], "little")
    if at == "subsystem":
        data[optional + 68] = value
    elif at == "align":
        data[optional + 32:optional + 36] = value.to_bytes(4, "little")
    elif at == "write text":
        data[data.index(b".text\0", names) + 39] |= 0x80
    elif at == "reloc name":
        data[data.index(b".reloc", names) + 1] = ord("R")
    elif at == "machine":
        data[coff:coff + 2] = value.to_bytes(2, "little")
    else:
        data[coff + 18] |= 1
    bad = pathlib.Path(tmp_path / "bad.efi")
    bad.write_bytes(data)
    done = subprocess.run([ROOT / "tools/pe.py", bad], capture_output=True, text=True)
    assert done.returncode == 1 and complaint in done.stderr
