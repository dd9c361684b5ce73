"""What a test leaves is ended with that test, also where it fails.

An engine that nobody closes, a process that nobody waits for and a file that is open are told of
when they are collected as garbage: by then another test runs, and fails for it.
"""

from __future__ import annotations

import gc
import subprocess
import traceback
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol, TypeVar


class Closable(Protocol):
    """An engine, a server, a program on a pseudo-terminal."""

    def close(self) -> None:
        """End it; any number of times."""


Left = TypeVar("Left", bound="Closable | subprocess.Popen[str] | subprocess.Popen[bytes]")


class Cleanup:
    """Takes what a test starts and gives it back at once; after the test it ends them all."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def __call__(self, started: Left) -> Left:
        if isinstance(started, subprocess.Popen):
            self._stack.callback(_end, started)
        else:
            self._stack.callback(started.close)
        return started


def _end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    with process:  # which closes its pipes, and waits
        process.kill()


def forget(failure: BaseException) -> None:
    """Let go of everything that the functions of a traceback still have, in silence: what a failed
    test did not come to is no other test's concern."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for each in _chain(failure):
            traceback.clear_frames(each.__traceback__)
            for frame, _ in traceback.walk_tb(each.__traceback__):
                # Before Python 3.13 there is a copy of what it had: this brings it up to date.
                _ = frame.f_locals
        gc.collect()


def _chain(failure: BaseException) -> Iterator[BaseException]:
    """An exception and those that it came of, each once."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [failure]
    while waiting:
        each = waiting.pop()
        if each is not None and each not in seen:
            seen.append(each)
            waiting += [each.__cause__, each.__context__]
            waiting += getattr(each, "exceptions", ())  # of a group
    yield from seen
