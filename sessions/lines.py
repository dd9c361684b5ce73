"""The lines of a session's file, each with its place and what it says or what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from sessions.codec import LINE_START, decode
from sessions.errors import DamagedLine
from sessions.records import Record
from sessions.turncodec import Texts, no_texts


@dataclass(frozen=True, slots=True)
class Line:
    """A line, or a whole record that damage glued to others in one."""

    number: int
    """Of the line, from 1."""
    start: int
    """In bytes from the beginning of the file."""
    data: bytes
    """Without the newline."""
    record: Record | None
    """None of one that is damaged."""
    problem: str = ""
    """What the damage is."""


def lines_of(data: bytes, texts: Texts = no_texts) -> Iterator[Line]:
    """Every line that is not empty, and after a damaged one the whole records in it.

    Args:
        data: A file.
        texts: Finds the texts of attachments.
    """
    start = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        if line:
            yield from _read(Line(number, start, line, None), texts)
        start += len(line) + 1


def pieces_of(line: bytes) -> Iterator[tuple[int, bytes]]:
    """Where in a damaged line a record may begin, and what may be one."""
    at = line.find(LINE_START)
    while at >= 0:
        following = line.find(LINE_START, at + 1)
        piece = line[at:following] if following >= 0 else line[at:]
        if piece != line:
            yield at, piece
        at = following


def _read(line: Line, texts: Texts) -> Iterator[Line]:
    try:
        record = decode(line.data, texts)
    except DamagedLine as error:
        glued = list(_records_in(line, texts))
        is_only_glue = sum(len(each.data) for each in glued) == len(line.data)
        problem = "a line break between records is lost" if is_only_glue else str(error)
        yield Line(line.number, line.start, line.data, None, problem)
        yield from glued
    else:
        yield Line(line.number, line.start, line.data, record)


def _records_in(line: Line, texts: Texts) -> Iterator[Line]:
    for at, piece in pieces_of(line.data):
        with suppress(DamagedLine):
            yield Line(line.number, line.start + at, piece, decode(piece, texts))
