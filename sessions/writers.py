"""Who writes an answer: a name for this process that others can ask the system about.

A process id alone is another process's some day, on another machine, or in another container.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

_STATE, _STARTED = 0, 19
"""Fields of ``/proc/PID/stat`` behind the name: proc_pid_stat(5) counts two more before them."""

_ENDED = ("Z", "X", "x")
"""States of a process that is gone but for whoever should ask how it ended."""


def this_writer() -> str | None:
    """This process: where its number counts, the number, and when it began; None where the system
    does not tell."""
    return _writer(os.getpid())


def is_alive(writer: object) -> bool | None:
    """Whether a process still runs; None where nobody here can tell.

    Args:
        writer: What `this_writer` said there, as it was read from a file.
    """
    place, own = _place(), this_writer()
    if not isinstance(writer, str) or place is None or own is None:
        return None
    there, _, process = writer.rpartition("/")
    pid = process.partition("-")[0]
    if there != place or not (pid.isascii() and pid.isdecimal() and len(pid) < 12):
        return None
    return _writer_now(int(pid)) == writer


@lru_cache(maxsize=1)
def _writer(pid: int) -> str | None:
    return _writer_now(pid)


def _writer_now(pid: int) -> str | None:
    with suppress(OSError, IndexError):
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = line.rpartition(")")[2].split()
        place = _place()
        if place is not None and fields[_STATE] not in _ENDED:
            return f"{place}/{pid}-{fields[_STARTED]}"
    return None


@lru_cache(maxsize=1)
def _place() -> str | None:
    """The machine since it was started, and the container."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    return None
