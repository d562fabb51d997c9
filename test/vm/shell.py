# SPDX-License-Identifier: BSD-2-Clause
"""Several starts of the application from one UEFI shell, and what is between them on the serial line."""
import re

MEMMAP = re.compile(r"^(\w+)\s+([0-9A-F]{16})-([0-9A-F]{16}) [0-9A-F]{16} [0-9A-F]{16}$")
TOTAL = re.compile(r"^  (\w+) *: +([0-9,]+) Pages")
# RAM after the exit, as e820 counts it; everything else stays what it is.
BECOMES_RAM = {"Available", "LoaderCode", "LoaderData", "BS_Code", "BS_Data"}


def script(*starts):
    """startup.nsh: the map, every start with its status, the map again."""
    lines = ["echo MAP BEFORE", "memmap"]
    for i, words in enumerate(starts):
        lines += [f"echo START {i}", f"fs0:\\bootmem.efi {words}", "echo STATUS %lasterror%"]
    return (*lines, "echo MAP AFTER", "memmap", "echo DONE", "reset -s")


def sections(run):
    """Lines of the serial line by what was echoed before them: "MAP BEFORE", "START 0", ..."""
    found, name = {}, None
    for line in run.lines:
        if re.fullmatch(r"(MAP BEFORE|MAP AFTER|START \d+|DONE)", line):
            name = line
            found[name] = []
        elif name is not None:
            found[name].append(line)
    return found


def start(run, i):
    """The lines of start i, and its status without the error bit."""
    lines = sections(run)[f"START {i}"]
    status = next(line for line in lines if line.startswith("STATUS "))
    return lines[:lines.index(status)], int(status.split()[1], 16) & 0xff


def pages_by_type(lines):
    return {m[1]: int(m[2].replace(",", "")) for m in map(TOTAL.match, lines) if m}


def to_e820(lines):
    """memmap's output as sorted, merged ranges of RAM and of every other type."""
    entries = sorted((int(m[2], 16), int(m[3], 16) + 1, "ram" if m[1] in BECOMES_RAM else m[1])
                     for m in map(MEMMAP.match, lines) if m)
    merged = []
    for begin, end, kind in entries:
        if merged and merged[-1][1] == begin and merged[-1][2] == kind:
            begin = merged.pop()[0]
        merged.append((begin, end, kind))
    return merged
