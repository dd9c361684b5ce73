"""Texts cut into words, in every script: how long answers are, and what they change."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Sequence
from functools import cache

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U000323af"
)
"""Scripts that put no spaces between words; there each character counts as one."""


def words(text: str) -> list[str]:
    """The words of a text in order, without what stands between them.

    Apostrophes, hyphens, and points and commas between digits do not part a word. A character of a
    script without spaces between words is a word.
    """
    return _pattern().findall(unicodedata.normalize("NFC", text).replace("’", "'"))


def similarity(one: str, other: str) -> float:
    """How alike two texts are, from 0 to 1: words in common and in order, in whatever case."""
    ours, theirs = words(one.casefold()), words(other.casefold())
    if not ours and not theirs:
        return 1.0
    return 2 * _common(ours, theirs) / (len(ours) + len(theirs))


def changed_share(before: str, after: str) -> float:
    """Words that were taken out, put in or replaced, as a share of those before; at most 1."""
    old, new = words(before), words(after)
    if not old:
        return float(bool(new))
    return min(1.0, _edits(old, new) / len(old))


def _common(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """The length of the longest common subsequence.

    A row of the table is one number with a bit for each of our words (Hyyrö 2004, Bit-parallel LCS-
    length computation revisited), so that an answer that goes round in circles takes no longer.
    """
    places, whole = _places(ours), (1 << len(ours)) - 1
    row = whole
    for word in theirs:
        match = row & places.get(word, 0)
        row = ((row + match) | (row - match)) & whole
    return len(ours) - row.bit_count()


def _edits(old: Sequence[str], new: Sequence[str]) -> int:
    """The fewest words to take out, put in or replace to come from one to the other.

    Differences between neighbours of a column are two numbers with a bit for each old word (Hyyrö
    2003, A bit-vector algorithm for computing Levenshtein and Damerau edit distances).
    """
    places, whole, last = _places(old), (1 << len(old)) - 1, 1 << (len(old) - 1)
    edits, up, down = len(old), whole, 0
    for word in new:
        match = places.get(word, 0)
        level = (((match & up) + up) ^ up) | match | down
        right_up, right_down = down | (~(level | up) & whole), up & level
        edits += bool(right_up & last) - bool(right_down & last)
        right_up = (right_up << 1 | 1) & whole
        up, down = (right_down << 1 | ~(level | right_up)) & whole, right_up & level
    return edits


def _places(sequence: Sequence[str]) -> dict[str, int]:
    """For each word a number whose bits say where it is."""
    places: dict[str, int] = {}
    for place, word in enumerate(sequence):
        places[word] = places.get(word, 0) | 1 << place
    return places


@cache
def _pattern() -> re.Pattern[str]:
    # Python's own class of letters lacks the signs that Indic scripts write vowels with.
    marks = _marks()
    spaced = rf"(?:(?![{_UNSPACED}])[\w{marks}])+"
    joined = rf"(?:(?:['‐‑-]|(?<=\d)[.,](?=\d)){spaced})*"
    return re.compile(rf"[{_UNSPACED}][{marks}]*|{spaced}{joined}")


def _marks() -> str:
    """Combining marks, as the inside of a character class."""
    limit = min(sys.maxunicode, 0x20000)
    found = [code for code in range(limit) if unicodedata.category(chr(code))[0] == "M"]
    return "".join(map(chr, found))
