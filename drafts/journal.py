"""What was written in whose place: the kept bytes and the list of writes that undo reads.

``objects/<sha256>`` holds the bytes that a write replaced, and those that it wrote.
``journal.jsonl`` has a line for each write, undo and redo, and is only ever added to;
`drafts.history` says what the lines come to.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from ulid import ULID

from drafts.document import read_file, sha256_of
from drafts.entries import Action, Entry, Pruned, decode, encode, living, new_entry, utc_now
from drafts.errors import BackupDamaged, DraftChanged, DraftMissing, JournalFailed, reason_of
from drafts.history import in_effect, last_undone, last_write
from drafts.syscalls import OperatingSystem, Syscalls
from drafts.temporary import link_new, sync_folder, temporary_file, write_all
from drafts.writing import NO_CONSENT, Consent, os_errors_as_write_failed, replace_file

_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class JournalContents:
    """The journal as it can be read."""

    entries: tuple[Entry, ...]
    """Those that were not pruned, in the order in which they were written."""
    damaged_lines: int
    """Lines that are no entries, and were passed over."""


@dataclass(frozen=True, slots=True)
class _Step:
    """An undo or a redo."""

    action: Action
    undoes: str
    holds: str
    """The SHA-256 of what must be in the file, if there is one."""
    wanted: str
    """The SHA-256 of what will be in it."""


class Journal:
    """The list of writes and the replaced bytes, in a folder that is made with the first write."""

    def __init__(self, root: Path, *, syscalls: Syscalls | None = None) -> None:
        """`syscalls` are those by which the drafts themselves are written, too."""
        self.root = root
        self.syscalls = syscalls or OperatingSystem()
        self._objects = root / "objects"
        self._list = root / "journal.jsonl"

    def read(self) -> JournalContents:
        """All that was noted, in effect or not.

        Raises:
            JournalFailed: If it cannot be read.
        """
        data = b""
        with self.failures(), suppress(FileNotFoundError):
            fd = os.open(self._list, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with open(fd, "rb") as file:
                fcntl.flock(fd, fcntl.LOCK_SH)
                data = file.read()
        return _contents(data)

    def history(self, path: Path | None = None) -> Sequence[Entry]:
        """All that took effect, the newest first; of all files without a path.

        Raises:
            JournalFailed: If the journal cannot be read.
        """
        entries = self.read().entries
        target = path and os.path.realpath(path)
        targets = {entry.path for entry in entries if target in (None, entry.path)}
        effective = set(chain.from_iterable(in_effect(entries, each) for each in targets))
        return [entry for entry in reversed(entries) if entry in effective]

    def undo(self, path: Path | None = None, *, consent: Consent = NO_CONSENT) -> Entry:
        """Brings back what the last write to the file replaced; of the last file without a path.

        Each call goes one write further back. A file that was deleted since is made again.

        Raises:
            NothingToUndo: If every write was undone, or there was none.
            DraftChanged: If the file no longer holds what was written to it.
            BackupDamaged: If the bytes to bring back are not there.
            DraftError: As for `write_draft`.
        """
        written = last_write(self.read().entries, path)
        step = _Step("undo", written.id, holds=written.after, wanted=written.replaced)
        return self._take(step, path or Path(written.path), written, consent)

    def redo(self, path: Path | None = None, *, consent: Consent = NO_CONSENT) -> Entry:
        """Brings again what the last undo took back; of the last file without a path.

        Each call goes one undo further, until the next write ends what can be redone.

        Raises:
            NothingToRedo: If nothing was undone since the last write.
            DraftError: As for `undo`.
        """
        undone = last_undone(self.read().entries, path)
        written = undone.write
        step = _Step("redo", undone.undo.id, holds=written.replaced, wanted=written.after)
        return self._take(step, path or Path(written.path), written, consent)

    def kept(self, sha256: str) -> bytes:
        """The bytes of that name, which are those that were kept.

        Raises:
            BackupDamaged: If they are not there, or are others.
        """
        path = self.place_of(sha256)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with open(fd, "rb") as file:
                data = file.read()
        except OSError as error:
            raise BackupDamaged(path, f"cannot be read: {reason_of(error)}") from error
        if sha256_of(data) != sha256:
            raise BackupDamaged(path, "is damaged")
        return data

    def place_of(self, sha256: str) -> Path:
        """The file for the bytes of that name, which need not be there."""
        return self._objects / sha256

    def keep(self, *texts: bytes) -> None:
        """Stores bytes durably under their SHA-256, if they are not there yet.

        Raises:
            JournalFailed: If they cannot be stored.
        """
        with self.failures():
            for folder in (self.root, self._objects):
                _make_folder(folder, self.syscalls)
                _close_to_others(folder)
            for data in texts:
                path = self.place_of(sha256_of(data))
                if not (path.is_file() and path.read_bytes() == data):
                    with temporary_file(path, data, self.syscalls) as file:
                        self.syscalls.replace(file, path)
            sync_folder(self._objects, self.syscalls)

    @contextmanager
    def locked(self) -> Iterator[LockedJournal]:
        """Keeps other processes from writing drafts, and yields what notes entries durably.

        Raises:
            JournalFailed: If the list of writes cannot be locked.
        """
        with self.failures():
            fd = self.syscalls.open(self._list, _APPEND, 0o600)
        try:
            with self.failures():
                self.syscalls.flock(fd, fcntl.LOCK_EX)
            yield LockedJournal(self, fd)
        finally:
            os.close(fd)

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Turns the system's refusals into the error that names the journal."""
        try:
            yield
        except OSError as error:
            raise JournalFailed(self.root, reason_of(error)) from error

    def _take(self, step: _Step, file: Path, written: Entry, consent: Consent) -> Entry:
        """Puts one text of a write in the place of the other."""
        try:
            current = read_file(file)
        except DraftMissing:
            return self._make_again(step, file, written)
        if current.sha256 != step.holds:
            advice = f"what {step.action} would bring is in {self.place_of(step.wanted)}"
            raise DraftChanged(file, step.holds, current.sha256, advice)
        data = self.kept(step.wanted)
        entry = new_entry(
            current, data, session=written.session, action=step.action, undoes=step.undoes
        )
        replace_file(current, data, entry, self, consent)
        return entry

    def _make_again(self, step: _Step, file: Path, written: Entry) -> Entry:
        """Puts the bytes where the file was deleted."""
        data = self.kept(step.wanted)
        target = Path(written.path)
        entry = replace(
            written,
            id=str(ULID()),
            time=utc_now(),
            action=step.action,
            before=None,
            after=step.wanted,
            undoes=step.undoes,
        )

        def finish(fd: int) -> None:
            self.syscalls.fchmod(fd, written.mode)

        with os_errors_as_write_failed(file):
            temporary = temporary_file(target, data, self.syscalls, finish=finish)
            with temporary as new, self.locked() as log:
                log.append(entry, data)
                link_new(new, target, self.syscalls)
        with os_errors_as_write_failed(file, is_in_place=True):
            sync_folder(target.parent, self.syscalls)
        return entry


class LockedJournal:
    """The list of writes, in the hands of this process alone."""

    def __init__(self, journal: Journal, fd: int) -> None:
        self.syscalls = journal.syscalls
        self._journal = journal
        self._fd = fd
        self._size = 0

    def append(self, line: Entry | Pruned, *texts: bytes) -> None:
        """Notes an entry durably.

        Args:
            line: The entry.
            texts: What was kept for it, and is kept again if it was pruned before the lock was had.

        Raises:
            JournalFailed: If the system refuses.
        """
        gone = [data for data in texts if not self._journal.place_of(sha256_of(data)).exists()]
        if gone:
            self._journal.keep(*gone)
        with self._journal.failures():
            self._size = size = os.fstat(self._fd).st_size
            is_torn = size > 0 and os.pread(self._fd, 1, size - 1) != b"\n"
            is_whole = False
            try:
                write_all(self._fd, (b"\n" if is_torn else b"") + encode(line), self.syscalls)
                is_whole = True
            finally:
                if not is_whole:
                    # Should this fail too, the newline above parts the torn line from the next.
                    self._cut()
            self.syscalls.fsync(self._fd)
            sync_folder(self._journal.root, self.syscalls)

    def read(self) -> JournalContents:
        """As `Journal.read`, which would wait for the lock.

        Raises:
            JournalFailed: If it cannot be read.
        """
        with self._journal.failures(), open(os.dup(self._fd), "rb") as file:
            file.seek(0)
            return _contents(file.read())

    def take_back(self) -> None:
        """Takes the last entry away again; one that stays makes undo refuse, and nothing worse."""
        self._cut()
        with suppress(OSError):
            self.syscalls.fsync(self._fd)

    def _cut(self) -> None:
        with suppress(OSError):
            self.syscalls.ftruncate(self._fd, self._size)


def _contents(data: bytes) -> JournalContents:
    lines = [line for line in data.split(b"\n") if line]
    sound: list[Entry | Pruned] = []
    for line in lines:
        with suppress(ValueError):
            sound.append(decode(line))
    return JournalContents(tuple(living(sound)), len(lines) - len(sound))


def _make_folder(folder: Path, system: Syscalls) -> None:
    """Makes a folder and those above it, durably and for us alone."""
    if folder.is_dir():
        return
    _make_folder(folder.parent, system)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent, system)


def _close_to_others(folder: Path) -> None:
    """Takes away what others may do in a folder, which must not be a symbolic link."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        mode = stat.S_IMODE(os.fstat(fd).st_mode)
        if mode & 0o077:
            os.fchmod(fd, mode & 0o700)
    finally:
        os.close(fd)
