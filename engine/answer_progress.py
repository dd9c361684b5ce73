"""What has come of a request: where its worker dies, nobody else can say how its answers ended."""

from __future__ import annotations

from collections.abc import Iterator

from engine.types import Event, Finished, FinishReason, Piece, Prefill, Timings, Usage


class AnswerProgress:
    """What came of a request so far, for the case that the worker cannot say how it ended."""

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

    def follow(self, event: Event) -> bool:
        """Take note of an event; whether it was the last one."""
        self.heard = True
        if isinstance(event, Prefill):
            self._prompt_tokens = event.total
        if isinstance(event, Piece) and event.index in self._pieces:
            self._pieces[event.index] += 1
        if isinstance(event, Finished):
            self._pieces.pop(event.index, None)
        return not self._pieces

    def ended(self, reason: FinishReason, error: str | None = None) -> Iterator[Finished]:
        """The last events that never came."""
        for index, pieces in self._pieces.items():
            usage = Usage(self._prompt_tokens, pieces)
            yield Finished(reason, usage, Timings(0.0, 0.0), error, index)
