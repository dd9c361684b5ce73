"""A list to choose from, with the movements of vi and emacs."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import OptionList


class ChoiceList(OptionList):
    """One line for each choice; what is too long ends in an ellipsis."""

    DEFAULT_CSS = """
    ChoiceList {
        border: none; padding: 0; background: $surface; scrollbar-size-vertical: 1;
        text-wrap: nowrap; text-overflow: ellipsis;
        &:focus { border: none; background: $surface; background-tint: transparent; }
        & > .option-list--option-disabled { color: $text-muted; }
        &:nocolor > .option-list--option-highlighted { text-style: bold underline; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down,ctrl+n", "cursor_down", "next", show=False, id="list.next"),
        Binding("k,up,ctrl+p", "cursor_up", "previous", show=False, id="list.previous"),
        Binding("g,home,alt+less_than_sign", "first", "first", show=False, id="list.first"),
        Binding("G,end,alt+greater_than_sign", "last", "last", show=False, id="list.last"),
        Binding("ctrl+d,ctrl+v,pagedown", "page_down", "down", show=False, id="list.down"),
        Binding("ctrl+u,alt+v,pageup", "page_up", "up", show=False, id="list.up"),
    ]

    def action_page_up(self) -> None:
        """Go up by a page; to the first choice where a heading is above it."""
        go_up: Callable[[], None] = super().action_page_up
        if self._has_pages:
            go_up()
        if self.highlighted is None:
            self.action_first()

    def action_page_down(self) -> None:
        """Go down by a page; to the last choice where nothing else is."""
        go_down: Callable[[], None] = super().action_page_down
        if self._has_pages:
            go_down()
        if self.highlighted is None:
            self.action_last()

    @property
    def _has_pages(self) -> bool:
        """Whether the choices have been laid out: Textual fails to find a page before that."""
        return bool(self.scrollable_content_region)
