"""Work for a worker process that needs no loaded weights, seen from its caller."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from pathlib import Path

from engine import wire
from engine.process import WorkerProcess
from engine.reports import SystemReport, TemplateReport

_POLL_MS = 50


def system_report() -> SystemReport:
    """What the llama.cpp that a worker would use is built with.

    Raises:
        WorkerFailed: If it cannot even be imported.
    """
    with closing(_frames("system")) as frames:
        return wire.decode_system(next(frames)["system"])


def inspect_template(source: str, specials: Mapping[str, str]) -> TemplateReport:
    """Render an example with a chat template, and look through it.

    Args:
        source: Jinja source, which runs in a process of its own.
        specials: Values of ``bos_token`` and the like.

    Raises:
        WorkerFailed: If the process died over it.
    """
    with closing(_frames("inspect", template=source, specials=dict(specials))) as frames:
        report = next(frames)["report"]
    return TemplateReport(**{**report, "findings": tuple(report["findings"])})


def quantize(
    source: Path, target: Path, file_type: int, *, requantize: bool
) -> Generator[float, None, None]:
    """Quantize a file; yields the fraction that is done. Closing it ends the work.

    Args:
        source: A GGUF file, or the first of several parts.
        target: A file to be written; what has the name is written over.
        file_type: A key of `FILE_TYPES`.
        requantize: Whether the source may be quantized already, which loses more.

    Raises:
        QuantizeFailed: With llama.cpp's reason.
        WorkerFailed: If llama.cpp aborted over it.
    """
    task = {
        "source": str(source),
        "target": str(target),
        "file_type": file_type,
        "requantize": requantize,
    }
    with closing(_frames("quantize", task=task)) as frames:
        for frame in frames:
            if "done" in frame:
                return
            yield float(frame["progress"])


def _frames(op: str, **values: object) -> Generator[wire.Frame, None, None]:
    """The frames that a worker of its own answers with, until the generator is closed.

    Raises:
        EngineError: If the worker answered with one, or died.
    """
    worker = WorkerProcess()
    try:
        worker.send({"op": op, "id": 1, **values})
        while True:
            frame = worker.receive_answer(1, _POLL_MS)
            if frame is not None:
                yield frame
    finally:
        worker.kill()
