"""Signals while an answer is made: the first one ends the answer and keeps it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

from tui import exit_codes

_AT_ONCE_S = 1.0
"""Signals so soon after the one that ends the program say the same: that of the kernel and that of
the shell, or SIGTERM and SIGHUP."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Which signal came, if one did."""

    def __init__(self) -> None:
        self.signal: int | None = None

    @property
    def ends_the_program(self) -> bool:
        """Whether it asks for more than the end of the answer."""
        return self.signal is not None and self.signal != signal.SIGINT

    @property
    def exit_code(self) -> int:
        """128 and the signal's number, as shells report it: 130 for Ctrl+C."""
        return exit_codes.SIGNALLED + (self.signal or signal.SIGINT)


@contextmanager
def signals_call(stop: Callable[[], None]) -> Iterator[Interruption]:
    """Call `stop` at the first Ctrl+C, SIGTERM or SIGHUP; at the second one stop waiting.

    Where a terminal or a machine ends, several come at once, and count as one.

    A handler, not an exception: KeyboardInterrupt could come in the middle of a frame or of a save.
    Signals that the process was started to ignore, as under ``nohup``, stay ignored.

    Raises:
        KeyboardInterrupt: In the block, at a second Ctrl+C.
        SystemExit: In the block, at another second signal.
    """
    interruption = Interruption()
    ended_at = 0.0

    def on_signal(number: int, _frame: FrameType | None) -> None:
        nonlocal ended_at
        if interruption.signal is None:
            interruption.signal = number
            ended_at = monotonic()
            stop()
        elif interruption.ends_the_program and monotonic() - ended_at < _AT_ONCE_S:
            return
        elif number == signal.SIGINT:
            raise KeyboardInterrupt
        else:
            raise SystemExit(exit_codes.SIGNALLED + number)

    with _handled(on_signal):
        yield interruption


@contextmanager
def signals_leave() -> Iterator[Interruption]:
    """Leave the block at Ctrl+C, SIGTERM and SIGHUP alike: for waiting where nothing is written.

    Raises:
        KeyboardInterrupt: In the block.
    """
    interruption = Interruption()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        interruption.signal = number
        raise KeyboardInterrupt

    with _handled(on_signal):
        yield interruption


@contextmanager
def ctrl_c_is_anothers() -> Iterator[None]:
    """Leave Ctrl+C to a program that has the terminal meanwhile.

    A handler that does nothing: that program would inherit a signal that is ignored.
    """
    previous = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def is_job() -> bool:
    """Whether the parent is a shell that can bring this process back once it has stopped."""
    parent = os.getppid()
    try:
        return os.getsid(parent) == os.getsid(0) and os.getpgid(parent) != os.getpgrp()
    except OSError:
        return False


@contextmanager
def _handled(on_signal: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have signals handled, but for those that the process was started to ignore."""
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, on_signal) for number in heard}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
