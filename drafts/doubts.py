"""Says which single changes are no corrections: a reviser was asked for these alone, and did more.

The rest of a revision can be right all the same, so that only the change itself is doubtful.
"""

from __future__ import annotations

from itertools import pairwise

from rapidfuzz.fuzz import ratio

from drafts.chatter import words_of
from drafts.hunks import Hunk
from drafts.locks import locks_in

_LEAST_LIKE = 45
"""Of a hundred: `catch` and `caught` are 55, `bring` and `brought` 50."""

_SHORTEST = 5
"""Letters of words that are compared; short ones have little in common with their other forms."""

_MOST_WORDS = 6
"""That one correction takes out and puts in."""


def doubt(hunk: Hunk) -> str:
    """Why a change is no correction of a mistake, in words; nothing where it may be one."""
    if _numbers(hunk.old) != _numbers(hunk.new):
        return "it changes a number"
    changed = [piece for piece in hunk.pieces if piece.fate != "kept"]
    if sum(len(words_of(piece.text)) for piece in changed) > _MOST_WORDS:
        return "it rewords more than it corrects"
    pairs = (
        (words_of(old.text), words_of(new.text))
        for old, new in pairwise(hunk.pieces)
        if (old.fate, new.fate) == ("deleted", "inserted")
    )
    if any(len(old) == len(new) == 1 and _is_another(old[0], new[0]) for old, new in pairs):
        return "it is a different word, not another form of the same one"
    return ""


def _numbers(text: str) -> list[str]:
    return [lock.text for lock in locks_in(text, {"number"})]


def _is_another(old: str, new: str) -> bool:
    shorter = min(len(old), len(new))
    return shorter >= _SHORTEST and ratio(old.casefold(), new.casefold()) < _LEAST_LIKE
