"""What llama.cpp logs, since the reason of a failure is nowhere else."""

from __future__ import annotations

import ctypes
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar

from llama_cpp import llama_cpp as ll

_WARNING, _ERROR, _CONTINUED = 3, 4, 5
"""Of ggml_log_level; the last goes on with the line before it."""

_WHO_SAYS_SO = re.compile(r"^(?:\w+: |error loading model(?: hyperparameters)?: )+")
"""What llama.cpp puts before a reason: the names of its functions."""


class NativeLog:
    """Collects the last warnings and errors. One per process."""

    _installed: ClassVar[object] = None

    def __init__(self, echo: Callable[[bytes], object]) -> None:
        """Route llama.cpp's log here for the rest of the process.

        Args:
            echo: Gets every warning and error as it comes, for the case that the next thing
                llama.cpp does is to abort.
        """
        self._lines: deque[tuple[int, str]] = deque(maxlen=40)
        self._echo = echo
        self._follow: Callable[[str], None] | None = None
        self._level = 0
        callback = ll.llama_log_callback(self._on_log)
        ll.llama_log_set(callback, ctypes.c_void_p(0))
        # The C side keeps a bare pointer to whichever came last.
        NativeLog._installed = callback

    def _on_log(self, level: int, text: bytes, _user_data: object) -> None:
        self._level = self._level if level == _CONTINUED else level
        line = text.decode(errors="replace").strip(" .\n")
        if self._follow is not None:
            self._follow(line)
        if self._level >= _WARNING:
            self._echo(text)
        if self._level >= _WARNING and line:
            self._lines.append((self._level, line))

    @contextmanager
    def followed(self, follow: Callable[[str], None]) -> Iterator[None]:
        """Hand on every line that is logged in the block, of whatever level."""
        self._follow = follow
        try:
            yield
        finally:
            self._follow = None

    def clear(self) -> None:
        """Forget what was logged so far."""
        self._lines.clear()

    def errors(self) -> list[str]:
        """What was logged as an error since `clear`."""
        return [_WHO_SAYS_SO.sub("", line) for level, line in self._lines if level == _ERROR]

    def reason(self) -> str:
        """The first error since `clear`, as later ones only repeat it; else the first warning."""
        lines = self.errors() or [_WHO_SAYS_SO.sub("", line) for _, line in self._lines]
        return lines[0] if lines else "llama.cpp gave no reason"
