"""Hunks written down: for people who read a pipe, for Markdown editors, and for programs."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypedDict

from drafts.errors import MarksInText
from drafts.hunks import Hunk, Piece, apply

_CRITIC = re.compile(
    r"\{\+\+(?P<added>.*?)\+\+\}|\{--(?P<gone>.*?)--\}|\{~~(?P<before>.*?)~>(?P<after>.*?)~~\}"
    r"|\{==.*?==\}|\{>>.*?<<\}",
    re.DOTALL,
)

_NEWLINE = re.compile(r"\r\n|\r|\n")

_LINE_END = re.compile(r"(\r?\n)")

_CONTEXT = 3
"""Lines that were not changed, before and after those that were."""


class HunkRecord(TypedDict):
    """A hunk as JSON has it; offsets are characters from 0, lines are from 1."""

    start: int
    end: int
    line: int
    end_line: int
    kind: str
    old: str
    new: str
    pieces: list[PieceRecord]


class PieceRecord(TypedDict):
    """A piece of a hunk as JSON has it."""

    fate: str
    text: str


def as_json(old: str, found: Iterable[Hunk]) -> list[HunkRecord]:
    """The hunks as values that `json.dumps` writes."""
    line_ends = [match.end() for match in _NEWLINE.finditer(old)]
    return [
        HunkRecord(
            start=hunk.start,
            end=hunk.end,
            line=bisect_right(line_ends, hunk.start) + 1,
            end_line=bisect_right(line_ends, max(hunk.start, hunk.end - 1)) + 1,
            kind=hunk.kind,
            old=hunk.old,
            new=hunk.new,
            pieces=[PieceRecord(fate=piece.fate, text=piece.text) for piece in hunk.pieces],
        )
        for hunk in found
    ]


def as_critic(old: str, found: Sequence[Hunk]) -> str:
    """The whole text with its changes in CriticMarkup.

    Raises:
        MarksInText: If the text has such marks itself, so that the changes could not be told apart.
    """
    written = "".join(_critic(list(_pieces(old, found))))
    new = apply(old, found, range(len(found)))
    read = (critic_text(written, accepted=False), critic_text(written, accepted=True))
    if read != (old, new) or _CRITIC.search(old) or _CRITIC.search(new):
        raise MarksInText(_line_of_marks(old) or _line_of_marks(new))
    return written


def critic_text(text: str, *, accepted: bool) -> str:
    """What a reader of CriticMarkup takes a text for, with all changes or with none."""

    def chosen(match: re.Match[str]) -> str:
        before = match["gone"] if match["before"] is None else match["before"]
        after = match["added"] if match["after"] is None else match["after"]
        return (after if accepted else before) or ""

    return _CRITIC.sub(chosen, text)


def _critic(pieces: Sequence[Piece]) -> Iterator[str]:
    for number, piece in enumerate(pieces):
        before = pieces[number - 1] if number else None
        after = pieces[number + 1] if number + 1 < len(pieces) else None
        if piece.fate == "kept":
            yield piece.text
        elif piece.fate == "deleted":
            paired = after is not None and after.fate == "inserted"
            yield f"{{~~{piece.text}~>" if paired else f"{{--{piece.text}--}}"
        else:
            paired = before is not None and before.fate == "deleted"
            yield f"{piece.text}~~}}" if paired else f"{{++{piece.text}++}}"


def _line_of_marks(text: str) -> int | None:
    """The first line that has a beginning or an end of a mark."""
    match = re.search(r"\{(?:\+\+|--|~~|==|>>)|(?:\+\+|--|~~|==|<<)\}|~>", text)
    return len(_NEWLINE.findall(text, 0, match.start())) + 1 if match else None


@dataclass(slots=True)
class _Line:
    """A line as both texts have it, marked."""

    text: str = ""
    old: int = 0
    """How many lines of the old text end in it: one, or none if its newline is new."""
    new: int = 0
    is_changed: bool = False


def as_words(old: str, found: Sequence[Hunk], name: str) -> str:
    """Changed lines with what went as ``[-…-]`` and what came as ``{+…+}``; empty if there is none.

    It is for reading: a text that has such marks itself can be taken for a change.
    """
    lines = _lines(_pieces(old, found))
    old_before = [0, *accumulate(line.old for line in lines)]
    new_before = [0, *accumulate(line.new for line in lines)]
    written = [f"--- a/{name}\n+++ b/{name}\n"] if found else []
    for start, end in _shown(lines):
        old_range = _range(old_before[start], old_before[end])
        new_range = _range(new_before[start], new_before[end])
        written.append(f"@@ -{old_range} +{new_range} @@\n")
        written += [f"{line.text}\n" for line in lines[start:end]]
    return "".join(written)


def _lines(pieces: Iterable[Piece]) -> list[_Line]:
    """All lines, marked."""
    lines = [_Line()]
    is_open = [False, False]
    for piece in pieces:
        sides = (piece.fate != "inserted", piece.fate != "deleted")
        for number, part in enumerate(_LINE_END.split(piece.text)):
            line = lines[-1]
            line.is_changed |= not all(sides) and bool(part)
            if number % 2:
                line.old, line.new = sides
                is_open = [now and not side for now, side in zip(is_open, sides, strict=True)]
                lines.append(_Line())
            elif part:
                line.text += _marked(piece.fate, part)
                is_open = [now or side for now, side in zip(is_open, sides, strict=True)]
    lines = lines if lines[-1].text else lines[:-1]
    if lines:
        # A text's last line may have no newline.
        lines[-1].old, lines[-1].new = (
            lines[-1].old or is_open[0],
            lines[-1].new or is_open[1],
        )
    return lines


def _marked(fate: str, text: str) -> str:
    if not text or fate == "kept":
        return text
    return f"[-{text}-]" if fate == "deleted" else f"{{+{text}+}}"


def _shown(lines: Sequence[_Line]) -> Iterator[tuple[int, int]]:
    """From and to of the lines that were changed, with the lines around them."""
    start = end = 0
    for number, line in enumerate(lines):
        if not line.is_changed:
            continue
        if number - _CONTEXT > end:
            if end:
                yield start, end
            start = max(0, number - _CONTEXT)
        end = min(len(lines), number + 1 + _CONTEXT)
    if end:
        yield start, end


def _range(before: int, after: int) -> str:
    """Lines as a diff's header names them."""
    count = after - before
    first = before + 1 if count else before
    return f"{first}" if count == 1 else f"{first},{count}"


def _pieces(old: str, found: Iterable[Hunk]) -> Iterator[Piece]:
    """The whole text in pieces."""
    place = 0
    for hunk in found:
        if place < hunk.start:
            yield Piece("kept", old[place : hunk.start])
        yield from hunk.pieces
        place = hunk.end
    if place < len(old):
        yield Piece("kept", old[place:])
