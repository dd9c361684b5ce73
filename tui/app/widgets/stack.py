"""Where turns stand, one below the other, most of which are not there: only numbers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
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


def estimated_height(shown: ShownTurn, width: int) -> int:
    """About how many lines a turn takes."""
    if shown.turn.role == "system":
        return 2
    columns = max(10, width - 5)
    lines = shown.turn.content.split("\n")
    return 1 + sum(1 + len(line) // columns for line in lines)
