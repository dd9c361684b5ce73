"""How much memory a model takes, before it is loaded: for lists, and for what to download."""

from __future__ import annotations

from engine.models.summary import ModelSummary
from engine.types import KvType

_ELEMENT_BYTES: dict[KvType, float] = {"f16": 2, "q8_0": 34 / 32, "q4_0": 18 / 32}
"""Of a number in the KV cache; the quantized types keep a 16-bit scale for every 32."""

_BATCH = 512
"""Tokens that are evaluated at once."""

_PROCESS = 100 * 2**20
"""Bytes of the worker itself: Python, llama.cpp, its buffers."""

_BESIDE = 512 * 2**20
"""Bytes that a download of unknown shape takes beside an eighth of its size."""

USUAL_CONTEXT = 4096
"""Tokens; what a model should have room for, to be said to fit."""


def memory_needed(summary: ModelSummary, n_ctx: int, kv_type: KvType = "f16") -> int:
    """Bytes that a model takes with a full context: weights, KV cache and what computing takes.

    llama.cpp makes room for the logits of a whole batch, and for a few states of each token of it.
    """
    kv = int(summary.kv_elements * _ELEMENT_BYTES[kv_type] * n_ctx)
    compute = _BATCH * 4 * (summary.n_vocab + 8 * summary.n_embd)
    return summary.weights_bytes + kv + compute + _PROCESS


def memory_of_download(size_bytes: int) -> int:
    """Bytes that a file of which only the size is known takes with a context of usual length."""
    return size_bytes + size_bytes // 8 + _BESIDE


def usual_memory(summary: ModelSummary) -> int:
    """Bytes that a model takes with a context of usual length."""
    return memory_needed(summary, min(USUAL_CONTEXT, summary.n_ctx_train or USUAL_CONTEXT))
