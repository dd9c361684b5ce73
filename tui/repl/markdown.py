"""Takes a growing Markdown text apart: blocks that are finished, and those still being written.

A block here is a leaf: a paragraph, a heading, a code block, a table or a rule, with what is in
front of its lines for the lists and quotations that it is in. So one item of a list is finished
where the next one begins, however long the list will be. Nothing that follows changes a finished
block: link definitions, which would, are text like any other, and so is HTML.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from markdown_it import MarkdownIt
from markdown_it.token import Token

Kind: TypeAlias = Literal["paragraph", "heading", "code", "table", "rule"]
Align: TypeAlias = Literal["left", "center", "right"]

_LEAVES: dict[str, Kind] = {
    "paragraph_open": "paragraph",
    "heading_open": "heading",
    "fence": "code",
    "code_block": "code",
    "table_open": "table",
    "hr": "rule",
}

_SPACED: frozenset[Kind] = frozenset(("heading", "code", "table", "rule"))
"""What has a blank line around it, whether or not one was written."""


@dataclass(frozen=True, slots=True)
class Block:
    """A leaf of a Markdown text."""

    kind: Kind
    text: str = ""
    """Of a paragraph or a heading its Markdown, of code its lines."""
    first: str = ""
    """In front of the first line: the marker of an item, the bar of a quotation."""
    rest: str = ""
    """In front of the other lines."""
    is_apart: bool = False
    """Whether a blank line is between it and the block before it."""
    level: int = 0
    """Of a heading, from 1."""
    language: str = ""
    """Of code, as the fence names it."""
    rows: tuple[tuple[str, ...], ...] = ()
    """Of a table its cells, as Markdown; the first row is the header."""
    aligns: tuple[Align, ...] = ()
    """Of a table's columns."""


@dataclass(slots=True)
class _Container:
    """A list's item or a quotation that blocks are in."""

    first: str
    rest: str
    line: int
    is_begun: bool = False


@dataclass(slots=True)
class _Found:
    """The blocks of a text, and where each is."""

    blocks: list[Block] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    """The first line of the outermost block that each is in."""
    gaps: list[bool] = field(default_factory=list)
    """Whether there is a blank line in front of each."""


class MarkdownSplitter:
    """A text that grows, and the blocks of it that have not been given out yet."""

    def __init__(self) -> None:
        self._source = ""
        """From the beginning of the outermost block that the last line is in."""
        self._given = 0
        """How many of its blocks were given out."""
        self._before: Block | None = None
        """The last block in front of `_source`."""
        self._gap = False
        """Whether a blank line is between that and `_source`."""

    def feed(self, text: str) -> list[Block]:
        """Take in more of the text; the blocks that it finishes.

        A line counts when it is whole: the beginning of one may look like something else.
        """
        self._source += text
        if "\n" not in text:
            return []
        whole = self._source[: self._source.rindex("\n") + 1]
        found = self._parse(whole)
        finished = found.blocks[self._given : -1]
        if found.blocks:
            self._drop_before(found)
        return finished

    @property
    def live(self) -> list[Block]:
        """The blocks that are not finished, as they look now."""
        return self._parse(self._source).blocks[self._given :]

    def finish(self) -> list[Block]:
        """The rest: no more will come."""
        rest = self.live
        self.__init__()  # type: ignore[misc]
        return rest

    def _drop_before(self, found: _Found) -> None:
        """Forget what is in front of the outermost block that the last line is in."""
        start = found.starts[-1]
        first = found.starts.index(start)
        self._given = len(found.blocks) - 1 - first
        if first > 0:
            self._before, self._gap = found.blocks[first - 1], found.gaps[first]
            self._source = "\n".join(self._source.split("\n")[start:])

    def _parse(self, source: str) -> _Found:
        found = _blocks_of(source)
        if found.blocks and self._before is not None:
            first = found.blocks[0]
            apart = self._gap or _are_spaced(self._before, first)
            found.blocks[0] = replace(first, is_apart=apart)
        return found


def _block_parser() -> MarkdownIt:
    """CommonMark and tables. What is inside of a paragraph is left to whoever shows it."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("reference")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


_PARSER = _block_parser()


def _blocks_of(source: str) -> _Found:
    """All blocks of a text."""
    found = _Found()
    containers: list[_Container] = []
    tokens = _PARSER.parse(source)
    end, start = 0, 0
    for place, token in enumerate(tokens):
        if token.level == 0 and token.map and token.nesting >= 0:
            start = token.map[0]
        if token.type in ("blockquote_open", "list_item_open"):
            containers.append(_container(token))
        elif token.type in ("blockquote_close", "list_item_close"):
            left = containers.pop()
            if not left.is_begun:
                _add(found, Block("paragraph"), [*containers, left], start, left.line > end)
                end = left.line + 1
        elif token.type in _LEAVES and token.map:
            lines = [each.line for each in containers if not each.is_begun] + token.map
            _add(found, _leaf(tokens, place), containers, start, lines[0] > end)
            end = token.map[1]
    return found


def _add(
    found: _Found, block: Block, containers: Sequence[_Container], start: int, gap: bool
) -> None:
    """Add a block with what is in front of its lines."""
    first = "".join(each.rest if each.is_begun else each.first for each in containers)
    rest = "".join(each.rest for each in containers)
    for each in containers:
        each.is_begun = True
    before = found.blocks[-1] if found.blocks else None
    apart = before is not None and (gap or _are_spaced(before, block))
    found.gaps.append(gap)
    found.blocks.append(replace(block, first=first, rest=rest, is_apart=apart))
    found.starts.append(start)


def _are_spaced(before: Block, block: Block) -> bool:
    return before.kind in _SPACED or block.kind in _SPACED


def _container(token: Token) -> _Container:
    line = token.map[0] if token.map else 0
    if token.type == "blockquote_open":
        return _Container("│ ", "│ ", line)
    marker = f"{token.info}{token.markup} " if token.info else "• "
    return _Container(marker, " " * len(marker), line)


def _leaf(tokens: Sequence[Token], place: int) -> Block:
    token = tokens[place]
    kind = _LEAVES[token.type]
    if kind == "code":
        return Block(kind, token.content.removesuffix("\n"), language=_language(token.info))
    if kind == "table":
        rows = tuple(_rows(tokens[place:]))
        aligns = (_align(each) for each in tokens[place:] if each.type == "th_open")
        return Block(kind, rows=rows, aligns=tuple(aligns)[: len(rows[0])])
    if kind == "rule":
        return Block(kind)
    if kind == "heading" and not tokens[place + 1].content:
        return Block("paragraph", token.markup)  # which could not be seen otherwise
    level = int(token.tag[1]) if kind == "heading" else 0
    return Block(kind, tokens[place + 1].content, level=level)


def _language(info: str) -> str:
    return info.split(maxsplit=1)[0] if info.strip() else ""


def _rows(tokens: Sequence[Token]) -> Iterator[tuple[str, ...]]:
    """The rows of the table that tokens begin with."""
    row: list[str] = []
    for token in tokens:
        if token.type == "tr_open":
            row = []
        elif token.type == "inline":
            row.append(token.content)
        elif token.type == "tr_close":
            yield tuple(row)
        elif token.type == "table_close":
            return


def _align(token: Token) -> Align:
    style = str(token.attrGet("style") or "")
    if style.endswith("center"):
        return "center"
    return "right" if style.endswith("right") else "left"
