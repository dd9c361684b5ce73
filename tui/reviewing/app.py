"""The review as a program of its own: the screen, and the thread that brings it changes."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace

from textual import on
from textual.app import App
from textual.message import Message
from textual.theme import BUILTIN_THEMES

from tui.edit_work import Work
from tui.narrate import waiting_for
from tui.progress import Progress
from tui.reviewing.lines import OTHER_WORDS, VERSIONS
from tui.reviewing.news import is_failure, news_of
from tui.reviewing.remarks import ReviewedDraft
from tui.reviewing.screen import ReviewScreen
from tui.reviewing.state import Review
from tui.reviewing.thread import (
    Complete,
    Failed,
    RevisionThread,
    Reworded,
    ThreadEvent,
    Wish,
    take_reworded,
)
from tui.revising import Revised

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

    @dataclass
    class Came(Message):
        """Something came from the thread."""

        event: ThreadEvent

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
        self.news: list[str] = []
        """What went wrong, to be said again when the screen is gone."""
        self.has_failed = False
        """Whether a part could not be revised."""
        self._work = work
        self._review = review
        self._drafts = [ReviewedDraft(task.name, task.text) for task in work.revision.tasks]
        self._screen = ReviewScreen(review, self._drafts)
        self._thread = RevisionThread(work.revision, self._post)
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
        self.push_screen(self._screen, self._left)
        if self._is_ended:
            self.exit(False)
        else:
            self._thread.start()

    async def on_unmount(self) -> None:
        """Wait for the thread: nobody else may use the conversation before."""
        await asyncio.get_running_loop().run_in_executor(None, self._thread.stop)

    def _post(self, event: ThreadEvent) -> None:
        self.post_message(self.Came(event))

    def _left(self, write: bool | None) -> None:
        self.exit(bool(write))

    @on(Came)
    def take(self, message: Came) -> None:
        """Show what came."""
        event = message.event
        if isinstance(event, Revised):
            self._review.add(event.changes)
            self._screen.refresh_soon()
        elif isinstance(event, Reworded):
            self._reworded(event)
        elif isinstance(event, Complete | Failed):
            self._review.is_complete = True
            self._screen.say("")
            self._screen.show_progress(None)
            self._screen.refresh_review()
        self.has_failed = self.has_failed or is_failure(event)
        if news := news_of(event, self._work):
            self.news.append(news)
            self._screen.warn(news)
        elif isinstance(event, Progress):
            self._screen.show_progress(event)
            self._screen.say("")
        elif waiting := waiting_for(event):
            self._screen.say("".join(waiting))

    def _reworded(self, event: Reworded) -> None:
        """Put other words where they belong; the person stays where they are."""
        take_reworded(event, self._review)
        number = self._review.number_of(event.wish.change.hunk) + 1
        keys = ": A shows them" if event.wish.is_for_versions else ""
        self._screen.warn(f"other words for change {number} came{keys}")
        self._screen.refresh_review()

    @on(ReviewScreen.Redo)
    def redo(self, message: ReviewScreen.Redo) -> None:
        """Ask for other words."""
        self._thread.wish(Wish(message.change, message.instruction))

    @on(ReviewScreen.Versions)
    def versions(self, message: ReviewScreen.Versions) -> None:
        """Ask for several."""
        self._thread.wish(Wish(message.change, OTHER_WORDS, VERSIONS))
