"""Words of growing answers between the conversation's thread and the screen, which takes them when
it is time to draw: ten times a second looks fluent and costs half of what twenty times does. A very
long answer is drawn less often, because every layout visits all of its blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic, thread_time

INTERVAL_S = 0.1
"""The least time between two drawings."""

_LONGEST_S = 0.5

_FLOW_S = 2.0
"""After a longer pause the cost of the drawing before says nothing."""

_SHARE = 0.1
"""The share of a core that drawing an answer may take."""


@dataclass(frozen=True, slots=True)
class Words:
    """What came of one answer since the last time."""

    turn: str
    """The answer's id."""
    text: str
    thoughts: str
    pieces: int
    """How many pieces, which is about how many tokens."""


class Pieces:
    """Collects words in one thread and hands them over in another."""

    def __init__(self, announce: Callable[[Pieces], object]) -> None:
        """Nothing is collected yet.

        Args:
            announce: Called in the collecting thread when there is something to take again.
        """
        self._announce = announce
        self._lock = Lock()
        self._waiting: dict[str, tuple[list[str], list[str]]] = {}

    def add(self, turn: str, text: str, *, is_thought: bool) -> None:
        """Add a piece of an answer."""
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
    """When to draw next, so that drawing leaves time for keys however long the answer is.

    For one thread, whose processor time it measures.
    """

    def __init__(
        self,
        clock: Callable[[], float] = monotonic,
        work: Callable[[], float] = thread_time,
    ) -> None:
        """Nothing is drawn yet.

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
        """Note that words are drawn now; returns the time."""
        now, worked = self._clock(), self._work()
        # The last drawing and whatever else ran since; nothing before the first one of an answer.
        self._took = worked - self._worked if now - self._shown_at < _FLOW_S else 0.0
        self._shown_at, self._worked = now, worked
        return now

    @property
    def wait(self) -> float:
        """Seconds until the next drawing."""
        pause = max(INTERVAL_S, min(self._took / _SHARE, _LONGEST_S))
        return max(0.001, self._shown_at + pause - self._clock())
