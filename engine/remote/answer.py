"""One answer of a server as it grows: reasoning apart, ended at stop strings, counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from time import monotonic

from engine.detokenize import StopStrings
from engine.formatting.reasoning import THINK, ReasoningSplitter
from engine.remote.chunks import Delta, Tokens
from engine.remote.schema import fits
from engine.types import (
    Event,
    Finished,
    FinishReason,
    Piece,
    Reasoning,
    Request,
    Scored,
    Timings,
    TokenScore,
    Usage,
)

_REASONS: Mapping[str, FinishReason] = {"stop": "end", "length": "length"}


class Answer:
    """Makes events of what a server adds to one of the alternatives."""

    def __init__(self, request: Request, index: int, prompt_tokens: int) -> None:
        """Nothing has come yet.

        Args:
            request: Has the stop strings.
            index: Of the alternative; its events carry it.
            prompt_tokens: An estimate, for the case that the server does not count.
        """
        self.index = index
        self.has_begun = False
        """Whether anything of it was shown."""
        self.is_over = False
        """Whether its last event was made."""
        self.was_scored = False
        self.reason: FinishReason | None = None
        self._error: str | None = None
        self._splitter = ReasoningSplitter(THINK, is_open=False, has_begun=bool(request.prefill))
        self._stops = StopStrings(request.stop)
        self._prompt_tokens = prompt_tokens
        self._others = request.top_logprobs or 0
        self._most = request.max_tokens
        self._schema = request.schema
        self._said = [request.prefill]
        self._tokens = 0
        self._asked_at = monotonic()
        self._first_at = self._last_at = 0.0

    def ask(self) -> None:
        """The server is asked for it now."""
        self._asked_at = monotonic()

    def take(self, delta: Delta) -> Iterator[Event]:
        """The events of what was added. After its end there are none."""
        if self.reason is not None:
            return
        if delta.text or delta.reasoning:
            self._tokens += max(1, len(delta.scores))
            self._last_at = monotonic()
            self._first_at = self._first_at or self._last_at
        if delta.reasoning:
            yield from self._reasoning(delta.reasoning)
        if delta.text:
            yield from self._part(*self._splitter.feed(delta.text))
            if delta.scores and self.reason is None and not self._splitter.is_reasoning:
                self.was_scored = True
                yield Scored(self._with_fewer_others(delta.scores), self.index)
        if delta.reason is not None and self.reason is None:
            yield from self.flush()
            self._end(delta.reason)

    def flush(self) -> Iterator[Event]:
        """What was held back, now that nothing more comes."""
        yield from self._part(*self._splitter.flush())
        if self.reason is None:
            yield from self._piece(self._stops.flush())

    def finished(self, tokens: Tokens | None) -> Finished:
        """The last event.

        Args:
            tokens: What the server counted, if it did.
        """
        assert self.reason is not None, "it has ended"
        self.is_over = True
        self._hold_against_schema()
        guessed = self._prompt_tokens + self._tokens
        usage = Usage(self._prompt_tokens, self._tokens, estimated_tokens=guessed)
        if tokens is not None:
            completion = tokens.completion or self._tokens
            guessed = 0 if tokens.completion else self._tokens
            usage = Usage(tokens.prompt, completion, tokens.cached, estimated_tokens=guessed)
        first = self._first_at or monotonic()
        timings = Timings(first - self._asked_at, max(0.0, self._last_at - first))
        return Finished(self.reason, usage, timings, self._error, self.index)

    def break_off(self, reason: FinishReason, error: str | None = None) -> Iterator[Event]:
        """What was held back, where the server did not say that it ends."""
        yield from self.flush()
        if self.reason is None:
            self.reason, self._error = reason, error

    def conclude(self) -> Iterator[Event]:
        """What was held back, where the server has ended it and did not say why."""
        yield from self.flush()
        is_full = self._most is not None and self._tokens >= self._most
        self.reason = self.reason or ("length" if is_full else "end")

    def _hold_against_schema(self) -> None:
        if self._schema is None or self.reason != "end":
            return
        if not fits(self._schema, "".join(self._said)):
            self.reason = "error"
            self._error = (
                "the server does not keep to the schema that it was sent: ask again, or a model on "
                "this machine"
            )

    def _end(self, theirs: str) -> None:
        self.reason = _REASONS.get(theirs, "error")
        if self.reason == "error":
            self._error = (
                f"the server ended the answer ({theirs}): reword the question, or ask again"
            )

    def _part(self, reasoning: str, text: str) -> Iterator[Event]:
        if reasoning:
            yield from self._reasoning(reasoning)
        if text and self.reason is None:
            shown, was_stopped = self._stops.feed(text)
            yield from self._piece(shown)
            if was_stopped:
                self.reason = "stop"

    def _with_fewer_others(self, scores: tuple[TokenScore, ...]) -> tuple[TokenScore, ...]:
        return tuple(replace(one, others=one.others[: self._others]) for one in scores)

    def _reasoning(self, text: str) -> Iterator[Event]:
        self.has_begun = True
        yield Reasoning(text, self.index)

    def _piece(self, text: str) -> Iterator[Event]:
        if text:
            self.has_begun = True
            self._said.append(text)
            yield Piece(text, self.index)
