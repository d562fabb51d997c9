# SPDX-License-Identifier: BSD-2-Clause
"""The mutants of a C file: what could be wrong in the bodies of its functions.

This is no parser of C: tokens, and just as much of the grammar as says what is a statement, a condition or a
declaration. Comments (contracts are comments), strings, preprocessor lines, tables and the types in declarations are
never touched. What doesn't compile in the end is nobody's mutant.
"""
import collections
import re

# Replaces text[start:end] by new; function is the one it is in.
Mutant = collections.namedtuple("Mutant", "path line function start end old new")
Token = collections.namedtuple("Token", "kind text start end")

TOKEN = re.compile(r"""
    (?P<skip>\s+|/\*.*?\*/|//[^\n]*|^[ \t]*\#(?:[^\n\\]|\\.)*)
  | (?P<str>"(?:[^"\\\n]|\\.)*")
  | (?P<chr>'(?:[^'\\\n]|\\.)+')
  | (?P<num>\d\w*)
  | (?P<id>[A-Za-z_]\w*)
  | (?P<op>->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\.\.\.|.)
""", re.VERBOSE | re.DOTALL | re.MULTILINE)

SWAPS = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=",), "!=": ("==",),
    "&&": ("||",), "||": ("&&",), "<<": (">>",), ">>": ("<<",), "|": ("&",), "&": ("|",), "+": ("-",), "-": ("+",),
    "+=": ("-=",), "-=": ("+=",), "|=": ("&=",), "&=": ("|=",), "true": ("false",), "false": ("true",),
}
MAYBE_UNARY = {"+", "-", "&"}
TYPE_WORD = re.compile(r"^(const|static|volatile|struct|union|enum|unsigned|signed|void|char|short|int|long|bool|va_list|\w+_t)$")
CONSTANT = re.compile(r"^(?!NULL$)[A-Z][A-Z0-9_]+$")


def tokens_of(text):
    return [Token(m.lastgroup, m[0], m.start(), m.end()) for m in TOKEN.finditer(text) if m.lastgroup != "skip"]


class Planter:
    def __init__(self, path, text):
        self.path, self.text = path, text
        self.tokens = tokens_of(text)
        self.pair = self.match()
        self.mutants = []
        self.function = None

    def match(self):
        """The index of the other bracket, for each one."""
        pair, opened = {}, []
        for i, token in enumerate(self.tokens):
            if token.kind == "op" and token.text in "([{":
                opened.append(i)
            elif token.kind == "op" and token.text in ")]}":
                pair[i] = opened.pop()
                pair[pair[i]] = i
        return pair

    def is_op(self, i, text):
        return self.tokens[i].kind == "op" and self.tokens[i].text == text

    def add(self, start, end, new):
        """Tokens [start, end) become new."""
        first, last = self.tokens[start].start, self.tokens[end - 1].end
        line = self.text.count("\n", 0, first) + 1
        self.mutants.append(Mutant(self.path, line, self.function, first, last, self.text[first:last], new))

    def source(self, start, end):
        return self.text[self.tokens[start].start:self.tokens[end - 1].end]

    # --- from the file down to the statement ---

    def file(self):
        i, start = 0, 0
        while i < len(self.tokens):
            if self.is_op(i, "{"):
                if self.is_op(i - 1, ")"):
                    self.body(start, i)
                i = self.pair[i]
            if self.is_op(i, ";") or self.is_op(i, "}"):
                start = i + 1
            i += 1
        return self.mutants

    def body(self, start, brace):
        name = self.pair[brace - 1] - 1
        self.function = self.tokens[name].text
        self.returns = [t.text for t in self.tokens[start:name]]
        self.block(brace)

    def block(self, brace):
        i = brace + 1
        while i < self.pair[brace]:
            i = self.statement(i)
        return i + 1

    def end_of(self, i):
        """The semicolon that ends the statement."""
        while not self.is_op(i, ";"):
            i = self.pair[i] + 1 if self.tokens[i].text in ("(", "[", "{") and self.tokens[i].kind == "op" else i + 1
        return i

    def statement(self, i):
        """Returns the index after it."""
        word = self.tokens[i].text
        if word == "{":
            return self.block(i)
        if word in ("if", "while", "for", "switch"):
            close = self.pair[i + 1]
            if word == "for":
                self.loop(i + 2, close)
            else:
                self.expression(i + 2, close)
            if word in ("if", "while"):
                self.add(i + 2, close, f"!({self.source(i + 2, close)})")
            return self.statement(close + 1)
        if word in ("else", "do"):
            return self.statement(i + 1)
        if word in ("case", "default"):
            while not self.is_op(i, ":"):
                i += 1
            return i + 1
        if self.is_op(i + 1, ":"):
            return i + 2
        end = self.end_of(i)
        self.simple(i, end)
        return end + 1

    def loop(self, i, close):
        first = self.end_of(i)
        second = self.end_of(first + 1)
        if self.is_declaration(i):
            self.declaration(i, first)
        else:
            self.expression(i, first)
        self.expression(first + 1, second)
        self.expression(second + 1, close)

    def simple(self, i, end):
        word = self.tokens[i].text
        if i == end:
            return
        if word == "return":
            self.expression(i + 1, end)
            self.result(i + 1, end)
        elif self.is_declaration(i):
            self.declaration(i, end)
        else:
            self.expression(i, end)
            self.add(i, end, "")

    # --- from the statement down to the operator ---

    def result(self, i, end):
        if i == end:
            self.add(i - 1, end, "")
        elif end == i + 1 and (self.tokens[i].kind == "num" or CONSTANT.match(self.tokens[i].text) or
                               self.tokens[i].text in ("true", "false")):
            return # changed as a constant
        elif "*" in self.returns:
            if self.source(i, end) != "NULL":
                self.add(i, end, "NULL")
        elif "bool" in self.returns:
            self.add(i, end, f"!({self.source(i, end)})")
        elif "struct" not in self.returns:
            self.add(i, end, f"({self.source(i, end)}) + 1")

    def is_declaration(self, i):
        first, second = self.tokens[i], self.tokens[i + 1]
        return first.kind == "id" and (TYPE_WORD.match(first.text) is not None or second.kind == "id")

    def declaration(self, i, end):
        """The values, not the types, nor the sizes of arrays; a table is no statement."""
        if self.tokens[i].text == "static":
            return
        while i < end:
            if self.is_op(i, "["):
                i = self.pair[i]
            elif self.is_op(i, "="):
                stop = i + 1
                while stop < end and not self.is_op(stop, ","):
                    stop = self.pair[stop] + 1 if self.tokens[stop].text in ("(", "[", "{") else stop + 1
                self.expression(i + 1, stop)
                i = stop
            i += 1

    def is_cast(self, close):
        inside = self.tokens[self.pair[close] + 1:close]
        before = self.tokens[self.pair[close] - 1]
        return before.text != "sizeof" and before.kind != "id" and \
            all(TYPE_WORD.match(t.text) or t.text == "*" or inside[k - 1].text in ("struct", "enum")
                for k, t in enumerate(inside))

    def is_binary(self, i):
        before = self.tokens[i - 1]
        if before.kind in ("id", "num", "chr"):
            return before.text not in ("return", "case")
        return before.text == "]" or (before.text == ")" and not self.is_cast(i - 1))

    def expression(self, i, end):
        while i < end:
            token = self.tokens[i]
            if token.text == "sizeof":
                i = self.pair[i + 1] if self.is_op(i + 1, "(") else i + 1
            elif token.text in SWAPS and (token.text not in MAYBE_UNARY or self.is_binary(i)):
                for new in SWAPS[token.text]:
                    self.add(i, i + 1, new)
            elif token.text in ("!", "~"):
                self.add(i, i + 1, "")
            elif token.kind == "num":
                self.number(i)
            elif token.kind == "chr" or (token.kind == "id" and CONSTANT.match(token.text)):
                self.constant(i)
            i += 1

    def number(self, i):
        """The value is one more, or one less; UINT64_C(1) is one, too."""
        start, end = i, i + 1
        if self.tokens[i - 2].text == "UINT64_C":
            start, end = i - 2, i + 2
        source = self.source(start, end)
        self.add(start, end, f"({source} + 1)")
        if not re.match(r"0[uUlL]*$", self.tokens[i].text):
            self.add(start, end, f"({source} - 1)")

    def constant(self, i):
        if not self.is_op(i + 1, "(") and self.tokens[i - 1].text not in (".", "->"):
            self.add(i, i + 1, f"({self.tokens[i].text} + 1)")


def mutants_of(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return Planter(path, text).file(), text


def apply(text, mutant):
    """Lines keep their numbers."""
    new = mutant.new + "\n" * (mutant.old.count("\n") - mutant.new.count("\n"))
    return text[:mutant.start] + new + text[mutant.end:]
