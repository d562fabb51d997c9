#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make_seeds.py TARGET DIRECTORY: inputs for a target that reads bytes, made of the recorded maps. The forms are those
that the targets say at their head and in entries.h."""
import glob
import os
import struct
import sys

E820 = {"ram": 0, "soft": 1, "pmem": 2, "acpi": 4, "nvs": 5, "unusable": 6}
EFI_WB, EFI_RUNTIME = 8, 1 << 63
# The places of EFI types in fuzz_start.c's list.
START_TYPES = {7: 0, 1: 2, 2: 3, 3: 2, 4: 2, 5: 4, 6: 4, 0: 5, 9: 6, 10: 7, 11: 8, 8: 9, 14: 10, 15: 11}


def lines(path, word):
    with open(path, encoding="utf-8") as file:
        for line in file:
            fields = line.split()
            if fields and fields[0] == word:
                yield fields[1:]


def address(value):
    """entries.h: any 64 bits."""
    return bytes([3]) + struct.pack("<Q", value)


def e820(path):
    return [(int(f[0], 16), int(f[1], 16) + 1, E820.get(f[2], 7)) for f in lines(path, "e820")]


def efi(path):
    out = []
    for f in lines(path, "efi"):
        start, end = int(f[0], 16), int(f[1], 16) + 1
        attribute = int(f[3][5:], 16) if len(f) > 3 and f[3].startswith("attr=0x") else EFI_WB
        if f[2].isdigit():
            out.append((int(f[2]), start, end, attribute))
    return out


def seed_e820(path):
    out = address(1 << 63)
    for start, end, kind in e820(path):
        out += bytes([kind]) + address(start) + address(end - start)
    return out


def seed_map(path):
    out = struct.pack("<H", 48)
    for kind, start, end, attribute in efi(path):
        out += struct.pack("<IIQQQQQ", kind, 0, start, 0, (end - start) >> 12, attribute, 0)
    return out if len(out) > 2 else None


def seed_start(path):
    entries = efi(path)[:47] or [(7 if kind == 0 else 0, start & ~4095, end & ~4095, EFI_WB)
                                 for start, end, kind in e820(path)[:47]]
    out = bytes([0, 0, len(entries)])
    for kind, start, end, attribute in entries:
        flags = (0 if attribute & 0xf else 0x80) | (0x40 if attribute & EFI_RUNTIME else 0)
        place = next((at for at in range(64) if at % 14 == START_TYPES.get(kind, 12)
                      and (at | flags) % 14 == START_TYPES.get(kind, 12)), None)
        if place is None:
            place = next(at for at in range(64) if (at | flags) % 14 == START_TYPES.get(kind, 12))
        out += bytes([place | flags]) + address(start) + address(end - start)
    return out


def table(name, contents):
    out = bytearray(name.encode() + struct.pack("<IBB", 36 + len(contents), 3, 0) + b"BOOTMESEEDS   " + bytes(12)
                    + contents)
    out[9] = -sum(out) & 0xff
    return bytes(out)


def seed_affinity(path):
    ranges = [(int(f[0]), int(f[1], 16), int(f[2], 16) + 1, f[3:]) for f in lines(path, "srat")]
    if not ranges:
        return None
    nodes = max(nid for nid, _, _, _ in ranges) + 1
    contents = bytes(12)
    for nid in range(nodes):
        contents += struct.pack("<BBHIIIII", 2, 24, 0, nid, nid, 1, 0, 0)
    for nid, start, end, words in ranges:
        flags = 1 | (2 if "hotplug" in words else 0) | (4 if "nonvolatile" in words else 0)
        contents += struct.pack("<BBIHQQIIQ", 1, 40, nid, 0, start, end - start, 0, flags, 0)
    srat = table("SRAT", contents)
    slit = table("SLIT", struct.pack("<Q", nodes)
                 + bytes(10 if a == b else 20 + a for a in range(nodes) for b in range(nodes)))
    return struct.pack("<BH", 0, len(srat)) + srat + slit


def seed_options(path):
    with open(path, "rb") as file:
        return bytes([0]) + file.read()


MAKERS = {"fuzz_e820": seed_e820, "fuzz_map": seed_map, "fuzz_affinity": seed_affinity, "fuzz_start": seed_start,
          "fuzz_start-i386": seed_start, "fuzz_options": seed_options}
WORDS = [b"mem=1G reserve=4K@0x100000,1M@2G badram=64K@16M numa=fake=4 pae=off serial=0x3f8,9600 console=serial",
         b'kernel=/a/{arch} initrd=/i cmdline="a ""b"" c" mode=report after=poweroff files=off hostile=stale=2,grow=3',
         b"highmem=512M vmalloc=0x8000000 serial=ttyS1 numa=off pae=on console=screen after=reboot badram=1@0"]


def main(target, directory):
    paths = ["esp/bootmem.conf"] if target == "fuzz_options" else sorted(glob.glob("test/maps/*.txt"))
    seeds = {os.path.basename(path): MAKERS[target](path) for path in paths}
    if target == "fuzz_options":
        seeds.update({f"words-{i}": bytes([2]) + words for i, words in enumerate(WORDS)})
    for name, seed in seeds.items():
        if seed is not None:
            with open(os.path.join(directory, name), "wb") as file:
                file.write(seed)


if __name__ == "__main__":
    main(*sys.argv[1:])
