"""Words of answers on their way from the conversation's thread to the screen, which takes them when
it is time to show some: ten times a second look like a flow, and cost half of what twenty do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

INTERVAL_S = 0.1
"""Between two looks at what came."""


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
