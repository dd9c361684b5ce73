"""The mounted turns of a transcript: a stretch of the branch around the window.

Removed turns are released a few at a time. A turn is a cycle of references that only Python's
garbage collector breaks up, and for a window full of turns that takes longer than a key may wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from textual.widget import Widget

from tui.app import garbage
from tui.app.widgets.turn import TurnView

_TOGETHER = 6
"""Turns to release together: as many as nobody notices."""


class MountedTurns:
    """Widgets of consecutive turns, in one column."""

    def __init__(self, column: Widget, below: Widget) -> None:
        """Nothing is mounted yet.

        Args:
            column: The parent of the turns.
            below: Its child below the last turn.
        """
        self.views: list[TurnView] = []
        self.first = 0
        """The number of the first mounted turn, in the branch."""
        self._column = column
        self._below = below
        self._gone: list[TurnView] = []
        """Removed turns, kept alive here until they are released."""

    @property
    def numbered(self) -> Iterator[tuple[int, TurnView]]:
        """The mounted turns with their numbers."""
        return enumerate(self.views, self.first)

    def has(self, number: int) -> bool:
        """Whether a turn is mounted."""
        return self.first <= number < self.first + len(self.views)

    async def add(self, number: int, view: TurnView) -> None:
        """Mount a turn; if it is not next to the mounted ones, those are removed."""
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
        """Remove the first or the last turn."""
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
        """Release removed turns, if they are many."""
        if len(self._gone) >= _TOGETHER:
            self._forget()

    async def forget_all(self, is_disturbed: asyncio.Event) -> None:
        """Release all removed turns in pauses, until there is something else to do."""
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
