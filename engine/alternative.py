"""One answer in the making: its sequence, its sampler, its text, and why it ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from time import perf_counter

from engine.cursor import Cursor
from engine.kvcache import Addition, KvCache, KvSequence
from engine.output import Output, Sampled
from engine.prefill import Reading
from engine.sampling.candidates import NothingLeft
from engine.sampling.logprobs import logits_of, token_score
from engine.sampling.sampler import Sampler
from engine.speculate import Guesser, Pace
from engine.types import Finished, FinishReason, Timings, TokenScore, Usage
from engine.weights import Weights

_LONGEST_GUESS = 31


@dataclass(frozen=True, slots=True)
class Speculation:
    """What guesses the next tokens, and what decides how many."""

    guesser: Guesser
    pace: Pace | None = None
    """None where nothing is guessed: the reference is followed to be kept to, and no more."""

    @property
    def reference(self) -> Cursor | None:
        """The place in the reference, if there is one."""
        return self.guesser if isinstance(self.guesser, Cursor) else None


@dataclass(frozen=True, slots=True)
class Plan:
    """What all alternatives of one request have in common."""

    weights: Weights
    cache: KvCache
    make_sampler: Callable[[int, Sequence[int], int | None, int], Sampler]
    """From the index of an alternative, its tokens, how many of them come before what a grammar
    is for (None while all do), and the number of times that it was taken back."""
    max_tokens: int | None
    top_logprobs: int | None
    healing: Collection[int] | None = None
    """Tokens that the first one must be among."""


class Alternative:
    """Grows token by token. Its driver evaluates what `next_tokens` says, and calls `take`."""

    def __init__(
        self,
        plan: Plan,
        index: int,
        sequence: KvSequence,
        output: Output,
        speculation: Speculation | None = None,
    ) -> None:
        """Begin after the prompt.

        Args:
            plan: What it shares with the others.
            index: Which one it is.
            sequence: Holds the whole prompt; becomes this one's own.
            output: Makes events of its tokens.
            speculation: None where nothing is guessed.
        """
        self.index = index
        self.sequence = sequence
        self.output = output
        self.generated: list[int] = []
        """Tokens of the answer, an end-of-generation token included."""
        self.reason: FinishReason | None = None
        """Why it ended; None while it has not."""
        self.proposed = self.accepted = 0
        self._grown = 0
        """Tokens that the last step added."""
        self._plan = plan
        self._prompt = list(sequence.tokens)
        self._speculation = speculation
        self._pace = speculation.pace if speculation else None
        self._reference = speculation.reference if speculation else None
        self._guess: Sequence[int] = ()
        self._banned: dict[int, set[int]] = {}
        """By place in the answer, the tokens that led to a banned phrase there."""
        self._times_taken_back = 0
        self._error: str | None = None
        self._first_token_at: float | None = None
        self._reasoned = None if output.is_reasoning else 0
        """Tokens of the reasoning before the answer; None while it goes on."""
        self._sampler = self._new_sampler()

    def next_tokens(self) -> Addition:
        """What has to be evaluated: the last token, and what is guessed to follow it."""
        count = self._guess_length()
        self._guess = self._speculation.guesser.guess(count) if self._speculation and count else ()
        self.proposed += len(self._guess)
        last = self.generated[-1] if self.generated else self._prompt[-1]
        return Addition(self.sequence, [last, *self._guess], 1 + len(self._guess))

    def take(self, row: int) -> None:
        """Sample from the logits that `next_tokens` led to, as far as the guesses were right.

        Args:
            row: The output row of the first ones; those after the guesses follow it.
        """
        self._grown = -len(self.generated)
        for place in range(1 + len(self._guess)):
            token = self._choose(row + place)
            if token is None or place == len(self._guess) or token != self._guess[place]:
                break
            self.accepted += 1
        self._grown += len(self.generated)

    def settle(self) -> None:
        """Take back what was evaluated in vain. Not before all alternatives have sampled: a model
        that cannot take back a part evaluates the beginning again, which makes new logits.
        """
        if self._pace is not None:
            self._pace.account(1 + len(self._guess), max(0, self._grown))
        if self.reason is None or self._plan.cache.can_cut:
            # The last token is known and not evaluated; after it there may be wrong guesses.
            held = len(self._prompt) + len(self.generated) - 1
            self._plan.cache.cut(self.sequence, min(held, len(self.sequence.tokens)))

    def finish(self, reason: FinishReason, error: str | None = None) -> None:
        """Let it end here."""
        self.reason, self._error = reason, error
        if reason != "stop":
            self.output.flush()
        self._sampler.close()

    def finished(self, reading: Reading) -> Finished:
        """Its last event."""
        now = perf_counter()
        first = self._first_token_at or now
        usage = Usage(
            len(reading.tokens), len(self.generated), reading.cached, self.proposed, self.accepted
        )
        timings = Timings(prefill_s=first - reading.started, decode_s=now - first)
        return Finished(self.reason or "error", usage, timings, self._error, self.index)

    def _guess_length(self) -> int:
        if self._speculation is None or self._pace is None or not self._plan.cache.can_cut:
            return 0
        cache, most = self._plan.cache, _LONGEST_GUESS
        most = min(most, cache.limit - len(self.sequence.tokens) - 1, cache.options.batch - 1)
        if self._plan.max_tokens is not None:
            most = min(most, self._plan.max_tokens - len(self.generated) - 1)
        return self._pace.length(self._speculation.guesser.run, most)

    def _choose(self, row: int) -> int | None:
        """The next token; None where it was taken back or ends the answer."""
        place = len(self.generated)
        try:
            token = self._sampler.sample(
                self._plan.cache.handle,
                row,
                only=self._plan.healing if place == 0 else None,
                never=self._banned.get(place, ()),
                kept=self._kept(),
            )
        except NothingLeft as error:
            self.finish("error", str(error))
            return None
        self.generated.append(token)
        if self._first_token_at is None:
            self._first_token_at = perf_counter()
        self._learn(token)
        if self._plan.weights.is_end(token):
            self.finish("end")
        elif taken_back := self.output.feed(Sampled(token, self._score(row, token))):
            self._take_back(taken_back)
            return None
        elif self.output.stopped:
            self.finish("stop")
        elif len(self.generated) == self._plan.max_tokens:
            self.finish("length")
        elif self._reasoned is None and not self.output.is_reasoning:
            self._reasoned = len(self.generated)
            self._begin_again()
        return token if self.reason is None else None

    def _kept(self) -> Collection[int]:
        """The tokens by which the answer would go on following its reference."""
        reference = self._reference
        if reference is None or self._reasoned is None or not reference.is_followed:
            return ()
        token = reference.next_token
        return self._plan.weights.ends if token is None else (token,)

    def _begin_again(self) -> None:
        """Choose from here on as if nothing had been chosen but what is there now."""
        self._sampler.close()
        self._sampler = self._new_sampler()
        if self._reference is not None:
            self._reference.restart(self.generated[self._reasoned or 0 :])

    def _new_sampler(self) -> Sampler:
        return self._plan.make_sampler(
            self.index, self.generated, self._reasoned, self._times_taken_back
        )

    def _learn(self, token: int) -> None:
        if self._speculation is None:
            return
        guesser = self._speculation.guesser
        if self._pace is not None and (guess := guesser.guess(1)):
            self._pace.odds.observe(guesser.run, came_true=guess[0] == token)
        guesser.follow(token)

    def _score(self, row: int, token: int) -> TokenScore | None:
        if self._plan.top_logprobs is None:
            return None
        handle, weights = self._plan.cache.handle, self._plan.weights
        return token_score(weights, logits_of(handle, row, weights), token, self._plan.top_logprobs)

    def _take_back(self, count: int) -> None:
        """Go back to where a banned phrase began, and never take that way again."""
        place = len(self.generated) - count
        self._banned.setdefault(place, set()).add(self.generated[place])
        del self.generated[place:]
        for later in [each for each in self._banned if each > place]:
            del self._banned[later]
        self._times_taken_back += 1
        self._begin_again()
