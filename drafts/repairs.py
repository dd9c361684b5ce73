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
from typing import TypeAlias

from drafts.locks import FIXED, Lock, LockCheck, LockKind, check_locks, locks_in

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
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
    text: str
    start: int
    lock: Lock | None = None

    @property
    def is_blank(self) -> bool:
        return self.text.isspace()


@dataclass(frozen=True, slots=True)
class _Change:
    """A run of tokens that differs, between two that do not."""

    ours: Sequence[_Token]
    theirs: Sequence[_Token]
    start: int
    """Of theirs, in the revision."""
    end: int
    is_certain: bool
    """Whether words on both sides of it, or the text's ends, are the same in both texts, or the
    same letters are in it."""


def repair(original: str, revised: str, kinds: Collection[LockKind] = FIXED) -> Repair:
    """The revision with those lost locks put in whose place in it is certain."""
    before = check_locks(original, revised, kinds)
    if not before.lost or len(before.lost) > _MOST_LOST:
        return Repair(revised, (), before.lost)
    ours = _tokens(original, locks_in(original, kinds))
    theirs = _tokens(revised, locks_in(revised, kinds))
    changes = list(_changes(ours, theirs, len(revised)))
    edits: list[Edit] = []
    repaired: list[Lock] = []
    for lock in before.lost:
        new = _edits_for(lock, changes, before, ours)
        more = [*edits, *(edit for edit in new if edit not in edits)]
        if len(more) > len(edits) and _is_better(
            original, _edited(revised, more), kinds, before, [*repaired, lock]
        ):
            edits = more
            repaired.append(lock)
    lost = tuple(lock for lock in before.lost if lock not in repaired)
    return Repair(_edited(revised, edits), tuple(repaired), lost)


def _tokens(text: str, locks: Sequence[Lock]) -> list[_Token]:
    """Words, blanks and marks, and each lock as one."""
    tokens: list[_Token] = []
    position = 0
    for lock in locks:
        tokens += _plain_tokens(text, position, lock.start)
        tokens.append(_Token(lock.text, lock.start, lock))
        position = lock.end
    return [*tokens, *_plain_tokens(text, position, len(text))]


def _plain_tokens(text: str, start: int, end: int) -> Iterator[_Token]:
    return (_Token(found[0], found.start()) for found in _TOKEN.finditer(text, start, end))


def _changes(ours: Sequence[_Token], theirs: Sequence[_Token], length: int) -> Iterator[_Change]:
    mine, other = [token.text for token in ours], [token.text for token in theirs]
    counts = Counter(other)
    if sum(counts[text] for text in mine) > _MOST_PAIRS:
        return
    starts = [*(token.start for token in theirs), length]
    operations = SequenceMatcher(None, mine, other, autojunk=False).get_opcodes()
    same = {
        i for name, begin, end, _, _ in operations if name == "equal" for i in range(begin, end)
    }
    for name, i1, i2, j1, j2 in operations:
        if name != "equal":
            is_between = _is_same(ours, same, i1 - 1, -1) and _is_same(ours, same, i2, 1)
            is_certain = is_between or _letters(mine[i1:i2]) == _letters(other[j1:j2]) != ""
            yield _Change(ours[i1:i2], theirs[j1:j2], starts[j1], starts[j2], is_certain)


def _letters(texts: Sequence[str]) -> str:
    return re.sub(r"\W", "", "".join(texts))


def _is_same(tokens: Sequence[_Token], same: Collection[int], index: int, step: int) -> bool:
    """Whether the next token in that direction that is not blank came back."""
    while 0 <= index < len(tokens) and tokens[index].is_blank:
        index += step
    return index in same or not 0 <= index < len(tokens)


def _edits_for(
    lock: Lock, changes: Sequence[_Change], check: LockCheck, ours: Sequence[_Token]
) -> list[Edit]:
    """What puts the lock in again; nothing where its place is not certain."""
    for change in changes:
        # Of several that are the same it is not known which one was lost.
        if any(token.lock and token.text == lock.text for token in change.ours):
            edit = _edit_for(lock, change, check)
            return [*_bracket_for(lock, changes, ours), edit] if edit else []
    return []


def _edit_for(lock: Lock, change: _Change, check: LockCheck) -> Edit | None:
    texts = {each.text for each in check.lost}
    lost = [token.lock.kind for token in change.ours if token.lock and token.text in texts]
    added = [token.lock for token in change.theirs if token.lock in check.added]
    if not change.is_certain or len(added) > 1:
        return None
    if added and added[0] and added[0].kind == lock.kind and lost.count(lock.kind) == 1:
        return added[0].start, added[0].end, lock.text
    if added or len(lost) > 1:
        return None
    if any(token.lock is None and not token.is_blank for token in change.ours):
        return None  # other words changed as well
    if not change.theirs:
        return change.start, change.end, "".join(token.text for token in change.ours)
    return _damaged(lock, change)


def _damaged(lock: Lock, change: _Change) -> Edit | None:
    """In place of what became of the lock, which is not much longer, within its blanks."""
    words = [token for token in change.theirs if not token.is_blank]
    if not words or any(token.lock for token in words):
        return None
    start, end = words[0].start, words[-1].start + len(words[-1].text)
    return (start, end, lock.text) if end - start <= 2 * len(lock.text) + 10 else None


def _bracket_for(lock: Lock, changes: Sequence[_Change], ours: Sequence[_Token]) -> Iterator[Edit]:
    """The bracket before a link's words, where it was lost with the target."""
    if lock.kind != "link":
        return
    depth = 1
    for token in reversed([token for token in ours if token.start < lock.start]):
        depth += (token.text == "]" or token.text.startswith("](")) - (token.text == "[")
        if depth == 0:
            for change in changes:
                if token in change.ours and len(change.ours) == 1 and not change.theirs:
                    yield change.start, change.end, "["
            return


def _edited(text: str, edits: Sequence[Edit]) -> str:
    parts: list[str] = []
    position = 0
    for start, end, new in sorted(edits):
        parts += text[position:start], new
        position = max(position, end)
    return "".join([*parts, text[position:]])


def _is_better(
    original: str,
    candidate: str,
    kinds: Collection[LockKind],
    before: LockCheck,
    repaired: Sequence[Lock],
) -> bool:
    """Whether just those locks came back and nothing new is locked."""
    after = check_locks(original, candidate, kinds)
    lost = Counter(lock.text for lock in before.lost)
    lost.subtract(lock.text for lock in repaired)
    is_less = Counter(lock.text for lock in after.lost) == +lost
    added = Counter(lock.text for lock in after.added)
    return is_less and not added - Counter(lock.text for lock in before.added)
