"""The calls that decide whether something is on disk, so that tests can have them fail."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class Syscalls(Protocol):
    """As in `os` and `fcntl`."""

    def open(self, path: Path, flags: int, mode: int) -> int: ...
    def flock(self, fd: int, operation: int) -> None: ...
    def write(self, fd: int, data: bytes | memoryview) -> int: ...
    def fsync(self, fd: int) -> None: ...
    def ftruncate(self, fd: int, length: int) -> None: ...
    def replace(self, source: Path, target: Path) -> None: ...


class OperatingSystem:
    """The real calls."""

    def open(self, path: Path, flags: int, mode: int) -> int:
        return os.open(path, flags, mode)

    def flock(self, fd: int, operation: int) -> None:
        fcntl.flock(fd, operation)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        return os.write(fd, data)

    def fsync(self, fd: int) -> None:
        os.fsync(fd)

    def ftruncate(self, fd: int, length: int) -> None:
        os.ftruncate(fd, length)

    def replace(self, source: Path, target: Path) -> None:
        os.replace(source, target)


def write_all(syscalls: Syscalls, fd: int, data: bytes) -> None:
    """Writes on where a write was cut short or interrupted.

    Raises:
        OSError: If the system will not take it all.
    """
    rest = memoryview(data)
    while rest:
        try:
            written = syscalls.write(fd, rest)
        except InterruptedError:
            continue
        if written == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rest = rest[written:]


def sync_folder(syscalls: Syscalls, folder: Path, fsync: Callable[[int], None]) -> None:
    """Makes the names in a folder durable, where its file system knows how.

    Raises:
        OSError: If it failed.
    """
    fd = syscalls.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, 0)
    try:
        fsync(fd)
    except OSError as error:
        # What file systems say that have nothing to do for a folder.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(fd)
