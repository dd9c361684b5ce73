"""Entries of a terminal on which nothing is painted: plain lines, edited by GNU Readline.

It is what shells use, so that a screen reader reads it out as it does those, and it obeys the
person's own ``~/.inputrc``: keys, vi mode and all.
"""

from __future__ import annotations

import readline
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from prompt_toolkit.history import FileHistory

from tui.commands import Suggestion
from tui.repl.completer import CommandCompleter
from tui.repl.presses import Presses
from tui.repl.reader import earlier_entries, read_lines
from tui.sanitize import sanitize

_PROMPT = "> "
_MORE = "… "
_MOST_ENTRIES = 2_000


class PlainReader:
    """Lines with history and completion; three quotation marks open and close several."""

    def __init__(self, history: FileHistory, completer: CommandCompleter, presses: Presses) -> None:
        """Take over Readline, of which a process has one.

        Args:
            history: Earlier entries, those of the other editor too.
            completer: Completes what is typed when Tab is pressed.
            presses: Of Ctrl+C, those while an answer was shown included.
        """
        self._presses = presses
        self._history = history
        self._completer = completer
        self._found: list[Suggestion] = []
        readline.clear_history()
        for entry in earlier_entries(history, _MOST_ENTRIES):
            readline.add_history(entry)
        readline.set_auto_history(False)
        readline.set_completer(self._complete)
        readline.set_completer_delims(" ")
        readline.set_completion_display_matches_hook(self._list)
        uses_libedit = "libedit" in (readline.__doc__ or "")
        readline.parse_and_bind("bind ^I rl_complete" if uses_libedit else "tab: complete")

    def read(self) -> str:
        """The next entry.

        Raises:
            EOFError: If there is no more.
            KeyboardInterrupt: If the person took back what they had typed.
        """
        prompts = iter((_PROMPT,))
        try:
            with self._ctrl_c_clears():
                entry = read_lines(lambda: _line(next(prompts, _MORE)))
        except (KeyboardInterrupt, EOFError):
            print(flush=True)  # what was typed has a line of its own
            raise
        if entry.strip():
            readline.add_history(entry)
            self._history.store_string(entry)
        return entry

    def _complete(self, _word: str, number: int) -> str | None:
        """Readline asks for one after the other until there is none."""
        if number == 0:
            typed = readline.get_line_buffer()[: readline.get_endidx()]
            self._found = list(self._completer.suggestions(typed))
        return self._found[number].text if number < len(self._found) else None

    def _list(self, _word: str, _words: Sequence[str], _longest: int) -> None:
        """Say what a word may become, each in a line with its meaning."""
        _say(*(", ".join(filter(None, (each.text, each.meaning))) for each in self._found))

    @contextmanager
    def _ctrl_c_clears(self) -> Iterator[None]:
        """At the second time within a second; the first says so, and takes nothing away.

        Raises:
            KeyboardInterrupt: In the block, at the second time.
        """

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            if self._presses.press():
                raise KeyboardInterrupt
            typed = readline.get_line_buffer()
            _say("press Ctrl+C again to clear the line" if typed else "Ctrl+D quits")

        previous: Any = signal.signal(signal.SIGINT, on_signal)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)


def _line(prompt: str) -> str:
    """A line of the terminal; one that is no text is asked for again."""
    while True:
        try:
            return input(prompt)
        except UnicodeDecodeError:
            print("that is not UTF-8 text; please type it again", flush=True)


def _say(*lines: str) -> None:
    """Say lines in the middle of one that is being typed, which goes on below them."""
    words = sanitize("\n".join(lines))
    print(f"\n{words}\n{_PROMPT}{readline.get_line_buffer()}", end="", flush=True)
