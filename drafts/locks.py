"""What of a text must come back from a model as it was: code, links, formulas, citations.

The kinds of locks are those that anyone expects, and some that a person can ask for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from drafts import spans

LockKind: TypeAlias = Literal[
    "region",
    "code",
    "html",
    "image",
    "link",
    "address",
    "math",
    "citation",
    "quotation",
    "number",
    "name",
]

FIXED: frozenset[LockKind] = frozenset(
    {"region", "code", "html", "image", "link", "address", "math", "citation"}
)
"""The kinds that no instruction to revise prose is about."""

EVERYTHING: frozenset[LockKind] = FIXED | {"quotation", "number", "name"}

_FIND: dict[LockKind, Callable[[str], Iterator[spans.Span]]] = {
    "region": spans.regions,
    "html": spans.html_spans,
    "image": spans.images,
    "link": spans.links,
    "address": spans.addresses,
    "math": spans.formulas,
    "citation": spans.citations,
}
_FIND_IN_PROSE: dict[LockKind, Callable[[str], Iterator[spans.Span]]] = {
    "quotation": spans.quotations,
    "number": spans.numbers,
    "name": spans.names,
}


@dataclass(frozen=True, slots=True)
class Lock:
    """A stretch of a text that must come back as it is."""

    kind: LockKind
    start: int
    end: int
    text: str
    """Of a link what follows its words: `](target)`."""


@dataclass(frozen=True, slots=True)
class LockCheck:
    """Which locks of a text are in a revision of it, wherever they stand there."""

    kept: tuple[Lock, ...]
    lost: tuple[Lock, ...]
    added: tuple[Lock, ...]
    """What would be locked in the revision and is not in the original, with its place there."""
    is_in_order: bool
    """Whether those that came back stand in the order of the original."""


def locks_in(text: str, kinds: Collection[LockKind] = FIXED) -> tuple[Lock, ...]:
    """The locks of these kinds in the text of a block, in order; no two overlap.

    What is inside inline code, HTML, a link or a formula is no quotation, number or name.
    """
    code = list(spans.code_spans(text))
    visible = spans.masked(text, iter(code))
    found: list[tuple[int, int, LockKind]] = [(start, end, "code") for start, end in code]
    for kind, find in _FIND.items():
        found += ((start, end, kind) for start, end in find(visible))
    apart = _apart(found)
    prose = spans.masked(text, ((start, end) for start, end, _ in apart))
    for kind, find in _FIND_IN_PROSE.items():
        if kind in kinds:
            apart += ((start, end, kind) for start, end in find(prose))
    wanted = [each for each in apart if each[2] in kinds]
    return tuple(Lock(kind, start, end, text[start:end]) for start, end, kind in _apart(wanted))


def check_locks(original: str, revised: str, kinds: Collection[LockKind] = FIXED) -> LockCheck:
    """Looks for the locks of a text in its revision.

    A name may come back less often, as others may stand for it, but not never.
    """
    ours, theirs = locks_in(original, kinds), locks_in(revised, kinds)
    left = Counter(lock.text for lock in theirs)
    kept: list[Lock] = []
    lost: list[Lock] = []
    for lock in ours:
        is_kept = left[lock.text] > 0 or (lock.kind == "name" and _has_word(revised, lock.text))
        left[lock.text] -= 1
        (kept if is_kept else lost).append(lock)
    known = Counter(lock.text for lock in ours)
    added: list[Lock] = []
    for lock in theirs:
        if known[lock.text] <= 0:
            added.append(lock)
        known[lock.text] -= 1
    return LockCheck(tuple(kept), tuple(lost), tuple(added), _are_in_order(kept, theirs))


def _apart(found: Iterable[tuple[int, int, LockKind]]) -> list[tuple[int, int, LockKind]]:
    """Those that overlap none before them, the longer ones first where several begin."""
    apart: list[tuple[int, int, LockKind]] = []
    for start, end, kind in sorted(found, key=lambda each: (each[0], -each[1])):
        if start < end and (not apart or start >= apart[-1][1]):
            apart.append((start, end, kind))
    return apart


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _are_in_order(kept: Sequence[Lock], theirs: Sequence[Lock]) -> bool:
    """Whether those that stand once come in the same order."""
    once = {text for text, count in Counter(lock.text for lock in kept).items() if count == 1}
    once &= {text for text, count in Counter(lock.text for lock in theirs).items() if count == 1}
    mine = [lock.text for lock in kept if lock.text in once]
    return mine == [lock.text for lock in theirs if lock.text in once]
