"""How weights are put to work: context, threads, layers on the GPU, the KV cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

KvType: TypeAlias = Literal["f16", "q8_0", "q4_0"]
FlashAttention: TypeAlias = Literal["auto", "on", "off"]
GpuLayers: TypeAlias = "int | Literal['auto', 'all']"

KV_ELEMENT_BYTES: Mapping[KvType, float] = {"f16": 2, "q8_0": 34 / 32, "q4_0": 18 / 32}
"""Of a number in the KV cache; the quantized types keep a 16-bit scale for every 32."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How weights are put to work; None leaves the choice to the engine."""

    name: str | None = None
    """What the model is called; None is its file's name."""
    n_ctx: int | None = None
    """Tokens the context may grow to. None: what the model was trained on, or what fits memory."""
    threads: int | None = None
    """None: every physical core this process may use."""
    gpu_layers: GpuLayers = "auto"
    """Layers on the GPU, where there is one: as many as fit, all of them, or a number."""
    layers_file: str | None = None
    """Where it is remembered how many fit; None finds it out each time."""
    too_many_layers: int | None = None
    """With so many llama.cpp aborted."""
    batch: int | None = None
    """The most tokens evaluated in one call."""
    kv_type: KvType = "f16"
    """How keys and values are kept: smaller ones take less memory and lose a little."""
    flash_attention: FlashAttention = "auto"
    chat_template: str | None = None
    """Jinja source, in place of the model's own."""
    snapshots: str | None = None
    """The folder where KV state is kept between processes; None keeps none."""
    snapshot_budget: int = 2 * 2**30
    """Bytes that the folder may hold."""
    keep_alive: int = 0
    """Seconds that the worker stays when nobody uses it; 0 ends it with its caller."""
    runtime: str | None = None
    """The folder of the sockets of workers that stay."""
