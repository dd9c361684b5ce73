"""The words that the model was unsure of, underlined in the transcript on request."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.containers import VerticalScroll

from tui.app.faults import Steadfast
from tui.app.underlining import Unsure
from tui.app.widgets.turn import TurnView
from tui.sanitize import sanitize_line


class Underlines(Steadfast, VerticalScroll):
    """What the transcript is made from, which has the turns."""

    def __init__(self) -> None:
        super().__init__()
        self._unsure: dict[str, Sequence[tuple[str, bool]]] = {}
        """Of answers with underlined words: all their words, each with whether it is one."""

    @property
    def views(self) -> Sequence[TurnView]:
        """The turns that are there."""
        raise NotImplementedError

    @on(Unsure)
    def show_unsure(self, message: Unsure) -> None:
        """Underline what was found."""
        if message.reason:
            self.notify(sanitize_line(message.reason), severity="warning", markup=False)
        elif not any(is_unsure for _, is_unsure in message.words):
            self.notify("the model was sure of all its words")
        else:
            self._unsure[message.turn] = message.words
            self._underline(message.turn)

    def take_lines_away(self, turn: str) -> bool:
        """Underline nothing in a turn; whether something was."""
        had_some = self._unsure.pop(turn, None) is not None
        self._underline(turn)
        return had_some

    def _underline(self, turn: str) -> None:
        for view in self.views:
            if view.shown.turn.id == turn:
                view.underline(self._unsure.get(turn, ()))
