"""A page to read: a heading, and a text that scrolls below it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from tui.app.faults import Steadfast


class ReadScreen(Steadfast, Screen[None]):
    """Stays until a key closes it."""

    CSS = """
    ReadScreen { background: $background; }
    ReadScreen > #heading { height: auto; padding: 1 2; color: $text-muted; }
    ReadScreen > VerticalScroll { height: 1fr; padding: 0 2; scrollbar-size-vertical: 1; }
    ReadScreen > VerticalScroll > Static { max-width: 100; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss(None)", "close", id="read.close"),
    ]

    def __init__(self, heading: str, content: Content) -> None:
        """Show a text.

        Args:
            heading: What it is, in words of the program.
            content: Already made harmless.
        """
        super().__init__()
        self._heading = heading
        self._content = content

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        yield Static(Content(self._heading), id="heading")
        with VerticalScroll():
            yield Static(self._content)
