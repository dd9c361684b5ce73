"""Guessing what comes next, so that the model only has to check: copied text at prefill speed.

A guess is a run of tokens out of a text that was read before. The model evaluates all of them in
one batch and samples at each place what it would have sampled anyway: a guess counts as far as it
is what was sampled. How long it should be follows from how often guesses came true so far and from
what a batch of that size costs on this machine. Where guessing does not pay it goes on silently, at
no cost, until it does.

Verifying drafted tokens in one batch is from Leviathan et al. (2023), drafting by looking up a
matching n-gram from prompt lookup decoding (Saxena 2023).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Protocol

_NEVER = -1


class Guesser(Protocol):
    """Follows an answer and says what would come next if it went on as a known text does."""

    run: int
    """How many of the last tokens were as guessed; 0 right after a change."""

    def follow(self, token: int) -> None:
        """Take note of the answer's next token."""
        ...

    def guess(self, count: int) -> Sequence[int]:
        """Up to so many tokens that may come next."""
        ...


class Lookup:
    """The conversation so far, where the answer's last words may have stood before."""

    _SIZE = 3

    def __init__(self, tokens: Iterable[int]) -> None:
        """Index the prompt.

        Args:
            tokens: What came before the answer.
        """
        self.run = 0
        self._tokens = list(tokens)
        self._places: dict[tuple[int, ...], int] = {}
        for end in range(self._SIZE, len(self._tokens)):
            self._places[tuple(self._tokens[end - self._SIZE : end])] = end
        self._at = _NEVER

    def follow(self, token: int) -> None:
        """See `Guesser`."""
        tokens, end = self._tokens, len(self._tokens)
        if end >= self._SIZE:
            self._places[tuple(tokens[end - self._SIZE :])] = end
        came_true = self._at != _NEVER and tokens[self._at] == token
        tokens.append(token)
        if came_true:
            self.run += 1
            self._at += 1
        else:
            self.run = 0
            self._at = self._places.get(tuple(tokens[-self._SIZE :]), _NEVER)

    def guess(self, count: int) -> Sequence[int]:
        """See `Guesser`."""
        return () if self._at == _NEVER else self._tokens[self._at : self._at + count]


class Odds:
    """How likely a guessed token is right, by whether those just before it were.

    Each row is a Beta distribution whose evidence fades, so that it follows a change of habits.
    """

    _PRIOR = (0.5, 0.8, 0.97)
    """Means for runs of 0, 1 and more right guesses."""
    _PRIOR_WEIGHT = 10.0
    _MEMORY = 100.0
    """Observations that count."""

    def __init__(self) -> None:
        self._rows = [[p * self._PRIOR_WEIGHT, self._PRIOR_WEIGHT] for p in self._PRIOR]

    def observe(self, run: int, *, came_true: bool) -> None:
        """A guess after a run of so many right ones was right, or not."""
        row = self._rows[_row(run)]
        fade = min(1.0, self._MEMORY / row[1])
        row[0] = row[0] * fade + came_true
        row[1] = row[1] * fade + 1

    def of(self, run: int) -> float:
        """The probability that the guess after such a run is right."""
        hits, seen = self._rows[_row(run)]
        return hits / seen


class Costs:
    """What a batch of so many tokens takes on this machine, in seconds, as far as it is known."""

    _DRIFT = 1.02
    """How fast a cost may grow, per observation: as the context does."""
    _USUAL_SLOPE = 0.8

    def __init__(self) -> None:
        self._known: dict[int, float] = {}

    def observe(self, size: int, seconds: float) -> None:
        """A batch of this size took so long. Other programs make it longer, but never shorter."""
        known = self._known.get(size, seconds)
        self._known[size] = min(seconds, known * self._DRIFT)

    def of(self, size: int) -> float | None:
        """The expected seconds, or None while nothing was measured.

        Between two known sizes, and outside of them, along a power law: a batch is a bundle of
        matrix products whose cost per row falls with their number.
        """
        if size in self._known:
            return self._known[size]
        sizes = sorted(self._known)
        if not sizes:
            return None
        if len(sizes) == 1:
            return self._known[sizes[0]] * math.pow(size / sizes[0], self._USUAL_SLOPE)
        at = min(max(bisect_left(sizes, size), 1), len(sizes) - 1)
        low, high = sizes[at - 1], sizes[at]
        slope = math.log(self._known[high] / self._known[low]) / math.log(high / low)
        return self._known[low] * math.pow(size / low, min(max(slope, 0.0), 1.0))


class Pace:
    """Decides how many tokens to guess. One for each kind of guesser, kept between answers.

    A guess is sent along where it promises to be quicker, and only as far as all guesses of an
    answer together stay within a small loss, should this one be wrong too.
    """

    _BATCHES = (2, 3, 4, 6, 8, 12, 16, 24, 32)
    """Sizes of a batch that are tried: the token that is certain, and the guesses. Beyond the last
    one a CPU gains little, and a change in the middle costs twice as much."""
    _MARGIN = 1.1
    """How much quicker a guess must promise to be: expectations are rough."""
    _LARGER = 0.95
    """A longer guess may promise a little less: changes come in clusters, and so do copies."""
    _LOSS = 0.04
    """Of the time without guesses that may be lost to them: 5%, less what is not measured."""

    def __init__(self, costs: Costs) -> None:
        self.odds = Odds()
        self._costs = costs
        self._credit = 0.0
        """What may be lost now, in the time of so many plain tokens."""
        self._advanced = 0
        """Tokens of the answer whose share of the loss was granted before they came."""

    def begin(self, expected: int) -> None:
        """An answer begins that will copy about so many tokens."""
        self._credit = self._LOSS * expected
        self._advanced = expected

    def account(self, batch: int, tokens: int) -> None:
        """A batch of this size led to so many tokens."""
        single, cost = self._costs.of(1), self._costs.of(batch)
        beyond = max(0, tokens - self._advanced)
        self._advanced = max(0, self._advanced - tokens)
        if single and cost:
            self._credit += tokens + self._LOSS * beyond - cost / single

    def length(self, run: int, most: int) -> int:
        """How many tokens to guess after a run of right ones; 0 where it does not pay."""
        single = self._costs.of(1)
        if single is None:
            return 0
        best, best_speed = 0, self._MARGIN / single
        expected, chance, size = 1.0, 1.0, 1
        for batch in self._BATCHES:
            if batch > most + 1:
                break
            while size < batch:
                chance *= self.odds.of(run + size - 1)
                expected += chance
                size += 1
            cost = self._costs.of(batch)
            if cost is None or cost / single - 1 > self._credit:
                continue
            speed = expected / cost
            if speed > self._LARGER * best_speed:
                best, best_speed = batch - 1, max(speed, best_speed)
        return best


def _row(run: int) -> int:
    return min(run, len(Odds._PRIOR) - 1)
