"""System calls that fail when a test wants them to, and what such a disk would still have."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from sessions import SaveFailed, Session, SessionFile, SessionStore, Turn
from sessions.syscalls import OperatingSystem

Failure: TypeAlias = Callable[[int, str], int | None]
"""Given a call's number and name, the errno that it fails with."""


def nothing_fails(_number: int, _name: str) -> None:
    """Of a disk that works."""


def at_call(failing: int, error: int) -> Failure:
    return lambda number, _: error if number == failing else None


class FailingSystem(OperatingSystem):
    """The real calls, but for some that fail or do less than they were asked to.

    It keeps account of what a power cut would take, on a disk that drops what it could not write
    and calls it clean.
    """

    def __init__(
        self,
        fail: Failure = nothing_fails,
        *,
        longest_write: int = sys.maxsize,
    ) -> None:
        self.calls: list[str] = []
        self.fail = fail
        self.longest_write = longest_write
        self._dirty: set[int] = set()
        self._dropped: set[int] = set()

    def is_durable(self, folder: Path) -> bool:
        """Whether all that is in a folder would be there after a power cut."""
        inodes = {path.stat().st_ino for path in [folder, *folder.rglob("*")]}
        return inodes.isdisjoint(self._dirty | self._dropped)

    def _count(self, name: str) -> None:
        self.calls.append(name)
        error = self.fail(len(self.calls), name)
        if error is not None:
            raise OSError(error, os.strerror(error))

    def open(self, path: Path, flags: int, mode: int) -> int:
        self._count("open")
        fd = super().open(path, flags, mode)
        if flags & os.O_CREAT:
            # The number of a file that is gone may be given again.
            self._dropped.discard(_inode(fd))
            self._dirty |= {_inode(fd), path.parent.stat().st_ino}
        return fd

    def flock(self, fd: int, operation: int) -> None:
        self._count("flock")
        super().flock(fd, operation)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        self._count("write")
        self._dirty.add(_inode(fd))
        return super().write(fd, data[: self.longest_write])

    def fsync(self, fd: int) -> None:
        try:
            self._count("fsync")
        except OSError as error:
            if error.errno != errno.EINVAL and _inode(fd) in self._dirty:
                self._dropped.add(_inode(fd))
            raise
        super().fsync(fd)
        self._dirty.discard(_inode(fd))

    def ftruncate(self, fd: int, length: int) -> None:
        self._count("ftruncate")
        super().ftruncate(fd, length)

    def replace(self, source: Path, target: Path) -> None:
        self._count("replace")
        super().replace(source, target)
        self._dirty.add(target.parent.stat().st_ino)


def _inode(fd: int) -> int:
    return os.fstat(fd).st_ino


def try_to(append: Callable[[Turn], None], turn: Turn) -> bool:
    """Whether a turn was saved."""
    try:
        append(turn)
    except SaveFailed:
        return False
    return True


def reread(log: SessionFile) -> Session:
    """What another process would read."""
    return SessionStore(log.path.parent).open(log.session.id).session
