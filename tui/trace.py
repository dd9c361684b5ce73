"""What the time went to, from the start of the process on: for ``chat --timings``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO, TypeVar

from engine.types import Finished, Loading, Piece, Reasoning

_Event = TypeVar("_Event")


class Trace:
    """Steps, each with the moment when it was done. Noting one costs next to nothing."""

    def __init__(self, started: float | None = None) -> None:
        """Begin.

        Args:
            started: When the process did, by `time.monotonic`; None is now.
        """
        self._started = time.monotonic() if started is None else started
        self._steps: list[tuple[str, float]] = []

    def mark(self, step: str, moment: float | None = None) -> None:
        """Note that a step is done: now, or at a moment of `time.monotonic`."""
        self._steps.append((step, time.monotonic() if moment is None else moment))

    def following(self, events: Iterator[_Event]) -> Iterator[_Event]:
        """The events of an answer, with the steps that they tell of noted as they pass."""
        waits = {"the weights are loaded", "the prompt is read"}
        for event in events:
            if not isinstance(event, Loading):
                self._mark_first("the weights are loaded", waits)
            if isinstance(event, Piece | Reasoning | Finished):
                self._mark_first("the prompt is read", waits)
            yield event
        self.mark("the answer is whole")

    def report(self, stream: TextIO) -> None:
        """Print each step with the seconds that it took, and those since the start."""
        before = self._started
        for step, moment in self._steps:
            stream.write(f"{moment - before:8.3f} s {moment - self._started:8.3f} s  {step}\n")
            before = moment

    def _mark_first(self, step: str, waits: set[str]) -> None:
        if step in waits:
            waits.remove(step)
            self.mark(step)


def process_start() -> float | None:
    """When this process began, by `time.monotonic`, to a hundredth of a second; None where the
    system does not say."""
    try:
        # proc(5): the 22nd field, counted from boot; the name before it may have spaces.
        fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        since_boot = int(fields[19]) / 100
        return time.monotonic() - (time.clock_gettime(time.CLOCK_BOOTTIME) - since_boot)
    except (OSError, ValueError, AttributeError):
        return None
