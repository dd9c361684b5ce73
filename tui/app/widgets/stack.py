"""Where turns stand, one below the other, most of which are not there: only numbers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from tui.app.overview import ShownTurn


class Stack:
    """Heights of turns, measured where they were shown at this width, else estimated."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._heights: list[int] = []
        self._known: dict[str, int] = {}
        """Those that need not be estimated again."""
        self._width = 0
        self._tops: list[int] | None = None

    def put(self, turns: Sequence[ShownTurn], width: int) -> None:
        """Stack these turns, for lines of so many cells; what was measured at another width counts
        no longer."""
        if width != self._width:
            self._width = width
            self._known.clear()
        known = self._known
        self._ids = [shown.turn.id for shown in turns]
        self._heights = [
            known.get(shown.turn.id) or estimated_height(shown, width) for shown in turns
        ]
        self._known = dict(zip(self._ids, self._heights, strict=True))
        for shown in turns:
            if shown.is_live and shown.turn.id not in known:
                del self._known[shown.turn.id]
        self._tops = None

    def measure(self, number: int, height: int) -> None:
        """A turn turned out to be so high."""
        self._known[self._ids[number]] = height
        if self._heights[number] != height:
            self._heights[number] = height
            self._tops = None

    def top(self, number: int) -> int:
        """The first line of a turn, or of what is below the last one."""
        return self._all_tops()[number]

    def height(self, number: int) -> int:
        """The lines of a turn."""
        return self._heights[number]

    @property
    def count(self) -> int:
        """How many turns there are."""
        return len(self._ids)

    @property
    def total(self) -> int:
        """The lines of all turns."""
        return self._all_tops()[-1]

    def at(self, line: int) -> int:
        """The turn that a line belongs to: the nearest where there is none."""
        place = bisect_right(self._all_tops(), line) - 1
        return max(0, min(place, len(self._ids) - 1))

    def _all_tops(self) -> list[int]:
        if self._tops is None:
            self._tops = list(accumulate(self._heights, initial=0))
        return self._tops


@dataclass(slots=True)
class Anchor:
    """What of a stack stays where it is in the window while heights above it change: its end, or a
    line of a turn."""

    is_at_end: bool = True
    turn: int = 0
    """The number of the turn at the top of the window."""
    above: int = 0
    """How many of its lines are above the window."""

    def drop_at(self, turn: int) -> None:
        """Have a turn begin at the top of the window."""
        self.is_at_end, self.turn, self.above = False, turn, 0

    def follow(self, stack: Stack, line: int, lowest: int) -> None:
        """The window was scrolled to a line; it can go down to the lowest."""
        self.is_at_end = line >= lowest
        self.turn = stack.at(line)
        self.above = line - stack.top(self.turn)

    def line(self, stack: Stack, lowest: int) -> int:
        """The line that the window begins at."""
        if self.is_at_end:
            return lowest
        return min(lowest, stack.top(min(self.turn, stack.count)) + self.above)


@dataclass(frozen=True, slots=True)
class Window:
    """What is seen of a stack, and which of its turns are there."""

    stack: Stack
    top: int
    """The line of the stack that is the first one to be seen."""
    height: int
    """Lines that are seen."""
    first: int
    """The number of the first turn that is there."""
    there: int
    """How many are."""

    @property
    def is_full(self) -> bool:
        """Whether all turns that are seen are there."""
        first, last = self._turns(0, 1)
        return self.first <= first and last < self.first + self.there

    def next_step(self, *, is_at_end: bool) -> int | None:
        """The number of a turn that should be there and is not, or is and should not; the nearest
        to what is seen comes first, from below where `is_at_end`."""
        first, last = self._turns(0, 1)
        if not self.there or first >= self.first + self.there or last < self.first:
            return last if is_at_end else first
        for step in (
            self._missing(first, last),
            self._spare(*self._turns(-1.25, 2.25)),
            self._missing(*self._turns(-0.75, 1.75)),
        ):
            if step is not None:
                return step
        return None

    def _turns(self, start: float, end: float) -> tuple[int, int]:
        """The first and the last turn between two lines, in heights below the first line seen."""
        return (
            self.stack.at(self.top + round(start * self.height)),
            self.stack.at(self.top + round(end * self.height) - 1),
        )

    def _missing(self, above: int, below: int) -> int | None:
        """A turn of this range that is next to those that are there."""
        end = self.first + self.there
        if end <= below:
            return end
        return self.first - 1 if self.first > above else None

    def _spare(self, above: int, below: int) -> int | None:
        """A turn that is there and outside of this range."""
        if self.first < above:
            return self.first
        last = self.first + self.there - 1
        return last if last > below else None


def unchanged(old: Sequence[ShownTurn], new: Sequence[ShownTurn]) -> tuple[int, int]:
    """Where those of the new turns begin and end that are old ones, in their order."""
    was, now = [[shown.turn.id for shown in turns] for turns in (old, new)]
    start = now.index(was[0]) if was and was[0] in now else 0
    end = start
    while end < min(start + len(was), len(now)) and was[end - start] == now[end]:
        end += 1
    return start, end


def estimated_height(shown: ShownTurn, width: int) -> int:
    """About how many lines a turn takes."""
    if shown.turn.role == "system":
        return 2
    columns = max(10, width - 5)
    lines = shown.turn.content.split("\n")
    return 1 + sum(1 + len(line) // columns for line in lines)
