"""What was written in whose place: the kept bytes and the list of writes that undo reads.

``objects/<sha256>`` holds the bytes that a write replaced. ``journal.jsonl`` has a line for each
write and undo. It is written *before* the file is replaced, so that a process killed between the
two leaves nothing that cannot be undone. So a line may speak of a write that never took place. It
is known by what the file holds next: still the bytes from before, as the following line for the
file or, where there is none, the file itself shows. It is then passed over.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from ulid import ULID

from drafts.document import read_file, sha256_of
from drafts.entries import Entry, decode, encode, new_entry, utc_now
from drafts.errors import (
    BackupDamaged,
    DraftChanged,
    DraftMissing,
    JournalFailed,
    NothingToUndo,
    Unreadable,
    reason_of,
)
from drafts.writing import (
    OperatingSystem,
    Syscalls,
    link_new,
    os_errors_as_write_failed,
    replace_file,
    sync_folder,
    temporary_file,
    write_all,
)

_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class JournalContents:
    """The journal as it can be read."""

    entries: tuple[Entry, ...]
    """In the order in which they were written."""
    damaged_lines: int
    """Lines that are no entries, and were passed over."""


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
        lines: list[bytes] = []
        with self._failures(), suppress(FileNotFoundError):
            fd = os.open(self._list, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with open(fd, "rb") as file:
                fcntl.flock(fd, fcntl.LOCK_SH)
                lines = [line for line in file.read().split(b"\n") if line]
        entries: list[Entry] = []
        for line in lines:
            with suppress(ValueError):
                entries.append(decode(line))
        return JournalContents(tuple(entries), len(lines) - len(entries))

    def history(self, path: Path | None = None) -> Sequence[Entry]:
        """The writes and undos that took effect, the newest first; of all files without a path.

        Raises:
            JournalFailed: If the journal cannot be read.
        """
        entries = self.read().entries
        target = path and os.path.realpath(path)
        targets = {entry.path for entry in entries if target in (None, entry.path)}
        in_effect = set(chain.from_iterable(_in_effect(entries, each) for each in targets))
        return [entry for entry in reversed(entries) if entry in in_effect]

    def undo(self, path: Path | None = None) -> Entry:
        """Brings back what the last write to the file replaced; of the last file without a path.

        Each call goes one write further back. A file that was deleted since is made again.

        Raises:
            NothingToUndo: If every write was undone, or there was none.
            DraftChanged: If the file no longer holds what was written to it.
            BackupDamaged: If the bytes to bring back are not there.
            DraftError: As for `write_draft`.
        """
        written = self._last_write(path)
        file = path or Path(written.path)
        try:
            current = read_file(file)
        except DraftMissing:
            return self._make_again(file, written)
        if current.sha256 != written.after:
            advice = f"what it held before that write is in {self._objects / written.replaced}"
            raise DraftChanged(file, written.after, current.sha256, advice)
        data = self._kept(written.replaced)
        entry = new_entry(current, data, session=written.session, undoes=written.id)
        replace_file(current, data, entry, self)
        return entry

    def keep(self, data: bytes) -> None:
        """Stores bytes durably under their SHA-256, if they are not there yet.

        Raises:
            JournalFailed: If they cannot be stored.
        """
        path = self._objects / sha256_of(data)
        with self._failures():
            for folder in (self.root, self._objects):
                _make_folder(folder, self.syscalls)
                _close_to_others(folder)
            if not (path.is_file() and path.read_bytes() == data):
                with temporary_file(path, data, self.syscalls) as file:
                    self.syscalls.replace(file, path)
            sync_folder(self._objects, self.syscalls)

    @contextmanager
    def locked(self) -> Iterator[Callable[[Entry], None]]:
        """Keeps other processes from writing drafts, and yields what notes an entry durably.

        Raises:
            JournalFailed: If the list of writes cannot be locked or, by the call, added to.
        """
        with self._failures():
            fd = self.syscalls.open(self._list, _APPEND, 0o600)
        try:
            with self._failures():
                self.syscalls.flock(fd, fcntl.LOCK_EX)
            yield lambda entry: self._append(fd, entry)
        finally:
            os.close(fd)

    def _append(self, fd: int, entry: Entry) -> None:
        with self._failures():
            size = os.fstat(fd).st_size
            is_torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
            is_whole = False
            try:
                write_all(fd, (b"\n" if is_torn else b"") + encode(entry), self.syscalls)
                is_whole = True
            finally:
                if not is_whole:
                    # Should this fail too, the newline above parts the torn line from the next.
                    with suppress(OSError):
                        self.syscalls.ftruncate(fd, size)
            self.syscalls.fsync(fd)
            sync_folder(self.root, self.syscalls)

    def _last_write(self, path: Path | None) -> Entry:
        """The newest write to take back; without a path, of the file that was written last."""
        entries = self.read().entries
        newest_first = dict.fromkeys(entry.path for entry in reversed(entries))
        for target in newest_first if path is None else [os.path.realpath(path)]:
            in_effect = _in_effect(entries, target)
            undone = {entry.undoes for entry in in_effect}
            for entry in reversed(in_effect):
                if entry.action == "write" and entry.id not in undone:
                    return entry
        raise NothingToUndo(path)

    def _make_again(self, file: Path, written: Entry) -> Entry:
        """Puts the replaced bytes where the file was deleted."""
        data = self._kept(written.replaced)
        target = Path(written.path)
        entry = replace(
            written,
            id=str(ULID()),
            time=utc_now(),
            action="undo",
            before=None,
            after=written.replaced,
            undoes=written.id,
        )

        def finish(fd: int) -> None:
            self.syscalls.fchmod(fd, written.mode)

        with os_errors_as_write_failed(file):
            temporary = temporary_file(target, data, self.syscalls, finish=finish)
            with temporary as new, self.locked() as append:
                append(entry)
                link_new(new, target, self.syscalls)
        with os_errors_as_write_failed(file, is_in_place=True):
            sync_folder(target.parent, self.syscalls)
        return entry

    def _kept(self, sha256: str) -> bytes:
        """The bytes of that name, which are those that were kept."""
        path = self._objects / sha256
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with open(fd, "rb") as file:
                data = file.read()
        except OSError as error:
            raise BackupDamaged(path, f"cannot be read: {reason_of(error)}") from error
        if sha256_of(data) != sha256:
            raise BackupDamaged(path, "is damaged")
        return data

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise JournalFailed(self.root, reason_of(error)) from error


def _in_effect(entries: Sequence[Entry], target: str) -> list[Entry]:
    """The entries of one file whose replacement took place, oldest first; see the module."""
    own = [entry for entry in entries if entry.path == target]
    held_next = [*(entry.before for entry in own[1:]), _held_now(target)]
    return [entry for entry, held in zip(own, held_next, strict=False) if held != entry.before]


def _held_now(target: str) -> str | None:
    """The SHA-256 of what is in the file; None if it is gone or cannot be read."""
    try:
        return read_file(Path(target)).sha256
    except (DraftMissing, Unreadable):
        return None


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
