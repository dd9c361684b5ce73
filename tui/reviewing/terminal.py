"""Has a person review a revision: on a screen or, where nothing may be drawn, line by line."""

from __future__ import annotations

import termios
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

from tui import exit_codes
from tui.edit_work import Work
from tui.interrupts import signals_call, signals_leave
from tui.own_editor import edit_text
from tui.progress import Progress, Reporter
from tui.reviewing.lines import Desk, review_by_lines
from tui.reviewing.news import news_of, note_missing
from tui.reviewing.state import Change, Review
from tui.reviewing.thread import (
    Complete,
    Failed,
    RevisionThread,
    Reworded,
    ThreadEvent,
    Unfulfilled,
    Wish,
    take_reworded,
)
from tui.revising import Revised
from tui.runtime import Runtime

_BETWEEN_LINES = 10.0
"""Seconds between two lines about how far the revising is: somebody has to hear each of them."""


def review_on_terminal(runtime: Runtime, work: Work) -> tuple[Review | None, int]:
    """What a person decided, and the exit code; nothing where they left without an end."""
    may_draw = runtime.can_draw
    review, code = _on_screen(runtime, work) if may_draw else _by_lines(runtime, work)
    is_futile = code == exit_codes.FAILED and review is not None and not review.changes
    return (None if is_futile else review), code


def _by_lines(runtime: Runtime, work: Work) -> tuple[Review | None, int]:
    review = Review(work.decisions)
    desk = TerminalDesk(runtime, work, review)
    with signals_leave() as interruption:
        try:
            is_kept = review_by_lines(review, desk)
        except KeyboardInterrupt:
            is_kept = False
    if not is_kept:
        with suppress(OSError):  # the terminal may be gone
            desk.write("")
        return None, interruption.exit_code
    return review, exit_codes.FAILED if review.has_failed else exit_codes.DONE


def _on_screen(runtime: Runtime, work: Work) -> tuple[Review | None, int]:
    # Half a second of imports that nothing else needs.
    from tui.reviewing.app import ReviewApp  # noqa: PLC0415

    review = Review(work.decisions)
    app = ReviewApp(work, review)
    with signals_call(app.end) as interruption:
        _forget_typed(runtime)
        may_write = app.run()
    narrator = runtime.narrator()
    for news in app.review.news:
        narrator.notice(news)
    if interruption.signal:
        return None, interruption.exit_code
    if app.return_code:
        return None, exit_codes.FAILED
    if not may_write:
        return None, exit_codes.INTERRUPTED
    return review, exit_codes.FAILED if review.has_failed else exit_codes.DONE


def _forget_typed(runtime: Runtime) -> None:
    """What was typed before a change could be seen decides nothing about it."""
    termios.tcflush(runtime.stdin, termios.TCIFLUSH)


class TerminalDesk(Desk):
    """Lines of a terminal, and the thread that revises."""

    def __init__(self, runtime: Runtime, work: Work, review: Review) -> None:
        """Nothing is asked or revised yet.

        Args:
            runtime: With a person.
            work: What is revised.
            review: Gets the other words that the model finds.
        """
        self.names = [task.name for task in work.revision.tasks]
        self.texts = [task.text for task in work.revision.tasks]
        self._runtime = runtime
        self._work = work
        self._review = review
        self._narrator = runtime.narrator()
        self._events: SimpleQueue[ThreadEvent] = SimpleQueue()
        self._thread = RevisionThread(work.revision, self._events.put)
        self._reporter = Reporter(_BETWEEN_LINES, at_once=True)

    def __enter__(self) -> TerminalDesk:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.stop()

    def read(self, question: str) -> str:
        """See `Desk`."""
        self._runtime.stdout.write(question)
        self._runtime.stdout.flush()
        # Keys of another encoding are odd input, and no reason to lose a review.
        line = self._runtime.stdin.buffer.readline().decode(errors="replace")
        if not line:
            raise EOFError
        return line.rstrip("\n")

    def write(self, line: str) -> None:
        """See `Desk`."""
        self._runtime.stdout.write(f"{line}\n")
        self._runtime.stdout.flush()

    def edit(self, words: str) -> str | None:
        """See `Desk`."""
        edited = edit_text(words)
        if edited is None or words.endswith("\n"):
            return edited
        return edited.removesuffix("\n")  # editors end a file with one

    def more(self, *, wait: bool) -> Sequence[Change] | None:
        """See `Desk`."""
        while True:
            try:
                event = self._events.get_nowait()
            except Empty:
                if not wait:
                    return ()
                event = self._waited()
            self._tell(event)
            if isinstance(event, Revised):
                return event.changes
            if isinstance(event, Complete | Failed):
                return None

    def fulfil(self, wish: Wish) -> None:
        """See `Desk`."""
        self._thread.wish(wish)
        event: ThreadEvent | None = None
        while not isinstance(event, Reworded | Unfulfilled):
            event = self._waited()
            self._tell(event)
            if isinstance(event, Revised):
                self._review.add(event.changes)
            elif isinstance(event, Complete | Failed):
                self._review.is_complete = True
            elif isinstance(event, Reworded):
                take_reworded(event, self._review)

    def _waited(self) -> ThreadEvent:
        """The next event. What is typed before it is an answer to nothing."""
        event = self._events.get()
        _forget_typed(self._runtime)
        return event

    def _tell(self, event: ThreadEvent) -> None:
        note_missing(event, self._review)
        if isinstance(event, Progress):
            if line := self._reporter.line(event):
                self.write(line)
        elif news := news_of(event, self._work):
            self._narrator.notice(news)
