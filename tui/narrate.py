"""Narration on stderr: one line that says what a wait is for, and goes away when it is over."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TextIO

from engine.types import Event, Loading, Prefill, Reasoning
from tui.progress import Progress, Reporter
from tui.sanitize import sanitize_line

_CLEAR = "\r\x1b[K"

_COLUMNS = 80
"""Of a terminal that does not say how wide it is."""

_BETWEEN_LINES = 60.0
"""Seconds between two lines about a revision where no bar can be shown."""


def waiting_for(event: object) -> str:
    """What a wait is for, in words, where an event tells; nothing where it does not."""
    if isinstance(event, Loading):
        return f"loading the model {event.fraction:.0%}"
    if isinstance(event, Reasoning):
        return "thinking"
    if isinstance(event, Prefill) and event.total - event.cached > 512:
        return f"reading the prompt {event.done:,} / {event.total:,} tokens"
    return ""


class Narrator:
    """Shows progress on a terminal; elsewhere it only passes on what must be said.

    Where nobody listens any more, as on a closed pipe or a terminal that is gone, the work goes on.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._shown = False
        self._noticed: set[str] = set()
        self._reporter = Reporter(_BETWEEN_LINES, at_once=False)

    def progress(self, event: Event) -> None:
        """Show a loading or a longer prefill; every other event takes the line away."""
        if waiting := waiting_for(event):
            self._show(waiting)
        else:
            self.clear()

    def unseen(self, pieces: int) -> None:
        """Show that an answer is being made which is not shown itself.

        Args:
            pieces: How many there are of it so far; about as many as tokens.
        """
        if pieces % 8 == 0:
            self._show(f"writing, {pieces:,} tokens so far")

    def revising(self, progress: Progress) -> None:
        """Show how far a revision is: a bar on a terminal, elsewhere a line now and then."""
        if self._is_terminal:
            self._show(progress.line(self._columns() - 1))
        elif line := self._reporter.line(progress):
            self.say(line)

    def indexing(self, done: int, total: int) -> None:
        """Show that sessions are gone through before the first search."""
        self._show(f"indexing sessions, {done:,} of {total:,}")

    def searching(self, done: int, total: int) -> None:
        """Show that sessions are looked through."""
        self._show(f"looking through sessions, {done:,} of {total:,}")

    def say(self, text: str) -> None:
        """One line that stays."""
        self.clear()
        self._write(f"chat: {sanitize_line(text)}\n")

    def notice(self, text: str) -> None:
        """One line that stays, and is not said again."""
        if text not in self._noticed:
            self._noticed.add(text)
            self.say(text)

    def clear(self) -> None:
        """Take the progress line away."""
        if self._shown:
            self._write(_CLEAR)
            self._shown = False

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or _COLUMNS
        except OSError:
            return _COLUMNS

    def _show(self, text: str) -> None:
        if self._is_terminal:
            self._write(f"{_CLEAR}{text}")
            self._shown = True

    def _write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()
