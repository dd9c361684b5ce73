"""One of several answers side by side: while it is written a text that grows, then paragraphs that
can be taken one by one."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.app.faults import Steadfast
from tui.app.overview import ShownTurn
from tui.app.widgets.prose import Prose
from tui.app.widgets.turn import note_of
from tui.paragraphs import paragraphs_of


class Paragraph(Steadfast, Horizontal):
    """A paragraph; its column at the left says whether the cursor is on it, and its place among
    those that are taken."""

    DEFAULT_CSS = """
    Paragraph {
        height: auto; width: 100%;
        & > Static { width: 3; color: $primary; text-style: bold; }
        & > Prose { width: 1fr; }
    }
    """

    def __init__(self, text: str) -> None:
        """Show a paragraph.

        Args:
            text: Markdown.
        """
        super().__init__()
        self._mark = Static("")
        self._text = text

    def compose(self) -> ComposeResult:
        """See `Widget`."""
        yield self._mark
        yield Prose(self._text)

    def mark(self, *, is_here: bool, place: int | None) -> None:
        """Show whether the cursor is on it, and its place among those that are taken."""
        self._mark.update(Content(f"{'▌' if is_here else ' '}{place or ''}"))


class Alternative(Steadfast, VerticalScroll, can_focus=False):
    """An answer as a column."""

    DEFAULT_CSS = """
    Alternative {
        width: 1fr; min-width: 26; height: 100%; padding: 0 1 0 0;
        scrollbar-size-vertical: 1;
        & > .heading { width: 100%; height: 1; color: $text-muted; margin: 0 0 1 0; }
        & > Prose { padding: 0 0 0 3; }
        &.here > .heading { color: $primary; text-style: bold; }
    }
    """

    def __init__(self, number: int, shown: ShownTurn) -> None:
        """Show an answer.

        Args:
            number: From 1.
            shown: The answer as far as it has come.
        """
        super().__init__()
        self.shown = shown
        self.paragraphs: list[Paragraph] = []
        """Once it is whole."""
        self._number = number
        self._heading = Static(classes="heading")
        self._prose = Prose(shown.turn.content)

    def compose(self) -> ComposeResult:
        """See `Widget`."""
        yield self._heading
        yield self._prose

    def on_mount(self) -> None:
        """See `Widget`."""
        self._head(is_here=False)

    async def grow(self, text: str) -> None:
        """Show more words, at the end unless the person has scrolled away from it."""
        is_at_end = self.scroll_y >= self.max_scroll_y
        await self._prose.grow(text)
        if is_at_end:
            self.call_after_refresh(self.scroll_end, animate=False)

    async def finish(self, shown: ShownTurn) -> None:
        """Show the paragraphs of the whole answer."""
        self.shown = shown
        self.paragraphs = [Paragraph(text) for text in paragraphs_of(shown.turn.content)]
        with self.app.batch_update():
            await self._prose.remove()
            await self.mount(*self.paragraphs)
        self.scroll_home(animate=False)

    def point(self, here: int | None, taken: Sequence[int]) -> None:
        """Show where the cursor is.

        Args:
            here: The paragraph that it is on, from 0; None if it is in another answer.
            taken: For each paragraph its place among those that are taken, or 0.
        """
        self.set_class(here is not None, "here")
        self._head(is_here=here is not None)
        for number, paragraph in enumerate(self.paragraphs):
            paragraph.mark(is_here=number == here, place=taken[number] or None)
        if here is not None and here < len(self.paragraphs):
            self.paragraphs[here].scroll_visible(animate=False)

    def _head(self, *, is_here: bool) -> None:
        end = "…" if self.shown.is_live else note_of(self.shown)
        self._heading.update(Content(f"{'▸' if is_here else ' '} {self._number}  {end}"))
