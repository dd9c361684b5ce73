"""The texts that go along with the next question, each as a chip that can be taken off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.containers import Horizontal
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from tui.app.faults import Steadfast
from tui.sanitize import sanitize_line


class Chip(Steadfast, Static):
    """One text's name."""

    DEFAULT_CSS = """
    Chip { width: auto; padding: 0 1; margin: 0 1 0 0; background: $surface; color: $foreground; }
    Chip:hover { background: $panel; }
    """

    @dataclass
    class Removed(Message):
        """It is not to go along."""

        place: int

    def __init__(self, place: int, name: str) -> None:
        super().__init__(Content(f"@ {sanitize_line(name)}  ×"))
        self._place = place

    def on_click(self, _event: Click) -> None:
        """Take it off."""
        self.post_message(self.Removed(self._place))


class Chips(Steadfast, Horizontal):
    """All of them, in a line above the composer."""

    DEFAULT_CSS = """
    Chips { display: none; height: 1; padding: 0 2; }
    Chips.shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[str, ...] = ()

    async def show(self, names: Sequence[str]) -> None:
        """Show these."""
        if tuple(names) == self._names:
            return
        self._names = tuple(names)
        await self.remove_children()
        await self.mount_all(Chip(place, name) for place, name in enumerate(names))
        self.set_class(bool(names), "shown")
