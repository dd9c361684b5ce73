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
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Change:
    """What an answer wrote in the place of a few tokens of its draft."""

    replaced: int
    """How many tokens of the draft."""
    written: tuple[int, ...]


class Cursor:
    """A place in the draft that the answer copies; found again after each change.

    A change is expected again wherever the draft has the same tokens, as long as they were never
    kept: other quotation marks, another spelling, another kind of line break.
    """

    _LONGEST_CHANGE = 4
    """Tokens, on either side, of a change that is expected again."""

    def __init__(self, draft: Sequence[int], bytes_of: Callable[[int], bytes]) -> None:
        """Begin at the beginning.

        Args:
            draft: The tokens of the text that the answer will probably follow.
            bytes_of: A token's bytes.
        """
        self.run = 0
        self._draft = list(draft)
        self._bytes_of = bytes_of
        self._places: dict[tuple[int, ...], list[int]] = {}
        for size in (1, 2, 3, 4):
            for at in range(len(draft) - size + 1):
                self._places.setdefault(tuple(draft[at : at + size]), []).append(at + size)
        self._changes: dict[tuple[int, ...], Change] = {}
        """Those that are expected again, by the tokens of the draft that were replaced."""
        self._changed: Counter[tuple[int, ...]] = Counter()
        """How often tokens of the draft were replaced."""
        self._at = 0
        self._within = 0
        """How many tokens of the change that is expected here were written."""
        self._last: list[int] = []
        self._left_at = 0
        """Where the answer left the draft."""
        self._astray: list[int] = []
        """What it wrote since then."""

    def follow(self, token: int) -> None:
        """See `Guesser`."""
        self._last = [*self._last[-3:], token]
        expected = self._change_at(self._at)
        if expected is not None and expected.written[self._within] == token:
            self._arrive(self._at)
            self._within += 1
            if self._within == len(expected.written):
                self._at, self._within = self._at + expected.replaced, 0
            return
        if expected is not None:
            self._forget(expected)
        if self._at < len(self._draft) and self._draft[self._at] == token:
            self._arrive(self._at)
            self._at += 1
            return
        self._go_astray(token)

    def guess(self, count: int) -> Sequence[int]:
        """See `Guesser`."""
        tokens: list[int] = []
        at, within = self._at, self._within
        while len(tokens) < count and at < len(self._draft):
            change = self._change_at(at)
            if change is None:
                tokens.append(self._draft[at])
                at += 1
            else:
                tokens += change.written[within:]
                at, within = at + change.replaced, 0
        return tokens[:count]

    def _change_at(self, at: int) -> Change | None:
        """The change that is expected at a place of the draft."""
        if not self._changes:
            return None
        sizes = range(self._LONGEST_CHANGE, 0, -1)
        found = (self._changes.get(tuple(self._draft[at : at + size])) for size in sizes)
        return next((change for change in found if change is not None), None)

    def _arrive(self, at: int) -> None:
        """The answer goes on as expected; where it was astray, what was between is a change."""
        self.run += 1
        if self._astray:
            self._learn(at, self._astray)
            self._astray = []

    def _learn(self, at: int, written: Sequence[int]) -> None:
        """What stood between the place where the draft was left and another one was replaced."""
        replaced = tuple(self._draft[self._left_at : at])
        if not (0 < len(replaced) <= self._LONGEST_CHANGE >= len(written) > 0):
            return
        times_before = bisect_left(self._places[replaced], at)
        if times_before <= self._changed[replaced]:
            self._changes[replaced] = Change(len(replaced), tuple(written))
        self._changed[replaced] += 1

    def _forget(self, change: Change) -> None:
        """It was not made again."""
        del self._changes[tuple(self._draft[self._at : self._at + change.replaced])]
        self._within = 0

    def _go_astray(self, token: int) -> None:
        if self._astray and self._draft[self._left_at : self._left_at + 1] == [token]:
            # Something was put in, and now it goes on.
            self._at, self._astray = self._left_at + 1, []
            self.run = 1
            return
        self.run = 0
        if not self._astray:
            self._left_at = self._at
        self._astray.append(token)
        found, size = self._find()
        if found != _NEVER:
            self._learn(found - size, self._astray[: max(0, len(self._astray) - size)])
            self._at, self._astray = found, []
        elif len(self._astray) == 1 and not self._is_put_in(token):
            # A word was changed, most likely: the next one may be the draft's again.
            self._at = self._next_word(self._at + 1)

    def _find(self) -> tuple[int, int]:
        """The place nearest to here that the last tokens lead to, the longest match first, and how
        many tokens match."""
        for size in range(min(4, len(self._last)), 1, -1):
            places = self._places.get(tuple(self._last[-size:]))
            if places:
                return _nearest(places, self._at), size
        places = self._places.get((self._last[-1],), [])
        # At first a word was changed, most likely, and a single token proves nothing farther on.
        farthest = self._at + 4 * len(self._astray) - 2
        near = [at for at in places if self._at <= at <= farthest]
        return (near[0], 1) if near else (_NEVER, 0)

    def _is_put_in(self, token: int) -> bool:
        """Whether a token that is not the draft's is a comma, say, before a word of the draft."""
        return not self._has_letters(token) and any(
            map(self._has_letters, self._draft[self._at : self._at + 1])
        )

    def _has_letters(self, token: int) -> bool:
        return any(byte > 127 or chr(byte).isalnum() for byte in self._bytes_of(token))

    def _next_word(self, at: int) -> int:
        while at < len(self._draft) and self._bytes_of(self._draft[at])[:1].isalnum():
            at += 1
        return at


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


def _nearest(places: Sequence[int], to: int) -> int:
    """Of ascending places the one nearest to a place, the later one if two are."""
    at = bisect_left(places, to)
    if at == len(places):
        return places[-1]
    if at == 0 or places[at] - to <= to - places[at - 1]:
        return places[at]
    return places[at - 1]
