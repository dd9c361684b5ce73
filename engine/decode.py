"""The loop that makes an answer: prefill, then one token after another until a reason to stop."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from time import perf_counter

from engine.context import Cancelled, Context
from engine.detokenize import StopStrings, Utf8Stream
from engine.errors import CannotFit
from engine.reasoning import THINK, ReasoningSplitter
from engine.sampling import Sampler
from engine.types import (
    Event,
    Finished,
    FinishReason,
    Piece,
    Prefill,
    Reasoning,
    Request,
    Timings,
    Usage,
)
from engine.weights import Weights


class Answer:
    """One answer in the making. `events` runs it; the rest is what it has to account for."""

    def __init__(
        self,
        weights: Weights,
        context: Context,
        request: Request,
        prompt: Sequence[int],
        started: float,
    ) -> None:
        """Hold what is needed; nothing is evaluated yet.

        Args:
            weights: Whose vocabulary the tokens are of.
            context: The KV cache to work in.
            request: What was asked for.
            prompt: The request's messages as token ids.
            started: When the request came, by `perf_counter`.
        """
        self._weights = weights
        self._context = context
        self._request = request
        self._prompt = prompt
        self._stops = StopStrings(request.stop)
        self._utf8 = Utf8Stream()
        ending = "".join(map(weights.token_text, prompt[-8:]))
        self._splitter = ReasoningSplitter(THINK, is_open=ending.rstrip().endswith(THINK.open))
        self._generated = 0
        self._cached = 0
        self._started = started
        self._first_token_at: float | None = None

    def events(self) -> Iterator[Event]:
        """Evaluate and generate.

        Raises:
            CannotFit: If the prompt leaves no room for a single token.
        """
        if len(self._prompt) >= self._context.limit:
            raise CannotFit(len(self._prompt), self._context.limit - 1)
        reason: FinishReason
        try:
            yield from self._prefill()
            reason = yield from self._decode()
        except Cancelled:
            reason = "cancelled"
        if reason != "stop":
            yield from self._rest()
        yield self._finished(reason)

    def _prefill(self) -> Iterator[Event]:
        self._cached = self._context.reuse(self._prompt)
        total = len(self._prompt)
        yield Prefill(self._cached, total, self._cached)
        step = self._context.n_batch
        for start in range(self._cached, total, step):
            self._context.evaluate(self._prompt[start : start + step])
            yield Prefill(min(start + step, total), total, self._cached)

    def _decode(self) -> Generator[Event, None, FinishReason]:
        limit = self._request.max_tokens
        with Sampler(self._request.sampling, self._weights.n_vocab, self._prompt) as sampler:
            while limit is None or self._generated < limit:
                token = sampler.sample(self._context.handle)
                self._generated += 1
                if self._first_token_at is None:
                    self._first_token_at = perf_counter()
                if self._weights.is_end(token):
                    return "end"
                if (yield from self._show(self._utf8.feed(self._weights.token_bytes(token)))):
                    return "stop"
                try:
                    self._context.evaluate([token])
                except CannotFit:
                    return "length"
        return "length"

    def _show(self, text: str) -> Generator[Event, None, bool]:
        """Yields what is certain of the text; returns whether a stop string came."""
        reasoning, answer = self._splitter.feed(text)
        if reasoning:
            yield Reasoning(reasoning)
        shown, stopped = self._stops.feed(answer)
        if shown:
            yield Piece(shown)
        return stopped

    def _rest(self) -> Iterator[Event]:
        """What was held back, now that nothing more comes."""
        yield from self._show(self._utf8.flush())
        reasoning, answer = self._splitter.flush()
        if reasoning:
            yield Reasoning(reasoning)
        if rest := self._stops.flush() + answer:
            yield Piece(rest)

    def _finished(self, reason: FinishReason) -> Finished:
        now = perf_counter()
        first = self._first_token_at or now
        return Finished(
            reason,
            Usage(len(self._prompt), self._generated, self._cached),
            Timings(prefill_s=first - self._started, decode_s=now - first),
        )
