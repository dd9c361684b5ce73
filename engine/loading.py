"""From a file and options to a model that answers, with less than was asked for if it must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from llama_cpp import llama_cpp as ll

from engine.abort import AbortFlag
from engine.errors import LoadFailed
from engine.inference import Inference
from engine.kvcache import CacheOptions
from engine.machine import available_memory, usable_cores
from engine.types import LoadOptions, ModelCard
from engine.weights import NativeLog, Weights

_BATCH_TOKENS = 512
_SMALLEST_CONTEXT = 512


def load(
    path: str,
    options: LoadOptions,
    log: NativeLog,
    progress: Callable[[float], bool],
    abort: AbortFlag,
) -> tuple[Inference, ModelCard]:
    """Load weights and allocate a cache for them.

    Args:
        path: A GGUF file.
        options: How. Where the GPU's or the machine's memory is too small, fewer layers or a
            smaller context are tried, and the card says so.
        log: Where llama.cpp's reasons end up.
        progress: Gets the fraction read; returning False gives up.
        abort: Ends an evaluation early.

    Raises:
        LoadFailed: If the file cannot be used, or there is no memory for the smallest context.
    """
    ll.llama_backend_init()
    notices: list[str] = []
    weights = _load_weights(Path(path), options, log, progress, notices)
    limit = options.n_ctx or context_limit(weights, options)
    if limit > weights.n_ctx_train:
        notices.append(
            f"the model was trained on {weights.n_ctx_train:,} tokens, and a context of {limit:,} "
            "is longer: its answers may suffer"
        )
    inference = _allocate(weights, options, limit, abort, log, notices)
    return inference, replace(inference.card(), notices=tuple(notices))


def _load_weights(
    path: Path,
    options: LoadOptions,
    log: NativeLog,
    progress: Callable[[float], bool],
    notices: list[str],
) -> Weights:
    layers = options.gpu_layers
    while True:
        try:
            return Weights(path, gpu_layers=layers, log=log, progress=progress)
        except LoadFailed as error:
            if layers == 0 or not (
                ll.llama_supports_gpu_offload() and _is_about_memory(str(error))
            ):
                raise
        layers = 32 if layers < 0 else layers // 2
        notices.append(f"not enough GPU memory: trying {layers} layers there")


def _allocate(
    weights: Weights,
    options: LoadOptions,
    limit: int,
    abort: AbortFlag,
    log: NativeLog,
    notices: list[str],
) -> Inference:
    for size in _shrinking(limit):
        cache = CacheOptions(
            limit=size,
            threads=options.threads or usable_cores(),
            batch=min(size, options.batch or _BATCH_TOKENS),
            kv_type=options.kv_type,
            flash_attention=options.flash_attention,
        )
        log.clear()
        try:
            inference = Inference(weights, options, cache, abort)
        except LoadFailed as error:
            errors = log.errors()
            if errors and not any(map(_is_about_memory, errors)):
                raise LoadFailed(f"llama.cpp refuses these options: {errors[0]}") from error
            if size <= _SMALLEST_CONTEXT:
                raise
            continue
        if size < limit:
            notices.append(f"no memory for a context of {limit:,} tokens: it has {size:,}")
        return inference
    raise AssertionError("the last size is the smallest")


def _is_about_memory(error: str) -> bool:
    return any(word in error.lower() for word in ("memory", "alloc"))


def _shrinking(limit: int) -> Iterator[int]:
    """The size that is wanted, and the ones to try when it is too large."""
    yield limit
    while limit > _SMALLEST_CONTEXT:
        limit = max(_SMALLEST_CONTEXT, limit // 2)
        yield limit


def context_limit(weights: Weights, options: LoadOptions) -> int:
    """The trained context, or as much of it as half of the memory left beside the weights holds."""
    spare = max(0, available_memory() - weights.size_bytes) // 2
    fits = spare // max(1, weights.kv_bytes_per_token(options.kv_type))
    return max(_SMALLEST_CONTEXT, min(weights.n_ctx_train, fits))
