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
        if place not in (-1, len(self.views)):
            # The window was moved far away.
            await self._remove(0, len(self.views))
        if self.views and place == -1:
            before: Widget = self.views[0]
            self.views.insert(0, view)
            self.first = number
        else:
            before = self._below
            self.first = self.first if self.views else number
            self.views.append(view)
        await self._column.mount(view, before=before)

    async def remove(self, number: int) -> None:
        """Remove a turn: the first or the last one."""
        place = number - self.first
        await self._remove(place, place + 1)
        self.first += number == self.first

    async def keep_before(self, number: int) -> None:
        """Remove that turn and all after it."""
        await self._remove(max(0, number - self.first), len(self.views))
        self.first = min(self.first, number)

    async def _remove(self, start: int, end: int) -> None:
        gone = self.views[start:end]
        self._gone += gone
        del self.views[start:end]
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
