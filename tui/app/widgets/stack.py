"""Where turns stand, one below the other, mounted or not: numbers, and no widgets."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from tui.app.overview import ShownTurn


class Stack:
    """Heights of turns: measured, if they were shown at this width, else estimated."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._heights: list[int] = []
        self._known: dict[str, int] = {}
        """Heights at this width, by turn."""
        self._width = 0
        self._tops: list[int] | None = None

    def put(self, turns: Sequence[ShownTurn], width: int) -> None:
        """Stack these turns, in lines of so many cells. A new width discards what was measured."""
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
        """Note the real height of a turn."""
        self._known[self._ids[number]] = height
        if self._heights[number] != height:
            self._heights[number] = height
            self._tops = None

    def top(self, number: int) -> int:
        """The first line of a turn; of the number after the last one, the line below it."""
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
        """The turn at a line, or the nearest one."""
        place = bisect_right(self._all_tops(), line) - 1
        return max(0, min(place, len(self._ids) - 1))

    def _all_tops(self) -> list[int]:
        if self._tops is None:
            self._tops = list(accumulate(self._heights, initial=0))
        return self._tops


@dataclass(slots=True)
class Anchor:
    """What stays in place in the window while heights above it change: the end of the stack, or a
    line of a turn."""

    is_at_end: bool = True
    turn: int = 0
    """The number of the turn at the top of the window."""
    above: int = 0
    """How many of its lines are above the window."""

    def drop_at(self, turn: int) -> None:
        """Put a turn at the top of the window."""
        self.is_at_end, self.turn, self.above = False, turn, 0

    def follow(self, stack: Stack, line: int, lowest: int) -> None:
        """Take the line that the window was scrolled to; `lowest` is the furthest it can go."""
        self.is_at_end = line >= lowest
        self.turn = stack.at(line)
        self.above = line - stack.top(self.turn)

    def line(self, stack: Stack, lowest: int) -> int:
        """The first line of the window."""
        if self.is_at_end:
            return lowest
        return min(lowest, stack.top(min(self.turn, stack.count)) + self.above)


@dataclass(frozen=True, slots=True)
class Window:
    """What is seen of a stack, and which of its turns are mounted."""

    stack: Stack
    top: int
    """The first line of the stack that is seen."""
    height: int
    """Lines that are seen."""
    first: int
    """The number of the first mounted turn."""
    there: int
    """How many are mounted."""

    @property
    def is_full(self) -> bool:
        """Whether all turns that are seen are mounted."""
        first, last = self._turns(0, 1)
        return self.first <= first and last < self.first + self.there

    def next_step(self, *, is_at_end: bool) -> int | None:
        """The number of a turn to mount, or to remove if it is mounted; None if all is as it should
        be. What is seen comes first, from below if `is_at_end`."""
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
        """The first and last turn between two lines, in window heights below the window's top."""
        return (
            self.stack.at(self.top + round(start * self.height)),
            self.stack.at(self.top + round(end * self.height) - 1),
        )

    def _missing(self, above: int, below: int) -> int | None:
        """A turn of this range next to the mounted ones."""
        end = self.first + self.there
        if end <= below:
            return end
        return self.first - 1 if self.first > above else None

    def _spare(self, above: int, below: int) -> int | None:
        """A mounted turn outside this range."""
        if self.first < above:
            return self.first
        last = self.first + self.there - 1
        return last if last > below else None


def unchanged(old: Sequence[ShownTurn], new: Sequence[ShownTurn]) -> tuple[int, int]:
    """The range of the new turns that are the old ones, in their order."""
    was, now = [[shown.turn.id for shown in turns] for turns in (old, new)]
    start = now.index(was[0]) if was and was[0] in now else 0
    end = start
    while end < min(start + len(was), len(now)) and was[end - start] == now[end]:
        end += 1
    return start, end


def estimated_height(shown: ShownTurn, width: int) -> int:
    """Roughly how many lines a turn takes."""
    if shown.turn.role == "system":
        return 2
    columns = max(10, width - 5)
    lines = shown.turn.content.split("\n")
    return 1 + sum(1 + len(line) // columns for line in lines)
