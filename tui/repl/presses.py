"""Ctrl+C, and Ctrl+C again within a second: the first must not cost anybody what they typed."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

WITHIN_S = 1.0
"""Seconds between two presses that belong together."""


class Presses:
    """Remembers when a key was pressed."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._last: float | None = None

    @property
    def is_armed(self) -> bool:
        """Whether the key was pressed just now."""
        return self._last is not None and self._clock() - self._last < WITHIN_S

    def press(self) -> bool:
        """Press it; whether that is the second time within a second."""
        is_second = self.is_armed
        self._last = None if is_second else self._clock()
        return is_second
