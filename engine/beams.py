"""Beam search: the likeliest answer instead of a likely one, for texts as short as a title.

Groups of beams are kept apart by Hamming diversity (Vijayakumar et al. 2016): in each step a group
pays for every token that a group before it has chosen in the same step. Finished answers are
compared by log-probability over the length penalty ``((5 + n) / 6) ** alpha`` (Wu et al. 2016).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from engine.errors import CannotFit
from engine.kvcache import Addition, KvCache, KvSequence
from engine.sampling.logprobs import Logits, likeliest, log_softmax, logits_of
from engine.types import FinishReason
from engine.weights import Weights


@dataclass(frozen=True, slots=True)
class BeamOptions:
    """How wide, how diverse, how long."""

    width: int
    groups: int = 1
    """A divisor of the width."""
    diversity: float = 0.5
    """What a token costs that another group has chosen, in nats."""
    alpha: float = 0.6
    """The exponent of the length penalty; 0 compares bare log-probabilities."""
    max_tokens: int = 64
    stop: tuple[bytes, ...] = ()
    """Texts that end an answer."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """An answer, whole or in the making."""

    tokens: tuple[int, ...] = ()
    logprob: float = 0.0
    reason: FinishReason | None = None
    """Why it ended; None while it has not."""

    def score(self, alpha: float) -> float:
        """What finished answers are compared by."""
        return self.logprob / _length_penalty(len(self.tokens), alpha)


@dataclass(slots=True)
class _Beam:
    hypothesis: Hypothesis
    sequence: KvSequence
    logprobs: Logits


@dataclass(slots=True)
class _Group:
    beams: list[_Beam]
    finished: list[Hypothesis] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Step:
    beam: _Beam
    token: int
    logprob: float
    """Of the whole hypothesis with the token."""
    rank: float
    """The same with what diversity takes off."""


class BeamSearch:
    """One search from one prompt."""

    def __init__(self, weights: Weights, cache: KvCache, options: BeamOptions) -> None:
        """Nothing is evaluated yet.

        Args:
            weights: The model.
            cache: Where the prompt is; it needs two slots for each beam.
            options: How to search.
        """
        self._weights = weights
        self._cache = cache
        self._options = options
        self._own: list[KvSequence] = []

    def run(self, prompt: KvSequence, row: int) -> list[Hypothesis]:
        """All finished answers, the best first.

        Args:
            prompt: The sequence that holds the prompt. It stays as it is.
            row: The output row of its last token's logits.

        Raises:
            Cancelled: If that was asked for.
        """
        options = self._options
        first = _Beam(Hypothesis(), prompt, self._logprobs(row))
        groups = [_Group([first]) for _ in range(options.groups)]
        try:
            for _ in range(options.max_tokens):
                steps = list(self._choose(groups))
                self._advance(groups, steps, prompt)
                if not any(steps):
                    break
        except CannotFit:
            pass  # the context is full: what there is counts
        finally:
            for sequence in self._own:
                self._cache.drop(sequence)
            self._own = []
        found = [hypothesis for group in groups for hypothesis in group.finished]
        found += [
            Hypothesis(beam.hypothesis.tokens, beam.hypothesis.logprob, "length")
            for group in groups
            for beam in group.beams
        ]
        return self._best(found)

    def _best(self, found: Iterable[Hypothesis]) -> list[Hypothesis]:
        """Each once, the best first."""
        distinct = {hypothesis.tokens: hypothesis for hypothesis in found}
        return sorted(distinct.values(), key=lambda each: -each.score(self._options.alpha))

    def _choose(self, groups: Sequence[_Group]) -> Iterator[list[_Step]]:
        """How each group goes on: its best steps, as many as it has beams."""
        chosen: Counter[int] = Counter()
        width = self._options.width // self._options.groups
        for group in groups:
            going_on: list[_Step] = []
            for step in self._candidates(group, chosen, 2 * width):
                if len(going_on) == width:
                    break
                ended = self._ended(step)
                if ended is None:
                    going_on.append(step)
                else:
                    group.finished.append(ended)
            group.finished = self._best(group.finished)[:width]
            if self._is_done(group, going_on, width):
                going_on = []
            chosen.update(step.token for step in going_on)
            yield going_on

    def _candidates(self, group: _Group, chosen: Counter[int], count: int) -> list[_Step]:
        steps = []
        for beam in group.beams:
            penalised = beam.logprobs.copy()
            for token, times in chosen.items():
                penalised[token] -= self._options.diversity * times
            before = beam.hypothesis.logprob
            steps += [
                _Step(
                    beam,
                    token,
                    before + float(beam.logprobs[token]),
                    before + float(penalised[token]),
                )
                for token in likeliest(penalised, count)
            ]
        return sorted(steps, key=lambda step: -step.rank)

    def _ended(self, step: _Step) -> Hypothesis | None:
        tokens = (*step.beam.hypothesis.tokens, step.token)
        if self._weights.is_end(step.token):
            return Hypothesis(tokens, step.logprob, "end")
        text = b"".join(map(self._weights.token_bytes, tokens)) if self._options.stop else b""
        if any(stop in text for stop in self._options.stop):
            return Hypothesis(tokens, step.logprob, "stop")
        return None

    def _is_done(self, group: _Group, going_on: Sequence[_Step], width: int) -> bool:
        """Whether nothing that still grows can be better than what the group has finished."""
        if not going_on:
            return True
        if len(group.finished) < width:
            return False
        alpha, longest = self._options.alpha, self._options.max_tokens
        best = going_on[0].logprob / _length_penalty(longest, alpha)
        return best <= min(each.score(alpha) for each in group.finished)

    def _advance(
        self, groups: Sequence[_Group], steps: Sequence[list[_Step]], prompt: KvSequence
    ) -> None:
        """Give every step a sequence of its own and evaluate all of them in one batch."""
        taken: set[int] = {prompt.id}
        additions: list[Addition] = []
        for step in (step for each in steps for step in each):
            sequence = step.beam.sequence
            if sequence.id in taken:
                sequence = self._cache.fork(sequence)
                self._own.append(sequence)
            taken.add(sequence.id)
            additions.append(Addition(sequence, [step.token], 1))
        for sequence in self._own:
            if sequence.id not in taken:
                self._cache.drop(sequence)
        self._own = [sequence for sequence in self._own if sequence.id in taken]
        rows = iter(self._cache.evaluate(additions) if additions else [])
        grown = iter(additions)
        for group, its_steps in zip(groups, steps, strict=True):
            group.beams = [
                _Beam(
                    Hypothesis((*step.beam.hypothesis.tokens, step.token), step.logprob),
                    next(grown).sequence,
                    self._logprobs(next(rows)),
                )
                for step in its_steps
            ]

    def _logprobs(self, row: int) -> Logits:
        logits = logits_of(self._cache.handle, row, self._weights)
        logits[list(self._weights.suppressed)] = -math.inf
        return log_softmax(logits)


def _length_penalty(tokens: int, alpha: float) -> float:
    return math.pow((5 + tokens) / 6, alpha)
