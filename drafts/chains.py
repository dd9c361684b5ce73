"""Which parts of two texts are the same part, where order counts: longest common ones, by weight.

Texts of any length are aligned in about linear time, because only parts that have something rare in
common are compared.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Pair: TypeAlias = tuple[int, int]
"""The places of a part in the old and in the new text."""

Gap: TypeAlias = tuple[int, int, int, int]
"""Parts between two pairs: from and to in the old text, from and to in the new one."""

_LONG_ENOUGH = 12


def heaviest_chain(candidates: Iterable[tuple[int, int, float]]) -> list[Pair]:
    """The pairs in rising order on both sides whose weights are the most together."""
    ordered = sorted(candidates, key=lambda one: (one[0], -one[1]))
    columns = sorted({column for _, column, _ in ordered})
    # A Fenwick tree over columns: the best chain that ends before each.
    best: list[tuple[float, int]] = [(0.0, -1)] * (len(columns) + 1)
    before: list[int] = []
    for number, (_, column, weight) in enumerate(ordered):
        place = bisect_left(columns, column)
        total, last = 0.0, -1
        at = place
        while at > 0:
            if best[at][0] > total:
                total, last = best[at]
            at &= at - 1
        before.append(last)
        total += weight
        at = place + 1
        while at <= len(columns):
            if total > best[at][0]:
                best[at] = (total, number)
            at += at & -at
    return _walked_back(ordered, before, max(best)[1])


def _walked_back(
    ordered: Sequence[tuple[int, int, float]], before: Sequence[int], last: int
) -> list[Pair]:
    chain: list[Pair] = []
    while last >= 0:
        chain.append(ordered[last][:2])
        last = before[last]
    return chain[::-1]


def equal_parts(
    old: Sequence[str], new: Sequence[str], *, shortest: int = _LONG_ENOUGH, small: int = 0
) -> list[Pair]:
    """Pairs of equal parts: those there once in each text, and their equal neighbours.

    Args:
        shortest: Characters of a part that is hardly there in both by chance.
        small: Pairs that may be left between two that were found, for somebody to compare.
    """
    found: list[Pair] = []
    waiting = [(0, len(old), 0, len(new))]
    while waiting:
        gap = waiting.pop()
        edges, gap = equal_edges(old, new, gap)
        found += edges
        anchors = _anchors(old, new, gap, shortest)
        found += anchors
        if anchors:
            waiting += (inner for inner in gaps(anchors, gap) if size_of(inner) > small)
    return sorted(found)


def equal_edges(old: Sequence[str], new: Sequence[str], gap: Gap) -> tuple[list[Pair], Gap]:
    """The equal beginnings and ends of two runs, and what is between them."""
    start, end, new_start, new_end = gap
    found: list[Pair] = []
    while start < end and new_start < new_end and old[start] == new[new_start]:
        found.append((start, new_start))
        start, new_start = start + 1, new_start + 1
    while start < end and new_start < new_end and old[end - 1] == new[new_end - 1]:
        end, new_end = end - 1, new_end - 1
        found.append((end, new_end))
    return found, (start, end, new_start, new_end)


def _anchors(old: Sequence[str], new: Sequence[str], gap: Gap, shortest: int) -> list[Pair]:
    """Parts that each text has once between the two places."""
    start, end, new_start, new_end = gap
    counts = Counter(old[start:end])
    new_counts = Counter(new[new_start:new_end])
    places = {part: place for place, part in enumerate(new[new_start:new_end], new_start)}
    return heaviest_chain(
        (place, places[part], len(part))
        for place, part in enumerate(old[start:end], start)
        if len(part) >= shortest and counts[part] == new_counts[part] == 1
    )


def size_of(gap: Gap) -> int:
    """How many pairs can be made of what is in a gap."""
    start, end, new_start, new_end = gap
    return (end - start) * (new_end - new_start)


def gaps(pairs: Iterable[Pair], whole: Gap) -> list[Gap]:
    """What is between the pairs, before the first and after the last, where there is anything."""
    start, end, new_start, new_end = whole
    found: list[Gap] = []
    for place, new_place in [*pairs, (end, new_end)]:
        if start < place or new_start < new_place:
            found.append((start, place, new_start, new_place))
        start, new_start = place + 1, new_place + 1
    return found
