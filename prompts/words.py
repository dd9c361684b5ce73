"""Texts cut into words, in every script: how long answers are, and what they change."""

from __future__ import annotations

import re
import sys
import unicodedata
from difflib import SequenceMatcher
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
    return SequenceMatcher(None, ours, theirs, autojunk=False).ratio()


def changed_share(before: str, after: str) -> float:
    """Words that were taken out, put in or replaced, as a share of those before; at most 1."""
    old, new = words(before), words(after)
    if not old:
        return float(bool(new))
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    changed = sum(
        max(end - start, new_end - new_start)
        for tag, start, end, new_start, new_end in codes
        if tag != "equal"
    )
    return min(1.0, changed / len(old))


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
