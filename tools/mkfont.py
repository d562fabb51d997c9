#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes C source of console fonts in PSF format, version 1 or 2, gzipped or not.

    mkfont.py NOTICE FONT... > fonts.c

Writes the_fonts of efi/fonts.h, in the order given: the glyphs of printable ASCII, found through the font's
Unicode table, and one for everything else. NOTICE is kept in the object, as the licence of the font asks.
"""
import gzip
import struct
import sys

PSF1_MAGIC, PSF1_512, PSF1_HAS_TABLE = b"\x36\x04", 1, 2 | 4
PSF2_MAGIC, PSF2_HAS_TABLE = b"\x72\xb5\x4a\x86", 1
FIRST, LAST, REPLACEMENTS = 0x20, 0x7e, (0xfffd, 0x25a0, ord("?"))


class Font:
    """width, height in pixels; glyphs, a list of bitmaps, rows of whole bytes, the leftmost pixel in the
    highest bit; index, the glyph of a character."""

    def __init__(self, data):
        if data[:2] == PSF1_MAGIC:
            self._read_1(data)
        elif data[:4] == PSF2_MAGIC:
            self._read_2(data)
        else:
            raise ValueError("not a PSF font")

    def _read_1(self, data):
        mode, self.height = data[2], data[3]
        self.width = 8
        count = 512 if mode & PSF1_512 else 256
        table = self._cut(data, 4, count, self.height)
        self.index = self._table_1(table) if mode & PSF1_HAS_TABLE else self._identity()

    def _read_2(self, data):
        header, flags, count, size, self.height, self.width = struct.unpack_from("<6I", data, 8)
        if size != self.height * self.row_bytes:
            raise ValueError(f"{size} bytes for {self.width} by {self.height} pixels")
        table = self._cut(data, header, count, size)
        self.index = self._table_2(table) if flags & PSF2_HAS_TABLE else self._identity()

    @property
    def row_bytes(self):
        return (self.width + 7) // 8

    def _cut(self, data, start, count, size):
        """Takes the glyphs; returns what follows them."""
        end = start + count * size
        if size == 0 or len(data) < end:
            raise ValueError("cut short")
        self.glyphs = [data[i:i + size] for i in range(start, end, size)]
        return data[end:]

    def _identity(self):
        return {chr(i): i for i in range(len(self.glyphs))}

    def _table_1(self, table):
        """For each glyph its characters, then sequences that start with 0xfffe; 0xffff ends it."""
        index, glyph, in_sequence = {}, 0, False
        for (unit,) in struct.iter_unpack("<H", table[:len(table) // 2 * 2]):
            if unit == 0xffff:
                glyph, in_sequence = glyph + 1, False
            elif unit == 0xfffe:
                in_sequence = True
            elif not in_sequence:
                index.setdefault(chr(unit), glyph)
        return index

    def _table_2(self, table):
        """The same in UTF-8, with 0xfe and 0xff."""
        index = {}
        for glyph, entry in enumerate(table.split(b"\xff")[:len(self.glyphs)]):
            for character in entry.split(b"\xfe")[0].decode("utf-8"):
                index.setdefault(character, glyph)
        return index

    def glyph(self, character):
        return self.glyphs[self.index[character]]

    def replacement(self):
        return next(self.glyph(chr(code)) for code in REPLACEMENTS if chr(code) in self.index)


def load(path):
    data = open(path, "rb").read()
    return Font(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)


def rows_of(font):
    missing = [chr(c) for c in range(FIRST, LAST + 1) if chr(c) not in font.index]
    if missing:
        raise ValueError("no glyph for " + " ".join(missing))
    glyphs = [font.glyph(chr(c)) for c in range(FIRST, LAST + 1)] + [font.replacement()]
    return b"".join(glyphs)


def write(out, notice, fonts):
    out.write("/* Made by tools/mkfont.py. */\n#include <fonts.h>\n\n")
    out.write(f'__attribute__((used)) static const char notice[] = "{notice}";\n\n')
    for number, font in enumerate(fonts):
        out.write(f"static const uint8_t rows_{number}[] = {{")
        for i, byte in enumerate(rows_of(font)):
            out.write(("\n\t" if i % 16 == 0 else " ") + f"0x{byte:02x},")
        out.write("\n};\n\n")
    out.write("static const struct font font[] = {\n")
    for number, font in enumerate(fonts):
        out.write(f"\t{{ {font.width}, {font.height}, rows_{number} }},\n")
    out.write("};\n\nconst struct fonts the_fonts = { font, " + f"{len(fonts)} }};\n")


def main(notice, *paths):
    fonts = []
    for path in paths:
        try:
            fonts.append(load(path))
            rows_of(fonts[-1])
        except (OSError, ValueError) as error:
            sys.exit(f"{path}: {error}")
    write(sys.stdout, notice, fonts)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
