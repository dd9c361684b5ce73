"""Textual's driver for terminals, which begins anew after any stop.

Of a stop that nobody asked the program for (SIGSTOP, as of a debugger or a batch system) only its
end is heard. Textual takes that for the end of one that it was asked for, and begins a second time
beside what still runs: then nothing ends it any more, or it leaves a terminal without echo.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from textual.drivers.linux_driver import LinuxDriver


class TerminalDriver(LinuxDriver):
    """Draws on a terminal, and reads its keys."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """See `LinuxDriver`."""
        super().__init__(*arguments, **named)
        self._is_due = False
        """Whether the loop is going to stop the program, or to begin anew."""
        self._is_stopped = False
        """Whether it was asked to stop, and has left the terminal."""

    def _sigtstp_application(self, *_: Any) -> None:
        if self._is_at_work:
            self._let_loop(self._stop)
        else:
            os.kill(os.getpid(), signal.SIGSTOP)

    def _sigcont_application(self, *_: Any) -> None:
        if self._is_at_work or self._is_stopped:
            self._let_loop(self._begin_anew)

    @property
    def _is_at_work(self) -> bool:
        return self._auto_restart and self._key_thread is not None and self._key_thread.is_alive()

    def _let_loop(self, change: Callable[[], None]) -> None:
        """Have something done, but not in the midst of a write, whose lock a handler would wait
        for; and once, however many signals come."""
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon_threadsafe(self._do, change)

    def _do(self, change: Callable[[], None]) -> None:
        self._is_due = False
        if self._is_at_work or self._is_stopped:
            change()

    def _stop(self) -> None:
        if not self._is_stopped:
            self.suspend_application_mode()
            self._is_stopped = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def _begin_anew(self) -> None:
        """Take the terminal again, whose modes may be others by now, and draw everything."""
        if not self._is_stopped:
            self.suspend_application_mode()
            self._is_stopped = True  # another stop may come in the midst of this
        self._must_signal_resume = True
        self.resume_application_mode()
        # In the background it could not, and was stopped again.
        self._is_stopped = not self._is_at_work
