"""Finds where the keys of a TOML text are written: TOML parsers keep values, not places.

Nothing is looked for before a mistake is to be pointed at.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeAlias

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from tree_sitter import Node

KeyPath: TypeAlias = tuple[str, ...]
"""A key with the tables it is in; elements of an array count from "0"."""


_BARE = re.compile(r"[A-Za-z0-9_-]+")


def spelled(path: KeyPath) -> str:
    """A key as a person writes it: what is no plain word stands in quotation marks."""
    return ".".join(part if _BARE.fullmatch(part) else _quoted(part) for part in path)


def _quoted(part: str) -> str:
    return json.dumps(part, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written."""

    line: int
    """Counted from 1."""
    column: int | None = None
    """In characters, counted from 1; None where the whole line is meant."""


class Places(Protocol):
    """Where a text says what."""

    def of(self, path: KeyPath) -> Place | None:
        """The place of a key, or of the nearest table around it; None where there is neither."""
        ...


class NumberedLine:
    """One line of a file of lines: everything in it is there."""

    def __init__(self, number: int) -> None:
        self._place = Place(number)

    def of(self, _path: KeyPath) -> Place:
        """See `Places`."""
        return self._place


class TomlPlaces:
    """The places of a TOML text."""

    def __init__(self, text: str) -> None:
        """Take a text that a parser has accepted."""
        self._text = text

    def of(self, path: KeyPath) -> Place | None:
        """See `Places`."""
        while path:
            if path in self._scan.keys:
                return self._scan.keys[path]
            path = path[:-1]
        return None

    def first_line(self, path: KeyPath) -> int:
        """The line on which a key's text begins: the next one after opening quotation marks."""
        return self._scan.texts.get(path, 1)

    @cached_property
    def _scan(self) -> _Scan:
        scan = _Scan(self._text.encode())
        scan.document()
        return scan


class _Scan:
    """One walk through the syntax tree."""

    def __init__(self, source: bytes) -> None:
        self.keys: dict[KeyPath, Place] = {}
        self.texts: dict[KeyPath, int] = {}
        self._source = source
        self._lines = source.split(b"\n")
        self._arrays: Counter[KeyPath] = Counter()
        self._implied: set[KeyPath] = set()

    def document(self) -> None:
        """Note every key of the text."""
        # Only a mistake needs the grammar, and no program starts later for it.
        import tree_sitter_toml  # noqa: PLC0415
        from tree_sitter import Language, Parser  # noqa: PLC0415

        tree = Parser(Language(tree_sitter_toml.language())).parse(self._source)
        for node in tree.root_node.named_children:
            if node.type == "pair":
                self._pair(node, ())
            elif node.type in ("table", "table_array_element"):
                self._table(node)

    def _table(self, node: Node) -> None:
        header, *pairs = node.named_children
        path: KeyPath = ()
        for part in _parts(header):
            if path in self._arrays:
                path = (*path, str(self._arrays[path] - 1))
            path = (*path, part)
            if path not in self.keys:
                self._implied.add(path)
                self.keys[path] = self._place(header)
        self._head(path, header)
        if node.type == "table_array_element":
            self._arrays[path] += 1
            path = (*path, str(self._arrays[path] - 1))
            self._head(path, header)
        for pair in pairs:
            if pair.type == "pair":
                self._pair(pair, path)

    def _head(self, path: KeyPath, header: Node) -> None:
        """Note a table at its own header, rather than at one of a table within it."""
        if path not in self.keys or path in self._implied:
            self.keys[path] = self._place(header)
            self._implied.discard(path)

    def _pair(self, node: Node, table: KeyPath) -> None:
        key, *values = node.named_children
        path = table
        for part in _parts(key):
            path = (*path, part)
            self.keys.setdefault(path, self._place(key))
        for value in values[:1]:
            self._value(value, path)

    def _value(self, node: Node, path: KeyPath) -> None:
        if node.type == "inline_table":
            for pair in node.named_children:
                if pair.type == "pair":
                    self._pair(pair, path)
        elif node.type == "array":
            elements = (each for each in node.named_children if each.type != "comment")
            for number, element in enumerate(elements):
                self.keys.setdefault((*path, str(number)), self._place(element))
                self._value(element, (*path, str(number)))
        elif node.type == "string":
            self.texts.setdefault(path, self._first_line(node))

    def _first_line(self, node: Node) -> int:
        opening = self._source[node.start_byte : node.start_byte + 5]
        breaks = opening[:3] in (b'"""', b"'''") and opening[3:].lstrip(b"\r")[:1] == b"\n"
        return node.start_point[0] + 1 + breaks

    def _place(self, node: Node) -> Place:
        row, column = node.start_point
        return Place(row + 1, len(self._lines[row][:column].decode(errors="replace")) + 1)


def _parts(key: Node) -> Iterator[str]:
    """The words of a key, outermost first."""
    if key.type == "dotted_key":
        for part in key.named_children:
            yield from _parts(part)
    elif key.text is not None:
        text = key.text.decode(errors="replace")
        yield text if key.type == "bare_key" else next(iter(tomllib.loads(f"{text} = 0")))
