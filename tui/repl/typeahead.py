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
    terminal = stdin.fileno()
    before = termios.tcgetattr(terminal)

    def tell(switch: bytes) -> None:
        # Not through the stream: a signal may come while it is being written to.
        if brackets:
            os.write(stdout.fileno(), switch)

    def begin() -> None:
        termios.tcsetattr(terminal, termios.TCSANOW, _quiet(before))
        tell(_PASTES_ON)

    def end() -> None:
        tell(_PASTES_OFF)
        termios.tcsetattr(terminal, termios.TCSANOW, before)

    def on_stop(number: int, _frame: FrameType | None) -> None:
        end()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, on_stop)
        begin()
        on_return()

    previous = signal.signal(signal.SIGTSTP, on_stop)
    begin()
    try:
        yield
    finally:
        end()
        signal.signal(signal.SIGTSTP, previous)


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
