"""Ends the program when its terminal is gone, even where no signal says so.

In a thread of its own: whoever draws may wait for ever for a terminal that takes nothing any more.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable
from threading import Thread


def end_with_terminal(terminal: int, save: Callable[[], None]) -> None:
    """Wait in the background for the end of a terminal, then save and end the process as a hang-up
    would.

    Args:
        terminal: Its file descriptor.
        save: Saves everything, and returns when that is done.
    """

    def wait() -> None:
        poll = select.poll()
        poll.register(terminal, 0)  # the end of a terminal is told of in any case
        poll.poll()
        save()
        os._exit(128 + signal.SIGHUP)

    Thread(target=wait, name="hang-up", daemon=True).start()
