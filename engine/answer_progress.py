"""What came of a request so far: when its worker dies, nobody else can say how answers ended."""

from __future__ import annotations

from collections.abc import Iterator

from engine.types import Event, Finished, FinishReason, Piece, Prefill, Timings, Usage


class AnswerProgress:
    """Counts the answers that have not ended, and their pieces."""

    def __init__(self, alternatives: int) -> None:
        """Nothing came yet.

        Args:
            alternatives: How many answers there will be.
        """
        self.heard = False
        """Whether the worker said anything."""
        self._prompt_tokens = 0
        self._pieces = dict.fromkeys(range(alternatives), 0)
        """Of the alternatives that have not ended."""

    @property
    def is_complete(self) -> bool:
        """Whether the last event came."""
        return not self._pieces

    def follow(self, event: Event) -> None:
        """Take note of an event."""
        self.heard = True
        if isinstance(event, Prefill):
            self._prompt_tokens = event.total
        if isinstance(event, Piece) and event.index in self._pieces:
            self._pieces[event.index] += 1
        if isinstance(event, Finished):
            self._pieces.pop(event.index, None)

    def ended(self, reason: FinishReason, error: str | None = None) -> Iterator[Finished]:
        """The last events that never came."""
        for index, pieces in self._pieces.items():
            usage = Usage(self._prompt_tokens, pieces)
            yield Finished(reason, usage, Timings(0.0, 0.0), error, index)
