"""What a screen has done elsewhere or later: in a thread, or after a pause in the typing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

if TYPE_CHECKING:
    from tui.app.app import ChatApp


def post_from_thread(
    owner: Widget, make: Callable[[], Message], *, group: str, exclusive: bool = True
) -> None:
    """Have a message made in a thread and posted to its owner; a defect is noted.

    Args:
        owner: Gets the message.
        make: What takes a while.
        group: Of the owner's workers.
        exclusive: Whether what the group does already is no longer wanted.
    """
    faults = cast("ChatApp", owner.app).fault_log

    def run() -> None:
        with faults.survive():
            owner.post_message(make())

    owner.run_worker(run, thread=True, exclusive=exclusive, group=group)


class Throttle:
    """Does something at once, and again while somebody asks, but not twice at a time and with a
    pause behind each time."""

    def __init__(self, do: Callable[[], Awaitable[None]], pause_s: float) -> None:
        """Nothing is to be done yet.

        Args:
            do: What is done.
            pause_s: Seconds.
        """
        self._do = do
        self._pause_s = pause_s
        self._is_due = False
        self._doing: asyncio.Task[None] | None = None

    def call(self) -> None:
        """Have it done, with what is known now."""
        self._is_due = True
        if self._doing is None or self._doing.done():
            self._doing = asyncio.create_task(self._keep_doing())

    async def _keep_doing(self) -> None:
        while self._is_due:
            self._is_due = False
            await self._do()
            await asyncio.sleep(self._pause_s)


class Debounce:
    """Calls once, after a pause in which nobody asked for it again."""

    def __init__(self, owner: Widget, pause_s: float) -> None:
        """Nothing is to be called yet.

        Args:
            owner: Has the timer.
            pause_s: Seconds.
        """
        self._owner = owner
        self._pause_s = pause_s
        self._timer: Timer | None = None

    def call(self, what: Callable[[], object]) -> None:
        """Call this after the pause, in place of what was to be called."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._owner.set_timer(self._pause_s, what)
