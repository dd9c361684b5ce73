"""Markdown of a model, made harmless: nothing in it acts, and nothing of it is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from types import new_class
from typing import ClassVar, cast

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from textual import on
from textual.content import Content, Span
from textual.widgets import Markdown, Static
from textual.widgets.markdown import MarkdownBlock, MarkdownStream

from tui.app.faults import Steadfast
from tui.app.underlining import unsure_places
from tui.sanitize import sanitize


class _Light:
    """A block whose words look as its `Prose` says: with styles of its own for four kinds of words,
    which it may not even have, they would be more than half of the nodes of a transcript."""

    @classmethod
    def _get_component_classes(cls) -> frozenset[str]:
        return frozenset()


@cache
def _light(kind: type[MarkdownBlock]) -> type[MarkdownBlock]:
    return cast(type[MarkdownBlock], new_class(kind.__name__, (_Light, kind)))


class Prose(Steadfast, Markdown):
    """Shows Markdown block by block. Addresses are shown, not followed."""

    DEFAULT_CSS = """
    Prose {
        padding: 0;
        & > * { margin: 0 0 1 0; }
        & > MarkdownH1, & > MarkdownH2, & > MarkdownH3,
        & > MarkdownH4, & > MarkdownH5, & > MarkdownH6 {
            content-align: left middle; color: $foreground; text-style: bold; margin: 0 0 1 0;
        }
        & > MarkdownH1, & > MarkdownH2 { color: $primary; }
        & MarkdownFence { margin: 0 0 1 0; padding: 0; background: $surface; }
        & MarkdownBlockQuote { margin: 0 0 1 0; background: transparent; }
        & > .em { text-style: italic; }
        & > .strong { text-style: bold; }
        & > .s { text-style: strike; }
        &:dark > .code_inline { background: $warning 10%; color: $text-warning 95%; }
        &:light > .code_inline { background: $error 5%; color: $text-error 95%; }
        &:ansi > .code_inline { background: ansi_default; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = MarkdownBlock.COMPONENT_CLASSES

    def __init__(self, text: str) -> None:
        """Show a text.

        Args:
            text: Markdown, not yet made harmless.
        """
        super().__init__(sanitize(text), parser_factory=parser, open_links=False)
        self._stream: MarkdownStream | None = None
        self._unsure: Sequence[tuple[str, bool]] = ()
        self._bare: dict[Static, Content] = {}
        """What is underlined, as it was before."""

    def get_block_class(self, block_name: str) -> type[MarkdownBlock]:
        """See `Markdown`."""
        return _light(super().get_block_class(block_name))

    @on(Markdown.TableOfContentsUpdated)
    def underline_again(self) -> None:
        """All blocks are there, or others are."""
        self.underline(self._unsure)

    def underline(self, words: Sequence[tuple[str, bool]]) -> None:
        """Underline unsure words.

        Args:
            words: All words of the text, each with whether it is one; none underline nothing.
        """
        self._unsure = words
        for part, content in self._bare.items():
            part.update(content)
        self._bare.clear()
        if not words:
            return
        drawn = [
            (part, part.content)
            for part in self.query(Static)
            if isinstance(part.content, Content) and part.content
        ]
        places = unsure_places(words, [content.plain for _, content in drawn])
        for (part, content), stretches in zip(drawn, places, strict=True):
            if stretches:
                self._bare[part] = content
                lines = (Span(start, end, "underline") for start, end in stretches)
                part.update(content.add_spans([*lines]))

    async def grow(self, text: str) -> None:
        """Show more behind what is there, as soon as what came before is shown."""
        if self._initial_markdown is not None:
            # It is mounted with these words, and would put them over others.
            self._initial_markdown += sanitize(text)
            return
        if self._stream is None:
            self._stream = Markdown.get_stream(self)
        await self._stream.write(sanitize(text))

    async def show(self, text: str) -> None:
        """Show all of a text, in which nothing will grow any more."""
        await self.end()
        clean = sanitize(text)
        if self._initial_markdown is not None:
            self._initial_markdown = clean
        elif clean != self.source:
            await self.update(clean)

    async def end(self) -> None:
        """Wait until what came is shown."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            await stream.stop()

    async def on_unmount(self) -> None:
        """See `Widget`."""
        await self.end()


@cache
def parser() -> MarkdownIt:
    """Reads Markdown as a writer means it: a line break is one, HTML is text, a link has its
    address beside it. One for all texts: it keeps nothing of them."""
    markdown = MarkdownIt("gfm-like", {"html": False})
    markdown.core.ruler.after("block", "nothing empty", _fill_the_empty)
    markdown.core.ruler.push("harmless", _make_harmless)
    return markdown


def _fill_the_empty(state: StateCore) -> None:
    """Have something in each block, or it could not be seen: an answer that is a year and a full
    stop is a list of one empty item to Markdown."""
    tokens, filled = state.tokens, list[Token]()
    at = 0
    while at < len(tokens):
        length, words = _empty_at(tokens, at)
        if length:
            filled += _paragraph(tokens[at], words)
        else:
            length = 1
            filled.append(tokens[at])
            if _kinds(tokens, at, 2) == _ITEM:
                filled += _paragraph(tokens[at], "\N{NO-BREAK SPACE}")
        at += length
    state.tokens = filled


_ITEM = ["list_item_open", "list_item_close"]
_EMPTY_LISTS = [
    [f"{kind}_list_open", *_ITEM, f"{kind}_list_close"] for kind in ("ordered", "bullet")
]


def _empty_at(tokens: Sequence[Token], at: int) -> tuple[int, str]:
    """How many parts an empty block there has, and how it was written; 0 where there is none."""
    if _kinds(tokens, at, 4) in _EMPTY_LISTS:
        return 4, f"{tokens[at + 1].info}{tokens[at + 1].markup}"
    if _kinds(tokens, at, 2) == ["blockquote_open", "blockquote_close"]:
        return 2, tokens[at].markup
    if tokens[at].type == "heading_open" and not tokens[at + 1].content:
        return 3, tokens[at].markup
    return 0, ""


def _kinds(tokens: Sequence[Token], at: int, count: int) -> list[str]:
    return [token.type for token in tokens[at : at + count]]


def _paragraph(place: Token, words: str) -> Iterator[Token]:
    """A paragraph in a block's place."""
    lines, level = place.map, place.level
    yield Token("paragraph_open", "p", 1, map=lines, level=level, block=True)
    inside = Token("inline", "", 0, map=lines, level=level + 1, block=True)
    inside.content, inside.children = words, []
    yield inside
    yield Token("paragraph_close", "p", -1, level=level, block=True)


def _make_harmless(state: StateCore) -> None:
    for token in state.tokens:
        token.content = sanitize(token.content)
        if token.children is not None:
            token.children = list(_harmless(token.children))


def _harmless(tokens: list[Token]) -> Iterator[Token]:
    """Inline parts in which an address is words. Entities may stand for anything: what they became
    is made harmless too."""
    words: list[str] = []
    address = ""
    for token in tokens:
        token.content = sanitize(token.content)
        if token.type == "link_open":
            address, words = str(token.attrs.get("href", "")), []
        elif token.type == "link_close":
            if address not in ("".join(words), f"mailto:{''.join(words)}"):
                yield _text(f" <{address}>")
        elif token.type == "image":
            yield _text(f"[image: {token.content}] <{token.attrs.get('src', '')}>")
        elif token.type == "softbreak":
            yield Token("hardbreak", "br", 0)
        else:
            words.append(token.content)
            yield token


def _text(words: str) -> Token:
    return Token("text", "", 0, content=sanitize(words))
