"""Blocks of Markdown as lines for a terminal of some width: nothing is clipped, nothing is padded.

Code stands by itself, without a frame, and its lines are not broken, so that it can be copied. A
table that is too wide for its columns becomes a line for each cell. What a link leads to is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich import box
from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.segment import Segments
from rich.style import Style
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from tui.repl.markdown import Block
from tui.sanitize import sanitize, sanitize_line

_NARROWEST = 6
"""Cells that a table's column has at least, or its rows are written as lists; and what is deep in a
list has, if there is room for them."""

_GAP = 2
"""Cells between the columns of a table."""

_RULE = "─" * 12

_STYLES: Mapping[str, Style] = {
    "em": Style(italic=True),
    "strong": Style(bold=True),
    "s": Style(strike=True),
    "code": Style(color="cyan"),
    "link": Style(underline=True),
    "quiet": Style(dim=True),
}

_INLINE = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")

_BLANKS = re.compile(r"\s+")
_MOST_PLACES = 30
"""Where a paragraph may be parted, as far back as it is worth looking."""

_UNCLOSED = re.compile(r"[*_`\[~<]")


class Typesetter:
    """Sets blocks in lines of a certain width."""

    def __init__(self, console: Console, width: int) -> None:
        """Set nothing yet.

        Args:
            console: Knows the colours; nothing is printed on it.
            width: Cells of the terminal.
        """
        self._console = console
        self._width = max(1, width)

    def lines(self, block: Block, start: int = 0, end: int | None = None) -> list[Text]:
        """The lines of a block, or of a part of it.

        Args:
            block: What to set.
            start: Where the part begins; see `break_at`.
            end: Where it ends.
        """
        lines = list(self._lines(block, slice(start, end)))
        prefixes = [block.rest if start else block.first, *[block.rest] * len(lines)]
        blank = [Text()] if block.is_apart and (not start or block.kind == "table") else []
        return blank + [
            self._tabbed(_stripped(Text.assemble((self._cut(prefix), _STYLES["quiet"]), line)))
            for prefix, line in zip(prefixes, lines, strict=False)
        ]

    def break_at(self, block: Block, start: int) -> int:
        """Up to where a block can be set for good though more of it is still to come.

        Counted in lines of code, in rows below the header of a table, in characters of what else
        there is. It is `start` where nothing can.
        """
        if block.kind == "code":
            return max(start, block.text.count("\n"))
        if block.kind == "table":
            return max(start, len(block.rows) - 2)
        return _break_of_words(block.text, start, len(block.text) - self._width)

    def rows(self, line: Text) -> int:
        """How many rows of the terminal a line takes."""
        return max(1, len(chop_cells(line.plain.expandtabs(8), self._width)))

    def ansi(self, line: Text) -> str:
        """A line with the sequences that colour it, without a newline."""
        with self._console.capture() as capture:
            self._console.print(Segments(line.render(self._console)), end="", soft_wrap=True)
        return capture.get()

    def _lines(self, block: Block, part: slice) -> Iterator[Text]:
        width = max(1, self._width - cell_len(self._cut(block.rest)))
        if block.kind == "code":
            yield from _code(block)[part]
        elif block.kind == "table":
            yield from self._table(block, part, width)
        elif block.kind == "rule":
            yield Text(_RULE[:width], _STYLES["quiet"])
        else:
            text = inline(block.text[part].strip())
            if block.kind == "heading":
                text.stylize(Style(bold=True, underline=block.level == 1))
            yield from self._wrapped(text, width)

    def _wrapped(self, text: Text, width: int) -> Iterator[Text]:
        for line in text.split("\n", allow_blank=True):
            yield from line.wrap(self._console, width, overflow="fold") or [Text()]

    def _tabbed(self, line: Text) -> Text:
        """A line with its tabs, unless they reach the end of a row, where terminals stop them."""
        if "\t" in line.plain and cell_len(line.plain.expandtabs(8)) >= self._width:
            line.expand_tabs(8)
        return line

    def _cut(self, prefix: str) -> str:
        """What is in front of a line, of which a narrow terminal shows the end."""
        most = max(self._width // 2, self._width - _NARROWEST)
        return prefix[max(0, len(prefix) - most) :]

    def _table(self, block: Block, part: slice, width: int) -> Iterator[Text]:
        header, *rows = [[inline(cell, " ") for cell in row] for row in block.rows]
        rows = rows[part]
        columns = len(header)
        natural = [max(row[place].cell_len for row in (header, *rows)) for place in range(columns)]
        room = width - _GAP * (columns - 1)
        if sum(natural) > room and room < _NARROWEST * columns:
            yield from self._records(header, rows, width)
            return
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        for cell, align in zip(header, block.aligns, strict=True):
            table.add_column(cell, justify=align, overflow="fold")
        for row in rows:
            table.add_row(*row)
        options = self._console.options.update(width=width)
        for segments in self._console.render_lines(table, options, pad=False):
            yield _stripped(Text.assemble(*((each.text, each.style or "") for each in segments)))

    def _records(
        self, header: Sequence[Text], rows: Sequence[Sequence[Text]], width: int
    ) -> Iterator[Text]:
        """A table's rows one below the other, each cell behind the name of its column."""
        if not rows:
            yield from self._wrapped(Text(" · ").join(header), width)
        for number, row in enumerate(rows):
            if number:
                yield Text()
            for name, cell in zip(header, row, strict=True):
                named = Text.assemble((name.plain, _STYLES["strong"]), ": ", cell)
                yield from self._wrapped(named, width)


def page_console(stream: TextIO, environment: Mapping[str, str]) -> Console:
    """A console with the colours of a terminal; what it makes is captured, never printed."""
    return Console(
        file=stream,
        force_terminal=True,
        highlight=False,
        legacy_windows=False,
        no_color="NO_COLOR" in environment,
        _environ=environment,
    )


def inline(markdown: str, line_break: str = "\n") -> Text:
    """The words of a paragraph, styled; a line that was broken stays so, for verse.

    Args:
        markdown: Without blocks.
        line_break: What stands for the end of a line.
    """
    page = _Inline(line_break)
    for token in _INLINE.parseInline(markdown)[0].children or []:
        page.take(token)
    return page.text


@dataclass(slots=True)
class _Inline:
    """Words that inline tokens add to."""

    line_break: str
    text: Text = field(default_factory=Text)
    _styles: list[Style] = field(default_factory=list)
    _links: list[tuple[str, int]] = field(default_factory=list)

    def take(self, token: Token) -> None:
        """Add what a token is."""
        if token.type in ("softbreak", "hardbreak"):
            self.text.append(self.line_break)
        elif token.type == "code_inline":
            self._append(token.content, _STYLES["code"])
        elif token.type == "image":
            self._append(token.content or "image")
            self._append_target(str(token.attrGet("src") or ""), token.content)
        elif token.type == "link_open":
            self._links.append((str(token.attrGet("href") or ""), len(self.text)))
            self._styles.append(_STYLES["link"])
        elif token.type == "link_close":
            self._styles.pop()
            target, start = self._links.pop()
            self._append_target(target, self.text.plain[start:])
        elif token.nesting == 1:
            self._styles.append(_STYLES[token.type.removesuffix("_open")])
        elif token.nesting == -1:
            self._styles.pop()
        else:
            self._append(token.content)

    def _append(self, words: str, *styles: Style) -> None:
        self.text.append(sanitize_line(words), Style.combine([Style(), *self._styles, *styles]))

    def _append_target(self, target: str, shown: str) -> None:
        if target and shown not in (target, target.removeprefix("mailto:")):
            self._append(f" ({target})", _STYLES["quiet"])


def _code(block: Block) -> list[Text]:
    """Lines of code, coloured where the language is known."""
    code = sanitize(block.text)
    plain = [Text(line) for line in code.split("\n")]
    if not block.language:
        return plain
    syntax = Syntax("", block.language, theme="ansi_dark", background_color="default", tab_size=0)
    coloured = list(syntax.highlight(code).split("\n", allow_blank=True))[: len(plain)]
    same = [line.plain for line in coloured] == [line.plain for line in plain]
    return coloured if same else plain


def _break_of_words(markdown: str, start: int, end: int) -> int:
    """The last blank before `end` at which a paragraph can be parted: where nothing is open, if
    there is such a place. A word without end is parted anywhere."""
    blanks = [each.end() for each in _BLANKS.finditer(markdown, start, max(start, end))]
    for place in reversed(blanks[-_MOST_PLACES:]):
        if not _UNCLOSED.search(inline(markdown[start:place]).plain):
            return place
    return blanks[-1] if blanks else max(start, end)


def _stripped(line: Text) -> Text:
    line.rstrip()
    return line
