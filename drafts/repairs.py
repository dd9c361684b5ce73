"""Puts locks that a model lost or changed back into its revision, where their place is certain.

Both texts are aligned by words. The place of a lock is certain where its neighbours on both sides
came back and what stands between them is its damaged form or nothing; all else is for a person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from typing import TypeAlias

from drafts.locks import FIXED, Lock, LockCheck, LockKind, check_locks, locks_in

_TOKEN = re.compile(r"\w+|[^\w\s]")
_MARKS = "`$"
_MOST_PAIRS = 1_000_000
"""Of equal tokens in the two texts; to align more takes seconds."""
_MOST_LOST = 50

Edit: TypeAlias = tuple[int, int, str]
"""Beginning and end of a stretch of the revision, and what to put there."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A revision with its locks put in again."""

    text: str
    repaired: tuple[Lock, ...]
    lost: tuple[Lock, ...]
    """Those whose place is not certain."""


@dataclass(frozen=True, slots=True)
class _Token:
    """A word, a mark, or a lock as a whole."""

    text: str
    start: int
    end: int
    lock: Lock | None = None


@dataclass(frozen=True, slots=True)
class _Change:
    """Tokens that differ, between two that do not."""

    ours: Sequence[_Token]
    theirs: Sequence[_Token]
    start: int
    end: int
    """Where theirs are in the revision, or the blanks that there are in place of them."""
    missing: str
    """The text that would be there with the blanks around it, if the revision had left it."""


def repair(original: str, revised: str, kinds: Collection[LockKind] = FIXED) -> Repair:
    """The revision with those lost locks put in whose place in it is certain."""
    before = check_locks(original, revised, kinds)
    if not before.lost or len(before.lost) > _MOST_LOST:
        return Repair(revised, (), before.lost)
    changes = list(_changes(original, revised, kinds))
    edits: list[Edit] = []
    repaired: list[Lock] = []
    for lock in before.lost:
        new = _undressed(lock, original, revised) or _edits_for(lock, changes, before)
        more = [*edits, *(edit for edit in new if edit not in edits)]
        candidate = check_locks(original, _edited(revised, more), kinds)
        if len(more) > len(edits) and _is_better(candidate, before, [*repaired, lock]):
            edits = more
            repaired.append(lock)
    lost = tuple(lock for lock in before.lost if lock not in repaired)
    return Repair(_edited(revised, edits), tuple(repaired), lost)


def _changes(original: str, revised: str, kinds: Collection[LockKind]) -> Iterator[_Change]:
    ours = _tokens(original, locks_in(original, kinds))
    theirs = _tokens(revised, locks_in(revised, kinds))
    for i1, i2, j1, j2 in _differing([each.text for each in ours], [each.text for each in theirs]):
        begin, end = _gap(theirs, j1, j2, len(revised))
        missing = original[slice(*_gap(ours, i1, i2, len(original)))]
        if theirs[j1:j2]:
            begin, end = theirs[j1].start, theirs[j2 - 1].end
        yield _Change(ours[i1:i2], theirs[j1:j2], begin, end, missing)


def _differing(ours: list[str], theirs: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Where tokens were replaced or left out: from and to in each."""
    same = _shared(ours, theirs)
    mine, other = ours[same:], theirs[same:]
    if after := _shared(mine[::-1], other[::-1]):
        mine, other = mine[:-after], other[:-after]
    counts = Counter(other)
    if sum(counts[text] for text in mine) > _MOST_PAIRS:
        return
    for name, i1, i2, j1, j2 in SequenceMatcher(None, mine, other, autojunk=False).get_opcodes():
        if name in ("replace", "delete"):
            yield same + i1, same + i2, same + j1, same + j2


def _shared(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """How many tokens both begin with."""
    pairs = zip(ours, theirs, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _tokens(text: str, locks: Sequence[Lock]) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    for lock in locks:
        tokens += _plain_tokens(text, position, lock.start)
        tokens.append(_Token(lock.text, lock.start, lock.end, lock))
        position = lock.end
    return [*tokens, *_plain_tokens(text, position, len(text))]


def _plain_tokens(text: str, start: int, end: int) -> Iterator[_Token]:
    found = _TOKEN.finditer(text, start, end)
    return (_Token(each[0], each.start(), each.end()) for each in found)


def _gap(tokens: Sequence[_Token], first: int, end: int, length: int) -> tuple[int, int]:
    """From the end of the token before the first one to the beginning of that after the last."""
    before = tokens[first - 1].end if first else 0
    return before, tokens[end].start if end < len(tokens) else length


def _edits_for(lock: Lock, changes: Sequence[_Change], check: LockCheck) -> list[Edit]:
    """What puts the lock in again; nothing where its place is not certain."""
    for change in changes:
        # Of several that are the same it is not known which one was lost.
        if any(token.lock and token.text == lock.text for token in change.ours):
            edit = _edit_for(lock, change, check)
            return [*_bracket_for(lock, changes), edit] if edit else []
    return []


def _edit_for(lock: Lock, change: _Change, check: LockCheck) -> Edit | None:
    texts = {each.text for each in check.lost}
    lost = [token.lock.kind for token in change.ours if token.lock and token.text in texts]
    added = [token.lock for token in change.theirs if token.lock]
    if added:
        is_pair = added[0] in check.added and added[0].kind == lock.kind
        is_one = len(added) == 1 and lost.count(lock.kind) == 1
        if not (is_pair and is_one):
            return None
        if len(change.ours) > 1:
            is_all = _words_beside(change.ours) <= _words_beside(change.theirs)
            place = _with_its_marks(added[0], lock, change.theirs)
            return (*place, lock.text) if is_all else None
    elif len(change.ours) > 1:
        return _within(lock, change.theirs)
    if not change.theirs:
        return change.start, change.end, change.missing
    is_short = change.end - change.start <= 2 * len(lock.text) + 10
    return (change.start, change.end, lock.text) if is_short else None


def _words_beside(tokens: Sequence[_Token]) -> int:
    """How many words are in no lock. One that went may be in a lock that has become too long."""
    return sum(token.lock is None and token.text.isalnum() for token in tokens)


def _with_its_marks(damaged: Lock, lock: Lock, tokens: Sequence[_Token]) -> tuple[int, int]:
    """Where a damaged lock is, with marks beside it that are the lock's own."""
    start, end = damaged.start, damaged.end
    for token in tokens:
        if token.end == start and lock.text.startswith(token.text):
            start = token.start
        elif token.start == end and lock.text.endswith(token.text):
            end = token.end
    return start, end


def _within(lock: Lock, tokens: Sequence[_Token]) -> Edit | None:
    """In place of the only word of the tokens that is the lock without its marks."""
    same = [token for token in tokens if token.text == lock.text.strip(_MARKS)]
    return (same[0].start, same[0].end, lock.text) if len(same) == 1 else None


def _undressed(lock: Lock, original: str, revised: str) -> list[Edit]:
    """In place of the lock without its marks, if that looks like no word and is there once."""
    inside = lock.text.strip(_MARKS)
    if inside.isalpha() or inside in ("", lock.text):
        return []
    pattern = re.compile(rf"(?<!\w){re.escape(inside)}(?!\w)")
    places = [found.span() for found in pattern.finditer(revised)]
    if len(places) != 1 or len(pattern.findall(original)) != 1:
        return []
    return [(*places[0], lock.text)]


def _bracket_for(lock: Lock, changes: Sequence[_Change]) -> Iterator[Edit]:
    """The bracket before a link's words, where it was lost with the target."""
    before = [
        (change, token)
        for change in changes
        for token in change.ours
        if lock.kind == "link" and token.start < lock.start and token.text == "["
    ]
    if before and len(before[-1][0].ours) == 1 and not before[-1][0].theirs:
        change, _ = before[-1]
        yield change.start, change.end, change.missing


def _edited(text: str, edits: Sequence[Edit]) -> str:
    parts: list[str] = []
    position = 0
    for start, end, new in sorted(edits):
        parts += text[position:start], new
        position = max(position, end)
    return "".join([*parts, text[position:]])


def _is_better(after: LockCheck, before: LockCheck, repaired: Sequence[Lock]) -> bool:
    """Whether just those locks came back and nothing new is locked."""
    lost = Counter(lock.text for lock in before.lost)
    lost.subtract(lock.text for lock in repaired)
    added = Counter(lock.text for lock in after.added)
    is_less = Counter(lock.text for lock in after.lost) == +lost
    return is_less and not added - Counter(lock.text for lock in before.added)
