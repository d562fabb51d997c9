#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Finishes and checks an EFI application that objcopy has written.

    pe.py FILE
    pe.py --end FILE     only prints where the loaded image ends, and the next section could begin

Marks it NX-compatible, clears the time stamp and sets the checksum, then refuses an image that a strict
firmware would refuse: a section writable and executable, sections not on pages of their own, no relocation
section, the wrong subsystem. Offsets: Microsoft PE format; the same for PE32 and PE32+ as far as used here.
"""
import struct
import sys

SCN_EXECUTE, SCN_READ, SCN_WRITE = 0x20000000, 0x40000000, 0x80000000
NX_COMPAT = 0x0100
SUBSYSTEM_EFI_APPLICATION = 10
MACHINES = {0x8664: 0x20B, 0x014C: 0x10B}
FILE_RELOCS_STRIPPED = 0x0001
PAGE = 4096


def u16(data, at):
    return struct.unpack_from("<H", data, at)[0]


def u32(data, at):
    return struct.unpack_from("<I", data, at)[0]


def sections(data, coff):
    count, optional_size = u16(data, coff + 2), u16(data, coff + 16)
    for i in range(count):
        at = coff + 20 + optional_size + 40 * i
        name = data[at:at + 8].rstrip(b"\0").decode()
        virtual_size, address = u32(data, at + 8), u32(data, at + 12)
        yield name, address, virtual_size, u32(data, at + 36)


def checksum(data, field):
    total = 0
    padded = data + b"\0" * (len(data) % 2)
    for at in range(0, len(padded), 2):
        if at not in (field, field + 2):
            total += u16(padded, at)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total + len(data)


def defects(data, coff):
    optional = coff + 20
    machine = u16(data, coff)
    if MACHINES.get(machine) != u16(data, optional):
        yield f"machine {machine:#x} and optional header {u16(data, optional):#x} do not match"
    if u16(data, coff + 18) & FILE_RELOCS_STRIPPED:
        yield "marked as not relocatable"
    if u32(data, optional + 32) != PAGE:
        yield f"sections are aligned to {u32(data, optional + 32):#x}, not to pages"
    if u16(data, optional + 68) != SUBSYSTEM_EFI_APPLICATION:
        yield f"subsystem {u16(data, optional + 68)}"
    end, names = 0, []
    for name, address, size, flags in sections(data, coff):
        names.append(name)
        if flags & SCN_WRITE and flags & SCN_EXECUTE:
            yield f"{name} is writable and executable"
        if name == ".text" and not flags & SCN_EXECUTE:
            yield ".text is not executable"
        if address % PAGE or address < end:
            yield f"{name} shares a page with its neighbour"
        end = address + size
    if ".reloc" not in names:
        yield "no .reloc section"


def main():
    path = sys.argv[-1]
    with open(path, "rb") as file:
        data = bytearray(file.read())
    coff = u32(data, 0x3C) + 4
    optional = coff + 20
    if sys.argv[1] == "--end":
        print(hex(u32(data, optional + 56)))
        return 0
    struct.pack_into("<I", data, coff + 4, 0)
    struct.pack_into("<H", data, optional + 70, u16(data, optional + 70) | NX_COMPAT)
    struct.pack_into("<I", data, optional + 64, checksum(bytes(data), optional + 64))
    bad = list(defects(bytes(data), coff))
    for text in bad:
        print(f"{path}: {text}", file=sys.stderr)
    if bad:
        return 1
    with open(path, "wb") as file:
        file.write(data)
    return 0


sys.exit(main())
