#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""initrd.py OUT INIT BUSYBOX MODULE: a small initial ramdisk for Linux, a cpio archive of the format "newc"
(Documentation/driver-api/early-userspace/buffer-format.rst): INIT as /init, BUSYBOX with a few names, MODULE for
EFI variables, and the console that /init writes to. The same files give the same bytes."""
import pathlib
import sys

DIRECTORY, FILE, LINK, CHARACTER = 0o040000, 0o100000, 0o120000, 0o020000
CONSOLE = (5, 1)  # Documentation/admin-guide/devices.txt
NAMES = ("sh", "cat", "insmod", "mount", "od", "poweroff")


def padded(data):
    return data + bytes(-len(data) % 4)


def entry(number, name, mode, content=b"", device=(0, 0)):
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name) + 1, 0)
    header = "070701" + "".join(f"{field:08x}" for field in fields)
    return padded(header.encode() + name.encode() + b"\0") + padded(content)


def members(init, busybox, module):
    for name in ("bin", "dev", "proc", "sys"):
        yield name, DIRECTORY | 0o755
    yield "dev/console", CHARACTER | 0o600, b"", CONSOLE
    yield "init", FILE | 0o755, init
    yield "bin/busybox", FILE | 0o755, busybox
    yield "efivarfs.ko", FILE | 0o644, module
    for name in NAMES:
        yield f"bin/{name}", LINK | 0o777, b"busybox"


def main(out, *sources):
    archive = [entry(number, *member) for number, member in
               enumerate(members(*(pathlib.Path(source).read_bytes() for source in sources)), 1)]
    pathlib.Path(out).write_bytes(b"".join(archive) + entry(0, "TRAILER!!!", 0))


if __name__ == "__main__":
    main(*sys.argv[1:])
