"""Standard output: what fails there says so, as the system's own words name no file."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from typing_extensions import Self

OUTPUT = "standard output"
"""The name in its errors."""


class Output(io.TextIOWrapper):
    """The process's own.

    All below this is C: a signal's exception can come only where it is known what went out. In the
    midst of Python it comes behind the system's write, and then the same words go out once more.
    """

    @classmethod
    def of(cls, stream: io.TextIOWrapper) -> Self:
        """Another one for the same file, with the same encoding.

        Where nothing is to be buffered, as under ``PYTHONUNBUFFERED``, whole lines are not: else
        what is said on stderr would come before them.
        """
        stream.flush()
        return cls(
            io.BufferedWriter(io.FileIO(stream.fileno(), "wb", closefd=False)),
            encoding=stream.encoding,
            line_buffering=stream.line_buffering or stream.write_through,
        )

    def write(self, text: str, /) -> int:
        """See `io.TextIOWrapper`."""
        with _named_failure():
            return super().write(text)

    def flush(self) -> None:
        """See `io.TextIOWrapper`."""
        with _named_failure():
            super().flush()


def write_bytes(stdout: TextIO, data: bytes) -> None:
    """Write bytes behind all text that there was, as they are."""
    stdout.flush()
    with _named_failure():
        stdout.buffer.write(data)
    stdout.flush()


def discard_output() -> None:
    """Let what is left of the output go nowhere, as Python tries to write it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _named_failure() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        error.filename = OUTPUT
        raise
