"""Accepted hunks for a file that changed since it was read: only where their place is certain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from drafts.hunks import Hunk, apply
from drafts.words import Span

_CONTEXT = 24
"""Characters on both sides of a hunk that must be in the file as they were."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of accepted hunks; each is as it was given, but for those that are `placed`."""

    text: str
    """The file's text with those that were applied."""
    applied: tuple[Hunk, ...]
    placed: tuple[Hunk, ...]
    """The applied ones as hunks of the file's text, in the order of their places there."""
    present: tuple[Hunk, ...]
    """Those that somebody else has made already."""
    conflicts: tuple[Hunk, ...]
    """Those whose surroundings are not what they were, or are in more than one place."""


def merge(base: str, current: str, accepted: Iterable[Hunk]) -> Merged:
    """Puts hunks of one text into what has become of it.

    A hunk applies where its text, with enough around it to be the only such place in the base, is
    the only such place in the current text too. All else of the current text stays as it is.

    Raises:
        ValueError: If a hunk is not one of the base.
    """
    placed: list[tuple[int, Hunk]] = []
    present: list[Hunk] = []
    conflicts: list[Hunk] = []
    for hunk in accepted:
        if base[hunk.start : hunk.end] != hunk.old:
            raise ValueError("a hunk is not one of the base")
        start, end = _window(base, hunk)
        place = _only_place(base, current, (start, end), base[start:end])
        revised = base[start : hunk.start] + hunk.new + base[hunk.end : end]
        if place is not None:
            placed.append((place + hunk.start - start, hunk))
        elif _only_place(base, current, (start, end), revised) is not None:
            present.append(hunk)
        else:
            conflicts.append(hunk)
    return _merged(current, placed, present, conflicts)


def _window(base: str, hunk: Hunk) -> Span:
    """The hunk with as much around it as there is only once."""
    size = _CONTEXT
    while True:
        start, end = max(0, hunk.start - size), min(len(base), hunk.end + size)
        if end - start == len(base) or _is_once(base, base[start:end]):
            return start, end
        size *= 2


def _is_once(text: str, part: str) -> bool:
    return text.find(part) == text.rfind(part) >= 0


def _only_place(base: str, current: str, window: Span, wanted: str) -> int | None:
    """Where the current text has what is wanted, if that is one place only.

    Where the window ends with the base, lines must end there in the current text too.
    """
    if not _is_once(current, wanted):
        return None
    place = current.find(wanted)
    end = place + len(wanted)
    starts = window[0] > 0 or place == 0 or current[place - 1] in "\r\n"
    ends = window[1] < len(base) or end == len(current) or current[end] in "\r\n"
    return place if starts and ends else None


def _merged(
    current: str,
    placed: Iterable[tuple[int, Hunk]],
    present: Sequence[Hunk],
    conflicts: Sequence[Hunk],
) -> Merged:
    applied: list[Hunk] = []
    there: list[Hunk] = []
    crossing: list[Hunk] = []
    for place, hunk in sorted(placed, key=lambda one: one[0]):
        if there and place < there[-1].end:
            crossing.append(hunk)
        else:
            applied.append(hunk)
            there.append(replace(hunk, start=place, end=place + len(hunk.old)))
    text = apply(current, there, range(len(there)))
    return Merged(text, tuple(applied), tuple(there), tuple(present), (*conflicts, *crossing))
