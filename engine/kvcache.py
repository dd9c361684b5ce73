"""The KV cache: a pool of sequences over one memory, so that nothing is computed twice.

Every sequence is a list of tokens whose keys and values are in the cache. Sequences with a common
beginning share its cells: a branch costs nothing. What nobody uses stays until its room is needed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from llama_cpp import llama_cpp as ll

from engine.abort import AbortFlag, Cancelled
from engine.errors import CannotFit, LoadFailed
from engine.load_options import FlashAttention, KvType
from engine.prefix import agreement
from engine.weights import Weights

_SLOTS, _FEW_SLOTS = 34, 6
"""Sequences that can live at once: two generations of the widest beam search, and a spare pair. A
model with a recurrent state takes memory for each of them."""

_NO_ROOM, _ABORTED = 1, 2
"""Return values of ``llama_decode``."""

_FIRST_SIZE = 1024
"""Tokens the cache starts with: clearing one for a 32k context costs most of a second."""

_WORTH_KEEPING = 16
"""Tokens that a branch must have of its own for the old one to be kept beside it."""

_STEP_S = 0.25
"""How long one step of a prefill should take: a cancel and a progress report wait for its end
wherever llama.cpp cannot be interrupted."""

_FIRST_STEP = 128

_KV_TYPES: dict[KvType, int] = {
    "f16": ll.GGML_TYPE_F16,
    "q8_0": ll.GGML_TYPE_Q8_0,
    "q4_0": ll.GGML_TYPE_Q4_0,
}
_FLASH: dict[FlashAttention, int] = {"auto": -1, "off": 0, "on": 1}


_FEW_TOKENS = 8
"""A batch that is evaluated before anybody wonders whether llama.cpp is still alive."""


@dataclass(frozen=True, slots=True)
class CacheOptions:
    """How the cache and its evaluation are set up."""

    limit: int
    """The most tokens the cache may grow to."""
    threads: int
    """CPU threads for prefill and for decoding."""
    batch: int = 512
    """The most tokens evaluated in one call."""
    kv_type: KvType = "f16"
    flash_attention: FlashAttention = "auto"
    first_size: int = _FIRST_SIZE
    """Tokens to make room for at first."""


@dataclass(eq=False, slots=True)
class KvSequence:
    """One branch of the cache."""

    id: int
    """llama.cpp's number for it."""
    tokens: list[int] = field(default_factory=list)
    """What it holds, in order."""
    used_at: int = 0
    in_use: bool = True


@dataclass(frozen=True, slots=True)
class Addition:
    """Tokens to append to a sequence, and for how many of the last ones logits are wanted."""

    sequence: KvSequence
    tokens: Sequence[int]
    outputs: int


class KvCache:
    """All sequences of one llama.cpp context, and the logits of the last evaluation."""

    def __init__(self, weights: Weights, options: CacheOptions, abort: AbortFlag) -> None:
        """Allocate a small cache.

        Args:
            weights: What evaluates the tokens.
            options: How.
            abort: Ends an evaluation early.

        Raises:
            LoadFailed: If there is no memory for it.
        """
        self.limit = options.limit
        self.options = options
        self.can_cut = not (
            ll.llama_model_is_recurrent(weights.model) or ll.llama_model_is_hybrid(weights.model)
        )
        """Whether the end of a sequence can be taken back, and a part of one be shared."""
        self.slots = _SLOTS if self.can_cut else _FEW_SLOTS
        """How many sequences there can be."""
        self.step = min(_FIRST_STEP, options.batch)
        """Tokens that take about a quarter of a second to evaluate; follows what was measured."""
        self._weights = weights
        self._abort = abort
        self._sequences: list[KvSequence] = []
        self._clock = 0
        self._size = min(self.limit, options.first_size)
        self._batch = ll.llama_batch_init(options.batch, 0, 1)
        self.handle = self._allocate(self._size)

    def begin(self, prompt: Sequence[int], *, again: bool = False) -> tuple[KvSequence, list[int]]:
        """The sequence that holds most of the prompt, cut to what they share.

        Args:
            prompt: The tokens to go on from.
            again: Whether a prompt that is here as a whole should be gone on from in place of what
                came after it, in the very same cells: sums are rounded by where they lie.

        Returns:
            The sequence, in use until it is given back with `release`, and the prompt's tokens as
            the cache spells them. At least the last one is left to evaluate, for its logits.
        """
        best, ours, theirs = self._best(prompt, self._weights.spelling)
        if best is not None and ours - theirs + len(prompt) >= self.limit:
            # The cache spells it with more tokens than there is room for.
            best, ours, theirs = self._best(prompt, _unspelled)
        if best is None:
            return self._new(), list(prompt)
        spelled = [*best.tokens[:ours], *prompt[theirs:]]
        in_place = again and theirs == len(prompt) - 1
        if in_place or len(best.tokens) - ours < _WORTH_KEEPING:
            self.cut(best, ours)
            best.in_use = True
            return best, spelled
        return self.fork(best, ours), spelled

    def known(self, prompt: Sequence[int]) -> int:
        """How many of the prompt's tokens `begin` would find here."""
        return self._best(prompt, self._weights.spelling)[2]

    def _best(
        self, prompt: Sequence[int], spelling: Callable[[int], bytes]
    ) -> tuple[KvSequence | None, int, int]:
        """The idle sequence that shares most of the prompt, and how far the two agree."""
        found: tuple[KvSequence | None, int, int] = (None, 0, 0)
        for sequence in self._idle():
            ours, theirs = agreement(sequence.tokens, prompt[:-1], spelling)
            is_of_use = self.can_cut or ours == len(sequence.tokens)
            if is_of_use and theirs > found[2]:
                found = sequence, ours, theirs
        return found

    def holds(self, sequence: KvSequence) -> bool:
        """Whether the sequence is still here."""
        return sequence in self._sequences

    def fork(self, sequence: KvSequence, length: int | None = None) -> KvSequence:
        """A new sequence in use, sharing the first tokens of another: no computation at all."""
        length = len(sequence.tokens) if length is None else length
        sequence.in_use, before = True, sequence.in_use
        branch = self._new()
        sequence.in_use = before
        self._touch(sequence)
        ll.llama_memory_seq_cp(self._memory, sequence.id, branch.id, 0, length)
        branch.tokens = sequence.tokens[:length]
        return branch

    def release(self, sequence: KvSequence) -> None:
        """Nobody needs the sequence now; it stays until its room is needed."""
        sequence.in_use = False
        self._touch(sequence)

    def drop(self, sequence: KvSequence) -> None:
        """Forget a sequence at once."""
        self._sequences.remove(sequence)
        ll.llama_memory_seq_rm(self._memory, sequence.id, -1, -1)

    def cut(self, sequence: KvSequence, length: int) -> None:
        """Take back the end of a sequence; where the model cannot, evaluate its beginning again.

        Raises:
            Cancelled: If that was stopped.
        """
        if length == len(sequence.tokens):
            return
        if ll.llama_memory_seq_rm(self._memory, sequence.id, length, -1):
            del sequence.tokens[length:]
            return
        self.can_cut = False
        again = sequence.tokens[:length]
        ll.llama_memory_seq_rm(self._memory, sequence.id, -1, -1)
        sequence.tokens.clear()
        if again:
            self.extend(sequence, again)

    def extend(self, sequence: KvSequence, tokens: Sequence[int]) -> int:
        """Append any number of tokens, step by step.

        Returns:
            The output row of the last one's logits.

        Raises:
            Cancelled, CannotFit: See `evaluate`.
        """
        row = 0
        for start in range(0, len(tokens), self.options.batch):
            part = tokens[start : start + self.options.batch]
            (row,) = self.evaluate([Addition(sequence, part, 1)])
        return row

    def evaluate(self, additions: Sequence[Addition]) -> list[int]:
        """Append tokens to sequences, all in one batch.

        Args:
            additions: Together no more than ``options.batch`` tokens.

        Returns:
            For each addition, the output row of its first logits; the others follow it.

        Raises:
            Cancelled: If the abort flag was set; the sequences are as they were, or empty where the
                model cannot take back a part.
            CannotFit: If a sequence would outgrow the limit, or the memory for it is not there.
        """
        for addition in additions:
            needed = len(addition.sequence.tokens) + len(addition.tokens)
            if needed > self.limit:
                raise CannotFit(needed, self.limit)
        rows = self._fill(additions)
        started = perf_counter()
        self._decode(additions)
        count = sum(len(addition.tokens) for addition in additions)
        if count >= self.step:
            self._adapt_step(count / (perf_counter() - started))
        for addition in additions:
            addition.sequence.tokens += addition.tokens
        self._abort.polls += 1
        return rows

    def state(self, sequence: KvSequence, length: int) -> memoryview | None:
        """The KV state of a sequence's first tokens, in llama.cpp's form; None if there is none."""
        if length != len(sequence.tokens) and not self.can_cut:
            return None
        part = sequence if length == len(sequence.tokens) else self.fork(sequence, length)
        size = ll.llama_state_seq_get_size(self.handle, part.id)
        buffer = (ctypes.c_uint8 * size)()
        written = ll.llama_state_seq_get_data(self.handle, buffer, size, part.id)
        if part is not sequence:
            self.drop(part)
        return memoryview(buffer).cast("B")[:written] if written else None

    def restore(self, tokens: Sequence[int], state: memoryview) -> KvSequence | None:
        """A sequence from a saved state, not in use; None where llama.cpp does not take it.

        Args:
            tokens: What the state has read.
            state: Its bytes, writable: they are handed over without a copy.
        """
        if len(tokens) > self.limit:
            return None
        buffer = (ctypes.c_uint8 * len(state)).from_buffer(state)
        sequence = self._new()
        while not self._take_state(sequence, buffer, len(tokens)):
            held = sum(len(each.tokens) for each in self._sequences)
            if held + len(tokens) <= self._size or not self._widen(len(tokens)):
                self.drop(sequence)
                return None
        sequence.tokens = list(tokens)
        self.release(sequence)
        return sequence

    def _take_state(self, sequence: KvSequence, state: ctypes.Array[Any], length: int) -> bool:
        taken = ll.llama_state_seq_set_data(self.handle, state, len(state), sequence.id)
        held = ll.llama_memory_seq_pos_max(self._memory, sequence.id) + 1
        if taken and held == length:
            return True
        ll.llama_memory_seq_rm(self._memory, sequence.id, -1, -1)
        return False

    def close(self) -> None:
        """Give the memory back."""
        ll.llama_batch_free(self._batch)
        ll.llama_free(self.handle)

    @property
    def _memory(self) -> ll.llama_memory_t:
        return ll.llama_get_memory(self.handle)

    def _idle(self) -> list[KvSequence]:
        """Sequences that nobody uses, the one longest unused first."""
        idle = (sequence for sequence in self._sequences if not sequence.in_use)
        return sorted(idle, key=lambda sequence: sequence.used_at)

    def _new(self) -> KvSequence:
        taken = {sequence.id for sequence in self._sequences}
        if len(taken) == self.slots:
            self.drop(self._idle()[0])
            return self._new()
        sequence = KvSequence(next(number for number in range(self.slots) if number not in taken))
        self._sequences.append(sequence)
        self._touch(sequence)
        return sequence

    def _touch(self, sequence: KvSequence) -> None:
        self._clock += 1
        sequence.used_at = self._clock

    def _fill(self, additions: Sequence[Addition]) -> list[int]:
        """Write the batch; returns the row of each addition's first output."""
        batch, at, rows = self._batch, 0, []
        for addition in additions:
            position = len(addition.sequence.tokens)
            first_output = at + len(addition.tokens) - addition.outputs
            rows.append(first_output)
            for token in addition.tokens:
                batch.token[at] = token
                batch.pos[at] = position
                batch.n_seq_id[at] = 1
                batch.seq_id[at][0] = addition.sequence.id
                batch.logits[at] = at >= first_output
                position, at = position + 1, at + 1
        batch.n_tokens = at
        return rows

    def _decode(self, additions: Sequence[Addition]) -> None:
        while True:
            if self._abort.is_set:
                raise Cancelled
            self._abort.watch(self.handle, count=self._batch.n_tokens > _FEW_TOKENS)
            code = ll.llama_decode(self.handle, self._batch)
            if code == 0:
                return
            if code == _NO_ROOM:
                self._give_way(additions)
                continue
            for addition in additions:
                # What failed may have left some of its tokens behind.
                self._trim(addition.sequence)
            if code == _ABORTED:
                raise Cancelled
            raise RuntimeError(f"llama_decode returned {code}")

    def _trim(self, sequence: KvSequence) -> None:
        """Remove cells beyond the sequence's tokens, or all of it where the model cannot."""
        if not ll.llama_memory_seq_rm(self._memory, sequence.id, len(sequence.tokens), -1):
            ll.llama_memory_seq_rm(self._memory, sequence.id, -1, -1)
            sequence.tokens.clear()

    def _give_way(self, additions: Sequence[Addition]) -> None:
        """Make room after a batch found none: a larger cache, else without the oldest sequence."""
        needed = sum(len(each.tokens) for each in additions)
        if not self._widen(needed):
            longest = max(len(each.sequence.tokens) for each in additions)
            raise CannotFit(longest + needed, min(self._size, self.limit))

    def _widen(self, needed: int) -> bool:
        """Grow, as long as that goes; then forget the sequence that was unused the longest."""
        if self._size < self.limit and self._grow(self._size + needed):
            return True
        if idle := self._idle():
            self.drop(idle[0])
            return True
        return False

    def _grow(self, needed: int) -> bool:
        """Move to a larger cache, taking every sequence along."""
        size = self._size
        while size < needed:
            size *= 2
        size = min(size, self.limit)
        try:
            larger = self._allocate(size)
        except LoadFailed:
            self.limit = self._size
            return False
        room = ll.llama_state_get_size(self.handle)
        state = (ctypes.c_uint8 * room)()
        written = ll.llama_state_get_data(self.handle, state, room)
        moved = ll.llama_state_set_data(larger, state, written)
        ll.llama_free(self.handle)
        self.handle, self._size = larger, size
        if not moved:
            raise RuntimeError("the KV cache could not be moved to a larger one")
        return True

    def _adapt_step(self, speed: float) -> None:
        """Follow the measured tokens per second, by powers of two."""
        while self.step * 2 <= min(self.options.batch, speed * _STEP_S):
            self.step *= 2
        while self.step > 32 and self.step > 2 * speed * _STEP_S:
            self.step //= 2

    def _allocate(self, size: int) -> ll.llama_context_p:
        params = ll.llama_context_default_params()
        params.n_ctx = size
        params.n_batch = params.n_ubatch = self.options.batch
        params.n_seq_max = self.slots
        # By default as many as the batch has tokens, and fewer than there are sequences abort.
        params.n_outputs_max = max(self.options.batch, self.slots)
        params.kv_unified = True
        params.n_threads = params.n_threads_batch = self.options.threads
        params.type_k = params.type_v = _KV_TYPES[self.options.kv_type]
        params.flash_attn_type = _FLASH[self.options.flash_attention]
        handle = ll.llama_init_from_model(self._weights.model, params)
        if not handle:
            raise LoadFailed(f"no memory for a context of {size:,} tokens; set a smaller n_ctx")
        return handle


def _unspelled(_token: int) -> bytes:
    """No token agrees with others."""
    return b""
