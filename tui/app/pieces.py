"""Words of answers on their way from the conversation's thread to the screen, which takes them when
it is time to show some: ten times a second look like a flow, and cost half of what twenty do. In a
very long answer, of which every layout looks at all parts, they are shown less often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic, thread_time

INTERVAL_S = 0.1
"""Between two looks at what came, at least."""

_LONGEST_S = 0.5

_FLOW_S = 2.0
"""What comes later than this after other words begins anew."""

_SHARE = 0.1
"""Of the processor's time that drawing an answer may take."""


@dataclass(frozen=True, slots=True)
class Words:
    """What came to one answer."""

    turn: str
    """The answer's id."""
    text: str
    thoughts: str
    pieces: int
    """How many there were: about as many as tokens."""


class Pieces:
    """Collects words in one thread and hands them over in another."""

    def __init__(self, announce: Callable[[Pieces], object]) -> None:
        """Nothing is collected yet.

        Args:
            announce: Is told, in the thread that collects, that there is something again.
        """
        self._announce = announce
        self._lock = Lock()
        self._waiting: dict[str, tuple[list[str], list[str]]] = {}

    def add(self, turn: str, text: str, *, is_thought: bool) -> None:
        """Take what came to an answer."""
        with self._lock:
            is_first = not self._waiting
            texts, thoughts = self._waiting.setdefault(turn, ([], []))
            (thoughts if is_thought else texts).append(text)
        if is_first:
            self._announce(self)

    def take(self) -> list[Words]:
        """Everything that came since the last time."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        return [
            Words(turn, "".join(texts), "".join(thoughts), len(texts) + len(thoughts))
            for turn, (texts, thoughts) in waiting.items()
        ]


class Cadence:
    """How often words are shown: so that drawing them leaves time for keys, however many there are.

    For one thread, whose processor time it looks at.
    """

    def __init__(
        self,
        clock: Callable[[], float] = monotonic,
        work: Callable[[], float] = thread_time,
    ) -> None:
        """Nothing was shown yet.

        Args:
            clock: Seconds.
            work: Seconds of processor time.
        """
        self._clock = clock
        self._work = work
        self._shown_at = 0.0
        self._worked = 0.0
        self._took = 0.0

    def begin(self) -> float:
        """Words are shown now; the moment."""
        now, worked = self._clock(), self._work()
        # What drew the last ones, and whatever else came between; before an answer that is nothing.
        self._took = worked - self._worked if now - self._shown_at < _FLOW_S else 0.0
        self._shown_at, self._worked = now, worked
        return now

    @property
    def wait(self) -> float:
        """Seconds until more should be shown."""
        pause = max(INTERVAL_S, min(self._took / _SHARE, _LONGEST_S))
        return max(0.001, self._shown_at + pause - self._clock())
