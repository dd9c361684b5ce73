"""A line for the path of a file, with what it may become above it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from tui.app.faults import Steadfast
from tui.app.widgets.completions import Completions
from tui.commands.completing import path_names


class PathInput(Steadfast, Input):
    """Tab takes what is pointed at, or goes on to the next field where there is nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "accept", "take", show=False, id="path.accept"),
        Binding("down", "point(1)", "next name", show=False, id="path.next"),
        Binding("up", "point(-1)", "name before", show=False, id="path.previous"),
    ]

    def __init__(self, completions: Completions, placeholder: str) -> None:
        """Nothing is typed yet.

        Args:
            completions: Shows what the path may become.
            placeholder: What is said where nothing is typed.
        """
        super().__init__(placeholder=placeholder)
        self._completions = completions

    @on(Input.Changed)
    def offer(self) -> None:
        """Show what the path may become."""
        found = list(path_names(self.value)) if self.value and self.has_focus else []
        is_whole = len(found) == 1 and found[0][0] == self.value
        self._completions.offer([] if is_whole else found)

    def on_blur(self) -> None:
        """Nothing is offered to who is elsewhere."""
        self._completions.offer(())

    def action_accept(self) -> None:
        """Take what is pointed at; else go on."""
        if self._completions.is_shown and self._completions.chosen is not None:
            self.value = self._completions.chosen
            self.action_end()
        else:
            self.screen.focus_next()

    def action_point(self, by: int) -> None:
        """Point at another name."""
        self._completions.move(by)
