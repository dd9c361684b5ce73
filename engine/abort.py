"""Stopping llama.cpp in the middle of an evaluation, and seeing that it is at work."""

from __future__ import annotations

import ctypes
import threading

from llama_cpp import llama_cpp as ll

_LIBC = ctypes.CDLL(None)


class Cancelled(Exception):
    """The evaluation was stopped by the abort flag."""


class AbortFlag:
    """Tells which request was cancelled; llama.cpp polls it between two operations of its graph.

    Set from any thread. Request ids keep a cancel that comes too early or too late from hitting its
    neighbour.
    """

    def __init__(self) -> None:
        self.polls = 0
        """Counts signs of life: as long as it grows, llama.cpp is at work."""
        self._current = 0
        self._cancelled = -1
        self._everything = False
        self._changing = threading.Lock()
        # A text that is empty until the flag is set: its length is the answer to a poll.
        self._flag = ctypes.create_string_buffer(64)
        self._counting = ll.ggml_abort_callback(self._poll)
        self._quick = ctypes.cast(_LIBC.strlen, ll.ggml_abort_callback)

    @property
    def is_set(self) -> bool:
        """Whether the current request is the cancelled one, or the process is about to end."""
        return bool(self._flag[0] != b"\0")

    def begin(self, request_id: int) -> None:
        """The request of that id is the current one."""
        with self._changing:
            self._current = request_id
            self._update()

    def cancel(self, request_id: int) -> None:
        """The request of that id should end soon, now or when it begins."""
        with self._changing:
            self._cancelled = request_id
            self._update()

    def cancel_everything(self) -> None:
        """The process is about to end."""
        with self._changing:
            self._everything = True
            self._update()

    def resume(self) -> None:
        """Whoever cancelled everything is gone, and somebody else begins."""
        with self._changing:
            self._everything, self._cancelled = False, -1
            self._update()

    @property
    def ends_everything(self) -> bool:
        """Whether the process is about to end."""
        return self._everything

    def watch(self, context: ll.llama_context_p, *, count: bool) -> None:
        """Have an evaluation look at the flag.

        Args:
            context: What evaluates.
            count: Whether looking counts as a sign of life. That takes a call of Python for each of
                some hundred operations: nothing beside a long evaluation, and a percent of a token.
        """
        callback = self._counting if count else self._quick
        ll.llama_set_abort_callback(context, callback, ctypes.cast(self._flag, ctypes.c_void_p))

    def _update(self) -> None:
        is_set = self._everything or self._current == self._cancelled
        self._flag[0] = b"\1" if is_set else b"\0"

    def _poll(self, _: object) -> bool:
        self.polls += 1
        return self.is_set
