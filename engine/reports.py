"""What a worker tells of its model, of the library that runs it, and of a chat template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of the weights once they are loaded."""

    name: str
    """Without folder and ``.gguf``; what people call it and what sessions record."""
    path: Path | None
    """None for a model at a server."""
    description: str
    """llama.cpp's own summary: architecture, size and quantization."""
    parameters: int
    size_bytes: int
    """Of the tensors, in bytes."""
    n_ctx: int
    """The context in use, in tokens."""
    n_ctx_train: int
    """The context that the model was trained on, in tokens."""
    has_chat_template: bool
    metadata: Mapping[str, str]
    """GGUF metadata as text, without the vocabulary and the template."""
    notices: tuple[str, ...] = ()
    """What could not be had as it was asked for; one line each."""
    fingerprint: str = ""
    """Tells weights apart that have the same name."""
    template_sha256: str | None = None
    """Of the chat template in use; None where there is none."""
    llama_cpp: str = ""
    """The version of llama.cpp's binding that loaded them."""


@dataclass(frozen=True, slots=True)
class Device:
    """What a build can compute with beside the processor."""

    name: str
    description: str
    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class SystemReport:
    """What the worker's llama.cpp is built with."""

    llama_cpp: str
    """llama.cpp's own version."""
    binding: str
    """The version of llama-cpp-python."""
    features: str
    """llama.cpp's own list of instruction sets and backends."""
    gpu_offload: bool
    """Whether this build can put layers on a GPU of this machine."""
    backends: tuple[str, ...] = ()
    """What the build can compute with: CPU, and CUDA, Metal, Vulkan, …"""
    devices: tuple[Device, ...] = ()
    """Those of them that are on this machine, without the processor."""


@dataclass(frozen=True, slots=True)
class TemplateReport:
    """What a chat template does, tried on an example."""

    rendering: str | None
    """The example as the model would get it."""
    failure: str | None = None
    """Why there is none, in one line."""
    findings: tuple[str, ...] = ()
    """What a person should know of it, a line each."""
