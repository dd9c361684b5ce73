"""Checks a grammar in llama.cpp's GBNF before llama.cpp reads it.

llama.cpp says what is wrong with one on stderr and without the place, takes a limit above 2,000 for
none at all, and with some grammars never returns, or not before the memory is gone. So this reads
what llama.cpp reads, and makes the same rules of groups and repetitions, to be looked at.
https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md describes the format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn, TypeAlias

from engine.errors import GrammarFailed

MOST_REPETITIONS = 2000
"""As many as llama.cpp counts."""

_LARGEST_TEXT = 2**20
_MOST_ELEMENTS = 2_000_000
"""Of eight bytes each; llama.cpp copies what is repeated."""
_DEEPEST = 100
"""Groups inside each other; llama.cpp's parser calls itself for each."""

_NAME = re.compile(r"[A-Za-z0-9-]+")
_SPACE = re.compile(r"(?:[ \t]|#[^\r\n]*)*")
_SPACE_AND_LINES = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_ESCAPES = {"x": 2, "u": 4, "U": 8}
"""Hexadecimal digits that follow."""
_PLAIN_ESCAPES = {"t": "\t", "r": "\r", "n": "\n", **{sign: sign for sign in '\\"[]-'}}
_REPEATS = {"*": (0, None), "+": (1, None), "?": (0, 1)}

TERMINAL = -1


class Item(NamedTuple):
    """A part of a sequence."""

    rule: int
    """The rule that is referred to, or `TERMINAL`."""
    elements: int
    """How many of llama.cpp's elements it takes."""
    place: int
    """Where it is written, an offset into the text."""


Sequence: TypeAlias = list[Item]


@dataclass(slots=True)
class Rule:
    """What a name stands for, or a group, or the optional part of a repetition."""

    name: str | None
    """None for one that is made here."""
    place: int
    alternates: list[Sequence] | None = None
    """None as long as it has only been referred to."""


@dataclass(frozen=True, slots=True)
class Syntax:
    """A grammar as it was read."""

    text: str
    rules: list[Rule]
    tokens: list[tuple[str, int]]
    """Tokens that the grammar names, ``<|like this|>`` or ``<[123]>``, and where."""

    def fail(self, reason: str, place: int) -> NoReturn:
        """Raise `GrammarFailed` with a place of the text."""
        fail_at(self.text, place, reason)


def place_of(text: str, offset: int) -> str:
    """A place of a text in words; lines and columns count from 1."""
    before = text[:offset]
    return f"line {before.count(chr(10)) + 1}, column {offset - before.rfind(chr(10))}"


def fail_at(text: str, offset: int, reason: str) -> NoReturn:
    """Raise `GrammarFailed` with the place."""
    raise GrammarFailed(f"{place_of(text, offset)}: {reason}")


def read(text: str) -> Syntax:
    """Read a grammar.

    Raises:
        GrammarFailed: If it is not one; with line and column, both counted from 1.
    """
    if len(text) > _LARGEST_TEXT:
        raise GrammarFailed(f"the grammar is larger than {_LARGEST_TEXT // 2**20} MiB")
    return _Reader(text).read()


@dataclass(slots=True)
class _Growing:
    """A sequence in the making."""

    items: Sequence = field(default_factory=list)
    start: int = 0
    """Where the last part begins, which a repetition repeats."""
    made: int = 1
    """Rules that llama.cpp counts for that part."""

    def add(self, *items: Item, made: int = 1) -> None:
        self.start, self.made = len(self.items), made
        self.items += items


class _Reader:
    """Goes through the text from front to back."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._syntax = Syntax(text, [], [])
        self._ids: dict[str, int] = {}
        self._elements = 0
        self._depth = 0

    def read(self) -> Syntax:
        for bad in re.finditer("[\0\ud800-\udfff]", self._text):
            self._syntax.fail("a character that cannot occur in a text", bad.start())
        self._skip(lines=True)
        while self._at < len(self._text):
            self._rule()
        return self._syntax

    def _fail(self, reason: str, place: int | None = None) -> NoReturn:
        self._syntax.fail(reason, self._at if place is None else place)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip(self, *, lines: bool) -> None:
        found = (_SPACE_AND_LINES if lines else _SPACE).match(self._text, self._at)
        assert found
        self._at = found.end()

    def _take(self, pattern: re.Pattern[str], expected: str) -> str:
        found = pattern.match(self._text, self._at)
        if not found:
            self._fail(f"expected {expected}")
        self._at = found.end()
        return found[0]

    def _expect(self, text: str) -> None:
        if not self._text.startswith(text, self._at):
            self._fail(f"expected {text!r}")
        self._at += len(text)

    def _new_rule(self, name: str | None, place: int) -> int:
        self._syntax.rules.append(Rule(name, place))
        return len(self._syntax.rules) - 1

    def _named(self, name: str, place: int) -> int:
        if name not in self._ids:
            self._ids[name] = self._new_rule(name, place)
        return self._ids[name]

    def _rule(self) -> None:
        place = self._at
        if self._peek() == "|":
            self._fail(
                "a rule ends at the end of its line: put '|' at the line's end, or use parentheses"
            )
        name = self._take(_NAME, "the name of a rule: letters, digits and '-'")
        self._skip(lines=False)
        self._expect("::=")
        self._skip(lines=True)
        rule = self._syntax.rules[self._named(name, place)]
        if rule.alternates is not None:
            self._fail(f"the rule {name!r} is there already", place)
        rule.place, rule.alternates = place, []
        rule.alternates += self._alternates()
        if self._at < len(self._text) and self._peek() not in "\r\n":
            self._fail("expected the end of the line")
        self._skip(lines=True)

    def _alternates(self) -> list[Sequence]:
        found = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            self._skip(lines=True)
            found.append(self._sequence())
        return found

    def _sequence(self) -> Sequence:
        growing = _Growing()
        while self._part(growing):
            self._skip(lines=self._depth > 0)
        return growing.items

    def _part(self, growing: _Growing) -> bool:
        """Read the next part of a sequence; False at its end."""
        place, first = self._at, self._peek()
        if not first or first in "|)\r\n":
            return False
        if first == "(":
            self._group(growing)
        elif first in _REPEATS or first == "{":
            self._repetition(growing, place, first)
        elif first == '"':
            growing.add(*self._terminal(self._literal(), place))
        elif first == "[":
            growing.add(*self._terminal(self._class(), place))
        elif first == ".":
            self._at += 1
            growing.add(*self._terminal(1, place))
        elif first in "<!":
            growing.add(*self._terminal(self._token(), place))
        elif _NAME.match(first):
            self._reference(growing, place)
        else:
            return False
        return True

    def _terminal(self, elements: int, place: int) -> Sequence:
        self._count(elements, place)
        return [Item(TERMINAL, elements, place)] if elements else []

    def _count(self, elements: int, place: int) -> None:
        self._elements += elements
        if self._elements > _MOST_ELEMENTS:
            self._fail("with this repetition the grammar becomes too large", place)

    def _reference(self, growing: _Growing, place: int) -> None:
        name = self._take(_NAME, "a name")
        self._count(1, place)
        growing.add(Item(self._named(name, place), 1, place))

    def _group(self, growing: _Growing) -> None:
        if self._depth == _DEEPEST:
            self._fail(f"groups are nested deeper than {_DEEPEST}")
        place = self._at
        self._at += 1
        self._depth += 1
        self._skip(lines=True)
        before = len(self._syntax.rules)
        group = self._new_rule(None, place)
        self._syntax.rules[group].alternates = self._alternates()
        made = len(self._syntax.rules) - before
        self._expect(")")
        self._depth -= 1
        self._count(1, place)
        growing.add(Item(group, 1, place), made=made)

    def _repetition(self, growing: _Growing, place: int, sign: str) -> None:
        self._at += 1
        least, most = _REPEATS[sign] if sign in _REPEATS else self._bounds()
        if growing.start == len(growing.items):
            self._fail(f"there is nothing before {sign!r} to repeat", place)
        total = most or least or 1
        if growing.made * total > MOST_REPETITIONS:
            self._fail(f"llama.cpp repeats no more than {MOST_REPETITIONS:,} times", place)
        growing.made *= total
        repeated = growing.items[growing.start :]
        optional = 1 if most is None else most - least
        size = sum(item.elements for item in repeated) + 1
        self._count(size * (max(least, 1) + optional), place)
        if least == 0:
            del growing.items[growing.start :]
        growing.items += repeated * (least - 1)
        if optional:
            growing.items.append(self._optional(repeated, optional, place, endless=most is None))

    def _optional(self, repeated: Sequence, times: int, place: int, *, endless: bool) -> Item:
        """Up to so many further times, as llama.cpp makes rules of it: each leads to the next."""
        further: Sequence = []
        for _ in range(times):
            rule = self._new_rule(None, place)
            if endless:
                further = [Item(rule, 1, place)]
            self._syntax.rules[rule].alternates = [repeated + further, []]
            further = [Item(rule, 1, place)]
        return further[0]

    def _bounds(self) -> tuple[int, int | None]:
        """``{m}``, ``{m,}`` or ``{m,n}``, behind its brace."""
        place = self._at - 1
        self._skip(lines=self._depth > 0)
        least = self._number()
        most: int | None = least
        if self._peek() == ",":
            self._at += 1
            self._skip(lines=self._depth > 0)
            most = None if self._peek() == "}" else self._number()
        self._expect("}")
        if most is not None and most < least:
            self._fail("the second number is smaller than the first", place)
        return least, most

    def _number(self) -> int:
        place = self._at
        digits = self._take(re.compile("[0-9]+"), "a number")
        self._skip(lines=self._depth > 0)
        if len(digits) > 9 or int(digits) > MOST_REPETITIONS:
            self._fail(f"llama.cpp repeats no more than {MOST_REPETITIONS:,} times", place)
        return int(digits)

    def _literal(self) -> int:
        """A text in quotation marks: how many characters."""
        place = self._at
        self._at += 1
        count = 0
        while self._peek() != '"':
            self._character("'\"'", place)
            count += 1
        self._at += 1
        return count

    def _class(self) -> int:
        """A class of characters: how many elements llama.cpp makes of it."""
        place = self._at
        self._at += 2 if self._text.startswith("[^", self._at) else 1
        count = 0
        while self._peek() != "]":
            begin = self._at
            low = self._character("']'", place)
            count += 1
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] != "]":
                self._at += 1
                if self._character("']'", place) < low:
                    self._fail("the range ends before it begins", begin)
                count += 1
        if count == 0:
            self._fail("there are no characters in the class", place)
        self._at += 1
        return count

    def _character(self, closing: str, opened: int) -> int:
        """One character of a literal or a class, perhaps escaped: its code point."""
        if not self._peek():
            self._fail(f"expected {closing} before the end", opened)
        if self._peek() != "\\":
            self._at += 1
            return ord(self._text[self._at - 1])
        sign = self._text[self._at + 1 : self._at + 2]
        if sign in _ESCAPES:
            digits = self._text[self._at + 2 : self._at + 2 + _ESCAPES[sign]]
            if not re.fullmatch(f"[0-9a-fA-F]{{{_ESCAPES[sign]}}}", digits):
                self._fail(f"expected {_ESCAPES[sign]} hexadecimal digits after \\{sign}")
            self._at += 2 + len(digits)
            return int(digits, 16)
        if not sign or sign not in _PLAIN_ESCAPES:
            self._fail(f"there is no escape \\{sign}")
        self._at += 2
        return ord(_PLAIN_ESCAPES[sign])

    def _token(self) -> int:
        """A token, by its text or its number."""
        place = self._at
        self._at += self._peek() == "!"
        name = self._take(re.compile(r"<\[[0-9]{1,9}\]>|<[^>]*>"), "a token in '<' and '>'")
        self._syntax.tokens.append((name, place))
        return 1
