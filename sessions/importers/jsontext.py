"""Reads JSON from outside one value at a time, so that a broken one costs only itself.

Nothing is decoded before its size and its depth are known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn, TypeAlias

from sessions.importers.values import Problem

LARGEST_VALUE = 64 * 1024**2
"""Bytes of one value: decoded it takes up to twenty times as much."""

DEEPEST = 200

_TOKEN = re.compile(rb'\\.|["\[\]{}]', re.DOTALL)

_SPACE = b" \t\r\n"

_BOM = b"\xef\xbb\xbf"


class Document(NamedTuple):
    """One value."""

    number: int | None
    """From 1, of several; None where it is the only one."""
    value: object


class _Span(NamedTuple):
    start: int
    end: int
    depth: int
    """How deep its brackets go."""


_Part: TypeAlias = Document | Problem


def documents(data: bytes, word: str) -> Iterator[_Part]:
    """The items of an array, the lines of JSON Lines, or the only value there is.

    Args:
        data: The text in UTF-8.
        word: What an item is called in a problem's place.
    """
    start = len(_BOM) if data.startswith(_BOM) else 0
    start = _skip_space(data, start)
    if _has_lines(data, start):
        yield from _lines(data, start)
    elif data[start : start + 1] == b"[":
        yield from _items(data, start, word)
    else:
        value = _decode(data[start:], "")
        yield value if isinstance(value, Problem) else Document(None, value[0])


def begins_like_json(data: bytes) -> bool:
    """Whether the first character can only be that of an object or an array."""
    start = _skip_space(data, len(_BOM) if data.startswith(_BOM) else 0)
    return data[start : start + 1] in (b"{", b"[")


def _has_lines(data: bytes, start: int) -> bool:
    """Whether each line is a value: then the first or, should that be broken, the second is."""
    lines: list[bytes] = []
    while len(lines) < 2 and start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        if line := data[start:end].strip(_SPACE):
            lines.append(line)
        start = end + 1
    if len(lines) < 2 or len(lines[0]) == 1:
        return False
    tried = lines if lines[0].startswith(b"{") else lines[:1]
    return any(
        line[:1] in (b"{", b"[") and not isinstance(_decode(line, ""), Problem) for line in tried
    )


def _lines(data: bytes, start: int) -> Iterator[_Part]:
    number = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        number += 1
        if line := data[start:end].strip(_SPACE):
            value = _decode(line, f"line {number}")
            yield value if isinstance(value, Problem) else Document(number, value[0])
        start = end + 1


def _items(data: bytes, start: int, word: str) -> Iterator[_Part]:
    """The objects and arrays in an array; other values are no items."""
    number, at = 0, start + 1
    for span in _spans(data, start + 1):
        number += 1
        place = f"{word} {number}"
        if data[at : span.start].strip(_SPACE) != (b"," if number > 1 else b""):
            yield Problem(place, "what stands before it is neither an object nor an array")
        at = span.end
        if span.depth == 0:
            yield Problem(place, "the file ends in the middle of it")
            return
        value = _decode(data[span.start : span.end], place, span.depth)
        yield value if isinstance(value, Problem) else Document(number, value[0])
    if data[at:].strip(_SPACE) != b"]":
        yield Problem(f"after {word} {number}" if number else "", "the array does not end as one")


def _spans(data: bytes, start: int) -> Iterator[_Span]:
    """Where values in brackets begin and end; the last one has no depth if it does not end."""
    depth = deepest = begin = 0
    in_text = False
    for token in _TOKEN.finditer(data, start):
        mark = token[0]
        if mark == b'"':
            in_text = not in_text
        elif in_text or mark[:1] == b"\\":
            continue
        elif mark in b"[{":
            if depth == 0:
                begin, deepest = token.start(), 0
            depth += 1
            deepest = max(deepest, depth)
        elif depth == 0:
            return
        else:
            depth -= 1
            if depth == 0:
                yield _Span(begin, token.end(), deepest)
    if depth:
        yield _Span(begin, len(data), 0)


def _decode(data: bytes, place: str, depth: int | None = None) -> tuple[object] | Problem:
    if len(data) > LARGEST_VALUE:
        return Problem(place, f"it has more than {LARGEST_VALUE // 1024**2} MiB")
    if depth is None:
        depth = max((span.depth for span in _spans(data, 0)), default=0)
    if depth > DEEPEST:
        return Problem(place, f"it is nested more than {DEEPEST} deep")
    try:
        return (_DECODER.decode(data.decode("utf-8")),)
    except (ValueError, RecursionError) as error:
        return Problem(place, f"it is not JSON: {error}")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _skip_space(data: bytes, start: int) -> int:
    while data[start : start + 1] and data[start] in _SPACE:
        start += 1
    return start
