"""Has an engine summarise a conversation that may be longer than its context."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from engine.protocol import Engine
from engine.sampling_params import Sampling
from engine.types import Event, Finished, Loading, Message, Piece, Prefill, Request
from tui.errors import CompactionFailed

_INSTRUCTION = (
    "Summarise the conversation above in a few short sentences. Begin with what the person wants "
    "and what they decided, then say what the assistant wrote. Keep names, numbers and dates. "
    "Write only the summary."
)

SAMPLING = Sampling(temperature=0.2, repeat_penalty=1.1, seed=1)
"""Close to what the model thinks likeliest, but small models should not run in circles."""

_SHORTEST_SUMMARY, _LONGEST_SUMMARY = 16, 512
"""Tokens that a summary may have, at least and at most."""

_SHARE = 8
"""A summary gets this part of the context, if that is less."""


@dataclass(frozen=True, slots=True)
class Summarising:
    """A summary is being written, perhaps in several parts."""

    pieces: int
    """How many there are of it so far; about as many as tokens."""


class Summariser:
    """Has an engine summarise what may be longer than its context, piece by piece."""

    def __init__(self, engine: Engine, is_cancelled: Callable[[], bool]) -> None:
        """Measure the room there is.

        Args:
            engine: Writes the summaries.
            is_cancelled: Whether a person wants no more of it.

        Raises:
            CompactionFailed: If the context is too small for any summary.
            EngineError: If the engine cannot be used.
        """
        self._engine = engine
        self._is_cancelled = is_cancelled
        n_ctx = engine.describe().n_ctx
        self._longest = min(_LONGEST_SUMMARY, n_ctx // _SHARE)
        self._frame = engine.count([Message("user", "")])
        self._room = n_ctx - 1 - self._longest - engine.count(_messages([]))
        self._written = 0
        if self._longest < _SHORTEST_SUMMARY or self._room < 3 * self._longest:
            raise CompactionFailed(f"a context of {n_ctx:,} tokens has no room for a summary")

    def summarise(
        self, texts: Sequence[tuple[str, str]]
    ) -> Generator[Event | Summarising, None, str]:
        """The summary of what speakers said, which comes as the generator's value.

        What does not fit at once is summarised in pieces. Their summaries follow each other as
        long as they are short, and are summarised again when they are not.

        Raises:
            CompactionFailed: If it was cancelled, or the engine did not do it.
            EngineError: If a summary could not be begun.
        """
        passages = [
            f"{speaker}: {piece}" for speaker, text in texts for piece in self._fitting(text)
        ]
        cost = math.inf
        while True:
            summaries = []
            for group in self._grouped(passages):
                summaries.append((yield from self._summary(group)))
            joined = "\n".join(summaries)
            before, cost = cost, self._cost(joined)
            if len(summaries) == 1 or cost <= 2 * self._longest or cost >= before:
                return joined
            passages = summaries

    def _cost(self, text: str) -> int:
        """Tokens of a text without the template around it."""
        return self._engine.count([Message("user", text)]) - self._frame

    def _fitting(self, text: str) -> list[str]:
        """A text in halves, quarters and so on, each of which fits with its speaker."""
        if len(text) < 2 or self._cost(text) + 4 <= self._room:
            return [text]
        middle = _break_near(text, len(text) // 2)
        return [*self._fitting(text[:middle]), *self._fitting(text[middle:])]

    def _grouped(self, passages: Sequence[str]) -> list[list[str]]:
        """Passages that fit together, in order."""
        groups: list[list[str]] = []
        left = 0
        for passage in passages:
            cost = self._cost(passage) + 1  # for the empty line between two
            if not groups or cost > left:
                groups.append([])
                left = self._room
            groups[-1].append(passage)
            left -= cost
        return groups

    def _summary(self, passages: Sequence[str]) -> Generator[Event | Summarising, None, str]:
        request = Request(
            tuple(_messages(passages)), SAMPLING, max_tokens=self._longest, think=False
        )
        text = ""
        finished: Finished | None = None
        with closing(self._engine.stream(request)) as events:
            if self._is_cancelled():
                self._engine.cancel()
            for event in events:
                if isinstance(event, Piece):
                    text += event.text
                    self._written += 1
                    yield Summarising(self._written)
                elif isinstance(event, Loading | Prefill):
                    yield event
                elif isinstance(event, Finished):
                    finished = event
        assert finished is not None, "every stream ends in Finished"
        return _checked(text, finished)


def _messages(passages: Sequence[str]) -> list[Message]:
    """What a model is asked: the instruction after the text, where small ones heed it best."""
    return [Message("user", "\n\n".join([*passages, "---", _INSTRUCTION]))]


def _checked(text: str, finished: Finished) -> str:
    """The text of a summary that came out well."""
    if finished.reason == "cancelled":
        raise CompactionFailed("stopped; the session is unchanged")
    if finished.reason == "error":
        raise CompactionFailed(f"{finished.error}; the session is unchanged")
    if not text.strip():
        raise CompactionFailed("the model wrote no summary; the session is unchanged")
    return f"{text.strip()} …" if finished.reason == "length" else text.strip()


def _break_near(text: str, middle: int) -> int:
    """Where to cut a text in two: after the space nearest before the middle, if there is one."""
    space = max(text.rfind(" ", 0, middle), text.rfind("\n", 0, middle))
    return space + 1 or middle
