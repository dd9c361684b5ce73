"""Blocks in the pieces that requests carry: as much as fits one, or one sentence each.

A piece is a stretch of the draft. What is no prose is in none, so no request can damage it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from drafts.blocks import Block
from drafts.sentences import sentences

Cost: TypeAlias = Callable[[str], int]
"""How much of a request a text takes: its tokens, or its characters."""

_GAP = re.compile(r"(?<=\S)\s+(?=\S)")
_CELL_END = re.compile(r"(?<!\\)(\|)")
_Part = TypeVar("_Part", Block, str)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the draft that is revised at once, without blanks around it."""

    start: int
    end: int
    text: str
    blocks: tuple[Block, ...]
    """What it is of; several whole ones, or one of which it may be a part."""


def batches(blocks: Sequence[Block], *, cost: Cost, most: int) -> tuple[Piece, ...]:
    """Neighbouring blocks of prose together, as many as cost at most so much.

    A block that costs more is parted at its sentences, and a sentence that does at its blanks; a
    word is never parted. Blocks together are taken to cost the sum of what each does.
    """
    return tuple(
        piece
        for run in _runs(blocks)
        for group in _filled(run, [cost(block.text) for block in run], most)
        for piece in _pieces(group, cost, most)
    )


def sentence_pieces(blocks: Sequence[Block]) -> tuple[Piece, ...]:
    """Each sentence of the blocks of prose, without the marks of headings, items and tables."""
    return tuple(
        piece for block in blocks if block.is_prose for piece in _parts(block, _sentences_of(block))
    )


def put_back(text: str, revisions: Iterable[tuple[Piece, str]]) -> str:
    """The draft's text with the revisions in place of the pieces; no two may overlap."""
    parts: list[str] = []
    position = 0
    for piece, revised in sorted(revisions, key=lambda pair: pair[0].start):
        parts += text[position : piece.start], revised
        position = piece.end
    return "".join([*parts, text[position:]])


def _runs(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Blocks of prose between which nothing else is."""
    run: list[Block] = []
    for block in blocks:
        if run and (not block.is_prose or block.start != run[-1].end):
            yield run
            run = []
        if block.is_prose:
            run.append(block)
    if run:
        yield run


def _filled(parts: Sequence[_Part], costs: Sequence[int], most: int) -> Iterator[list[_Part]]:
    """The parts in groups; one that costs more than a group may is alone in its own."""
    group: list[_Part] = []
    total = 0
    for part, each in zip(parts, costs, strict=True):
        if group and total + each > most:
            yield group
            group, total = [], 0
        group.append(part)
        total += each
    if group:
        yield group


def _pieces(group: Sequence[Block], cost: Cost, most: int) -> Iterator[Piece]:
    whole = "".join(block.text for block in group)
    if len(group) == 1 and cost(whole) > most:
        yield from _parts(group[0], _fitting(group[0].words, cost, most))
    elif any(block.words.strip() for block in group):
        start = group[0].start
        yield Piece(start, start + len(whole.rstrip()), whole.rstrip(), tuple(group))


def _fitting(words: str, cost: Cost, most: int) -> Iterator[str]:
    """Parts of a text that cost so much at most: sentences, and halves of those that are longer."""
    parts = [half for sentence in sentences(words) for half in _halves(sentence, cost, most)]
    for group in _filled(parts, [cost(part) for part in parts], most):
        yield "".join(group)


def _halves(text: str, cost: Cost, most: int) -> Iterator[str]:
    gaps = [found.end() for found in _GAP.finditer(text)]
    if not gaps or cost(text) <= most:
        yield text
        return
    middle = min(gaps, key=lambda end: abs(2 * end - len(text)))
    yield from _halves(text[:middle], cost, most)
    yield from _halves(text[middle:], cost, most)


def _sentences_of(block: Block) -> Iterator[str]:
    """The sentences; of a row of a table those of each cell, and the marks between them."""
    for text in _CELL_END.split(block.words) if block.kind == "row" else [block.words]:
        yield from sentences(text)


def _parts(block: Block, texts: Iterable[str]) -> Iterator[Piece]:
    """A piece for each of the texts that the block's words are made of."""
    start = block.start + len(block.marker)
    for text in texts:
        begin = start + len(text) - len(text.lstrip())
        words = text.strip()
        if words and not (block.kind == "row" and words == "|"):
            yield Piece(begin, begin + len(words), words, (block,))
        start += len(text)
