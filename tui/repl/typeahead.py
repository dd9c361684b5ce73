"""The terminal while an answer comes or a command runs: what is typed is not seen, and waits."""

from __future__ import annotations

import os
import signal
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

_PASTES_ON, _PASTES_OFF = b"\x1b[?2004h", b"\x1b[?2004l"
"""Pasted text comes between brackets, so that its line breaks send nothing."""


@contextmanager
def typed_ahead_is_kept(
    stdin: TextIO, stdout: TextIO, *, brackets: bool, on_return: Callable[[], None]
) -> Iterator[None]:
    """Leave keys unread and unseen in the block, as they were pressed, for the next reader.

    Ctrl+C takes none of them away. Ctrl+Z stops the program with the terminal as it was before.

    Args:
        stdin: The terminal.
        stdout: The same, for writing.
        brackets: Whether the next reader knows pasted text by its brackets.
        on_return: Called when the program goes on after Ctrl+Z.
    """
    quiet = _QuietTerminal(stdin.fileno(), stdout.fileno() if brackets else None, on_return)
    previous = signal.signal(signal.SIGTSTP, quiet.stop)
    quiet.begin()
    try:
        yield
    finally:
        quiet.end()
        signal.signal(signal.SIGTSTP, previous)


class _QuietTerminal:
    """A terminal without echo and lines, between `begin` and `end`."""

    def __init__(
        self, terminal: int, brackets_to: int | None, on_return: Callable[[], None]
    ) -> None:
        """Nothing is changed yet.

        Args:
            terminal: Its descriptor.
            brackets_to: Where brackets around pastes are asked for; None asks for none.
            on_return: As for `typed_ahead_is_kept`.
        """
        self._terminal = terminal
        self._brackets_to = brackets_to
        self._on_return = on_return
        self._before = termios.tcgetattr(terminal)

    def begin(self) -> None:
        termios.tcsetattr(self._terminal, termios.TCSANOW, _quiet(self._before))
        self._tell(_PASTES_ON)

    def end(self) -> None:
        self._tell(_PASTES_OFF)
        termios.tcsetattr(self._terminal, termios.TCSANOW, self._before)

    def stop(self, number: int, _frame: FrameType | None) -> None:
        """Handle SIGTSTP: stop the program with the terminal as it was, and go on after that."""
        self.end()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, self.stop)
        self.begin()
        self._on_return()

    def _tell(self, switch: bytes) -> None:
        # Not through the stream: a signal may come while it is being written to.
        if self._brackets_to is not None:
            os.write(self._brackets_to, switch)


def forget_typed_ahead(stdin: TextIO) -> None:
    """Throw away what nobody has read yet."""
    termios.tcflush(stdin, termios.TCIFLUSH)


def _quiet(attributes: list[int | list[bytes | int]]) -> list[int | list[bytes | int]]:
    """No echo, no lines: keys wait as they are. Ctrl+C and Ctrl+Z still are signals."""
    changed = list(attributes)
    changed[0] = _flags(changed[0]) & ~(termios.ICRNL | termios.INLCR | termios.IGNCR)
    local = _flags(changed[3]) & ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    changed[3] = local | termios.ISIG | termios.NOFLSH
    return changed


def _flags(value: int | list[bytes | int]) -> int:
    assert isinstance(value, int), "cc is the only list"
    return value
