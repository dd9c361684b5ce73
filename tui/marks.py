"""What a person says of turns that are there: where to go on, what to hide, what they think."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sessions import Change
from tui.saver import Saver


class Marks:
    """Keeps marks in a session. What could not be saved is said by `Conversation.failures`."""

    def __init__(self, saver: Saver) -> None:
        self._saver = saver

    def go_to(self, turn_id: str) -> None:
        """Go on after another turn."""
        self._saver.mark(lambda log: log.set_head(turn_id))

    def delete(self, turn_id: str) -> None:
        """Hide a turn and all that follow it."""
        self._saver.mark(lambda log: log.delete(turn_id))

    def restore(self, turn_id: str) -> None:
        """Show a deleted turn and all that follow it again."""
        self._saver.mark(lambda log: log.restore(turn_id))

    def rate(self, turn_id: str, value: Literal[-1, 0, 1], note: str) -> None:
        """Keep what a person thinks of a turn."""
        self._saver.mark(lambda log: log.rate(turn_id, value, note))

    def review(self, turn_id: str, changes: Sequence[Change]) -> None:
        """Keep which changes of an answer a person took."""
        self._saver.mark(lambda log: log.review(turn_id, changes))

    def set_title(self, title: str, *, by_model: bool = False) -> None:
        """Give the session a title."""
        self._saver.mark(lambda log: log.set_title(title, by_model=by_model))

    def rename_branch(self, name: str, new_name: str, leaf: str) -> None:
        """Give a branch another name."""
        self._saver.mark(lambda log: log.rename_branch(name, new_name, leaf))
