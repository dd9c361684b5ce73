"""The review's screen with the thread that brings it changes, for a program of its own and for the
app."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.message import Message

from tui.edit_work import Work
from tui.narrate import waiting_for
from tui.progress import Progress
from tui.reviewing.lines import OTHER_WORDS, VERSIONS
from tui.reviewing.news import news_of, note_missing
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


class LiveReview(ReviewScreen):
    """A review of what is still being written. Whoever shows it calls `stop` when it was left."""

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
        tasks = work.revision.tasks
        super().__init__(review, [ReviewedDraft(task.name, task.text) for task in tasks])
        self.news: list[str] = []
        """What went wrong, to be said again when the screen is gone."""
        self._work = work
        self._thread = RevisionThread(work.revision, self._post)

    def on_mount(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Wait for the thread: nobody else may use the conversation before."""
        self._thread.stop()

    def _post(self, event: ThreadEvent) -> None:
        self.post_message(self.Came(event))

    @on(Came)
    def take(self, message: Came) -> None:
        """Show what came."""
        event = message.event
        note_missing(event, self._review)
        if isinstance(event, Revised):
            self._review.add(event.changes)
            self.refresh_soon()
        elif isinstance(event, Reworded):
            self._reworded(event)
        elif isinstance(event, Complete | Failed):
            self._review.is_complete = True
            self.say("")
            self.show_progress(None)
            self.refresh_review()
        if news := news_of(event, self._work):
            self.news.append(news)
            self.warn(news)
        elif isinstance(event, Progress):
            self.show_progress(event)
            self.say("")
        elif waiting := waiting_for(event):
            self.say("".join(waiting))

    def _reworded(self, event: Reworded) -> None:
        """Put other words where they belong; the person stays where they are."""
        take_reworded(event, self._review)
        number = self._review.number_of(event.wish.change.hunk) + 1
        keys = ": A shows them" if event.wish.is_for_versions else ""
        self.warn(f"other words for change {number} came{keys}")
        self.refresh_review()

    @on(ReviewScreen.Redo)
    def redo(self, message: ReviewScreen.Redo) -> None:
        """Ask for other words."""
        self._thread.wish(Wish(message.change, message.instruction))

    @on(ReviewScreen.Versions)
    def versions(self, message: ReviewScreen.Versions) -> None:
        """Ask for several."""
        self._thread.wish(Wish(message.change, OTHER_WORDS, VERSIONS))
