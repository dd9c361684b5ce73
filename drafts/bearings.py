"""Where in a draft a part of it is: what a model has to know that sees nothing but the part.

A long draft is revised part by part. What came before, what follows, and how names were spelled so
far can be told in a few lines, in place of the whole.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drafts.batches import Piece
from drafts.blocks import Block
from drafts.locks import locks_in
from drafts.scopes import outline
from drafts.spans import masked, names

_MOST_TERMS = 40

_LONGEST_TERM = 40
"""Characters of a run of capitalised words that is still a name, and no title."""

_TERM = re.compile(
    r"(?<![\w-])(?:[^\W\d_]+(?:-[^\W\d_]+)+|[^\W\d_]*[^\W\d_A-Z][A-Z][^\W\d_]*|[A-Z]{2,8}s?)(?![\w-])"
)
"""Words whose spelling one has to know: with a hyphen, a capital inside, or capitals alone."""


@dataclass(frozen=True, slots=True)
class Bearings:
    """What is around a part. Each of these may be empty."""

    outline: str = ""
    """The draft's headings, a line each, indented by their level."""
    place: str = ""
    """The headings above the part, the outermost first: ``The harbour > Morning``."""
    terms: tuple[str, ...] = ()
    """Names and terms of the draft before the part, in the order in which they came up."""
    before: str = ""
    """The paragraph before the part, or what comes before it in its own paragraph."""
    after: str = ""
    """The paragraph after it, or what comes after it in its own."""


class Surveyor:
    """Knows a draft, and finds the bearings of its parts."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        """Nothing is looked for yet.

        Args:
            blocks: All blocks of the draft; what is no prose in them is never told to anyone.
        """
        self._blocks = blocks
        self._paragraphs = [b for b in blocks if b.is_prose and b.kind != "heading"]
        self._starts = [block.start for block in self._paragraphs]
        self._outline = "\n".join(
            f"{'  ' * (block.level - 1)}- {block.path[-1]}" for block in outline(blocks)
        )
        self._terms: dict[str, list[int]] | None = None
        """Where each of them stands, by the first place."""

    def bearings(self, piece: Piece) -> Bearings:
        """Those of a part."""
        first, last = piece.blocks[0], piece.blocks[-1]
        return Bearings(
            self._outline if self._is_more_than(first.path) else "",
            " > ".join(first.path),
            tuple(self._terms_before(piece.start)),
            _words_before(first, piece.start) or self._neighbour(first.start, -1),
            _words_after(last, piece.end) or self._neighbour(last.end, 0),
        )

    def _is_more_than(self, path: Sequence[str]) -> bool:
        """Whether the outline says more than the place does."""
        return self._outline.count("\n") >= len(path)

    def _neighbour(self, place: int, step: int) -> str:
        """The paragraph that begins at a place of the draft or after it, or the one before."""
        number = bisect_left(self._starts, place) + step
        return self._paragraphs[number].words if 0 <= number < len(self._paragraphs) else ""

    def _terms_before(self, place: int) -> list[str]:
        """The most frequent ones, in the order in which they came up: so the list of the next part
        mostly begins as this one does, and the model need not read that again."""
        if self._terms is None:
            self._terms = {}
            for term, start in _terms_of(self._paragraphs):
                self._terms.setdefault(term, []).append(start)
        counts = {term: bisect_left(starts, place) for term, starts in self._terms.items()}
        least = sorted(counts.values(), reverse=True)[:_MOST_TERMS]
        known = (
            [term for term, count in counts.items() if count >= max(1, least[-1])] if least else []
        )
        return known[:_MOST_TERMS]


def _terms_of(paragraphs: Sequence[Block]) -> Iterator[tuple[str, int]]:
    """Names and terms with their places in the draft, but for what is code, a link or a formula."""
    for block in paragraphs:
        locked = ((lock.start, lock.end) for lock in locks_in(block.text))
        prose = masked(block.text, locked)
        found = [*names(prose), *(match.span() for match in _TERM.finditer(prose))]
        for start, end in sorted(found):
            if 1 < end - start <= _LONGEST_TERM:
                yield " ".join(block.text[start:end].split()), block.start + start


def _words_before(block: Block, place: int) -> str:
    """A block's words before a place of the draft."""
    start = block.start + len(block.marker)
    return block.words[: max(0, place - start)].strip()


def _words_after(block: Block, place: int) -> str:
    start = block.start + len(block.marker)
    return block.words[max(0, place - start) :].strip()
