"""A cursor that follows a draft while an answer copies and changes it.

Where the answer is in the draft says what it would write next if it went on copying. That is worth
guessing, because to check is quicker than to write, and worth preferring where a draft should be
left only for a reason.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_NEVER = -1


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

    def __init__(
        self,
        draft: Sequence[int],
        bytes_of: Callable[[int], bytes],
        *,
        said: Sequence[int] = (),
    ) -> None:
        """Begin where the answer is.

        Args:
            draft: The tokens of the text that the answer will probably follow.
            bytes_of: A token's bytes.
            said: The answer's first tokens, which are there already.
        """
        self._draft = list(draft)
        self._bytes_of = bytes_of
        self._said = tuple(said)
        self._places: dict[tuple[int, ...], list[int]] = {}
        for size in (1, 2, 3, 4):
            for at in range(len(draft) - size + 1):
                self._places.setdefault(tuple(draft[at : at + size]), []).append(at + size)
        self.restart(())

    def restart(self, answer: Iterable[int]) -> None:
        """Follow the answer once more, because a part of it was taken back.

        Args:
            answer: Its tokens, after those that were there already.
        """
        self.run = 0
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
        for token in (*self._said, *answer):
            self.follow(token)

    @property
    def is_followed(self) -> bool:
        """Whether the answer is a copy here: not where it has just written something else."""
        return not self._within and (self.run > 0 or not self._last)

    @property
    def next_token(self) -> int | None:
        """The draft's next token; None at its end."""
        return self._draft[self._at] if self._at < len(self._draft) else None

    @property
    def rest(self) -> Sequence[int]:
        """What of the draft is still to come."""
        return self._draft[self._at :]

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


def _nearest(places: Sequence[int], to: int) -> int:
    """Of ascending places the one nearest to a place, the later one if two are."""
    at = bisect_left(places, to)
    if at == len(places):
        return places[-1]
    if at == 0 or places[at] - to <= to - places[at - 1]:
        return places[at]
    return places[at - 1]
