"""Makes smaller weights of larger ones, with llama.cpp's own function."""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from llama_cpp import llama_cpp as ll

from engine.errors import QuantizeFailed
from engine.machine import usable_cores
from engine.native_log import NativeLog

_TENSOR = re.compile(r"\[\s*(\d+)/\s*(\d+)\]")
"""How the log counts tensors; nothing else tells how far it is."""

_WHAT_FAILED = re.compile(r"^failed to quantize: ")

_NOT_WRITTEN = "iostream error"
"""What C++ has to say of every failed write."""


@dataclass(frozen=True, slots=True)
class QuantizeTask:
    """What is to be made of what."""

    source: str
    """A GGUF file, or the first of several parts."""
    target: str
    """A file to be written; what has the name is written over."""
    file_type: int
    """As ``llama_ftype`` numbers them."""
    requantize: bool
    """Whether the source may be quantized already."""


def quantize(task: QuantizeTask, log: NativeLog, progress: Callable[[float], None]) -> None:
    """Quantize a file; takes as long as llama.cpp does, and cannot be stopped.

    Args:
        task: What to do.
        log: Where llama.cpp's words end up.
        progress: Gets the fraction of the tensors that were begun.

    Raises:
        QuantizeFailed: With llama.cpp's reason.
    """

    def follow(line: str) -> None:
        if counted := _TENSOR.match(line):
            progress((int(counted[1]) - 1) / max(1, int(counted[2])))

    ll.llama_backend_init()
    params = ll.llama_model_quantize_default_params()
    params.ftype = task.file_type
    params.nthread = usable_cores()
    params.allow_requantize = task.requantize
    log.clear()
    with log.followed(follow):
        source, target = os.fsencode(task.source), os.fsencode(task.target)
        code = ll.llama_model_quantize(source, target, ctypes.byref(params))
    if code:
        raise QuantizeFailed(_reason(log))


def _reason(log: NativeLog) -> str:
    errors = log.errors()
    reason = _WHAT_FAILED.sub("", errors[-1] if errors else log.reason())
    return "it could not be written: is the disk full?" if _NOT_WRITTEN in reason else reason
