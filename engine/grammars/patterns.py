"""Regular expressions of JSON Schemas as GBNF, for what stands between a string's quotation marks.

Only what ECMAScript and Python read alike, as schemas are written for one and often checked by the
other. Where they differ, a class means the characters that both would take.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Sets of characters, as inclusive ranges of code points."""

LAST = 0x10FFFF
_UNWRITABLE: Ranges = ((0, 0x1F), (0x22, 0x22), (0x5C, 0x5C), (0xD800, 0xDFFF))
"""What a JSON string has only as an escape, and halves of characters."""
_ESCAPED = {'"': '\\\\\\"', "\\": "\\\\\\\\", "\n": "\\\\n", "\t": "\\\\t", "\r": "\\\\r"}
"""How GBNF spells the escapes with which a JSON string has these."""

_DIGITS: Ranges = ((0x30, 0x39),)
_WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Ranges = ((0x09, 0x0D), (0x20, 0x20))
_ANY_SPACE: Ranges = (
    *((0, 0x20), (0x7F, 0xA0), (0x1680, 0x1680), (0x2000, 0x200B)),
    *((0x2028, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
_ASCII: Ranges = ((0x20, 0x7E),)
_LINE_ENDS: Ranges = ((0x0A, 0x0A), (0x0D, 0x0D), (0x85, 0x85), (0x2028, 0x2029))


def without(ranges: Ranges, removed: Iterable[tuple[int, int]]) -> Ranges:
    """The characters of one set that are not in the other."""
    for low, high in removed:
        rest = []
        for first, last in ranges:
            rest += [(first, min(last, low - 1)), (max(first, high + 1), last)]
        ranges = tuple((first, last) for first, last in rest if first <= last)
    return ranges


ANY: Ranges = ((0, LAST),)
_CLASSES: dict[str, Ranges] = {
    "d": _DIGITS,
    "w": _WORD,
    "s": _SPACE,
    "D": without(_ASCII, _DIGITS),
    "W": without(_ASCII, _WORD),
    "S": without(ANY, _ANY_SPACE),
}
_QUANTIFIER = re.compile(r"[*+?]|\{[0-9]+(,[0-9]*)?\}")
_SIGNS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}


class UnsupportedPattern(Exception):
    """A regular expression, or a part of one, that GBNF has nothing for."""


def pattern_to_gbnf(pattern: str, any_character: str) -> str:
    """A GBNF expression for the contents of JSON strings in which the pattern is found.

    Args:
        pattern: A regular expression. Without ``^`` and ``$`` anything may stand around it.
        any_character: The rule for one character of a JSON string.

    Raises:
        UnsupportedPattern: With what of it cannot be done.
    """
    return _Reader(pattern, any_character).read()


def class_to_gbnf(ranges: Ranges) -> str:
    """A GBNF class of characters; empty if there are none that can stand in a JSON string."""
    plain = "".join(
        _spelt(low) if low == high else f"{_spelt(low)}-{_spelt(high)}"
        for low, high in without(ranges, _UNWRITABLE)
    )
    return f"[{plain}]" if plain else ""


def _spelt(code: int) -> str:
    if chr(code).isascii() and chr(code).isalnum():
        return chr(code)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _is_one(ranges: Ranges) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


def _has(ranges: Ranges, character: str) -> bool:
    return any(low <= ord(character) <= high for low, high in ranges)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the expression in GBNF."""

    text: str
    may_be_empty: bool


class _Reader:
    """Reads a pattern from front to back, and writes GBNF."""

    def __init__(self, pattern: str, any_character: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._any = any_character

    def read(self) -> str:
        found = [self._anchored()]
        while self._accept("|"):
            found.append(self._anchored())
        if self._at < len(self._pattern):
            self._fail("')' without '('")
        return f"({' | '.join(found)})"

    def _fail(self, reason: str) -> NoReturn:
        raise UnsupportedPattern(f"{reason} in the pattern {self._pattern!r}")

    def _peek(self, length: int = 1) -> str:
        return self._pattern[self._at : self._at + length]

    def _accept(self, text: str) -> bool:
        if self._pattern.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def _anchored(self) -> str:
        """One of the alternatives, and whatever may stand around it."""
        front = "" if self._accept("^") else f"{self._any}* "
        middle = self._sequence().text
        behind = "" if self._accept("$") else f" {self._any}*"
        if self._peek() not in ("", "|", ")"):
            self._fail(f"{self._peek()!r} after '$'")
        return f"{front}{middle}{behind}"

    def _alternatives(self) -> _Part:
        found = [self._sequence()]
        while self._accept("|"):
            found.append(self._sequence())
        text = " | ".join(part.text for part in found)
        return _Part(f"({text})", any(part.may_be_empty for part in found))

    def _sequence(self) -> _Part:
        parts = []
        while self._peek() not in ("", "|", ")", "$"):
            parts.append(self._repeated(self._atom()))
        text = " ".join(part.text for part in parts) or '""'
        return _Part(text, all(part.may_be_empty for part in parts))

    def _atom(self) -> _Part:
        character = self._peek()
        self._at += 1
        if character == "(":
            return self._group()
        if character == "[":
            return self._set(self._class())
        if character == ".":
            return self._set(without(ANY, _LINE_ENDS))
        if character == "\\":
            return self._set(self._escape())
        if character in "^*+?":
            self._fail(f"{character!r} in this place")
        return self._set(((ord(character), ord(character)),))

    def _group(self) -> _Part:
        if self._peek() == "?" and not self._accept("?:"):
            self._fail(f"'({self._peek(2)}'")
        inside = self._alternatives()
        if self._peek() == "$":
            self._fail("'$' inside parentheses")
        if not self._accept(")"):
            self._fail("'(' without ')'")
        return inside

    def _set(self, ranges: Ranges) -> _Part:
        found = [text for character, text in _ESCAPED.items() if _has(ranges, character)]
        plain = class_to_gbnf(ranges)
        texts = [*([plain] if plain else []), *(f'"{text}"' for text in found)]
        if not texts:
            self._fail("a character that cannot occur in a text")
        return _Part(texts[0] if len(texts) == 1 else f"({' | '.join(texts)})", False)

    def _repeated(self, part: _Part) -> _Part:
        quantifier = _QUANTIFIER.match(self._pattern, self._at)
        if not quantifier:
            return part
        self._at = quantifier.end()
        self._accept("?")  # being lazy changes what is found, not whether it is
        if _QUANTIFIER.match(self._pattern, self._at):
            self._fail(f"{self._peek()!r} in this place")
        sign = quantifier[0]
        is_endless = sign in ("*", "+") or sign.endswith(",}")
        if is_endless and part.may_be_empty:
            self._fail("a repetition of what may be empty")
        return _Part(f"{part.text}{sign}", part.may_be_empty or sign[:2] in ("*", "?", "{0"))

    def _class(self) -> Ranges:
        negated = self._accept("^")
        found: Ranges = ()
        while not self._accept("]"):
            if not self._peek():
                self._fail("'[' without ']'")
            low = self._class_member()
            if self._peek() == "-" and self._peek(2) != "-]":
                self._at += 1
                high = self._class_member()
                if not _is_one(low) or not _is_one(high) or high < low:
                    self._fail("a range that is none")
                low = ((low[0][0], high[0][1]),)
            found += low
        return without(ANY, found) if negated else found

    def _class_member(self) -> Ranges:
        character = self._peek()
        self._at += 1
        if character == "\\":
            return self._escape(in_class=True)
        if not character:
            self._fail("'[' without ']'")
        return ((ord(character), ord(character)),)

    def _escape(self, *, in_class: bool = False) -> Ranges:
        sign = self._peek()
        self._at += 1
        if sign in _CLASSES:
            return _CLASSES[sign]
        if sign in ("x", "u"):
            digits = self._peek(2 if sign == "x" else 4)
            if not re.fullmatch(r"[0-9a-fA-F]{2}|[0-9a-fA-F]{4}", digits):
                self._fail(f"'\\{sign}{digits}'")
            self._at += len(digits)
            return ((int(digits, 16), int(digits, 16)),)
        if not sign or (sign.isalnum() and sign not in _SIGNS):
            self._fail(f"'\\{sign}'")
        code = ord(_SIGNS.get(sign, sign))
        return ((code, code),)
