"""The KV cache: what the model has read so far, grown as needed and never computed twice."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from llama_cpp import llama_cpp as ll

from engine.errors import CannotFit, LoadFailed
from engine.weights import Weights

_ABORTED = 2
_NO_ROOM = 1
"""Return values of ``llama_decode``."""

_FIRST_SIZE = 4096
"""Tokens the cache starts with: clearing one for a 32k context costs most of a second."""


class Cancelled(Exception):
    """The evaluation was stopped by the abort flag."""


class AbortFlag:
    """Tells which request was cancelled; llama.cpp polls it between two operations of its graph.

    Set from any thread. The poll itself is a Python function: ctypes gives it the GIL, which the
    thread that waits in ``llama_decode`` does not hold. Request ids keep a cancel that comes too
    early or too late from hitting its neighbour.
    """

    def __init__(self) -> None:
        self.current = 0
        self.cancelled = -1
        self.callback = ll.ggml_abort_callback(lambda _: self.is_set)

    @property
    def is_set(self) -> bool:
        """Whether the current request is the cancelled one."""
        return self.current == self.cancelled


class Context:
    """One sequence in one KV cache, and the logits of its last token."""

    def __init__(
        self,
        weights: Weights,
        *,
        limit: int,
        threads: int,
        n_batch: int,
        abort: AbortFlag,
        first_size: int = _FIRST_SIZE,
    ) -> None:
        """Allocate a small cache.

        Args:
            weights: What evaluates the tokens.
            limit: The most tokens the cache may grow to.
            threads: CPU threads for prefill and for decoding.
            n_batch: The most tokens evaluated in one call. A cancel and a progress report cannot
                come in the middle of one on a GPU, so this bounds how long they take.
            abort: Ends an evaluation early.
            first_size: Tokens to make room for at first.

        Raises:
            LoadFailed: If there is no memory for it.
        """
        self.limit = limit
        self.tokens: list[int] = []
        self._weights = weights
        self._threads = threads
        self.n_batch = n_batch
        self._abort = abort
        self._size = min(limit, first_size)
        self.handle = self._allocate(self._size)

    def reuse(self, prompt: Sequence[int]) -> int:
        """Keep what the cache shares with the prompt, forget the rest, and say how much it was.

        At least the prompt's last token is left to evaluate, for its logits.
        """
        shared = 0
        for ours, wanted in zip(self.tokens, prompt[:-1], strict=False):
            if ours != wanted:
                break
            shared += 1
        return self._keep(shared)

    def evaluate(self, tokens: Sequence[int]) -> None:
        """Append tokens, at least one, to the sequence.

        Raises:
            Cancelled: If the abort flag was set; the cache then holds what was finished.
            CannotFit: If they do not fit the limit, or the memory for a larger cache is not there.
        """
        self._grow(len(self.tokens) + len(tokens))
        for start in range(0, len(tokens), self.n_batch):
            batch = tokens[start : start + self.n_batch]
            self._decode(batch)
            self.tokens += batch

    def _decode(self, batch: Sequence[int]) -> None:
        if self._abort.is_set:
            raise Cancelled
        ids = (ll.llama_token * len(batch))(*batch)
        code = ll.llama_decode(self.handle, ll.llama_batch_get_one(ids, len(batch)))
        if code == 0:
            return
        # A batch that failed may have left some of its tokens behind.
        self._keep(len(self.tokens))
        if code == _ABORTED:
            raise Cancelled
        if code == _NO_ROOM:
            raise CannotFit(len(self.tokens) + len(batch), self._size)
        raise RuntimeError(f"llama_decode returned {code}")

    def _keep(self, count: int) -> int:
        """Cut the sequence to its first tokens, or to none where the model cannot cut."""
        memory = ll.llama_get_memory(self.handle)
        if not ll.llama_memory_seq_rm(memory, 0, count, -1):
            ll.llama_memory_clear(memory, True)
            count = 0
        del self.tokens[count:]
        return count

    def _grow(self, needed: int) -> None:
        """Move to a larger cache when this one is too small, taking the state along."""
        if needed <= self._size:
            return
        if needed > self.limit:
            raise CannotFit(needed, self.limit)
        size = self._size
        while size < needed:
            size = min(2 * size, self.limit)
        try:
            larger = self._allocate(size)
        except LoadFailed as error:
            self.limit = self._size
            raise CannotFit(needed, self._size) from error
        state_size = ll.llama_state_seq_get_size(self.handle, 0)
        state = (ctypes.c_uint8 * state_size)()
        ll.llama_state_seq_get_data(self.handle, state, state_size, 0)
        moved = ll.llama_state_seq_set_data(larger, state, state_size, 0)
        ll.llama_free(self.handle)
        self.handle, self._size = larger, size
        if self.tokens and not moved:
            self._recompute()

    def _recompute(self) -> None:
        tokens, self.tokens = self.tokens, []
        self.evaluate(tokens)

    def _allocate(self, size: int) -> ll.llama_context_p:
        params = ll.llama_context_default_params()
        params.n_ctx = size
        params.n_batch = params.n_ubatch = self.n_batch
        params.n_threads = params.n_threads_batch = self._threads
        params.abort_callback = self._abort.callback
        handle = ll.llama_init_from_model(self._weights.model, params)
        if not handle:
            raise LoadFailed(f"no memory for a context of {size:,} tokens; set a smaller n_ctx")
        return handle
