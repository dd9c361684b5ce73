"""Finds the lines that keys are written on: TOML parsers keep values, not places."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str, ...]
"""A key with the tables it is in; elements of an array of tables count from "0"."""

_TABLE = re.compile(r"\s*(\[\[?)([^\[\]]+)\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=\s*"""
)
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


@dataclass(frozen=True, slots=True)
class LineMap:
    """Where a TOML text says what.

    A scan of the lines, not a parser: keys inside inline tables have the line of the key that
    holds them.
    """

    keys: Mapping[KeyPath, int]
    values: Mapping[KeyPath, int]
    """The line on which a key's text begins: the next one after an opening ``\"\"\"``."""

    def of(self, path: KeyPath) -> int | None:
        """The line of a key, or of the nearest table around it."""
        while path:
            if path in self.keys:
                return self.keys[path]
            path = path[:-1]
        return None


def map_lines(text: str) -> LineMap:
    """Scan a TOML text for the lines of its keys and table headers; lines count from 1."""
    keys: dict[KeyPath, int] = {}
    values: dict[KeyPath, int] = {}
    seen: Counter[KeyPath] = Counter()
    table: KeyPath = ()
    closing: str | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        if closing is not None:
            closing = None if closing in line else closing
        elif header := _TABLE.match(line):
            table = _table_path(header, seen)
            keys.setdefault(table, number)
        elif key := _KEY.match(line):
            path = table + _parts(key[1])
            for depth in range(len(table) + 1, len(path) + 1):
                keys.setdefault(path[:depth], number)
            value = line[key.end() :]
            closing = _left_open(value)
            values.setdefault(path, number + (closing == value.rstrip()))
    return LineMap(keys, values)


def _parts(dotted: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _table_path(header: re.Match[str], seen: Counter[KeyPath]) -> KeyPath:
    path = _parts(header[2])
    if header[1] == "[":
        return path
    seen[path] += 1
    return (*path, str(seen[path] - 1))


def _left_open(value: str) -> str | None:
    """The delimiter of a multi-line string that does not end on this line."""
    delimiter = value[:3]
    if delimiter in ('"""', "'''") and delimiter not in value[3:]:
        return delimiter
    return None
