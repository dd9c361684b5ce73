"""Which sentences of a revision stand for which of the draft's, split and joined ones too."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, product
from typing import TypeAlias

from rapidfuzz.distance import Indel, LCSseq

from drafts.chains import Gap, Pair, equal_parts, gaps, heaviest_chain, size_of
from drafts.parts import Parted, Worded, parted
from drafts.words import Span, likeness, paragraphs

Bead: TypeAlias = tuple[int, int, int, int]
"""Sentences that say the same: from and to in the old text, from and to in the new one."""

_ALIKE = 0.4
"""Share of two sentences' words, by length, above which one is the other revised."""

_SPELLED_ALIKE = 0.6
"""Share of two sentences' letters above which one is the other with other spelling."""

_CONTAINED = 0.5
"""Share of a sentence's words above which it is a part of another that was split."""

_CONTAINED_LETTERS = 0.7
"""Share of a sentence's letters above which it is such a part, whatever its words are."""

_COMPARABLE = 400
"""Pairs of sentences that are all compared; of more, only those with a rare word in common."""

_RARE = 8
"""Sentences that a word may be in to be rare."""

_CANDIDATES = 4

_STRANGERS = 10
"""Sentences of which one may be unlike the one in its place."""

_DEEPEST = 4
"""How often what is between alike sentences is gone through again."""

_LONGEST = 2_000
"""Characters of a sentence whose letters are compared."""


def aligned(old: str, new: str) -> tuple[Parted, Parted, list[Bead]]:
    """Both texts in parts, and the parts that stand for one another, in order."""
    spans, new_spans = paragraphs(old), paragraphs(new)
    pairs = equal_parts(_likenesses(old, spans), _likenesses(new, new_spans))
    same = [
        (spans[place], new_spans[new_place])
        for place, new_place in pairs
        if old[slice(*spans[place])] == new[slice(*new_spans[new_place])]
    ]
    old_parts = parted(old, spans, {span for span, _ in same})
    new_parts = parted(new, new_spans, {span for _, span in same})
    places = {span: place for place, span in enumerate(old_parts.parts)}
    new_places = {span: place for place, span in enumerate(new_parts.parts)}
    known = [(places[span], new_places[new_span]) for span, new_span in same]
    return old_parts, new_parts, _beads(old_parts, new_parts, known)


def _likenesses(text: str, spans: Iterable[Span]) -> list[str]:
    return [likeness(text[start:end]) for start, end in spans]


def _beads(old: Parted, new: Parted, known: Sequence[Pair]) -> list[Bead]:
    beads = [(place, place + 1, new_place, new_place + 1) for place, new_place in known]
    for gap in gaps(known, (0, len(old.parts), 0, len(new.parts))):
        beads += _joined(old, new, sorted(_paired(old, new, gap)), gap)
    return sorted(beads)


def _paired(old: Parted, new: Parted, gap: Gap) -> Iterator[Pair]:
    """Sentences that are the same, then such as are alike, then such as are spelled alike."""
    start, end, new_start, new_end = gap
    same = equal_parts(
        _likenesses(old.text, old.parts[start:end]),
        _likenesses(new.text, new.parts[new_start:new_end]),
    )
    same = [(start + place, new_start + new_place) for place, new_place in same]
    yield from same
    waiting = [(inner, 0) for inner in gaps(same, gap)]
    while waiting:
        inner, depth = waiting.pop()
        alike = _in_step(old, new, inner)
        if not alike and depth < _DEEPEST:
            alike = heaviest_chain(_alike(old, new, inner))
        yield from alike
        if alike:
            waiting += [(rest, depth + 1) for rest in gaps(alike, inner)]
        else:
            yield from _spelled_alike(old, new, inner)


def _in_step(old: Parted, new: Parted, gap: Gap) -> list[Pair]:
    """Sentences in pairs where nearly all are like those in their places, as in proofread texts."""
    start, end, new_start, new_end = gap
    if end - start != new_end - new_start:
        return []
    alike: list[Pair] = []
    strangers = (end - start) // _STRANGERS
    for place, new_place in zip(range(start, end), range(new_start, new_end), strict=True):
        if _likeness(old.worded(place), new.worded(new_place))[1] >= _ALIKE:
            alike.append((place, new_place))
        elif strangers > 0:
            strangers -= 1
        else:
            return []
    return alike


def _alike(old: Parted, new: Parted, gap: Gap) -> Iterator[tuple[int, int, float]]:
    for place, new_place in _comparable(old, new, gap):
        shared, share = _likeness(old.worded(place), new.worded(new_place))
        if share >= _ALIKE:
            yield place, new_place, shared * share


def _likeness(one: Worded, other: Worded) -> tuple[int, float]:
    """How many letters are in words of both, and what share of all letters they are."""
    shared = sum(map(len, one.vocabulary & other.vocabulary))
    return shared, 2 * shared / (one.size + other.size)


def _comparable(old: Parted, new: Parted, gap: Gap) -> Iterator[Pair]:
    start, end, new_start, new_end = gap
    if size_of(gap) <= _COMPARABLE:
        yield from product(range(start, end), range(new_start, new_end))
        return
    holders: dict[str, list[int]] = defaultdict(list)
    for new_place in range(new_start, new_end):
        for word in new.worded(new_place).vocabulary:
            holders[word].append(new_place)
    for place in range(start, end):
        votes: Counter[int] = Counter()
        for word in old.worded(place).vocabulary & holders.keys():
            if len(holders[word]) <= _RARE:
                for new_place in holders[word]:
                    votes[new_place] += len(word)
        yield from ((place, new_place) for new_place, _ in votes.most_common(_CANDIDATES))


def _spelled_alike(old: Parted, new: Parted, gap: Gap) -> list[Pair]:
    """Sentences that have hardly a whole word in common, but most letters."""
    start, end, new_start, new_end = gap
    if size_of(gap) > _COMPARABLE:
        return []
    shares = (
        (place, new_place, _spelled_share(old.string(place), new.string(new_place)))
        for place, new_place in product(range(start, end), range(new_start, new_end))
    )
    return heaviest_chain(one for one in shares if one[2] >= _SPELLED_ALIKE)


def _spelled_share(one: str, other: str) -> float:
    """Share of letters that two sentences have in common, in order; none where they are endless."""
    if max(len(one), len(other)) > _LONGEST:
        return 0.0
    return Indel.normalized_similarity(one, other)


def _joined(old: Parted, new: Parted, pairs: Sequence[Pair], whole: Gap) -> list[Bead]:
    """The pairs, each with what was split off its sentence on the one side or on the other."""
    start, end, new_start, new_end = whole
    edged = [(start - 1, new_start - 1), *pairs, (end, new_end)]
    parts = _parts_around(old, new, edged)
    new_parts = _parts_around(new, old, [(new_place, place) for place, new_place in edged])
    return [
        (place - more[0], place + 1 + more[1], new_place - new_more[0], new_place + 1 + new_more[1])
        for (place, new_place), new_more, more in zip(pairs, parts, new_parts, strict=True)
    ]


def _parts_around(one: Parted, other: Parted, edged: Sequence[Pair]) -> list[tuple[int, int]]:
    """How many of the other text's sentences before and after each pair's are parts of the one.

    The first and the last of the pairs are the edges.
    """
    before, after = [0] * len(edged), [0] * len(edged)
    for number, (here, following) in enumerate(pairwise(edged)):
        if following[0] != here[0] + 1:
            continue
        rest = range(here[1] + 1, following[1])
        if number > 0:
            after[number] = _parts_of(one, here[0], other, here[1], rest)
        rest = rest[after[number] :]
        if number + 2 < len(edged):
            before[number + 1] = _parts_of(one, following[0], other, following[1], rest[::-1])
    return list(zip(before, after, strict=True))[1:-1]


def _parts_of(one: Parted, place: int, other: Parted, partner: int, rest: Sequence[int]) -> int:
    """How many of the rest, in order, say what the sentence says and its partner does not."""
    if not rest:
        return 0
    sentence = one.string(place)
    missing = one.worded(place).vocabulary - other.worded(partner).vocabulary
    said = other.string(partner)
    for count, following in enumerate(rest):
        part = other.worded(following)
        string = other.string(following)
        together = string + said if following < partner else said + string
        shared = sum(map(len, part.vocabulary & missing))
        if shared < _CONTAINED * part.size and not _adds_letters(sentence, said, string, together):
            return count
        missing -= part.vocabulary
        said = together
    return len(rest)


def _adds_letters(sentence: str, said: str, part: str, together: str) -> bool:
    """Whether most letters of a part are in the sentence, where its partner does not have them."""
    if max(len(sentence), len(together)) > _LONGEST:
        return False
    alone = LCSseq.similarity(sentence.casefold(), said.casefold())
    added = LCSseq.similarity(sentence.casefold(), together.casefold()) - alone
    return added >= _CONTAINED_LETTERS * len(part)
