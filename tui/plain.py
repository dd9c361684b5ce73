"""Shows an answer as plain text while it is made: on stdout, with narration on stderr."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from engine.types import Finished, Piece
from tui.conversation import ConversationEvent, NotSaved
from tui.narrate import Narrator
from tui.sanitize import sanitize


class PlainAnswer:
    """Consumes the events of one answer, and remembers whether it came out well."""

    def __init__(self, stdout: TextIO, narrator: Narrator, *, silent: bool = False) -> None:
        """Nothing is shown yet.

        Args:
            stdout: Gets the answer: made harmless on a terminal, as it is elsewhere.
            narrator: Says what a wait is for, and what went wrong.
            silent: Keep the answer's text off stdout.
        """
        self._stdout = stdout
        self._narrator = narrator
        self._silent = silent
        self._in_line = False
        self._pieces = 0
        self.failed = False
        """Whether the answer ended in an error, or was not saved."""

    def show(self, events: Iterable[ConversationEvent]) -> None:
        """Show them until they end.

        Raises:
            BrokenPipeError: If nobody reads stdout any more.
        """
        for event in events:
            if isinstance(event, NotSaved):
                self._end_line()
                self._narrator.say(event.reason)
                self.failed = True
                continue
            self._pieces += isinstance(event, Piece)
            if isinstance(event, Piece) and self._silent:
                self._narrator.unseen(self._pieces)
                continue
            self._narrator.progress(event)
            if isinstance(event, Piece):
                self._write(event.text)
            elif isinstance(event, Finished):
                self._end(event)

    def _write(self, text: str) -> None:
        if not text:
            return
        self._stdout.write(sanitize(text) if self._stdout.isatty() else text)
        self._stdout.flush()
        self._in_line = not text.endswith("\n")

    def _end_line(self) -> None:
        if self._in_line:
            self._write("\n")

    def _end(self, finished: Finished) -> None:
        self._end_line()
        if finished.reason == "error":
            kept = "; what was generated is kept" if self._pieces else ""
            self._narrator.say(f"{finished.error}{kept}")
            self.failed = True
        elif finished.reason == "length":
            self._narrator.say("the answer was cut off at the token limit")
        elif finished.reason == "cancelled":
            self._narrator.say("stopped; the answer so far is kept")
