"""What a file has beside its bytes, and a new file in its place should have too."""

from __future__ import annotations

import errno
import os
import stat
import sys

from drafts.document import FileBytes
from drafts.syscalls import NOT_HERE, Syscalls

_ACCESS_LIST = "system.posix_acl_access"

_NO_ATTRIBUTES = NOT_HERE | {errno.ENOENT}
"""Also said of a file that somebody has deleted meanwhile: the next reading of it tells that."""


def copy_metadata(source: FileBytes, fd: int, system: Syscalls) -> None:
    """Gives the open file the owner, the extended attributes and the mode of another.

    Who may not give files away gets one of their own, closed to a group that is not the old one.

    Raises:
        OSError: If the system refuses for another reason than that it cannot.
    """
    status = source.status
    mode = stat.S_IMODE(status.st_mode)
    if not _chown(fd, status.st_uid, status.st_gid, system) and not _chown(
        fd, -1, status.st_gid, system
    ):
        mode &= ~(stat.S_IRWXG | stat.S_ISUID | stat.S_ISGID)
    _copy_attributes(source, fd)
    if stat.S_IMODE(os.fstat(fd).st_mode) != mode:
        system.fchmod(fd, mode)


def _chown(fd: int, uid: int, gid: int, system: Syscalls) -> bool:
    """Whether the file has that owner and group now; -1 is any."""
    status = os.fstat(fd)
    if uid in (-1, status.st_uid) and gid == status.st_gid:
        return True
    try:
        system.fchown(fd, uid, gid)
    except OSError as error:
        if error.errno not in NOT_HERE:
            raise
        return False
    return True


def _copy_attributes(source: FileBytes, fd: int) -> None:
    """Copies extended attributes, access control lists among them, as far as the system lets us."""
    if sys.platform != "linux":
        return
    names = _attribute_names(source.target)
    for name in names:
        try:
            os.setxattr(fd, name, os.getxattr(source.target, name))
        except OSError as error:
            if error.errno not in _NO_ATTRIBUTES:
                raise
    if _ACCESS_LIST not in names and _ACCESS_LIST in _attribute_names(fd):
        # The folder gives new files a list; the old one was without, and opens to nobody else.
        os.removexattr(fd, _ACCESS_LIST)


def _attribute_names(file: int | os.PathLike[str]) -> list[str]:
    if sys.platform != "linux":
        return []
    try:
        return os.listxattr(file)
    except OSError as error:
        if error.errno not in _NO_ATTRIBUTES:
            raise
        return []
