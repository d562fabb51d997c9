#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Kernels that must be refused, each made from a good one by one change: spoil.py GOOD OTHER DIRECTORY.

OTHER is a good kernel for the other architecture. DIRECTORY also gets a startup.nsh that offers one after the other to
the application under the EFI shell, and then the good one, \\kernels\\hello.elf.
"""
import pathlib
import struct
import sys

MIB = 1 << 20
WRITE, EXECUTE = 2, 1


class Kernel:
    """An ELF file with its program headers, to be changed and written again."""

    def __init__(self, path):
        self.bytes = bytearray(path.read_bytes())
        self.is_64 = self.bytes[4] == 2
        self.word = "<Q" if self.is_64 else "<I"
        self.table = self.get(32 if self.is_64 else 28)
        self.stride, self.count = struct.unpack_from("<HH", self.bytes, 54 if self.is_64 else 42)

    def get(self, offset):
        return struct.unpack_from(self.word, self.bytes, offset)[0]

    def put(self, offset, value):
        struct.pack_into(self.word, self.bytes, offset, value % (1 << 64 if self.is_64 else 1 << 32))

    def place(self, segment, field):
        """Offset of a program header's field in the file."""
        offsets = {"offset": 8, "virt": 16, "file_bytes": 32, "mem_bytes": 40} if self.is_64 else \
            {"offset": 4, "virt": 8, "file_bytes": 16, "mem_bytes": 20}
        return self.table + segment * self.stride + offsets[field]

    def add_flags(self, segment, flags):
        offset = self.table + segment * self.stride + (4 if self.is_64 else 24)
        old = struct.unpack_from("<I", self.bytes, offset)[0]
        struct.pack_into("<I", self.bytes, offset, old | flags)

    def virt(self, segment):
        return self.get(self.place(segment, "virt"))

    def move(self, virt):
        """The whole kernel, as if linked there."""
        delta = virt - self.virt(0)
        self.put(24, self.get(24) + delta)
        for segment in range(self.count):
            self.put(self.place(segment, "virt"), self.virt(segment) + delta)


def truncated(kernel):
    del kernel.bytes[len(kernel.bytes) // 2:]


def header_only(kernel):
    del kernel.bytes[kernel.table:]


def overlapping(kernel):
    kernel.put(kernel.place(1, "virt"), kernel.virt(0) + 16)


def shared_page(kernel):
    end = kernel.virt(0) + kernel.get(kernel.place(0, "mem_bytes"))
    kernel.put(kernel.place(1, "virt"), end + 15 & ~15)


def write_exec(kernel):
    kernel.add_flags(0, WRITE | EXECUTE)


def too_large(kernel):
    kernel.put(kernel.place(2, "mem_bytes"), 1025 * MIB)
    kernel.move(0x100000000000 if kernel.is_64 else 0x40000000)


def larger_than_memory(kernel):
    kernel.put(kernel.place(2, "mem_bytes"), 900 * MIB)
    kernel.move(0x100000000000 if kernel.is_64 else 0x40000000)


def page_0(kernel):
    kernel.move(0)


def in_direct_map(kernel):
    kernel.move(0xffff888000100000 if kernel.is_64 else 0xc0100000)


def in_fixmap(kernel):
    kernel.move(0xffffffffff500000 if kernel.is_64 else 0xffe00000)


def on_framebuffer(kernel):
    kernel.move(0xc0000000)


def entry_in_data(kernel):
    kernel.put(24, kernel.virt(2))


SPOILERS = (truncated, header_only, overlapping, shared_page, write_exec, too_large, larger_than_memory,
            page_0, in_direct_map, in_fixmap, entry_in_data)


def main(good, other, directory):
    directory.mkdir(parents=True, exist_ok=True)
    files = {"text": b"This is no kernel.\n", "empty": b"", "other_machine": other.read_bytes()}
    for spoil in SPOILERS + ((on_framebuffer,) if Kernel(good).is_64 else ()):
        kernel = Kernel(good)
        spoil(kernel)
        files[spoil.__name__] = kernel.bytes
    for name, content in files.items():
        (directory / f"{name}.elf").write_bytes(content)
    app = "\\EFI\\BOOT\\BOOTX64.EFI" if Kernel(good).is_64 else "\\EFI\\BOOT\\BOOTIA32.EFI"
    lines = [f"{app} kernel=\\kernels\\bad\\{name}.elf" for name in sorted(files)]
    lines = ["fs0:"] + lines + [f"{app} kernel=\\kernels\\hello.elf cmdline=poweroff"]
    (directory / "startup.nsh").write_bytes("\r\n".join(lines + [""]).encode())


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:]))
