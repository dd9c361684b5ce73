"""The safe write: whatever fails and whenever, the file holds its old bytes or its new ones.

The steps, which `replace_file` takes in this order: the file is read again and must be what it
was; its bytes and the new ones go into the journal's store; the new bytes go into a temporary file
beside it, which gets owner, extended attributes and mode of the old one and is synced; with the
journal locked, the file is read once more, the write is noted in the journal, and the two files
exchange their names. What had the name is looked at then: if somebody has saved the file since it
was read, it gets its name back. The old file is deleted and the folder is synced. Where names
cannot be exchanged, the temporary file takes the name, and the moment between the last reading
and that stays open.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drafts.document import Draft, FileBytes, read_file, sha256_of
from drafts.entries import Entry, new_entry
from drafts.errors import (
    ClosedFolder,
    DraftChanged,
    DraftExists,
    DraftMissing,
    HalfWritten,
    HardLinked,
    NotGivenBack,
    ReadOnlyDraft,
    WriteFailed,
    reason_of,
)
from drafts.metadata import copy_metadata
from drafts.syscalls import NO_EXCHANGE, OperatingSystem, Syscalls
from drafts.temporary import link_new, sweep, sync_folder, temporary_file, write_all

if TYPE_CHECKING:
    from drafts.journal import Journal, LockedJournal

_THE_FOLDERS = {errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOENT, errno.ENOTDIR}
"""Errors that are about the folder, where the file itself is not opened for writing."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person has agreed to that a write does not do unasked."""

    replace_read_only: bool = False
    """Replace a file that may not be written to; its mode stays as it is."""
    part: bool = False
    """Give the new text to this name of the file alone: its other names keep the old text."""
    write_through: bool = False
    """Write into the file where it is: for all of its names, or in a folder that takes no new
    files. A kill or a power cut in the middle leaves a mixture, but both texts in the journal."""


NO_CONSENT = Consent()


def write_draft(
    draft: Draft,
    data: bytes,
    journal: Journal,
    *,
    session: str | None,
    consent: Consent = NO_CONSENT,
) -> Entry:
    """Puts new bytes into the draft's file, which `journal.undo` can take back.

    Args:
        session: The id of the session in which the new text was made, for the journal.
        consent: What may be done to a file that is not simply replaced.

    Raises:
        DraftChanged: If the file is not what it was when the draft was read.
        ReadOnlyDraft, HardLinked, ClosedFolder: If the file is not one to write to without a
            consent that was not given.
        Unreadable: If it cannot be read again.
        WriteFailed: If the system refused a step; see its `is_in_place`.
        HalfWritten: If a write in place broke off and could not be taken back.
        NotGivenBack: If somebody saved the file just then, and the system refused to give it back.
        JournalFailed: If the journal cannot be used.
    """
    entry = new_entry(draft.file, data, session=session)
    replace_file(draft.file, data, entry, journal, consent)
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


def replace_file(
    original: FileBytes, data: bytes, entry: Entry, journal: Journal, consent: Consent = NO_CONSENT
) -> None:
    """Takes the steps that the module describes.

    Raises:
        DraftError: As `write_draft` does.
    """
    system = journal.syscalls
    sweep(original.target.parent, journal)
    current = _unchanged(original)
    refuse_unwritable(current, consent)
    journal.keep(current.data, data)
    if _is_in_place(current, consent):
        _write_through(original, data, entry, journal)
        return

    def finish(fd: int) -> None:
        copy_metadata(current, fd, system)

    with os_errors_as_write_failed(original.path):
        temporary = temporary_file(original.target, data, system, finish=finish)
        with temporary as file, journal.locked() as log:
            _unchanged(original)
            log.append(entry, current.data, data)
            _exchange(file, original, entry, log)
    with os_errors_as_write_failed(original.path, is_in_place=True):
        sync_folder(original.target.parent, system)


@contextmanager
def os_errors_as_write_failed(
    path: Path, *, is_in_place: bool = False, may_be_the_folders: bool = True
) -> Iterator[None]:
    """Turns the system's refusals into the error that names the person's file."""
    try:
        yield
    except OSError as error:
        reason = reason_of(error)
        if may_be_the_folders and error.errno in _THE_FOLDERS:
            reason = f"{reason} (its folder, {path.parent.absolute()})"
        raise WriteFailed(path, reason, is_in_place=is_in_place) from error


def refuse_existing(path: Path) -> None:
    """Stops before a new file that could not be made.

    Raises:
        DraftExists: If there is something of that name.
    """
    if os.path.lexists(path):
        raise DraftExists(path)


def refuse_unwritable(file: FileBytes, consent: Consent = NO_CONSENT) -> None:
    """Stops before a write that could not be made, or that nobody has agreed to.

    Raises:
        ReadOnlyDraft, HardLinked, ClosedFolder: If the file is not one to write to.
    """
    status = file.status
    # The superuser may write to every file, but a mode without a single w is meant.
    is_writable = status.st_mode & 0o222 and _may_write(file.target)
    if not is_writable and not consent.replace_read_only:
        raise ReadOnlyDraft(file.path)
    if status.st_nlink > 1 and not (consent.part or consent.write_through):
        raise HardLinked(file.path, status.st_nlink)
    if not consent.write_through and not _may_write(file.target.parent):
        raise ClosedFolder(file.path, file.target.parent)


def _is_in_place(file: FileBytes, consent: Consent) -> bool:
    """Whether the file is overwritten, because it cannot or should not be replaced."""
    is_linked = file.status.st_nlink > 1 and not consent.part
    return consent.write_through and (is_linked or not _may_write(file.target.parent))


def _may_write(path: Path) -> bool:
    by_effective = os.access in os.supports_effective_ids
    return os.access(path, os.W_OK, effective_ids=by_effective)


def _unchanged(original: FileBytes) -> FileBytes:
    """The file as it is now, which has the bytes that it had.

    Raises:
        DraftChanged: If it has not, is gone, or the name leads elsewhere.
        Unreadable: If it cannot be told.
    """
    try:
        current = read_file(original.path)
    except DraftMissing as error:
        raise _changed(original, None) from error
    if (current.target, current.sha256) != (original.target, original.sha256):
        raise _changed(original, current.sha256)
    return current


def _changed(original: FileBytes, found: str | None) -> DraftChanged:
    return DraftChanged(original.path, original.sha256, found, "nothing was written")


def _exchange(file: Path, original: FileBytes, entry: Entry, log: LockedJournal) -> None:
    """Gives the finished file the draft's name, unless that is not of what was read any more."""
    system, target = log.syscalls, original.target
    try:
        system.exchange(file, target)
    except FileNotFoundError as error:
        log.take_back()
        raise _changed(original, None) from error
    except OSError as error:
        if error.errno not in NO_EXCHANGE:
            raise
        system.replace(file, target)
        return
    found = _hash_of(file)
    if found != original.sha256:
        _give_back(file, original, entry, log)
        raise _changed(original, found)


def _give_back(file: Path, original: FileBytes, entry: Entry, log: LockedJournal) -> None:
    """Exchanges the names once more: somebody saved what lies under the temporary one now."""
    system, target = log.syscalls, original.target
    try:
        system.exchange(file, target)
        log.take_back()
        if _hash_of(file) != entry.after:
            # They saved again, over the new bytes: the name is of what they saved last.
            system.exchange(file, target)
            raise NotGivenBack(original.path, file)
    except OSError as error:
        raise NotGivenBack(original.path, file) from error


def _write_through(original: FileBytes, data: bytes, entry: Entry, journal: Journal) -> None:
    """Overwrites the file where it is, with everything done first that can be refused."""
    system = journal.syscalls
    failures = os_errors_as_write_failed(original.path, may_be_the_folders=False)
    with failures, journal.locked() as log:
        fd = system.open(original.target, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0)
        try:
            current = _unchanged(original)
            if not os.path.samestat(os.fstat(fd), current.status):
                raise _changed(original, current.sha256)
            log.append(entry, current.data, data)
            try:
                _overwrite(fd, data, len(current.data), system)
            except OSError as error:
                _put_back(fd, original, entry, journal, error)
                raise
            with os_errors_as_write_failed(original.path, is_in_place=True):
                system.fsync(fd)
        finally:
            os.close(fd)


def _overwrite(fd: int, data: bytes, size: int, system: Syscalls) -> None:
    """Makes the data the content of a file of that size.

    What goes beyond the old end is written first: a full disk refuses that, and then nothing of the
    old text is overwritten yet.
    """
    whole = memoryview(data)
    os.lseek(fd, size, os.SEEK_SET)
    write_all(fd, whole[size:], system)
    os.lseek(fd, 0, os.SEEK_SET)
    write_all(fd, whole[:size], system)
    if len(data) < size:
        system.ftruncate(fd, len(data))


def _put_back(fd: int, original: FileBytes, entry: Entry, journal: Journal, error: OSError) -> None:
    """Makes the old bytes the content again after a write that broke off."""
    system = journal.syscalls
    try:
        system.ftruncate(fd, len(original.data))
        os.lseek(fd, 0, os.SEEK_SET)
        write_all(fd, original.data, system)
        system.fsync(fd)
    except OSError:
        if _hash_of(original.target) != original.sha256:
            old, new = journal.place_of(original.sha256), journal.place_of(entry.after)
            raise HalfWritten(original.path, reason_of(error), old, new) from error


def _hash_of(path: Path) -> str | None:
    """The SHA-256 of a regular file's bytes; None if it is none or cannot be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            return sha256_of(file.read()) if stat.S_ISREG(os.fstat(fd).st_mode) else None
    except OSError:
        return None
