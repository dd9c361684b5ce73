"""How much memory a model takes, before it is loaded: for lists, and for what to download."""

from __future__ import annotations

from engine.load_options import KV_ELEMENT_BYTES, KvType
from engine.models.summary import ModelSummary

_BATCH = 512
"""Tokens that are evaluated at once."""

_PROCESS = 65 * 10**6
"""Bytes of the worker itself: Python, numpy, llama.cpp."""

_BESIDE = 512 * 2**20
"""Bytes that a download of unknown shape takes beside an eighth of its size."""

USUAL_CONTEXT = 4096
"""Tokens; what a model should have room for, to be said to fit."""


def memory_needed(summary: ModelSummary, n_ctx: int, kv_type: KvType = "f16") -> int:
    """Bytes that a model takes with a full context: weights, KV cache and what computing takes.

    Weights that llama.cpp copies, into another order or onto a card, count once: the pages of the
    file are given back.

    Computing takes some states of each token of a batch. llama.cpp reserves room for all of their
    logits as well, and never touches it, as only those of the last token are asked for.
    """
    kv = int(summary.kv_elements * KV_ELEMENT_BYTES[kv_type] * n_ctx)
    compute = _BATCH * 4 * (8 * summary.n_embd + 2 * summary.n_ff)
    return summary.weights_bytes + kv + compute + _PROCESS


def memory_of_download(size_bytes: int) -> int:
    """Bytes that a file of which only the size is known takes with a context of usual length."""
    return size_bytes + size_bytes // 8 + _BESIDE


def usual_memory(summary: ModelSummary) -> int:
    """Bytes that a model takes with a context of usual length."""
    return memory_needed(summary, min(USUAL_CONTEXT, summary.n_ctx_train or USUAL_CONTEXT))
