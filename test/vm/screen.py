# SPDX-License-Identifier: BSD-2-Clause
"""Reads pictures of the screen back: colours, and text by the font that drew it."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import mkfont  # noqa: E402

FONTS = [mkfont.load(f"/usr/share/consolefonts/Uni2-Terminus{name}.psf.gz")
         for name in ("16", "Bold24x12", "Bold32x16")]
PAPERS = (0x11171e, 0x1c2630, 0x8fc9a3, 0xe06c75)  # the page, bars, badges
PRINTABLE = [chr(code) for code in range(0x20, 0x7f)]


class Picture:
    """A PPM file of QEMU's screendump: rows of bytes, three for each pixel."""

    def __init__(self, ppm):
        magic, size, depth, pixels = ppm.split(b"\n", 3)
        assert magic == b"P6" and depth == b"255"
        self.width, self.height = (int(word) for word in size.split())
        line = 3 * self.width
        self.rows = [pixels[y * line:(y + 1) * line] for y in range(self.height)]
        self.masks = {}

    def colour(self, x, y):
        return int.from_bytes(self.rows[y][3 * x:3 * x + 3], "big")

    def ink(self, paper):
        """For each line a text of "0" where it has this colour, "1" elsewhere."""
        if paper not in self.masks:
            is_paper = paper.to_bytes(3, "big")
            self.masks[paper] = ["".join("0" if row[i:i + 3] == is_paper else "1"
                                         for i in range(0, len(row), 3)) for row in self.rows]
        return self.masks[paper]

    def row(self, y):
        """The colours of one line."""
        row = self.rows[y]
        return [int.from_bytes(row[i:i + 3], "big") for i in range(0, len(row), 3)]


class Face:
    """A font in a size, as what cells of a picture are looked up in."""

    def __init__(self, font, scale):
        self.width, self.height = font.width * scale, font.height * scale
        self.cells = {}
        for character in PRINTABLE:
            bits = []
            for y in range(font.height):
                row = font.glyph(character)[y * font.row_bytes:(y + 1) * font.row_bytes]
                line = f"{int.from_bytes(row, 'big'):0{8 * font.row_bytes}b}"[:font.width]
                bits += ["".join(bit * scale for bit in line)] * scale
            self.cells.setdefault("".join(bits), character)

    def read(self, picture, x, y):
        """The character at a place; None where there is none."""
        paper = picture.colour(x, y)  # no glyph reaches its upper left corner
        if paper not in PAPERS:
            return None
        ink = picture.ink(paper)
        return self.cells.get("".join([ink[y + i][x:x + self.width] for i in range(self.height)]))

    def line(self, picture, x, y, columns):
        text = [self.read(picture, x + i * self.width, y) or "\0" for i in range(columns)
                if x + (i + 1) * self.width <= picture.width]
        return "".join(text).rstrip()


def overview_face(width, height):
    """As core/overview.c chooses: the largest with 80 columns and 30 lines."""
    fitting = [(font, scale) for font in FONTS for scale in range(1, 9)
               if font.width * scale * 80 <= width and font.height * scale * 30 <= height]
    font, scale = max(fitting, key=lambda f: f[0].height * f[1], default=(FONTS[0], 1))
    return Face(font, scale)


def text_face(width, height):
    """As core/terminal.c: the smallest with at most 68 lines, and 79 columns."""
    scaled = [(font, -(-height // (68 * font.height))) for font in FONTS]
    fitting = [f for f in scaled if f[0].width * f[1] * 79 <= width]
    font, scale = min(fitting, key=lambda f: f[0].height * f[1], default=(FONTS[0], 1))
    return Face(font, scale)


def overview_lines(picture):
    """Every line of text at any height, and the y where each begins, read from the left margin."""
    face = overview_face(picture.width, picture.height)
    margin = (3 if picture.width >= 84 * face.width else 1) * face.width
    columns = (picture.width - margin) // face.width
    lines = {}
    marked = [row != row[:3] * picture.width for row in picture.rows]
    for y in range(0, picture.height - face.height + 1):
        if not any(marked[y:y + face.height]):
            continue
        text = face.line(picture, margin, y, columns)
        # a word somewhere; blanks and what is no text are everywhere
        if any(len(word) > 1 and "\0" not in word for word in text.split()):
            lines[y] = text
    return lines


def page_lines(picture):
    """The text of a page of the report, column after column; None where it has not all been read."""
    face, bar = text_face(picture.width, picture.height), overview_face(picture.width, picture.height)
    top = bar.height // 2
    lines = (picture.height - 2 * top - bar.height - bar.height // 2) // face.height
    width = 79 * face.width
    columns = max(picture.width // width, 1)
    gap = min((picture.width - columns * width) // (columns + 1), 3 * face.width)
    return [face.line(picture, gap + column * (width + gap), top + i * face.height, 79)
            for column in range(columns) for i in range(lines)]


def badge_text(picture, length):
    """The verdict in the upper right corner, so many characters."""
    face = overview_face(picture.width, picture.height)
    margin = (3 if picture.width >= 84 * face.width else 1) * face.width
    return face.line(picture, picture.width - margin - (length + 1) * face.width, face.height // 2, length)


def bar_text(picture):
    face = overview_face(picture.width, picture.height)
    height = face.height + face.height // 2
    margin = (3 if picture.width >= 84 * face.width else 1) * face.width
    return face.line(picture, margin, picture.height - height + face.height // 4,
                     (picture.width - margin) // face.width)
