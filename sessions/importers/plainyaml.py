"""The part of YAML that programs in Rust write (serde_yaml): blocks, texts, and nothing clever.

No tags, anchors, aliases, merges or folded texts, and of the flow style only `[]` and `{}`: what is
not of this part is refused with its line, never guessed at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sessions.errors import DamagedLine

DEEPEST = 30

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")

_KEY = re.compile(
    r"""(?P<key>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s'"\[\]{}#&*!|>%@`-][^:#]*?):(?: +|$)"""
)

_BLANK = " \r\n\x85\u2028\u2029"

_LITERAL = re.compile(r"\|(?P<indent>[1-9])?(?P<chomp>[+-])?")

_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)

_ESCAPES = {
    **{"0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"},
    **{"e": "\x1b", '"': '"', "\\": "\\", "/": "/", " ": " "},
    **{"N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"},
}


def parse(text: str) -> object:
    """The value of a document; numbers and the like stay texts, `null` and `~` are None.

    Raises:
        DamagedLine: If it is no YAML of this part; its text names the line.
    """
    reader = _Reader(_lines(text))
    reader.skip_empty()
    value = reader.block(reader.indent(), 0)
    reader.skip_empty()
    if not reader.at_end:
        raise reader.damage("it belongs to nothing")
    return value


def _lines(text: str) -> list[str]:
    """With their line breaks, of which YAML has more kinds than other formats."""
    lines, at = [], 0
    for found in _BREAK.finditer(text):
        lines.append(text[at : found.end()])
        at = found.end()
    return [*lines, text[at:]] if at < len(text) else lines


def _unindented(line: str, within: int) -> str:
    """A line of a literal text; one of spaces alone may have fewer than the others."""
    if line[:within].strip(" ") == "":
        return line[within:]
    if not line.strip(_BLANK):
        return line.lstrip(" ")
    raise DamagedLine(f"a line of a text is indented too little: {line[:40]!r}")


@dataclass(slots=True)
class _Reader:
    lines: list[str]
    at: int = 0
    rest: dict[int, str] = field(default_factory=dict)
    """Lines of which a dash was read, with a space in its place."""

    @property
    def at_end(self) -> bool:
        return self.at >= len(self.lines)

    def damage(self, what: str) -> DamagedLine:
        return DamagedLine(f"line {self.at + 1}: {what}, or it is not as aichat writes it")

    def line(self) -> str:
        """The line at hand without its break."""
        return _BREAK.sub("", self.rest.get(self.at, self.lines[self.at]))

    def indent(self) -> int:
        """Of the line at hand; -1 at the end."""
        if self.at_end:
            return -1
        line = self.line()
        return len(line) - len(line.lstrip(" "))

    def skip_empty(self) -> None:
        while not self.at_end and (not self.line().strip() or self.line().strip() == "---"):
            self.at += 1

    def block(self, indent: int, depth: int) -> object:
        """The sequence or mapping that begins at the line at hand."""
        if self.at_end:
            return None
        if depth > DEEPEST:
            raise self.damage("it is nested too deep")
        if self._is_item(indent):
            return self._sequence(indent, depth)
        return self._mapping(indent, depth)

    def _is_item(self, indent: int) -> bool:
        return not self.at_end and (
            self.indent() == indent and re.match("-(?: |$)", self.line()[indent:]) is not None
        )

    def _sequence(self, indent: int, depth: int) -> list[object]:
        items = []
        while self._is_item(indent):
            line = self.line()
            after = line[indent + 1 :]
            if not after.strip():
                self.at += 1
                self.skip_empty()
                deeper = self.indent() > indent
                items.append(self.block(self.indent(), depth + 1) if deeper else None)
            elif _KEY.match(after.lstrip(" ")) or after.lstrip(" ").startswith("- "):
                self.rest[self.at] = f"{line[:indent]} {after}"
                items.append(self.block(self.indent(), depth + 1))
            else:
                items.append(self._value(after.strip(" "), indent, depth))
            self.skip_empty()
        return items

    def _mapping(self, indent: int, depth: int) -> dict[str, object]:
        fields: dict[str, object] = {}
        while not self.at_end and self.indent() == indent and not self._is_item(indent):
            found = _KEY.match(self.line(), indent)
            if found is None:
                raise self.damage("it has no key")
            key = self._scalar(found["key"])
            if not isinstance(key, str) or key in fields:
                raise self.damage("its key is none, or there twice")
            fields[key] = self._value(self.line()[found.end() :].strip(" "), indent, depth)
            self.skip_empty()
        if not self.at_end and self.indent() > indent:
            raise self.damage("it is indented too far")
        return fields

    def _value(self, text: str, indent: int, depth: int) -> object:
        """What stands behind a key or a dash, on this line or the next ones."""
        if literal := _LITERAL.fullmatch(text):
            return self._literal(literal, indent)
        if text:
            value = self._scalar(text)
            self.at += 1
            return value
        self.at += 1
        self.skip_empty()
        within = self.indent()
        if within > indent or (within == indent and self._is_item(indent)):
            return self.block(within, depth + 1)
        return None

    def _literal(self, header: re.Match[str], indent: int) -> str:
        """A text of several lines as it stands."""
        self.at += 1
        begin = self.at
        while not self.at_end and (not self.line().strip(" ") or self.indent() > indent):
            self.at += 1
        lines = self.lines[begin : self.at]
        within = indent + 1
        if header["indent"]:
            within = indent + int(header["indent"])
        elif first := next((line for line in lines if line.strip(_BLANK)), None):
            within = len(first) - len(first.lstrip(" "))
        text = "".join(_unindented(line, within) for line in lines)
        if header["chomp"] == "+":
            return text
        stripped = text.rstrip("\n")
        is_ended = header["chomp"] is None and stripped and stripped != text
        return f"{stripped}\n" if is_ended else stripped

    def _scalar(self, text: str) -> object:
        """A text on one line."""
        if text.startswith("'"):
            if re.fullmatch("'(?:[^']|'')*'", text) is None:
                raise self.damage("its quotation does not end")
            return text[1:-1].replace("''", "'")
        if text.startswith('"'):
            return self._quoted(text)
        if text in ("[]", "{}"):
            return [] if text == "[]" else {}
        if text in ("null", "~"):
            return None
        if text[0] in "[]{}&*!|>%@`#" or " #" in text or ": " in text or text.endswith(":"):
            raise self.damage("its value is of another kind")
        return text

    def _quoted(self, text: str) -> str:
        if re.fullmatch(r'"(?:[^"\\]|\\.)*"', text) is None:
            raise self.damage("its quotation does not end")

        def replaced(found: re.Match[str]) -> str:
            digits = found[1] or found[2] or found[3]
            if digits and int(digits, 16) <= 0x10FFFF:
                return chr(int(digits, 16))
            if found[4] not in _ESCAPES:
                raise self.damage(f"it has the escape {found[0][:10]!r}")
            return _ESCAPES[found[4]]

        return _ESCAPE.sub(replaced, text[1:-1])
