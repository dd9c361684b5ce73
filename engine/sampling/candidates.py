"""The tokens that may come next, as llama.cpp's samplers take them.

For the cases where something besides the samplers has a say: a grammar, a bias, a set of tokens. A
vocabulary has up to 250,000 of them, so numpy does the filling; `llama_cpp` imports it anyway.
"""

from __future__ import annotations

import ctypes
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from llama_cpp import llama_cpp as ll

Logits: TypeAlias = npt.NDArray[np.float32]
"""One for each token of the vocabulary; -∞ for what may not be chosen."""


class NothingLeft(Exception):
    """No token at all may come next."""


def logits_of(context: ll.llama_context_p, index: int, n_vocab: int) -> Logits:
    """A copy of an output row of the last evaluation, -1 being the last row."""
    pointer = ll.llama_get_logits_ith(context, index)
    return np.array(np.ctypeslib.as_array(pointer, (n_vocab,)), np.float32)


@contextmanager
def raised(
    context: ll.llama_context_p, index: int, tokens: Collection[int], by: float
) -> Iterator[None]:
    """Some logits of an output row are higher for a while, in llama.cpp's own memory."""
    pointer = ll.llama_get_logits_ith(context, index)
    before = {token: pointer[token] for token in tokens}
    for token, logit in before.items():
        pointer[token] = logit + by
    try:
        yield
    finally:
        for token, logit in before.items():
            pointer[token] = logit


def keep_only(logits: Logits, tokens: Collection[int]) -> Logits:
    """The logits of these tokens, and -∞ for all others."""
    kept = np.full_like(logits, -np.inf)
    ids = np.fromiter(tokens, np.int64, len(tokens))
    kept[ids] = logits[ids]
    return kept


def likeliest(logits: Logits, count: int) -> list[int]:
    """The tokens with the highest logits, in no particular order."""
    count = min(count, len(logits))
    ids: list[int] = np.argpartition(logits, -count)[-count:].tolist()
    return ids


class Candidates:
    """Room for a candidate of every token, filled anew for each use."""

    def __init__(self, n_vocab: int) -> None:
        # A llama_token_data is an id, a logit and a probability, of four bytes each.
        self._logits = np.zeros((n_vocab, 3), np.float32)
        self._ids = self._logits.view(np.int32)
        self._all = np.arange(n_vocab, dtype=np.int32)
        self._array = ll.llama_token_data_array()

    def choose(self, chain: ll.llama_sampler_p, logits: Logits) -> int:
        """What a chain selects among the tokens above -∞.

        Raises:
            NothingLeft: If there are none.
        """
        self._fill(logits)
        ll.llama_sampler_apply(chain, ctypes.byref(self._array))
        # Samplers may have moved `data` on.
        token: int = self._array.data[self._array.selected].id
        return token

    def restrict(self, sampler: ll.llama_sampler_p, logits: Logits) -> None:
        """Lower to -∞ what a sampler lowers to -∞.

        Raises:
            NothingLeft: If it was all at -∞ before.
        """
        ids = self._fill(logits)
        ll.llama_sampler_apply(sampler, ctypes.byref(self._array))
        refused = self._logits[: len(ids), 1] == -np.inf
        logits[ids[refused]] = -np.inf

    def _fill(self, logits: Logits) -> npt.NDArray[np.int32]:
        """The ids of what is in the array now: all that may be chosen, and little else."""
        possible = logits != -np.inf
        count = int(np.count_nonzero(possible))
        if count == 0:
            raise NothingLeft
        # Picking a few out of many takes longer than leaving them in: the samplers know -∞.
        is_worth_it = count < len(logits) // 2
        ids = self._all[possible] if is_worth_it else self._all
        self._ids[: len(ids), 0] = ids
        self._logits[: len(ids), 1] = logits[ids] if is_worth_it else logits
        self._array.data = ctypes.cast(self._logits.ctypes.data, ll.llama_token_data_p)
        self._array.size = len(ids)
        self._array.selected = -1
        self._array.sorted = False
        return ids


def allows(sampler: ll.llama_sampler_p, token: int) -> bool:
    """Whether a sampler leaves a single token above -∞."""
    one = ll.llama_token_data(token, 1.0, 0.0)
    array = ll.llama_token_data_array(ctypes.pointer(one), 1, -1, False)
    ll.llama_sampler_apply(sampler, ctypes.byref(array))
    return bool(one.logit != -np.inf)
