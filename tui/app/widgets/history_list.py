"""What was written to drafts, the newest first: a list to undo and redo in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.app.widgets.choices import Choices
from tui.app.written import Write
from tui.sanitize import sanitize_line

Wish: TypeAlias = Literal["undo", "redo", "changes", "open"]


class HistoryList(Choices):
    """Each write in a line; the keys act on the file that is pointed at."""

    DEFAULT_CSS = """
    HistoryList {
        height: 1fr; padding: 0 2; background: $background;
        &:focus { background: $background; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "want('undo')", "undo", id="drafts.undo"),
        Binding("U", "want('redo')", "redo", id="drafts.redo"),
        Binding("o", "want('open')", "open", id="drafts.open"),
    ]

    @dataclass
    class Wanted(Message):
        """Something is to be done with a write, or with its file."""

        wish: Wish
        write: Write

    def __init__(self) -> None:
        super().__init__()
        self._writes: tuple[Write, ...] = ()

    def show(self, writes: Sequence[Write]) -> None:
        """Show these; the person stays where they are."""
        at = self.highlighted or 0
        self._writes = tuple(writes)
        self.clear_options()
        self.add_options(Option(Content(sanitize_line(each.line))) for each in writes)
        if writes:
            self.highlighted = min(at, len(writes) - 1)

    @on(OptionList.OptionSelected)
    def show_changes(self) -> None:
        """Enter shows what a write changed."""
        self.action_want("changes")

    def action_want(self, wish: Wish) -> None:
        """Have something done with what is pointed at."""
        if self.highlighted is not None and self._writes:
            self.post_message(self.Wanted(wish, self._writes[self.highlighted]))
