"""The calls by which drafts are written, in one place: tests put in others that fail."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import sys
from pathlib import Path
from typing import Protocol

NOT_HERE = frozenset(
    {errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.ENODATA}
)
"""What is said by systems that know no owners, attributes or hard links, or let nobody set them."""

NO_EXCHANGE = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM})
"""What is said where two names cannot be exchanged: kernels, file systems, and sandboxes."""

NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})
"""What is said by file systems that know no locks."""

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


class Syscalls(Protocol):
    """The calls that change what is on disk, as in `os` and `fcntl`."""

    def open(self, path: Path, flags: int, mode: int) -> int: ...
    def flock(self, fd: int, operation: int) -> None: ...
    def write(self, fd: int, data: bytes | memoryview) -> int: ...
    def ftruncate(self, fd: int, length: int) -> None: ...
    def fchown(self, fd: int, uid: int, gid: int) -> None: ...
    def fchmod(self, fd: int, mode: int) -> None: ...
    def fsync(self, fd: int) -> None: ...
    def link(self, source: Path, target: Path) -> None: ...
    def exchange(self, one: Path, other: Path) -> None: ...
    def replace(self, source: Path, target: Path) -> None: ...
    def unlink(self, path: Path) -> None: ...


class OperatingSystem:
    """The real calls."""

    def open(self, path: Path, flags: int, mode: int) -> int:
        return os.open(path, flags, mode)

    def flock(self, fd: int, operation: int) -> None:
        fcntl.flock(fd, operation)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        return os.write(fd, data)

    def ftruncate(self, fd: int, length: int) -> None:
        os.ftruncate(fd, length)

    def fchown(self, fd: int, uid: int, gid: int) -> None:
        os.fchown(fd, uid, gid)

    def fchmod(self, fd: int, mode: int) -> None:
        os.fchmod(fd, mode)

    def fsync(self, fd: int) -> None:
        os.fsync(fd)

    def link(self, source: Path, target: Path) -> None:
        os.link(source, target)

    def exchange(self, one: Path, other: Path) -> None:
        """Gives each of two files the other's name, in one step.

        Raises:
            OSError: One of `NO_EXCHANGE` where that does not exist.
        """
        rename = _renameat2()
        if rename is None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        names = os.fsencode(one), os.fsencode(other)
        if rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(other))

    def replace(self, source: Path, target: Path) -> None:
        os.replace(source, target)

    def unlink(self, path: Path) -> None:
        os.unlink(path)


def _renameat2() -> ctypes._NamedFuncPointer | None:
    """C's function of that name; None where the system's library has none."""
    if sys.platform != "linux":
        return None
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is not None:
        function.argtypes = (*(ctypes.c_int, ctypes.c_char_p) * 2, ctypes.c_uint)
    return function
