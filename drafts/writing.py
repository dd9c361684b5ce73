"""The safe write: whatever fails and whenever, the file holds its old bytes or its new ones.

The steps, which `replace_file` takes in this order: the file is read again and must be what it
was; its bytes go into the journal's store; the new bytes go into a temporary file beside it, which
gets owner, extended attributes and mode of the old one and is synced; with the journal locked, the
file is read once more, the write is noted in the journal, and the temporary file takes its place;
the folder is synced.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from drafts.document import Draft, FileBytes, read_file
from drafts.entries import Entry, new_entry
from drafts.errors import (
    DraftChanged,
    DraftExists,
    DraftMissing,
    HardLinked,
    ReadOnlyDraft,
    WriteFailed,
    reason_of,
)

if TYPE_CHECKING:
    from drafts.journal import Journal

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

_NOT_HERE = {errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.ENODATA}
"""What is said by systems that know no owners, attributes or hard links, or let nobody set them."""

_THE_FOLDERS = {errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOENT, errno.ENOTDIR}
"""Errors that are about the folder, since the file itself is never opened for writing."""


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

    def replace(self, source: Path, target: Path) -> None:
        os.replace(source, target)

    def unlink(self, path: Path) -> None:
        os.unlink(path)


def write_draft(draft: Draft, data: bytes, journal: Journal, *, session: str | None) -> Entry:
    """Puts new bytes into the draft's file, which `journal.undo` can take back.

    Args:
        session: The id of the session in which the new text was made, for the journal.

    Raises:
        DraftChanged: If the file is not what it was when the draft was read.
        ReadOnlyDraft, HardLinked: If the file is not one to write to.
        Unreadable: If it cannot be read again.
        WriteFailed: If the system refused a step; see its `is_in_place`.
        JournalFailed: If the journal cannot be used.
    """
    entry = new_entry(draft.file, data, session=session)
    replace_file(draft.file, data, entry, journal)
    return entry


def write_new(path: Path, data: bytes, *, syscalls: Syscalls | None = None) -> None:
    """Makes a new file, whole or not at all.

    Raises:
        DraftExists: If there is something of that name.
        WriteFailed: If the system refused a step.
    """
    refuse_existing(path)
    system = syscalls or OperatingSystem()
    with os_errors_as_write_failed(path), temporary_file(path, data, system, mode=0o666) as file:
        link_new(file, path, system)
    with os_errors_as_write_failed(path, is_in_place=True):
        sync_folder(path.parent, system)


def replace_file(original: FileBytes, data: bytes, entry: Entry, journal: Journal) -> None:
    """Takes the steps that the module describes.

    Raises:
        DraftError: As `write_draft` does.
    """
    system = journal.syscalls
    current = _unchanged(original)
    refuse_unwritable(current)
    journal.keep(current.data)

    def finish(fd: int) -> None:
        _copy_metadata(current, fd, system)

    with os_errors_as_write_failed(original.path):
        temporary = temporary_file(original.target, data, system, finish=finish)
        with temporary as file, journal.locked() as append:
            _unchanged(original)
            append(entry)
            system.replace(file, original.target)
    with os_errors_as_write_failed(original.path, is_in_place=True):
        sync_folder(original.target.parent, system)


def link_new(source: Path, target: Path, system: Syscalls) -> None:
    """Gives a finished temporary file its name, which must be free.

    Raises:
        DraftExists: If it is not.
        OSError: If the system refuses.
    """
    try:
        try:
            system.link(source, target)
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
            # No hard links here, as on FAT: the name is taken first, and then replaced.
            os.close(system.open(target, _NEW, 0o600))
            system.replace(source, target)
    except FileExistsError as error:
        raise DraftExists(target) from error


@contextmanager
def temporary_file(
    target: Path,
    data: bytes,
    system: Syscalls,
    *,
    mode: int = 0o600,
    finish: Callable[[int], None] | None = None,
) -> Iterator[Path]:
    """A synced file with the data in the target's folder, gone afterwards unless it was renamed.

    Args:
        mode: As for `open`: the process's umask takes bits away.
        finish: Called with the descriptor before the file is synced.

    Raises:
        OSError: If the system refuses a step.
    """
    # A name may have 255 bytes.
    name = os.fsdecode(os.fsencode(target.name)[:200])
    path = target.with_name(f".{name}.chat-{secrets.token_hex(8)}.tmp")
    fd = system.open(path, _NEW, mode)
    try:
        try:
            write_all(fd, data, system)
            if finish is not None:
                finish(fd)
            system.fsync(fd)
        finally:
            os.close(fd)
        yield path
    finally:
        # Nothing more can be done about one that stays, and why the write failed matters more.
        with suppress(OSError):
            system.unlink(path)


def write_all(fd: int, data: bytes, system: Syscalls) -> None:
    """Writes all of the data, in as many pieces as the system takes.

    Raises:
        OSError: If it takes no more.
    """
    rest = memoryview(data)
    while rest:
        written = system.write(fd, rest)
        if written == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rest = rest[written:]


def sync_folder(folder: Path, system: Syscalls) -> None:
    """Makes the names in a folder durable, where the file system has anything to do for that.

    Raises:
        OSError: If they may not be.
    """
    fd = system.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, 0)
    try:
        system.fsync(fd)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(fd)


@contextmanager
def os_errors_as_write_failed(path: Path, *, is_in_place: bool = False) -> Iterator[None]:
    """Turns the system's refusals into the error that names the person's file."""
    try:
        yield
    except OSError as error:
        reason = reason_of(error)
        if error.errno in _THE_FOLDERS:
            reason = f"{reason} (its folder, {path.parent.absolute()})"
        raise WriteFailed(path, reason, is_in_place=is_in_place) from error


def _unchanged(original: FileBytes) -> FileBytes:
    """The file as it is now, which has the bytes that it had.

    Raises:
        DraftChanged: If it has not, is gone, or the name leads elsewhere.
        Unreadable: If it cannot be told.
    """
    advice = "nothing was written"
    try:
        current = read_file(original.path)
    except DraftMissing as error:
        raise DraftChanged(original.path, original.sha256, None, advice) from error
    if (current.target, current.sha256) != (original.target, original.sha256):
        raise DraftChanged(original.path, original.sha256, current.sha256, advice)
    return current


def refuse_existing(path: Path) -> None:
    """Stops before a new file that could not be made.

    Raises:
        DraftExists: If there is something of that name.
    """
    if os.path.lexists(path):
        raise DraftExists(path)


def refuse_unwritable(file: FileBytes) -> None:
    """Stops before a write that could not be made.

    Raises:
        ReadOnlyDraft, HardLinked: If the file is not one to write to.
    """
    # The superuser may write to every file, but a mode without a single w is meant.
    if not file.status.st_mode & 0o222 or not os.access(file.target, os.W_OK):
        raise ReadOnlyDraft(file.path)
    if file.status.st_nlink > 1:
        raise HardLinked(file.path, file.status.st_nlink)


def _copy_metadata(source: FileBytes, fd: int, system: Syscalls) -> None:
    """Gives the open file the owner, the extended attributes and the mode of another.

    Who may not give files away gets one of their own, closed to a group that is not the old one.
    """
    status = source.status
    mode = stat.S_IMODE(status.st_mode)
    if not _chown(fd, status.st_uid, status.st_gid, system) and not _chown(
        fd, -1, status.st_gid, system
    ):
        mode &= ~(stat.S_IRWXG | stat.S_ISUID | stat.S_ISGID)
    _copy_attributes(source.target, fd)
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
        if error.errno not in _NOT_HERE:
            raise
        return False
    return True


def _copy_attributes(source: Path, fd: int) -> None:
    """Copies extended attributes, access control lists among them, as far as the system lets us."""
    if sys.platform != "linux":
        return
    try:
        names = os.listxattr(source)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
        return
    for name in names:
        try:
            os.setxattr(fd, name, os.getxattr(source, name))
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
