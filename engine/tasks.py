"""Work for a worker process that needs no loaded weights, seen from its caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine import wire
from engine.process import WorkerProcess
from engine.types import TemplateReport

_POLL_MS = 50


def inspect_template(source: str, specials: Mapping[str, str]) -> TemplateReport:
    """Render an example with a chat template, and look through it.

    Args:
        source: Jinja source, which runs in a process of its own.
        specials: Values of ``bos_token`` and the like.

    Raises:
        WorkerFailed: If the process died over it.
    """
    frames = _frames("inspect", template=source, specials=dict(specials))
    report = next(frame["report"] for frame in frames if "report" in frame)
    return TemplateReport(**{**report, "findings": tuple(report["findings"])})


def _frames(op: str, **values: object) -> Iterator[wire.Frame]:
    """What a worker of its own answers, until nobody asks for more.

    Raises:
        EngineError: The one that the worker answered with.
    """
    worker = WorkerProcess()
    try:
        worker.send({"op": op, "id": 1, **values})
        while True:
            frame = worker.receive(_POLL_MS)
            if frame is None or frame["id"] != 1:
                continue
            if "failure" in frame:
                raise wire.decode_error(frame)
            yield frame
    finally:
        worker.kill()
