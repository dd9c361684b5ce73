"""What a model would nearly have written in place of a given answer: one place changed in each.

A model that is asked to correct a text copies most of it, and what it copies it is very sure of, an
error that it has overlooked included. Where another token was nearly as likely, that one is taken
for once, and the model goes on until it copies again. What comes of it is worth a second look.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.cursor import Cursor
from engine.kvcache import Addition, KvCache, KvSequence
from engine.sampling.candidates import Logits, likeliest, logits_of
from engine.weights import Weights

_AT_ONCE = 8
"""Branches that go on side by side."""

_ROWS = 64
"""Tokens whose logits are kept at once."""

_OTHERS = 3
"""Tokens that are tried at one place, at most."""

_LONGEST_DETOUR = 6
"""Tokens after which a branch must copy again."""


@dataclass(frozen=True, slots=True)
class _Near:
    """A token that was nearly written."""

    place: int
    """Where in the draft."""
    behind: float
    """How many nats less likely than the draft's it is."""
    token: int


class _Branch:
    """A text that leaves the draft at one place, in the making."""

    def __init__(self, near: _Near, cursor: Cursor, sequence: KvSequence) -> None:
        self.sequence = sequence
        self.tokens = [near.token]
        """Those that were written so far, from that place on."""
        self.is_done = False
        self._cursor = cursor
        cursor.follow(near.token)

    def go_on(self, token: int, *, is_end: bool) -> None:
        """Take the next token; once the draft is copied, all the rest of it."""
        self.is_done = is_end
        if is_end:
            return
        self.tokens.append(token)
        self._cursor.follow(token)
        if self._cursor.is_followed:
            self.tokens += self._cursor.rest
            self.is_done = True


class Variants:
    """Finds them for one draft. `texts` does it."""

    def __init__(self, weights: Weights, cache: KvCache, draft: Sequence[int]) -> None:
        """Nothing is evaluated yet.

        Args:
            weights: The model.
            cache: One that can cut.
            draft: The tokens of the given answer.
        """
        self._weights = weights
        self._cache = cache
        self._draft = list(draft)

    def texts(self, sequence: KvSequence, last: int, within: float, most: int) -> list[bytes]:
        """The texts, those that were nearest to being written first.

        Args:
            sequence: Holds the prompt but for its last token, and then the draft too.
            last: That token.
            within: How many nats less likely than the draft's token another one may be.
            most: How many are tried.

        Raises:
            Cancelled: If that was asked for.
            CannotFit: If there is no room.
        """
        begins = len(sequence.tokens) + 1
        found = sorted(self._near(sequence, last, within), key=lambda near: near.behind)[:most]
        texts: list[bytes] = []
        for first in range(0, len(found), _AT_ONCE):
            branches: list[_Branch] = []
            try:
                for near in found[first : first + _AT_ONCE]:
                    cursor = Cursor(
                        self._draft, self._weights.token_bytes, said=self._draft[: near.place]
                    )
                    fork = self._cache.fork(sequence, begins + near.place)
                    branches.append(_Branch(near, cursor, fork))
                self._grow(branches)
            finally:
                for branch in branches:
                    self._cache.drop(branch.sequence)
            for near, branch in zip(found[first:], branches, strict=False):
                if branch.is_done:
                    texts.append(self._bytes([*self._draft[: near.place], *branch.tokens]))
        return list(dict.fromkeys(texts))

    def _near(self, sequence: KvSequence, last: int, within: float) -> Iterator[_Near]:
        """The tokens that were near, in the draft's order."""
        tokens = [last, *self._draft][: len(self._draft)]
        step = min(_ROWS, self._cache.options.batch)
        for start in range(0, len(tokens), step):
            part = tokens[start : start + step]
            (row,) = self._cache.evaluate([Addition(sequence, part, len(part))])
            for place in range(start, start + len(part)):
                yield from self._near_at(place, self._logits(row + place - start), within)

    def _near_at(self, place: int, logits: Logits, within: float) -> Iterator[_Near]:
        own = self._draft[place]
        for token in likeliest(logits, _OTHERS + 1):
            behind = float(logits[own] - logits[token])
            # Control tokens have no bytes.
            if token != own and behind <= within and self._weights.token_bytes(token):
                yield _Near(place, behind, token)

    def _grow(self, branches: Sequence[_Branch]) -> None:
        """Let branches go on until each copies again, or is given up."""
        for _ in range(_LONGEST_DETOUR):
            live = [branch for branch in branches if not branch.is_done]
            if not live:
                return
            rows = self._cache.evaluate(
                [Addition(branch.sequence, branch.tokens[-1:], 1) for branch in live]
            )
            for branch, row in zip(live, rows, strict=True):
                token = int(self._logits(row).argmax())
                branch.go_on(token, is_end=self._weights.is_end(token))

    def _logits(self, row: int) -> Logits:
        return logits_of(self._cache.handle, row, self._weights.n_vocab)

    def _bytes(self, tokens: Sequence[int]) -> bytes:
        return b"".join(map(self._weights.token_bytes, tokens))
