"""How far a download is, how quick, and how long it will take."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic

from tui.tables import file_size

_SHOWN_EVERY_S = 0.2
_LOOKED_BACK_S = 5.0
"""How long ago the bytes came that the speed is told from."""


class DownloadProgress:
    """Shows a download, and is called with the bytes that there are."""

    def __init__(
        self,
        show: Callable[[float, str], object],
        total: int,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Show nothing yet.

        Args:
            show: Gets how much of it is there, from 0 to 1, and a line, a few times a second.
            total: Bytes.
            clock: Seconds that only go forward.
        """
        self._show = show
        self._total = total
        self._clock = clock
        self._shown = float("-inf")
        self._seen: deque[tuple[float, int]] = deque()

    def __call__(self, count: int) -> None:
        """Take note of so many bytes, and show them now and then."""
        now = self._clock()
        self._seen.append((now, count))
        while len(self._seen) > 2 and now - self._seen[0][0] > _LOOKED_BACK_S:
            self._seen.popleft()
        if now - self._shown >= _SHOWN_EVERY_S:
            self._shown = now
            self._show(min(1.0, count / max(1, self._total)), self.line())

    def line(self) -> str:
        """How far it is, in words."""
        count = self._seen[-1][1] if self._seen else 0
        done = f" {count / max(1, self._total):.0%} of {file_size(self._total)}"
        if count >= self._total:
            return f"{done}, checking it"
        speed = self._speed()
        if not speed:
            return done
        left = (self._total - count) / speed
        return f"{done}, {file_size(int(speed))}/s, {_duration(left)} left"

    def _speed(self) -> float:
        """Bytes a second, of late."""
        (then, before), (now, count) = self._seen[0], self._seen[-1]
        return (count - before) / (now - then) if now > then else 0.0


def _duration(seconds: float) -> str:
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
