"""What llama.cpp can compute with on this machine: its backends and their devices."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from llama_cpp import llama_cpp as ll
from llama_cpp._ggml import libggml

from engine.reports import Device

_CPU, _CARD, _INTEGRATED = 0, 1, 2
"""Of ggml_backend_dev_type: processors, graphics cards, processors' own graphics."""

_PLENTY = 2**60
"""Bytes."""

_MOST_DEVICES = 64


def backends() -> list[str]:
    """The names of the backends in this build: CPU, and CUDA, Metal, Vulkan, …"""
    count = _function("ggml_backend_reg_count", ctypes.c_size_t)()
    get = _function("ggml_backend_reg_get", ctypes.c_void_p, ctypes.c_size_t)
    name = _function("ggml_backend_reg_name", ctypes.c_char_p, ctypes.c_void_p)
    return [name(get(index)).decode(errors="replace") for index in range(count)]


def devices() -> list[Device]:
    """Everything but the processor that this build can use here."""
    return [device for kind, device in _all_devices() if kind != _CPU]


def graphics_memory() -> list[int]:
    """Bytes that are free on each graphics card; see `free_memory`."""
    return free_memory(list(_all_devices()))


def free_memory(found: Sequence[tuple[int, Device]]) -> list[int]:
    """Bytes that are free on each of the graphics cards that llama.cpp takes.

    A processor's own graphics, whose memory is the machine's, is taken only where there is no card.
    One that does not tell has room for everything: only trying says otherwise.

    Args:
        found: Types, as ggml numbers them, and devices.
    """
    cards = [device for kind, device in found if kind == _CARD]
    taken = cards or [device for kind, device in found if kind == _INTEGRATED]
    return [device.free_bytes if device.total_bytes else _PLENTY for device in taken]


def _all_devices() -> Iterator[tuple[int, Device]]:
    ll.llama_backend_init()
    count = _function("ggml_backend_dev_count", ctypes.c_size_t)()
    get = _function("ggml_backend_dev_get", ctypes.c_void_p, ctypes.c_size_t)
    kind = _function("ggml_backend_dev_type", ctypes.c_int, ctypes.c_void_p)
    name = _function("ggml_backend_dev_name", ctypes.c_char_p, ctypes.c_void_p)
    describe = _function("ggml_backend_dev_description", ctypes.c_char_p, ctypes.c_void_p)
    size = ctypes.POINTER(ctypes.c_size_t)
    memory = _function("ggml_backend_dev_memory", None, ctypes.c_void_p, size, size)
    for index in range(min(count, _MOST_DEVICES)):
        device, free, total = get(index), ctypes.c_size_t(), ctypes.c_size_t()
        memory(device, ctypes.byref(free), ctypes.byref(total))
        yield (
            kind(device),
            Device(
                name(device).decode(errors="replace"),
                describe(device).decode(errors="replace"),
                free.value,
                total.value,
            ),
        )


def _function(name: str, result: type | None, *arguments: type) -> Callable[..., Any]:
    """A function of ggml, which the bindings do not declare."""
    address = ctypes.cast(getattr(libggml, name), ctypes.c_void_p).value
    assert address is not None
    declared: Callable[..., Any] = ctypes.CFUNCTYPE(result, *arguments)(address)
    return declared
