"""Scores corrections by words: which errors were found, and which right words were changed.

Texts are compared as words and marks. Three are needed of a paragraph: with its errors, as it
should be, and as it came back.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz.fuzz import ratio

_TOKEN = re.compile(r"\w+(?:['.,-]\w+)*|[^\w\s]")

_STRAIGHT = str.maketrans("‘’“”", "''\"\"")
"""Which quotation marks there are is nobody's error here."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One word or mark that is replaced, put in before a place, or taken out."""

    place: int
    old: str
    """Empty where something is put in."""
    new: str
    """Empty where something is taken out."""


@dataclass(frozen=True, slots=True)
class Score:
    """What of the edits of a text was right."""

    right: int = 0
    made: int = 0
    wanted: int = 0
    damaged: int = 0
    """Words and marks that were changed where nothing was wrong."""
    words: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.right + other.right,
            self.made + other.made,
            self.wanted + other.wanted,
            self.damaged + other.damaged,
            self.words + other.words,
        )

    @property
    def precision(self) -> float:
        """The share of the edits that were wanted; 1 where there are none."""
        return self.right / self.made if self.made else 1.0

    @property
    def recall(self) -> float:
        """The share of the wanted edits that were made; 1 where there are none."""
        return self.right / self.wanted if self.wanted else 1.0

    @property
    def f_half(self) -> float:
        """Precision and recall in one number, in which precision counts twice as much."""
        precision, recall = self.precision, self.recall
        below = 0.25 * precision + recall
        return 1.25 * precision * recall / below if below else 0.0

    @property
    def damaged_per_hundred(self) -> float:
        """Damaged words in a hundred words of the text."""
        return 100 * self.damaged / self.words if self.words else 0.0


def scored(wrong: str, right: str, revised: str) -> Score:
    """Scores the revision of a text, paragraph by paragraph where their number is the same."""
    texts = [text.strip().split("\n\n") for text in (wrong, right, revised)]
    if len({len(paragraphs) for paragraphs in texts}) > 1:
        return _scored(wrong, right, revised)
    return sum((_scored(*each) for each in zip(*texts, strict=True)), Score())


def _scored(wrong: str, right: str, revised: str) -> Score:
    wanted, made = Counter(edits(wrong, right)), Counter(edits(wrong, revised))
    return Score(
        right=(wanted & made).total(),
        made=made.total(),
        wanted=wanted.total(),
        damaged=len(damage(wrong, right, revised)),
        words=len(wrong.split()),
    )


def damage(wrong: str, right: str, revised: str) -> list[Edit]:
    """The edits where nothing was wrong: at a right word, or between two right ones."""
    wanted = edits(wrong, right)
    places = {(edit.place, bool(edit.old)) for edit in wanted}
    # A word that is missing may be put in on either side, or as a part of the next one.
    places |= {(edit.place, True) for edit in wanted if not edit.old}
    places |= {(edit.place + after, False) for edit in wanted if edit.old for after in (0, 1)}
    return [each for each in edits(wrong, revised) if (each.place, bool(each.old)) not in places]


def edits(old: str, new: str) -> list[Edit]:
    """The cheapest way from one text to another; the same where two texts differ in the same way.

    To replace a word by one that is like it costs less than to take it out and put another in.
    """
    ours, theirs = tokens(old), tokens(new)
    costs = _costs(ours, theirs)
    found: list[Edit] = []
    i, j = len(ours), len(theirs)
    while i or j:
        here = costs[i][j]
        if i and j and here == costs[i - 1][j - 1] + _price(ours[i - 1], theirs[j - 1]):
            i, j = i - 1, j - 1
            if ours[i] != theirs[j]:
                found.append(Edit(i, ours[i], theirs[j]))
        elif i and here == costs[i - 1][j] + 10:
            i -= 1
            found.append(Edit(i, ours[i], ""))
        else:
            j -= 1
            found.append(Edit(i, "", theirs[j]))
    return found[::-1]


def tokens(text: str) -> list[str]:
    """The words and marks of a text."""
    return _TOKEN.findall(text.translate(_STRAIGHT))


def _costs(ours: Sequence[str], theirs: Sequence[str]) -> list[list[int]]:
    """What it costs to come from each beginning of the one to each of the other."""
    rows = [[10 * j for j in range(len(theirs) + 1)]]
    for i, word in enumerate(ours, start=1):
        row = [10 * i]
        above = rows[-1]
        for j, other in enumerate(theirs, start=1):
            replaced = above[j - 1] + _price(word, other)
            row.append(min(replaced, above[j] + 10, row[-1] + 10))
        rows.append(row)
    return rows


@cache
def _price(word: str, other: str) -> int:
    if word == other:
        return 0
    alike = ratio(word.casefold(), other.casefold()) / 100
    return 18 if word.isalnum() != other.isalnum() else round(18 - 10 * alike)
