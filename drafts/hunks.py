"""The change from a draft to its revision in hunks: each one thing that a person takes or leaves.

A hunk is a single change where it stands alone in its sentence. Changes that depend on each other
are one hunk: such as are close together, words that moved, a sentence that was rewritten, split in
two or joined with another.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, TypeAlias

import regex

from drafts.changes import Change, Kind, changes, kind_of
from drafts.grouping import grouped
from drafts.weaving import Weave, woven
from drafts.words import likeness

_LARGE: tuple[Kind, ...] = ("paragraph", "sentence")

_BLANK_LINES = ("\n\n", "\n\r\n")

_BLANK_LINE = regex.compile(r"(?<!\r)\r?\n\r?\n")

Fate: TypeAlias = Literal["kept", "deleted", "inserted"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a hunk, as it is shown."""

    fate: Fate
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """One change of a text."""

    start: int
    """Where it begins in the old text, in characters."""
    end: int
    old: str
    new: str
    kind: Kind
    pieces: tuple[Piece, ...]
    """What is kept or deleted is the old text, what is kept or inserted is the new one."""
    partner: int | None = None
    """The number of the hunk that has the other half of a move over paragraphs.

    One taken without the other leaves the words twice, or nowhere.
    """

    @property
    def foldable(self) -> bool:
        """Whether no word, and no mark but quotation marks, is another than before."""
        return self.kind in ("quotes", "whitespace")

    def reworded(self, new: str) -> Hunk:
        """The hunk with a person's own words in place of the new ones."""
        if new == self.new:
            return self
        kind = kind_of(self.old, new)
        return replace(self, new=new, kind=kind, pieces=tuple(_whole(self.old, new)))


def hunks(old: str, new: str) -> tuple[Hunk, ...]:
    """The change from one text to the other, in order; none if they are equal.

    Hunks do not overlap; those that only insert may be at the same place, one after the other.
    """
    if old == new:
        return ()
    skipped, old_end, new_end = _same_edges(old, new)
    weave = woven(old[skipped:old_end], new[skipped:new_end])
    groups = grouped(weave, changes(weave))
    found = [_hunk(weave, group, skipped) for group in groups]
    # Words that went where they came again are the same words.
    return _with_partners([hunk for hunk in found if hunk.old != hunk.new])


def apply(old: str, found: Sequence[Hunk], taken: Iterable[int]) -> str:
    """The old text with some of its hunks, by their numbers.

    Raises:
        ValueError: If the hunks are not those of this text.
    """
    parts: list[str] = []
    place = 0
    for number in sorted(set(taken)):
        hunk = found[number]
        if hunk.start < place or old[hunk.start : hunk.end] != hunk.old:
            raise ValueError(f"hunk {number} is not one of this text")
        parts += [old[place : hunk.start], hunk.new]
        place = hunk.end
    return "".join([*parts, old[place:]])


def _same_edges(old: str, new: str) -> tuple[int, int, int]:
    """How many characters of equal paragraphs come first, and where such begin again in each."""
    shorter = min(len(old), len(new))
    same = bisect_left(range(1, shorter + 1), True, key=lambda size: old[:size] != new[:size])
    starts = [old.rfind(gap, 0, same) + len(gap) for gap in _BLANK_LINES if gap in old[:same]]
    start = max(starts, default=0)
    rest = range(1, shorter - start + 1)
    same = bisect_left(rest, True, key=lambda size: old[-size:] != new[-size:])
    # One equal paragraph stays, so that one that went before it goes with the blank lines after.
    following = islice(_BLANK_LINE.finditer(old, len(old) - same), 1, 2)
    end = next((match.start() for match in following), len(old))
    return start, end, len(new) - (len(old) - end)


def _with_partners(found: Sequence[Hunk]) -> tuple[Hunk, ...]:
    """The hunks, each that only went with the one that came with the same words."""
    gone: dict[str, list[int]] = {}
    for number, hunk in enumerate(found):
        if hunk.kind in _LARGE and not hunk.new.strip():
            gone.setdefault(likeness(hunk.old), []).append(number)
    partners: dict[int, int] = {}
    for number, hunk in enumerate(found):
        if hunk.kind in _LARGE and not hunk.old.strip() and (same := gone.get(likeness(hunk.new))):
            partners[number] = same.pop(0)
            partners[partners[number]] = number
    return tuple(
        replace(hunk, partner=partners[number]) if number in partners else hunk
        for number, hunk in enumerate(found)
    )


def _hunk(weave: Weave, group: Sequence[Change], skipped: int) -> Hunk:
    first, last = group[0], group[-1]
    old = weave.old_text[first.start : last.end]
    new = weave.new_text[first.new_start : last.new_end]
    kind = first.kind if len(group) == 1 else _kind(group, old, new)
    pieces = tuple(_pieces(weave.old_text, group))
    return Hunk(first.start + skipped, last.end + skipped, old, new, kind, pieces)


def _kind(group: Sequence[Change], before: str, after: str) -> Kind:
    kinds = {change.kind for change in group}
    for kind in _LARGE:
        if kind in kinds:
            return kind
    return kind_of(before, after)


def _pieces(old: str, group: Sequence[Change]) -> Iterator[Piece]:
    before = after = ""
    place = group[0].start
    for change in group:
        if place < change.start:
            yield from _whole(before, after)
            yield Piece("kept", old[place : change.start])
            before = after = ""
        before, after = before + change.old, after + change.new
        place = change.end
    yield from _whole(before, after)


def _whole(old: str, new: str) -> Iterator[Piece]:
    if old:
        yield Piece("deleted", old)
    if new:
        yield Piece("inserted", new)
