"""Two texts word by word: which words of the one are kept in the other.

What is kept is chosen for a reader: a lone word that is the same in a stretch that was rewritten
counts as rewritten, and a word that was only spelled otherwise has its partner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from rapidfuzz.distance import Indel, LCSseq

from drafts.alignment import Bead, aligned
from drafts.chains import Gap, Pair, equal_edges, equal_parts, gaps, size_of
from drafts.parts import BREAK, EDGE, Parted, Token

_COMPARABLE = 25_000_000
"""Pairs of words that are aligned exactly; in longer sentences rare words go first."""

_ORDINARY = 1_600
"""Pairs of words of two sentences such as people write; so few are aligned without rare words."""

_SPELLED_ALIKE = 0.5
"""Share of two words' letters above which one is the other with other spelling."""

_ISLAND = 3
"""How many times more letters were changed on both sides of words that only look kept."""

NOWHERE = -1
"""The sentence of what is in none, or in one that nobody looks into."""


class Kept(NamedTuple):
    """A token that both texts have."""

    old: int
    """Its number among the old text's tokens."""
    new: int
    sentence: int
    """The number of the pair of sentences that it is in, else `NOWHERE`."""


@dataclass(slots=True)
class Weave:
    """The tokens of two texts, and which are kept."""

    old_text: str
    new_text: str
    old: list[Token] = field(default_factory=list)
    new: list[Token] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    """In order; the first and the last are the edges of the texts."""
    old_sentences: list[int] = field(default_factory=list)
    """For each of the old tokens the number of its pair of sentences, else `NOWHERE`."""
    new_sentences: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    """For each pair of sentences how many words they have together."""

    def add(self, old: Sequence[Token], new: Sequence[Token], pairs: Iterable[Pair]) -> None:
        """Puts tokens at the end, of which the pairs are kept."""
        self._add(old, new, pairs, NOWHERE)

    def add_sentence(self, old: Sequence[Token], new: Sequence[Token]) -> None:
        """Puts the words of a sentence and of its revision at the end."""
        self._add(old, new, _same_words(old, new), len(self.sizes))
        self.sizes.append(sum(token.weight for token in [*old, *new]))

    def _add(
        self, old: Sequence[Token], new: Sequence[Token], pairs: Iterable[Pair], sentence: int
    ) -> None:
        here, there = len(self.old), len(self.new)
        self.kept += [Kept(here + place, there + at, sentence) for place, at in pairs]
        self.old += old
        self.new += new
        self.old_sentences += [sentence] * len(old)
        self.new_sentences += [sentence] * len(new)


def woven(old_text: str, new_text: str) -> Weave:
    """Both texts in tokens."""
    old, new, beads = aligned(old_text, new_text)
    weave = Weave(old_text, new_text)
    weave.add([Token(0, 0, EDGE, 0)], [Token(0, 0, EDGE, 0)], [(0, 0)])
    place = new_place = 0
    for start, end, new_start, new_end in beads:
        _add_between(weave, _whole(old, place, start), _whole(new, new_place, new_start))
        _add_bead(weave, old, new, (start, end, new_start, new_end))
        place, new_place = end, new_end
    _add_between(weave, _whole(old, place, len(old.parts)), _whole(new, new_place, len(new.parts)))
    ends = [Token(len(text), len(text), EDGE, 0) for text in (old_text, new_text)]
    weave.add(ends[:1], ends[1:], [(0, 0)])
    return weave


def _whole(text: Parted, start: int, end: int) -> list[Token]:
    """Parts that have no partner, with the breaks before, between and after them."""
    tokens: list[Token] = []
    for part in range(start, end):
        tokens += [*text.breaks(part - 1, part), text.whole(part)]
    return [*tokens, *text.breaks(end - 1, end)]


def _add_between(weave: Weave, old: Sequence[Token], new: Sequence[Token]) -> None:
    """Adds parts without a partner; the breaks around and between them may have one."""
    breaks = [place for place, token in enumerate(old) if token.key == BREAK]
    new_breaks = [place for place, token in enumerate(new) if token.key == BREAK]
    if len(breaks) == len(new_breaks):
        weave.add(old, new, zip(breaks, new_breaks, strict=True))
    elif not breaks or not new_breaks:
        weave.add(old, new, [])
    else:
        weave.add(old, new, _same_edges(weave, old, new))


def _same_edges(weave: Weave, old: Sequence[Token], new: Sequence[Token]) -> list[Pair]:
    """The breaks at both beginnings and at both ends, the better one where there is one only."""
    ends = [
        (place, at)
        for place, at in ((0, 0), (len(old) - 1, len(new) - 1))
        if old[place].key == new[at].key == BREAK
    ]
    if len(ends) == 2 and 1 in (len(old), len(new)):
        return [max(ends, key=lambda pair: _is_verbatim(weave, old[pair[0]], new[pair[1]]))]
    return ends


def _is_verbatim(weave: Weave, old: Token, new: Token) -> bool:
    return weave.old_text[old.start : old.end] == weave.new_text[new.start : new.end]


def _add_bead(weave: Weave, old: Parted, new: Parted, bead: Bead) -> None:
    start, end, new_start, new_end = bead
    if end - start == new_end - new_start == 1 and old.string(start) == new.string(new_start):
        weave.add([old.whole(start)], [new.whole(new_start)], [(0, 0)])
    else:
        weave.add_sentence(_words(old, start, end), _words(new, new_start, new_end))


def _words(text: Parted, start: int, end: int) -> list[Token]:
    tokens = list(text.worded(start).tokens)
    for part in range(start + 1, end):
        tokens += [*text.breaks(part - 1, part), *text.worded(part).tokens]
    return tokens


def _same_words(old: Sequence[Token], new: Sequence[Token]) -> list[Pair]:
    """Words that are kept in a sentence, and those that got another spelling."""
    keys, new_keys = [token.key for token in old], [token.key for token in new]
    edges, middle = equal_edges(keys, new_keys, (0, len(old), 0, len(new)))
    for gap in _small(keys, new_keys, middle, edges):
        edges += _common(keys, new_keys, gap)
    kept = _without_islands(old, new, sorted(edges))
    return sorted([*kept, *_respelled(old, new, kept)])


def _small(keys: Sequence[str], new_keys: Sequence[str], gap: Gap, found: list[Pair]) -> list[Gap]:
    """The gap, or where it is too long the gaps between its rare words, which are found."""
    if size_of(gap) <= _COMPARABLE:
        return [gap]
    start, end, new_start, new_end = gap
    rare = equal_parts(keys[start:end], new_keys[new_start:new_end], shortest=1, small=_ORDINARY)
    pairs = [(start + place, new_start + at) for place, at in rare]
    found += pairs
    return [one for one in gaps(pairs, gap) if size_of(one) <= _COMPARABLE]


def _common(keys: Sequence[str], new_keys: Sequence[str], gap: Gap) -> Iterator[Pair]:
    start, end, new_start, new_end = gap
    if start == end or new_start == new_end:
        return
    for code in LCSseq.opcodes(keys[start:end], new_keys[new_start:new_end]):
        if code.tag == "equal":
            yield from zip(
                range(start + code.src_start, start + code.src_end),
                range(new_start + code.dest_start, new_start + code.dest_end),
                strict=True,
            )


def _without_islands(
    old: Sequence[Token], new: Sequence[Token], pairs: Sequence[Pair]
) -> list[Pair]:
    """The pairs but for short runs between two longer stretches that were changed."""
    sizes, new_sizes = _Sizes(old), _Sizes(new)
    runs = _runs(pairs)
    while True:
        around = list(_around(runs, len(old), len(new)))
        if sum(start < end or at < stop for start, end, at, stop in around) < 2:
            break
        changed = [
            max(sizes.between(start, end), new_sizes.between(new_start, new_end))
            for start, end, new_start, new_end in around
        ]
        kept = [
            run
            for number, run in enumerate(runs)
            if not _is_island(sizes.between(run[0], run[1]), *changed[number : number + 2])
        ]
        if len(kept) == len(runs):
            break
        runs = kept
    return [
        pair
        for start, end, new_start, new_end in runs
        for pair in zip(range(start, end), range(new_start, new_end), strict=True)
    ]


def _runs(pairs: Iterable[Pair]) -> list[Gap]:
    """Where the pairs are neighbours on both sides, from and to."""
    runs: list[Gap] = []
    start = new_start = length = 0
    for place, new_place in pairs:
        if length and (place, new_place) == (start + length, new_start + length):
            length += 1
            continue
        if length:
            runs.append((start, start + length, new_start, new_start + length))
        start, new_start, length = place, new_place, 1
    if length:
        runs.append((start, start + length, new_start, new_start + length))
    return runs


def _around(runs: Sequence[Gap], length: int, new_length: int) -> Iterator[Gap]:
    """What is before the first run, between runs and after the last."""
    start = new_start = 0
    for run in runs:
        yield start, run[0], new_start, run[2]
        start, new_start = run[1], run[3]
    yield start, length, new_start, new_length


class _Sizes:
    """How much the words of any stretch are, counted once for all."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        lengths = [len(token.key) if token.weight else 0 for token in tokens]
        self._letters = [0, *accumulate(lengths)]
        self._words = [0, *accumulate(map(bool, lengths))]

    def between(self, start: int, end: int) -> tuple[int, int]:
        """How many letters the words have, and how many words there are."""
        return self._letters[end] - self._letters[start], self._words[end] - self._words[start]


def _is_island(kept: tuple[int, int], before: tuple[int, int], after: tuple[int, int]) -> bool:
    (letters, count), (around, count_around) = kept, min(before, after)
    return count_around > max(count, 1) and around >= _ISLAND * letters


def _respelled(old: Sequence[Token], new: Sequence[Token], pairs: Sequence[Pair]) -> Iterator[Pair]:
    """Changed words between the pairs that got other spellings, one by one."""
    for start, end, new_start, new_end in gaps(pairs, (0, len(old), 0, len(new))):
        if end - start != new_end - new_start:
            continue
        partners = list(zip(range(start, end), range(new_start, new_end), strict=True))
        if all(_is_respelled(old[place], new[at]) for place, at in partners):
            yield from partners


def _is_respelled(old: Token, new: Token) -> bool:
    """Whether both are words that are spelled alike, or both are marks."""
    if old.weight and new.weight:
        return Indel.normalized_similarity(old.key, new.key) >= _SPELLED_ALIKE
    return old.weight == new.weight and BREAK not in (old.key, new.key)
