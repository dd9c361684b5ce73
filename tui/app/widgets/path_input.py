"""A line for the path of a file, with what it may become above it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from tui.app.faults import Steadfast
from tui.app.widgets.completions import Completions
from tui.commands.completing import path_names
from tui.sanitize import sanitize_line


class PathInput(Steadfast, Input):
    """Tab takes what is pointed at, or goes on to the next field where there is nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "accept", "take", show=False, id="path.accept"),
        Binding("down", "point(1)", "next name", show=False, id="path.next"),
        Binding("up", "point(-1)", "previous name", show=False, id="path.previous"),
    ]

    def __init__(self, completions: Completions, placeholder: str) -> None:
        """Nothing is typed yet.

        Args:
            completions: Shows what the path may become.
            placeholder: What is said where nothing is typed.
        """
        super().__init__(placeholder=placeholder)
        self._completions = completions
        self._taken = ""
        """The path that was put here last, with all characters that are shown as marks."""

    @property
    def path(self) -> str:
        """What is named."""
        named = self.value
        for character in sorted(set(self._taken)):
            mark = sanitize_line(character)
            if mark != character and mark not in self._taken:
                named = named.replace(mark, character)
        return named.strip()

    def put(self, path: str) -> None:
        """Name a path."""
        self._taken = path
        self.value = sanitize_line(path)

    @on(Input.Changed)
    def offer(self) -> None:
        """Show what the path may become."""
        path = self.path
        found = list(path_names(path)) if path and self.has_focus else []
        is_whole = len(found) == 1 and found[0][0] == path
        self._completions.offer([] if is_whole else found)

    def on_blur(self) -> None:
        """Nothing is offered to who is elsewhere."""
        self._completions.offer(())

    def action_accept(self) -> None:
        """Take what is pointed at; else go on."""
        if self._completions.is_shown and self._completions.chosen is not None:
            self.put(self._completions.chosen)
            self.action_end()
        else:
            self.screen.focus_next()

    def action_point(self, by: int) -> None:
        """Point at another name."""
        self._completions.move(by)
