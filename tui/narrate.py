"""Narration on stderr: one line that says what a wait is for, and goes away when it is over.

Where nothing may be painted over it is a line that stays, once for each wait.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TextIO

from engine.types import Event, Loading, Prefill, Reasoning
from tui.progress import Progress, Reporter, bar
from tui.sanitize import sanitize_line

_CLEAR = "\r\x1b[K"

_COLUMNS = 80
"""Of a terminal that does not say how wide it is."""

_BAR = 20
"""Columns of a bar: so few that it does not change its width with the words behind it."""

_BETWEEN_LINES = 60.0
"""Seconds between two lines about a revision where no bar can be shown."""


def waiting_for(event: object) -> tuple[str, str] | None:
    """What a wait is for and how far it is, in words; None where an event tells of none."""
    if isinstance(event, Loading):
        return "loading the model", f" {event.fraction:.0%}"
    if isinstance(event, Reasoning):
        return "thinking", ""
    if isinstance(event, Prefill) and event.total - event.cached > 512:
        return "reading the prompt", f" {event.done:,} / {event.total:,} tokens"
    return None


class Narrator:
    """Shows progress on a terminal; elsewhere it only passes on what must be said.

    Where nobody listens any more, as on a closed pipe or a terminal that is gone, the work goes on.
    """

    def __init__(self, stream: TextIO, *, repaints: bool = True) -> None:
        """Say nothing yet.

        Args:
            stream: Stderr.
            repaints: Whether a line may be painted over, where the stream is a terminal.
        """
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._repaints = repaints
        self._shown = False
        self._last_wait = ""
        self._noticed: set[str] = set()
        self._reporter = Reporter(_BETWEEN_LINES, at_once=False)

    def progress(self, event: Event) -> None:
        """Show a loading or a longer prefill; every other event takes the line away."""
        if waiting := waiting_for(event):
            self._show(*waiting)
        else:
            self.clear()

    def unseen(self, pieces: int) -> None:
        """Show that an answer is being made which is not shown itself.

        Args:
            pieces: How many there are of it so far; about as many as tokens.
        """
        if pieces % 8 == 0:
            self._show("writing", f", {pieces:,} tokens so far")

    def revising(self, progress: Progress) -> None:
        """Show how far a revision is: a bar on a terminal, elsewhere a line now and then."""
        if self._is_terminal and self._repaints:
            self._show(progress.line(self._columns() - 1))
        elif line := self._reporter.line(progress):
            self.say(line)

    def indexing(self, done: int, total: int) -> None:
        """Show that sessions are gone through before the first search."""
        self._show("indexing sessions", f", {done:,} of {total:,}")

    def downloading(self, name: str, fraction: float, how_far: str) -> None:
        """Show how far a download is."""
        self._show_bar(f"downloading {name}", fraction, how_far)

    def quantizing(self, fraction: float) -> None:
        """Show how far weights are quantized."""
        self._show_bar("quantizing", fraction, f" {fraction:.0%}")

    def reading_weights(self, fraction: float) -> None:
        """Show how far a file is read for its checksum."""
        self._show_bar("reading the weights", fraction, f" {fraction:.0%}")

    def searching(self, done: int, total: int) -> None:
        """Show that sessions are looked through."""
        self._show("looking through sessions", f", {done:,} of {total:,}")

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
        self._last_wait = ""

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or _COLUMNS
        except OSError:
            return _COLUMNS

    def _show(self, wait: str, how_far: str = "") -> None:
        """Show what a wait is for and, where that can change in its place, how far it is."""
        if not self._is_terminal:
            return
        wait = sanitize_line(wait)
        if self._repaints:
            self._write(f"{_CLEAR}{self._in_a_row(wait, how_far)}")
            self._shown = True
        elif wait != self._last_wait:
            self._write(f"{wait}\n")
        self._last_wait = wait

    def _show_bar(self, wait: str, fraction: float, how_far: str) -> None:
        """Show that with a bar in front, where there is room for all, and it can change."""
        room = self._columns() - 2 - len(wait) - len(how_far)
        drawn = bar(fraction, room, _BAR) if self._repaints else ""
        self._show(f"{drawn}{wait}", how_far)

    def _in_a_row(self, wait: str, how_far: str) -> str:
        """Both in one row, for more could not be painted over; the wait is cut short first."""
        room = self._columns() - 1
        if len(wait) + len(how_far) > room:
            wait = f"{wait[: max(0, room - len(how_far) - 1)]}…"
        return f"{wait}{how_far}"[:room]

    def _write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()
