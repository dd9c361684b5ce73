"""How far a download is, how quick, and how long it will take."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Event, Lock, Thread
from time import monotonic
from types import TracebackType

from tui.tables import file_size

_SHOWN_EVERY_S = 0.2
_LOOKED_BACK_S = 5.0
"""How long ago the bytes came that the speed is told from."""
_SILENT_S = 3.0
"""After how long without a byte that is said, in place of a speed."""
_LOOKED_EVERY_S = 1.0


class DownloadProgress:
    """Shows a download, and is called with the bytes that there are; as a context it also looks,
    in a thread of its own, whether none come any more."""

    def __init__(
        self,
        show: Callable[[float, str], object],
        total: int,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Show nothing yet.

        Args:
            show: Gets how much of it is there, from 0 to 1, and a line, a few times a second; from
                one thread at a time.
            total: Bytes.
            clock: Seconds that only go forward.
        """
        self._show = show
        self._total = total
        self._clock = clock
        self._shown = float("-inf")
        self._seen: deque[tuple[float, int]] = deque()
        self._silent_s = 0.0
        self._lock = Lock()
        self._is_over = Event()

    def __enter__(self) -> DownloadProgress:
        self._watcher = Thread(target=self._watch, name="download progress", daemon=True)
        self._watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._is_over.wait(_LOOKED_EVERY_S):
            self.look()

    def look(self) -> None:
        """Show that nothing has come for a while, if that is so."""
        with self._lock:
            now = self._clock()
            self._silent_s = now - self._seen[-1][0] if self._seen else 0.0
            if self._silent_s >= _SILENT_S:
                self._tell(now)

    def __call__(self, count: int) -> None:
        """Take note of so many bytes, and show them now and then."""
        with self._lock:
            self._note(self._clock(), count)

    def _note(self, now: float, count: int) -> None:
        if self._silent_s >= _SILENT_S:
            self._seen.clear()  # the speed is that of what comes now
        self._silent_s = 0.0
        self._seen.append((now, count))
        while len(self._seen) > 2 and now - self._seen[0][0] > _LOOKED_BACK_S:
            self._seen.popleft()
        if now - self._shown >= _SHOWN_EVERY_S:
            self._tell(now)

    def _tell(self, now: float) -> None:
        self._shown = now
        self._show(min(1.0, self._seen[-1][1] / max(1, self._total)), self.line())

    def line(self) -> str:
        """How far it is, in words."""
        count = self._seen[-1][1] if self._seen else 0
        done = f" {count / max(1, self._total):.0%} of {file_size(self._total)}"
        if count >= self._total:
            return f"{done}, checking it"
        if self._silent_s >= _SILENT_S:
            return f"{done}, waiting: nothing received for {_duration(self._silent_s)}"
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
