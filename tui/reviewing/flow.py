"""A draft and its revision in one flow: what is taken out and put in, among the words around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias

from tui.reviewing.state import Change

Role: TypeAlias = Literal["context", "kept", "deleted", "inserted"]

CONTEXT = 600
"""Characters before and after a change that are shown, and from there to a blank line."""

_BLANKS = {" ": "space", "\n": "line break", "\t": "tab", "\u00a0": "hard space"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the flow, and how it is shown."""

    text: str
    role: Role
    number: int | None = None
    """Of the change that it belongs to; None of the draft's own words."""


def flow(
    text: str, changes: Sequence[Change], here: int, *, context: int = CONTEXT
) -> list[Stretch]:
    """What is shown of a draft around one of its changes.

    A change that was taken stands as its new words, one that was skipped as its old ones, and one
    that is open, or is the one that is shown, as both.

    Args:
        text: The draft's text.
        changes: Its changes, in order.
        here: The number of the one that is shown.
        context: Characters of it on each side.
    """
    shown = changes[here]
    first, last = _window(text, shown.hunk.start, shown.hunk.end, context)
    stretches: list[Stretch] = []
    at = first
    for number, change in enumerate(changes):
        if change.hunk.start < at or change.hunk.end > last:
            continue
        stretches.append(Stretch(text[at : change.hunk.start], "context"))
        stretches += _of_change(change, number, is_shown=number == here)
        at = change.hunk.end
    stretches.append(Stretch(text[at:last], "context"))
    return [stretch for stretch in stretches if stretch.text]


def excerpt(text: str, change: Change, number: int, *, around: int = 30) -> list[Stretch]:
    """A change with a few words of the draft on each side, as one of a list of changes."""
    first, last = max(0, change.hunk.start - around), change.hunk.end + around
    stretches = [
        Stretch(text[first : change.hunk.start].rpartition("\n")[2], "context"),
        *_of_change(change, number, is_shown=True),
        Stretch(text[change.hunk.end : last].partition("\n")[0], "context"),
    ]
    return [stretch for stretch in stretches if stretch.text]


def line_of(text: str, change: Change, *, around: int = 120) -> str:
    """The draft's own words around a change, on its line."""
    hunk = change.hunk
    before = text[max(0, hunk.start - around) : hunk.start].rpartition("\n")[2]
    after = text[hunk.end : hunk.end + around].partition("\n")[0]
    return f"{before}{hunk.old}{after}".strip()


def in_words(blanks: str) -> str:
    """A text of nothing but blanks, for who cannot see them: ``2 spaces, 1 line break``."""
    runs = ((name or "other blank", len(list(run))) for name, run in groupby(blanks, _BLANKS.get))
    return ", ".join(f"{count} {name}{'s' if count > 1 else ''}" for name, count in runs)


def _of_change(change: Change, number: int, *, is_shown: bool) -> Iterator[Stretch]:
    if change.decision == "open" or is_shown:
        fates: dict[str, Role] = {"kept": "kept", "deleted": "deleted", "inserted": "inserted"}
        for piece in change.shown_hunk.pieces:
            yield Stretch(piece.text, fates[piece.fate], number)
    else:
        words = change.proposed if change.decision == "taken" else change.hunk.old
        yield Stretch(words, "kept", number)


def _window(text: str, start: int, end: int, context: int) -> tuple[int, int]:
    """From a blank line before the context to one after it, where there is one within as much."""
    first, last = max(0, start - context), min(len(text), end + context)
    if first:
        paragraph = text.rfind("\n\n", max(0, first - context), first)
        first = paragraph + 2 if paragraph >= 0 else text.find(" ", first, start) + 1 or first
    if last < len(text):
        paragraph = text.find("\n\n", last, last + context)
        last = paragraph if paragraph >= 0 else max(text.rfind(" ", end, last), end)
    return first, last
