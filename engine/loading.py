"""From a file and options to a model that answers, with less than was asked for if it must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from llama_cpp import llama_cpp as ll

from engine.abort import AbortFlag
from engine.devices import devices, graphics_memory
from engine.errors import CannotFit, LoadFailed
from engine.fingerprint import fingerprint
from engine.gpu_layers import LayerMemory, is_about_memory, most_layers
from engine.inference import Inference
from engine.kvcache import CacheOptions
from engine.load_options import LoadOptions
from engine.machine import available_memory, usable_cores
from engine.models.gguf import read_header
from engine.native_log import NativeLog
from engine.reports import ModelCard
from engine.weights import Weights

_BATCH_TOKENS = 512
_SMALLEST_CONTEXT = 512

_SPARE = 512 * 2**20
"""Bytes that stay free on a graphics card. Backends take memory beside what a context reserves,
some of it only when they compute and more with each token, and abort where there is none."""

_USUAL_CONTEXT = 8192
"""Tokens that a graphics card must have room for beside the layers, where none are asked for."""


def load(
    path: str,
    options: LoadOptions,
    log: NativeLog,
    progress: Callable[[float, int], bool],
    abort: AbortFlag,
) -> tuple[Inference, ModelCard]:
    """Load weights and allocate a cache for them.

    Args:
        path: A GGUF file.
        options: How. Where the GPU's or the machine's memory is too small, fewer layers or a
            smaller context are tried, and the card says so.
        log: Where llama.cpp's reasons end up.
        progress: Gets the fraction read, and how many layers go onto the card; returning False
            gives up.
        abort: Ends an evaluation early.

    Raises:
        LoadFailed: If the file cannot be used, or there is no memory for the smallest context.
    """
    ll.llama_backend_init()
    loading = _Loading(Path(path), options, log, progress, abort)
    if ll.llama_supports_gpu_offload() and options.gpu_layers != 0:
        _fill_graphics_card(loading, options)
    else:
        loading.put(0)
    assert loading.inference is not None
    return loading.inference, replace(loading.inference.card(), notices=tuple(loading.notices))


class _Loading:
    """Weights and their cache, loaded anew for each number of layers that is tried."""

    def __init__(
        self,
        path: Path,
        options: LoadOptions,
        log: NativeLog,
        progress: Callable[[float, int], bool],
        abort: AbortFlag,
    ) -> None:
        self.path = path
        self.notices: list[str] = []
        self.inference: Inference | None = None
        self.layers = 0
        self.known: int | None = None
        """Layers of which it is known that they can be computed with."""
        self._weights: Weights | None = None
        self._free: list[int] = []
        """Bytes that were free on each card before: llama.cpp shares the layers out by them."""
        self._options, self._log, self._progress, self._abort = options, log, progress, abort

    def put(self, layers: int) -> None:
        """Load with so many layers on the graphics card, in place of what is loaded.

        Raises:
            LoadFailed: If that cannot be.
        """
        self._give_back()
        self._free = graphics_memory() if layers else []
        self.layers = layers

        def progress(fraction: float) -> bool:
            return self._progress(fraction, layers)

        weights = Weights(self.path, gpu_layers=layers, log=self._log, progress=progress)
        self._weights = weights
        self.notices = []
        limit = self._options.n_ctx or context_limit(weights, self._options)
        if limit > weights.n_ctx_train:
            self.notices.append(
                f"the model was trained on {weights.n_ctx_train:,} tokens, and a context of "
                f"{limit:,} is longer: its answers may suffer"
            )
        self.inference = _allocate(
            weights, self._options, limit, self._abort, self._log, self.notices
        )

    def fits(self, layers: int) -> bool:
        """Whether the card has room for so many layers, for what they keep of a context, and to
        compute: a batch is evaluated, where that is not known to go well."""
        try:
            self.put(layers)
        except LoadFailed as error:
            if not is_about_memory(str(error)):
                raise
            return False
        if not self._has_room(layers):
            return False
        if layers == self.known:
            return True
        assert self.inference is not None
        try:
            self.inference.warm_up()
        except (CannotFit, RuntimeError):
            return False
        return self._has_room(layers)

    def _has_room(self, layers: int) -> bool:
        assert self._weights is not None
        tokens = min(self._options.n_ctx or _USUAL_CONTEXT, self._weights.n_ctx_train)
        per_token = self._weights.kv_bytes_per_token(self._options.kv_type)
        kept = tokens * per_token * layers // self._weights.n_layers
        total = max(1, sum(self._free))
        # On one that had no room for the spare bytes fewer layers would change nothing.
        both = zip(self._free, graphics_memory(), strict=True)
        taken = [(before, now) for before, now in both if before >= _SPARE]
        has_room = (kept * before // total + _SPARE <= now for before, now in taken)
        return bool(taken) and all(has_room)

    def _give_back(self) -> None:
        if self.inference is not None:
            self.inference.close()
        if self._weights is not None:
            self._weights.close()
        self.inference = self._weights = None


def _fill_graphics_card(loading: _Loading, options: LoadOptions) -> None:
    """Put as many layers there as are wanted and fit."""
    header = read_header(loading.path)
    total = (header.number(f"{header.text('general.architecture')}.block_count") or 0) + 1
    wanted = options.gpu_layers if isinstance(options.gpu_layers, int) else total
    memory = LayerMemory(
        Path(options.layers_file) if options.layers_file else None,
        loading.path,
        (
            *(fingerprint(loading.path), version("llama-cpp-python")),
            f"{options.n_ctx} {options.batch} {options.kv_type} {options.flash_attention}",
            *(f"{device.description} {device.total_bytes}" for device in devices()),
        ),
        graphics_memory(),
    )
    known = memory.recall() if options.gpu_layers == "auto" else None
    most = first = min(wanted, total) if known is None else min(known, total)
    if known is not None or options.gpu_layers != "auto":
        loading.known = first
    if options.too_many_layers is not None:
        most = min(most, options.too_many_layers - 1)
        first = min(first, options.too_many_layers // 2)
    layers = most_layers(loading.fits, most, first)
    if layers != loading.layers or loading.inference is None:
        loading.put(layers)
    if options.gpu_layers == "auto":
        memory.keep(layers)
    elif layers < min(wanted, total):
        loading.notices.append(f"the GPU's memory has room for {layers} of the layers")


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
            if errors and not any(map(is_about_memory, errors)):
                raise LoadFailed(f"llama.cpp refuses these options: {errors[0]}") from error
            if size <= _SMALLEST_CONTEXT:
                raise
            continue
        if size < limit:
            notices.append(f"no memory for a context of {limit:,} tokens: it has {size:,}")
        return inference
    raise AssertionError("the last size is the smallest")


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
