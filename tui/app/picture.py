"""A picture of the conversation as the app shows it, for people who do not have the app: as SVG or
HTML, in the colours in use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markdown import Heading, Markdown, MarkdownElement
from rich.padding import Padding
from rich.terminal_theme import TerminalTheme
from rich.text import Text
from rich.theme import Theme

from sessions import Turn
from sessions.export import FORMATS
from tui.app.messages import Activity, Busy
from tui.app.talk import AppTalk
from tui.app.thread import Errand
from tui.app.widgets.prose import parser
from tui.app.widgets.turn import words_of
from tui.errors import UsageProblem
from tui.export_findings import findings_told
from tui.private_file import write_private
from tui.sanitize import sanitize, sanitize_line

SUFFIXES = (".svg", ".html")

_WIDTH = 88
"""Columns: lines that are still easy to read."""

# Rich would have a reader's browser get a font from somebody's server.
_SVG_FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)

_NOT_IN_XML = {0xFFFE: "\N{REPLACEMENT CHARACTER}", 0xFFFF: "\N{REPLACEMENT CHARACTER}"}
"""What `sanitize` leaves, and no reader of XML takes."""


@dataclass(frozen=True, slots=True)
class Colours:
    """Those that the app has when the picture is taken."""

    terminal: TerminalTheme
    accent: str
    muted: str
    code: str
    """The style that code is highlighted in."""


def refuse_suffix(path: Path) -> None:
    """Stop before a file that no picture can be in.

    Raises:
        UsageProblem: If its name ends in another format's.
    """
    if path.suffix not in SUFFIXES:
        raise UsageProblem(f"{path} ends in neither .svg nor .html: a picture is one or the other")


def save_picture(path: Path, colours: Colours, *, force: bool) -> Errand:
    """Write a picture of the branch in use, for the person alone.

    Args:
        path: The name, which says whether it becomes SVG or HTML.
        colours: How it looks.
        force: Whether it may take the place of another file.
    """

    def errand(talk: AppTalk) -> None:
        refuse_suffix(path)
        session = talk.conversation.log.session
        if not session.path():
            raise UsageProblem("there is nothing to show in a picture yet")
        talk.post(Busy(Activity("working")))
        picture = picture_of(session.display_title, session.path(), path.suffix, colours)
        write_private(path, picture.encode(), force=force)
        # It shows what a transcript holds.
        for line in findings_told(session, None, FORMATS["markdown"]):
            talk.say(line)
        talk.say(f"{path} is written")

    return errand


def picture_of(title: str, turns: Sequence[Turn], suffix: str, colours: Colours) -> str:
    """The picture as a text, in which nothing acts.

    Args:
        title: The session's.
        turns: What was said.
        suffix: One of `SUFFIXES`.
        colours: How it looks.
    """
    console = _recorder(colours)
    for turn in turns:
        for part in _parts(turn, colours):
            console.print(part)
    if suffix == ".html":
        return console.export_html(theme=colours.terminal, inline_styles=True)
    svg = console.export_svg(
        title=sanitize_line(title), theme=colours.terminal, code_format=_SVG_FORMAT
    )
    return svg.translate(_NOT_IN_XML)


def _recorder(colours: Colours) -> Console:
    """A console that keeps what is printed, and looks at neither terminal nor environment."""
    styles = {
        "markdown.h1": f"bold {colours.accent}",
        "markdown.h2": f"bold {colours.accent}",
        "markdown.h3": "bold",
        "markdown.code": colours.accent,
        "markdown.block_quote": colours.muted,
        "markdown.item.bullet": colours.accent,
        "markdown.item.number": colours.accent,
    }
    return Console(
        file=StringIO(),
        record=True,
        width=_WIDTH,
        force_terminal=True,
        color_system="truecolor",
        theme=Theme(styles),
        highlight=False,
        _environ={},
    )


def _parts(turn: Turn, colours: Colours) -> Iterator[RenderableType]:
    if turn.role == "assistant":
        yield Padding(_Answer(sanitize(turn.content), colours.code), (0, 1, 1, 3))
        return
    words = Text(words_of(turn, is_unfolded=False).plain)
    if turn.role == "user":
        words = Text("› ") + words
        words.stylize(f"bold {colours.accent}", 0, 1)
    else:
        words.stylize(f"italic {colours.muted}")
    yield Padding(words, (0, 1, 1, 1 if turn.role == "user" else 3))


class _LeftHeading(Heading):
    """Where the text begins, without a frame."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = "left"
        yield self.text


class _Answer(Markdown):
    """Reads Markdown as the transcript does."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _LeftHeading,
    }

    def __init__(self, text: str, code_style: str) -> None:
        super().__init__("", code_theme=code_style, hyperlinks=False)
        self.parsed: list[Any] = parser().parse(text)
