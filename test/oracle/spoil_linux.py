#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Linux-protocol kernels that must be refused: spoil_linux.py x86_64|i386 MEMTEST OTHER DIRECTORY.

Each is made by one change from MEMTEST, a memtest86+ for that architecture, which wants to be at 1 MiB; OTHER is a
Linux for the other one. DIRECTORY also gets a startup.nsh that offers one after the other to the application under
the EFI shell, \\memtest with what it can't take, and then \\memtest as it is; and a hello.nsh that starts that kernel.
"""
import pathlib
import struct
import sys

MIB = 1 << 20
# Documentation/arch/x86/boot.rst: offset and format
MAGIC, VERSION, JUMP, LOADFLAGS = (0x202, "I"), (0x206, "H"), (0x200, "H"), (0x211, "B")
RELOCATABLE, PREF_ADDRESS, INIT_SIZE = (0x234, "B"), (0x258, "Q"), (0x260, "I")
VERSION_2_09 = 0x0209
BIG = 80 * MIB  # more than the firmware has left of the 128 MiB of the machine
NVS = 0x810000  # OVMF keeps this for itself, for the sleep state S3


def changed(good, *changes):
    """With other values in its header."""
    kernel = bytearray(good)
    for (offset, form), value in changes:
        struct.pack_into("<" + form, kernel, offset, value)
    return bytes(kernel)


def spoiled(arch, good, other):
    files = {
        "truncated": good[:len(good) // 2],
        "header_only": good[:0x210],
        "magic": changed(good, (MAGIC, 0)),
        "jump": changed(good, (JUMP, 0x9090)),
        "old": changed(good, (VERSION, VERSION_2_09)),
        "low": changed(good, (LOADFLAGS, 0)),
        "larger_than_memory": changed(good, (INIT_SIZE, 900 * MIB)),
        "movable_larger_than_memory": changed(good, (RELOCATABLE, 1), (INIT_SIZE, 900 * MIB)),
        "out_of_reach": changed(good, (INIT_SIZE, 0xffff0000)),
        "in_use": changed(good, (PREF_ADDRESS, NVS)),
    }
    # A 64-bit kernel can start from 32-bit firmware, where the processor has long mode.
    if arch == "x86_64":
        files["other_machine"] = other
    return files


def write_script(path, lines):
    path.write_bytes("\r\n".join(["fs0:", *lines, ""]).encode())


def main(arch, memtest, other, directory):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    files = spoiled(arch, pathlib.Path(memtest).read_bytes(), pathlib.Path(other).read_bytes())
    for name, content in files.items():
        (directory / name).write_bytes(content)
    with open(directory / "big", "wb") as big:
        big.truncate(BIG)
    app = {"x86_64": "\\EFI\\BOOT\\BOOTX64.EFI", "i386": "\\EFI\\BOOT\\BOOTIA32.EFI"}[arch]
    words = [f"kernel=\\bad\\{name}" for name in sorted(files)]
    words += ["kernel=\\memtest initrd=\\none", "kernel=\\memtest initrd=\\bad\\big", f"kernel=\\memtest cmdline={'x' * 256}",
              "kernel=\\memtest cmdline=console=ttyS0"]
    write_script(directory / "startup.nsh", [f"{app} {each}" for each in words])
    # after a refusal of what the configuration names
    write_script(directory / "hello.nsh", [f"{app} kernel=\\kernels\\{{arch}}\\hello.elf cmdline=poweroff"])


if __name__ == "__main__":
    main(*sys.argv[1:])
