"""The review as a program of its own."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

from textual.app import App
from textual.theme import BUILTIN_THEMES

from tui.edit_work import Work
from tui.reviewing.live import LiveReview
from tui.reviewing.state import Review

_ANSI = BUILTIN_THEMES["ansi-dark"]
_FEW_COLOURS = replace(
    _ANSI,
    name="few-colours",
    variables={**_ANSI.variables, "error-muted": "ansi_default", "success-muted": "ansi_default"},
)
"""The terminal's own colours, where there are 16 or none: mixed ones would all become grey, and a
lighter red of the background red like the words on it."""


class ReviewApp(App[bool]):
    """Runs a review and returns whether to write what was taken."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, work: Work, review: Review) -> None:
        """Nothing runs yet.

        Args:
            work: What is revised.
            review: Gets the changes and what is decided about them.
        """
        super().__init__(ansi_color="NO_COLOR" in os.environ or None)
        if self.no_color or self.console.color_system == "standard":
            self.register_theme(_FEW_COLOURS)
            self.theme = _FEW_COLOURS.name
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
