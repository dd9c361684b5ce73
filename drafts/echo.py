"""Finds where in an answer the revision begins and ends, if it repeats what stood around the text.

A model that was told what comes before a part, what comes after it and what is wanted may say some
of it again. In a draft it would stand twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rapidfuzz.distance import LCSseq
from rapidfuzz.fuzz import partial_ratio

from drafts.chatter import words_of
from drafts.sentences import sentences
from drafts.words import Span

_ALIKE = 80
"""Of a hundred: what is repeated may be corrected on the way."""

_LOST = 0.2
"""Share of a repeated sentence's words that the text may have in common with it by chance."""

_LOST_VERBATIM = 0.5
"""The same for one that is repeated word for word."""

_LINE = re.compile(r"[^\n]*\n?")


def without_echo(original: str, answer: str, around: str) -> Span:
    """Where the answer begins and ends without what it repeats at either end; nothing is left of
    one that repeats nothing else.

    A sentence or a line is repeated if it stands around the text and the text does not need it: if
    the answer has as many words of the text without it.

    Args:
        original: The text that was to be revised.
        answer: What came back.
        around: All else that the model was told with it.
    """
    units = list(_units(answer))
    said = [words_of(answer[start:end]) for start, end in units]
    told, ours = words_of(around), words_of(original)
    first = _repeated(said, told, ours)
    if first == len(units) > 0:
        return 0, 0
    backwards = [words[::-1] for words in reversed(said[first:])]
    last = len(units) - _repeated(backwards, told[::-1], ours[::-1])
    begin = units[first][0] if first else 0
    return begin, units[last - 1][1] if last < len(units) else len(answer)


def _units(answer: str) -> Iterator[Span]:
    """The sentences of each line: what is repeated need not be wrapped as it was."""
    for line in _LINE.finditer(answer):
        start = line.start()
        for sentence in sentences(line[0]):
            yield start, start + len(sentence)
            start += len(sentence)


def _repeated(units: Sequence[Sequence[str]], told: Sequence[str], ours: Sequence[str]) -> int:
    """How many of the units, from the first one on, only say what was told."""
    count = 0
    for number, unit in enumerate(units):
        # What has no word, as a blank line, goes with what comes after it.
        if unit and not _is_echo(unit, units[number + 1 :], told, ours):
            break
        count = number + 1 if unit else count
    return count


def _is_echo(
    unit: Sequence[str],
    rest: Sequence[Sequence[str]],
    told: Sequence[str],
    ours: Sequence[str],
) -> bool:
    alike = partial_ratio(unit, told, score_cutoff=_ALIKE) if len(unit) <= len(told) else 0
    if alike < _ALIKE:
        return False
    may_be_lost = _LOST_VERBATIM if alike == 100 else _LOST
    others = [word for each in rest for word in each]
    lost = LCSseq.similarity(ours, [*unit, *others]) - LCSseq.similarity(ours, others)
    return lost <= may_be_lost * len(unit)
