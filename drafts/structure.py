"""Tells in words how the Markdown of a revision differs from that of its original."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from textwrap import dedent

from drafts.batches import Piece
from drafts.blocks import Block, split_blocks
from drafts.markdown import BlockKind

_NAMES: dict[BlockKind, tuple[str, str]] = {
    "front_matter": ("front matter", "front matter"),
    "item": ("item of a list", "items of a list"),
    "quote": ("block quotation", "block quotations"),
    "footnote": ("footnote", "footnotes"),
    "row": ("row of a table", "rows of a table"),
    "code": ("block of code", "blocks of code"),
    "html": ("block of HTML", "blocks of HTML"),
    "comment": ("comment", "comments"),
    "math": ("formula", "formulas"),
    "definition": ("link definition", "link definitions"),
}
_MARKS = re.compile(r">|[-*+]|\d+[.)]")
_CELL_END = re.compile(r"(?<!\\)\|")


def structure_changes(original: str, revised: str) -> list[str]:
    """What changed, a line each; paragraphs may be joined and parted."""
    before, after = _blocks(original), _blocks(revised)
    return [
        *_heading_changes(before, after),
        *_count_changes(before, after),
        *_depth_changes(before, after),
        *_cell_changes(before, after),
    ]


def piece_changes(piece: Piece, revised: str) -> list[str]:
    """What of the blocks around it a revision of a piece would change, a line each.

    What is well by itself may not be in its place: a second paragraph falls out of a list.
    """
    text = "".join(block.text for block in piece.blocks)
    offset = piece.start - piece.blocks[0].start
    new = text[:offset] + revised + text[offset + len(piece.text) :]
    kinds = {block.kind for block in _blocks(new)} - {block.kind for block in _blocks(text)}
    outside = ["it has a paragraph outside of what it revises"] if "paragraph" in kinds else []
    return [*structure_changes(text, new), *outside, *_row_changes(piece, text, new)]


def _row_changes(piece: Piece, text: str, new: str) -> Iterator[str]:
    """Whether rows of a table, which are none without their table, are still as many cells."""
    if all(block.kind == "row" for block in piece.blocks):
        before, after = ([_cells(line) for line in each.split("\n")] for each in (text, new))
        if before != after:
            yield "rows of a table have another number of cells"


def _blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a piece, which may be an item from within a list."""
    return split_blocks(dedent(text), markdown=True)


def _heading_changes(before: Sequence[Block], after: Sequence[Block]) -> Iterator[str]:
    ours, theirs = _headings(before), _headings(after)
    levels, new_levels = [each.level for each in ours], [each.level for each in theirs]
    if len(theirs) < len(ours):
        left = [each.words for each in theirs]
        for heading in ours:
            near = difflib.get_close_matches(heading.words, left, n=1, cutoff=0.5)
            if near:
                left.remove(near[0])
            else:
                yield f"the heading “{heading.words}” is lost"
    elif len(theirs) > len(ours):
        yield f"it has {_counted(len(theirs), ('heading', 'headings'))}, the original {len(ours)}"
    elif levels != new_levels:
        yield "headings have other levels"


def _headings(blocks: Sequence[Block]) -> list[Block]:
    return [block for block in blocks if block.kind == "heading"]


def _count_changes(before: Sequence[Block], after: Sequence[Block]) -> Iterator[str]:
    ours = Counter(block.kind for block in before)
    theirs = Counter(block.kind for block in after)
    for kind, names in _NAMES.items():
        if ours[kind] != theirs[kind]:
            yield f"it has {_counted(theirs[kind], names)}, the original {ours[kind] or 'none'}"


def _depth_changes(before: Sequence[Block], after: Sequence[Block]) -> Iterator[str]:
    ours, theirs = _depths(before), _depths(after)
    if len(ours) == len(theirs) and ours != theirs:
        yield "lists or quotations stand within others than before"


def _depths(blocks: Sequence[Block]) -> list[int]:
    """Of how many items and quotations each such block is the first line."""
    marked = (block for block in blocks if block.kind in ("item", "quote"))
    return [len(_MARKS.findall(block.marker)) for block in marked]


def _counted(count: int, names: tuple[str, str]) -> str:
    return f"{count or 'no'} {names[0] if count == 1 else names[1]}"


def _cell_changes(before: Sequence[Block], after: Sequence[Block]) -> Iterator[str]:
    ours, theirs = _cell_counts(before), _cell_counts(after)
    if len(ours) == len(theirs) and ours != theirs:
        yield "rows of a table have another number of cells"


def _cell_counts(blocks: Sequence[Block]) -> list[int]:
    return [_cells(block.words) for block in blocks if block.kind == "row"]


def _cells(row: str) -> int:
    return len(_CELL_END.findall(row))
