"""Reading a prompt: as much of it as is not in the cache yet, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import perf_counter

from engine.errors import CannotFit
from engine.kvcache import Addition, KvCache, KvSequence
from engine.speculate import Costs
from engine.types import Finished, Prefill, Timings, Usage

_FIXED_STEP = 128
"""Tokens of a step whose size must not follow the machine's speed."""


class Reading:
    """One prompt being read. `events` does it."""

    def __init__(
        self,
        cache: KvCache,
        tokens: Sequence[int],
        costs: Costs,
        *,
        started: float,
        reproducible: bool,
    ) -> None:
        """Nothing is evaluated yet.

        Args:
            cache: Where the prompt goes.
            tokens: Of the prompt, at least one.
            costs: Learns what batches take.
            started: When the request came, by `perf_counter`.
            reproducible: Whether the sizes of the batches must not depend on speed, and the last
                token is read alone, as it is where all others are in the cache.

        Raises:
            CannotFit: If the prompt leaves no room for a single token.
        """
        if len(tokens) >= cache.limit:
            raise CannotFit(len(tokens), cache.limit - 1)
        self.tokens = list(tokens)
        """The prompt, once it is read as the cache spells it."""
        self.sequence: KvSequence | None = None
        """What holds it, in use; whoever reads must release it."""
        self.cached = 0
        """Tokens that were there already."""
        self.row = 0
        """The output row of the last token's logits."""
        self.leaves_others = False
        """Whether what is read here must not be what the next request finds."""
        self.costs = costs
        self.started = started
        self._cache = cache
        self._reproducible = reproducible

    def events(self) -> Iterator[Prefill]:
        """Evaluate what is missing.

        Raises:
            Cancelled: If that was asked for; what was read stays in the cache.
            CannotFit: If there is no memory for it.
        """
        self.sequence, self.tokens = self._cache.begin(self.tokens, again=self._reproducible)
        if self.leaves_others and self.sequence.tokens and not self._cache.can_cut:
            self._cache.release(self._cache.fork(self.sequence))
        total = len(self.tokens)
        done = self.cached = len(self.sequence.tokens)
        yield Prefill(done, total, done)
        while done < total:
            if not self._cache.can_cut and done == total - 1:
                # What comes after cannot be taken back: the next request may begin here.
                self._cache.release(self._cache.fork(self.sequence))
            part = self.tokens[done : done + self._step(total - done)]
            started = perf_counter()
            (self.row,) = self._cache.evaluate([Addition(self.sequence, part, 1)])
            self.costs.observe(len(part), perf_counter() - started)
            done += len(part)
            yield Prefill(done, total, self.cached)

    def unanswered(self, index: int) -> Finished:
        """The last event of an answer that was cancelled before it began."""
        usage = Usage(len(self.tokens), 0, self.cached)
        timings = Timings(perf_counter() - self.started, 0.0)
        return Finished("cancelled", usage, timings, index=index)

    def _step(self, left: int) -> int:
        fixed = min(_FIXED_STEP, self._cache.options.batch)
        step = fixed if self._reproducible else self._cache.step
        if left > 1 and (self._reproducible or not self._cache.can_cut):
            return min(step, left - 1)
        return step
