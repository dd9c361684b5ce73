"""The loop that makes answers: the prompt once, then token after token, until there is a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter

from engine.abort import Cancelled
from engine.alternative import Alternative, Plan, Speculation
from engine.beams import BeamOptions, BeamSearch
from engine.errors import CannotFit
from engine.kvcache import KvSequence
from engine.output import Output, Sampled
from engine.prefill import Reading
from engine.types import Event, Finished, Timings, Usage


class Answering:
    """All alternatives of one request, sampled side by side. `events` runs it."""

    def __init__(
        self,
        plan: Plan,
        reading: Reading,
        outputs: Sequence[Output],
        speculation: Callable[[Sequence[int]], Speculation | None],
    ) -> None:
        """Hold what is needed; nothing is evaluated yet.

        Args:
            plan: What the alternatives share.
            reading: The prompt that they go on from.
            outputs: One for each alternative.
            speculation: Makes what guesses, from the prompt's tokens, or None.
        """
        self._plan = plan
        self._reading = reading
        self._outputs = outputs
        self._speculation = speculation
        self._alternatives: list[Alternative] = []

    def events(self) -> Iterator[Event]:
        """Evaluate and generate.

        Raises:
            CannotFit: If there is no memory for the prompt.
        """
        try:
            yield from self._reading.events()
            self._branch()
            for alternative in self._alternatives:
                alternative.take(self._reading.row)
            yield from self._settled(self._alternatives)
            while live := [each for each in self._alternatives if each.reason is None]:
                yield from self._step(live)
        except Cancelled:
            yield from self._cancelled()
        finally:
            for sequence in self._sequences():
                self._plan.cache.release(sequence)

    def _sequences(self) -> Iterator[KvSequence]:
        if self._reading.sequence is not None:
            yield self._reading.sequence
        yield from (alternative.sequence for alternative in self._alternatives[1:])

    def _branch(self) -> None:
        """Give each alternative a sequence that holds the prompt."""
        sequence = self._reading.sequence
        assert sequence is not None
        for index, output in enumerate(self._outputs):
            own = self._plan.cache.fork(sequence) if index else sequence
            speculation = self._speculation(self._reading.tokens)
            self._alternatives.append(Alternative(self._plan, index, own, output, speculation))

    def _step(self, live: Sequence[Alternative]) -> Iterator[Event]:
        """One batch: a token of every alternative that goes on, with what is guessed to follow."""
        started = perf_counter()
        additions = [alternative.next_tokens() for alternative in live]
        try:
            rows = self._plan.cache.evaluate(additions)
        except CannotFit:
            # The longest one fills the context, or there is no memory left for it.
            full = max(live, key=lambda each: len(each.sequence.tokens))
            full.finish("length")
            yield from self._shown(full)
            return
        for alternative, row in zip(live, rows, strict=True):
            alternative.take(row)
        batch = sum(len(addition.tokens) for addition in additions)
        self._reading.costs.observe(batch, perf_counter() - started)
        yield from self._settled(live)

    def _settled(self, alternatives: Sequence[Alternative]) -> Iterator[Event]:
        for alternative in alternatives:
            alternative.settle()
        for alternative in alternatives:
            yield from self._shown(alternative)

    def _shown(self, alternative: Alternative) -> Iterator[Event]:
        yield from alternative.output.take()
        if alternative.reason is not None:
            # Its room may be needed by those that go on.
            self._plan.cache.release(alternative.sequence)
            yield alternative.finished(self._reading)

    def _cancelled(self) -> Iterator[Event]:
        for alternative in self._alternatives:
            if alternative.reason is None:
                alternative.finish("cancelled")
                yield from self._shown(alternative)
        for index in range(len(self._alternatives), len(self._outputs)):
            yield self._reading.unanswered(index)


class Searching:
    """The best answers of a beam search. `events` runs it; the text comes all at once."""

    def __init__(
        self, plan: Plan, reading: Reading, outputs: Sequence[Output], options: BeamOptions
    ) -> None:
        """Hold what is needed; nothing is evaluated yet.

        Args:
            plan: The model and its cache.
            reading: The prompt.
            outputs: One for each answer that is wanted, no more than there are beams.
            options: Of the search.
        """
        self._plan = plan
        self._reading = reading
        self._outputs = outputs
        self._options = options

    def events(self) -> Iterator[Event]:
        """Evaluate and search.

        Raises:
            CannotFit: If there is no memory for the prompt.
        """
        reading = self._reading
        try:
            yield from reading.events()
            assert reading.sequence is not None
            search = BeamSearch(self._plan.weights, self._plan.cache, self._options)
            found = search.run(reading.sequence, reading.row)
        except Cancelled:
            for index in range(len(self._outputs)):
                yield reading.unanswered(index)
            return
        finally:
            if reading.sequence is not None:
                self._plan.cache.release(reading.sequence)
        now = perf_counter()
        for index, (output, answer) in enumerate(zip(self._outputs, found, strict=False)):
            for token in answer.tokens:
                if not output.stopped and not self._plan.weights.is_end(token):
                    output.feed(Sampled(token, None))
            if not output.stopped:
                output.flush()
            yield from output.take()
            usage = Usage(len(reading.tokens), len(answer.tokens), reading.cached)
            timings = Timings(now - reading.started, 0.0)
            yield Finished(answer.reason or "length", usage, timings, index=index)
        for index in range(len(found), len(self._outputs)):
            none = "the search found no other answer"
            timings = Timings(now - reading.started, 0.0)
            usage = Usage(len(reading.tokens), 0, reading.cached)
            yield Finished("error", usage, timings, none, index)
