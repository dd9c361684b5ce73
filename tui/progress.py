"""How far a revision is: one value, and one way to say it, for every front end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic

_SOONEST = 3.0
"""Seconds of writing before it is foretold how long the rest takes."""

_FEWEST = 20
"""Words that are written by then."""

_BETWEEN = 0.1
"""Seconds between two words about the same part: a person does not read more."""

_NARROWEST = 8
"""Columns of a bar that still shows something."""

_WIDEST = 40


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work is: a part was begun, or is being written."""

    part: int
    """The number of the part in hand, from 1."""
    parts: int
    words_done: int
    """Of the drafts, as far as they are revised."""
    words: int
    seconds_left: float | None = None
    """None as long as it cannot be told."""

    @property
    def fraction(self) -> float:
        """From 0 to 1."""
        return self.words_done / self.words if self.words else 1.0

    def __str__(self) -> str:
        left = "" if self.seconds_left is None else f", {_about(self.seconds_left)} left"
        return (
            f"part {self.part:,} of {self.parts:,}, "
            f"{self.words_done:,} of {self.words:,} words{left}"
        )

    def line(self, columns: int) -> str:
        """A bar and the words beside it; only these where there is no room for a bar.

        Args:
            columns: What it has to fit in.
        """
        words = str(self)
        return f"{bar(self.fraction, columns - len(words) - 1)}{words}"[:columns]


def bar(fraction: float, columns: int, widest: int = _WIDEST) -> str:
    """A bar with a blank behind it; nothing where there is no room for one.

    Args:
        fraction: From 0 to 1; how much of it is full.
        columns: The room that there is.
        widest: Columns that it takes at most.
    """
    width = min(widest, columns)
    if width < _NARROWEST:
        return ""
    full = int(width * fraction)
    return f"{'━' * full}{'─' * (width - full)} "


def _about(seconds: float) -> str:
    """A time as people say it; nobody knows it to the second."""
    if seconds < 60:
        return f"{max(10, round(seconds / 10) * 10)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class Pace:
    """Reckons how far the work is, and from the time that it took how long the rest will take.

    Parts that were written before, and what a person has done meanwhile, take none of that time.
    """

    def __init__(self, words: Iterable[int], clock: Callable[[], float] = monotonic) -> None:
        """Nothing is done yet.

        Args:
            words: Of each part.
            clock: Seconds.
        """
        self._words = tuple(words)
        self._clock = clock
        self._part = 0
        self._done = 0
        self._written = 0
        """Words of parts that were written in the time that was counted."""
        self._spent = 0.0
        self._began = 0.0
        self._said = 0.0
        self._share = 0.0

    def begin(self, part: int) -> Progress:
        """A part is begun, counted from 0."""
        self._part, self._share, self._began = part, 0.0, self._clock()
        return self._progress()

    def write(self, share: float) -> Progress | None:
        """Some of it is written; None where that was said a moment ago.

        Args:
            share: From 0 to 1. A second try does not take the first one back.
        """
        if not self._share and not self._spent:
            # Before the first word the model was loaded, and read what all parts have in common.
            self._began = self._clock()
        self._share = max(self._share, min(1.0, share))
        return self._progress() if self._clock() - self._said >= _BETWEEN else None

    def end(self, *, is_new: bool) -> None:
        """The part is done.

        Args:
            is_new: Whether it was written now, so that its time counts.
        """
        self._done += self._words[self._part]
        self._share = 0.0
        if is_new:
            self._written += self._words[self._part]
            self._spent += self._clock() - self._began

    def _progress(self) -> Progress:
        here = self._words[self._part] * self._share
        self._said = self._clock()
        done, total = self._done + here, sum(self._words)
        written = self._written + here
        spent = self._spent + (self._clock() - self._began if here else 0.0)
        is_known = written >= _FEWEST and spent >= _SOONEST
        left = spent / written * (total - done) if is_known else None
        return Progress(self._part + 1, len(self._words), int(done), total, left)


class Reporter:
    """Says how far it is in lines that stay, and not too often."""

    def __init__(
        self, seconds: float, *, at_once: bool, clock: Callable[[], float] = monotonic
    ) -> None:
        """Nothing was said yet.

        Args:
            seconds: Between two lines.
            at_once: Whether the first one comes without waiting for as long.
            clock: Seconds.
        """
        self._seconds = seconds
        self._clock = clock
        self._next = clock() + (0.0 if at_once else seconds)

    def line(self, progress: Progress) -> str:
        """What to say; nothing where the last time was a moment ago."""
        now = self._clock()
        if now < self._next:
            return ""
        self._next = now + self._seconds
        return f"revising {progress}"
