"""The review as a program of its own."""

from __future__ import annotations

import asyncio

from tui.colours import begin_with_colours, few_colours
from tui.edit_work import Work
from tui.reviewing.live import LiveReview
from tui.reviewing.state import Review
from tui.terminal_driver import TerminalDriver
from tui.typed_ahead import TypedAhead


class ReviewApp(TypedAhead[bool]):
    """Runs a review and returns whether to write what was taken."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, work: Work, review: Review) -> None:
        """Nothing runs yet.

        Args:
            work: What is revised.
            review: Gets the changes and what is decided about them.
        """
        super().__init__(driver_class=TerminalDriver, ansi_color=few_colours())
        begin_with_colours(self)
        self.review = LiveReview(work, review)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_ended = False

    def end(self) -> None:
        """Leave, and write nothing. From a signal handler, also before there is a screen."""
        self._is_ended = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.exit, False)

    def on_mount(self) -> None:
        """Show the screen, and begin."""
        self._loop = asyncio.get_running_loop()
        if self._is_ended:
            self.exit(False)
        else:
            self.push_screen(self.review, self._left)

    async def on_unmount(self) -> None:
        """Wait for the thread: nobody else may use the conversation before."""
        await asyncio.get_running_loop().run_in_executor(None, self.review.stop)

    def _left(self, write: bool | None) -> None:
        self.exit(bool(write))
