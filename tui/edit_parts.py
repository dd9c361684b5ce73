"""Which parts of a draft go into requests: what was named of it, in pieces that fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drafts.batches import Piece, batches, sentence_pieces
from drafts.blocks import Block, split_blocks
from drafts.document import DecodedText
from drafts.scopes import lines_range, matching, section
from prompts.schema import Unit
from tui.options import Scope

MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkd", ".qmd", ".rmd"})

_SHARE_OF_CONTEXT = 0.3
"""Of the context window that one piece may take: it comes back about as long, after the
examples."""

_BYTES_PER_TOKEN = 3
"""Fewer than any tokenizer needs for prose, so that what is thought to fit does fit."""


@dataclass(frozen=True, slots=True)
class Task:
    """A draft, and the pieces of it that are revised."""

    name: str
    text: str
    blocks: tuple[Block, ...]
    """All of it."""
    pieces: tuple[Piece, ...]

    @property
    def is_markdown(self) -> bool:
        """Whether it is read as Markdown."""
        return is_markdown(self.name)


def task_of(draft: DecodedText, name: str, scope: Scope, unit: Unit, n_ctx: int) -> Task:
    """A draft in the pieces that go into requests.

    Args:
        draft: The text.
        name: Of its file; its ending says whether it is Markdown.
        scope: Which part of it is meant.
        unit: How much is revised at once.
        n_ctx: Tokens of the context window.

    Raises:
        DraftError: If the part is not there.
    """
    blocks = split_blocks(draft.text, markdown=is_markdown(name))
    meant = [block for block in _meant(blocks, scope) if block.is_prose]
    most = int(n_ctx * _SHARE_OF_CONTEXT)
    return Task(name, draft.text, blocks, _pieces(meant, unit, most))


def is_markdown(name: str) -> bool:
    """Whether a file of this name is read as Markdown; standard input is."""
    return name == "-" or Path(name).suffix.lower() in MARKDOWN


def _pieces(meant: Sequence[Block], unit: Unit, most: int) -> tuple[Piece, ...]:
    if unit == "sentence":
        return sentence_pieces(meant)
    if unit == "section":
        return batches(meant, cost=_cost, most=most)
    return tuple(piece for block in meant for piece in batches([block], cost=_cost, most=most))


def _cost(text: str) -> int:
    return len(text.encode(errors="replace")) // _BYTES_PER_TOKEN + 1


def _meant(blocks: Sequence[Block], scope: Scope) -> Sequence[Block]:
    if scope.section is not None:
        blocks = section(blocks, scope.section)
    if scope.lines is not None:
        blocks = lines_range(blocks, *scope.lines)
    if scope.match is not None:
        blocks = matching(blocks, scope.match)
    return blocks
