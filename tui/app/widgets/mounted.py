"""The turns of a transcript that exist as widgets: a stretch of the branch around the window.

Those that have left it are forgotten a few at a time. A turn is a ring of references that only
Python's garbage collector opens, and what it needs for a whole window of them is longer than a key
may wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from textual.widget import Widget

from tui.app import garbage
from tui.app.widgets.turn import TurnView

_TOGETHER = 6
"""Turns that are forgotten together: about as long as nobody notices."""


class MountedTurns:
    """Widgets of turns that follow one another, all in one column."""

    def __init__(self, column: Widget, below: Widget) -> None:
        """Have none yet.

        Args:
            column: What they are mounted in.
            below: What stands below the last of them there.
        """
        self.views: list[TurnView] = []
        self.first = 0
        """The number of the first of them in the branch."""
        self._column = column
        self._below = below
        self._gone: list[TurnView] = []
        """Turns that are removed and still in the memory, which is what this list is for."""

    @property
    def numbered(self) -> Iterator[tuple[int, TurnView]]:
        """Each with its number."""
        return enumerate(self.views, self.first)

    def has(self, number: int) -> bool:
        """Whether a turn is there."""
        return self.first <= number < self.first + len(self.views)

    async def add(self, number: int, view: TurnView) -> None:
        """Mount a turn; all that it is no neighbour of are removed."""
        place = number - self.first
        far = [] if place in (-1, len(self.views)) else self._take(0, len(self.views))
        is_above = bool(self.views) and place == -1
        before: Widget = self.views[0] if is_above else self._below
        if is_above or not self.views:
            self.first = number
        self.views.insert(0 if is_above else len(self.views), view)
        await self._column.mount(view, before=before)
        await self._remove(far)

    async def remove(self, number: int) -> None:
        """Remove a turn: the first or the last one."""
        place = number - self.first
        gone = self._take(place, place + 1)
        self.first += place == 0
        await self._remove(gone)

    async def keep_before(self, number: int) -> None:
        """Remove that turn and all after it."""
        gone = self._take(max(0, number - self.first), len(self.views))
        self.first = min(self.first, number)
        await self._remove(gone)

    def _take(self, start: int, end: int) -> list[TurnView]:
        taken = self.views[start:end]
        del self.views[start:end]
        return taken

    async def _remove(self, gone: list[TurnView]) -> None:
        """Take turns out of the column. The numbers are those without them before: while Textual
        removes them, others ask for the numbers."""
        self._gone += gone
        for view in gone:
            for part in view.walk_children(with_self=True):
                # Textual remembers a thousand widgets that are gone: let nothing drawn be in them.
                part.refresh()
        if gone:
            await self._column.remove_children(gone)

    def forget_some(self) -> None:
        """Have turns that are gone leave the memory, where they are many."""
        if len(self._gone) >= _TOGETHER:
            self._forget()

    async def forget_all(self, is_disturbed: asyncio.Event) -> None:
        """Have all of them leave it in pauses, until there is something else to do."""
        while self._gone:
            try:
                await asyncio.wait_for(is_disturbed.wait(), garbage.PAUSE_S)
            except asyncio.TimeoutError:
                self._forget()
            else:
                return

    def _forget(self) -> None:
        del self._gone[:_TOGETHER]
        garbage.look()
