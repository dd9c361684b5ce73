"""Joins the pieces of answers that come faster than a person could see them one by one."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from engine.types import Piece, Reasoning
from tui.app.messages import Grew

INTERVAL_S = 0.05
"""Between two messages: twenty a second look like a flow, and cost little to show."""


class Pieces:
    """Collects words and posts them together."""

    def __init__(
        self, post: Callable[[Grew], object], clock: Callable[[], float] = monotonic
    ) -> None:
        """Nothing is collected yet.

        Args:
            post: Takes the messages.
            clock: Seconds.
        """
        self._post = post
        self._clock = clock
        self._posted_at = 0.0
        self._waiting: dict[str, tuple[list[str], list[str]]] = {}

    def add(self, turn: str, event: Piece | Reasoning) -> None:
        """Take what came to an answer; it is posted with what comes soon after it."""
        texts, thoughts = self._waiting.setdefault(turn, ([], []))
        (texts if isinstance(event, Piece) else thoughts).append(event.text)
        if self._clock() - self._posted_at >= INTERVAL_S:
            self.flush()

    def flush(self) -> None:
        """Post what there is."""
        for turn, (texts, thoughts) in self._waiting.items():
            self._post(Grew(turn, "".join(texts), "".join(thoughts), len(texts) + len(thoughts)))
        self._waiting.clear()
        self._posted_at = self._clock()
