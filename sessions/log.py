"""Sessions that can be added to: in memory, and in a file that keeps what it has acknowledged."""

from __future__ import annotations

import errno
import fcntl
import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from sessions.codec import encode
from sessions.errors import SaveFailed, reason_of
from sessions.records import Branch, Head, Header, KnownRecord, Partial, Title
from sessions.replay import apply, replay
from sessions.tree import FORMAT_VERSION, Session
from sessions.turns import Turn

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class Syscalls(Protocol):
    """The calls that decide whether a record is on disk, as in `os` and `fcntl`."""

    def open(self, path: Path, flags: int, mode: int) -> int: ...
    def flock(self, fd: int, operation: int) -> None: ...
    def write(self, fd: int, data: bytes | memoryview) -> int: ...
    def fsync(self, fd: int) -> None: ...
    def ftruncate(self, fd: int, length: int) -> None: ...


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


class SessionLog(ABC):
    """A session and the ways to add to it. For one thread at a time."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def append(self, turn: Turn) -> None:
        """Adds a turn, which becomes the head; it is durable when this returns.

        Raises:
            UnknownTurn: If its parent is not in the session.
            ValueError: If its id is taken, its status is ``partial``, or JSON cannot express it.
            SaveFailed: If it is in memory only; the next append tries again.
        """
        self._check_whole(turn)
        self._check(turn)
        self._keep(turn)

    def checkpoint(self, turn: Turn) -> None:
        """Saves a turn as far as it has come, in case it is never appended.

        It outlives this process, not the machine: nothing waits for the disk.

        Raises:
            UnknownTurn: If its parent is not in the session.
            ValueError: If its id is that of a whole turn, or JSON cannot express it.
            SaveFailed: If it is in memory only.
        """
        self._check(turn)
        self._keep(Partial(replace(turn, status="partial")))

    def append_branch(self, turns: Sequence[Turn], *, name_of_head: str | None = None) -> None:
        """Adds turns in one write, the last of which becomes the head.

        Args:
            turns: Each follows a turn of the session or one before it among these.
            name_of_head: A name for the turn that was the head until now.

        Raises:
            UnknownTurn, ValueError: As for `append`; then the session is as it was.
            SaveFailed: If they are in memory only; the next append tries again.
        """
        given: set[str] = set()
        for turn in turns:
            self._check_whole(turn)
            self._check(turn, given)
            given.add(turn.id)
        head = self.session.head
        names = [Branch(name_of_head, head)] if name_of_head and head else []
        self._keep(*names, *turns)

    def set_head(self, turn_id: str) -> None:
        """Goes to a turn: the next one follows it.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Head(self.session.turn(turn_id).id))

    def name_branch(self, name: str, leaf: str) -> None:
        """Gives a turn a name, which another turn may have had.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Branch(name, self.session.turn(leaf).id))

    def set_title(self, title: str) -> None:
        """Gives the session a person's own title; an empty one takes it away.

        Raises:
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Title(title))

    def _check_whole(self, turn: Turn) -> None:
        if turn.status == "partial":
            raise ValueError("a partial turn is checkpointed, not appended")

    def _check(self, turn: Turn, before: Collection[str] = ()) -> None:
        known = self.session.turns.get(turn.id)
        if turn.id in before or (known is not None and known.status != "partial"):
            raise ValueError(f"turn {turn.id} is in the session already")
        if turn.parent is not None and turn.parent not in before:
            self.session.turn(turn.parent)

    @abstractmethod
    def _keep(self, *records: KnownRecord) -> None:
        """Applies records to the session, and saves them together where that is meant."""


class MemorySession(SessionLog):
    """A session that touches no disk."""

    def _keep(self, *records: KnownRecord) -> None:
        for record in records:
            apply(self.session, record)


class SessionFile(SessionLog):
    """A session and its file, which comes into being with the first turn.

    Other processes may append to the same file. What they wrote is taken into the tree before
    each append, and each process keeps its own head, so that turns at the same time are branches.
    """

    def __init__(
        self, path: Path, session: Session, *, read_to: int | None, syscalls: Syscalls
    ) -> None:
        """A file that was read up to the offset `read_to`; None if it is yet to be created."""
        super().__init__(session)
        self.path = path
        self._exists = read_to is not None
        self._read_to = read_to or 0
        self._syscalls = syscalls
        self._unsaved: list[bytes] = []
        self._entry_is_durable = False
        self._never_again: str | None = None

    def _keep(self, *records: KnownRecord) -> None:
        lines = b"".join(map(encode, records))
        is_partial = isinstance(records[0], Partial)
        if not is_partial:
            self._unsaved.append(lines)
        has_turn = any(isinstance(record, Turn | Partial) for record in records)
        try:
            if self._exists or self.session.turns or has_turn:
                self._save(lines if is_partial else None)
        finally:
            # After what others wrote, as in the file; and kept in memory whatever happened.
            for record in records:
                apply(self.session, record)

    def _save(self, partial: bytes | None) -> None:
        """Writes what is unsaved, and then a partial record, which is not worth a second try."""
        if self._never_again is not None:
            raise SaveFailed(self.path, self._never_again)
        try:
            fd = self._open()
            try:
                self._syscalls.flock(fd, fcntl.LOCK_EX)
                self._catch_up(fd)
                self._write(fd, b"".join(self._unsaved) + (partial or b""))
                if self._unsaved:
                    self._sync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            raise SaveFailed(self.path, reason_of(error)) from error
        self._unsaved.clear()

    def _open(self) -> int:
        # Opened anew each time: a file that was deleted meanwhile must not swallow what is written.
        if self._exists:
            return self._syscalls.open(self.path, _FLAGS, 0)
        self._make_folder(self.path.parent)
        fd = self._syscalls.open(self.path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        self._exists = True
        return fd

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        self._sync_folder(folder.parent)

    def _catch_up(self, fd: int) -> None:
        """Takes in what others appended since the file was last read, under the lock."""
        unread = os.fstat(fd).st_size - self._read_to
        if unread > 0:
            own_head = self.session.head
            replay(self.session, os.pread(fd, unread, self._read_to))
            self._read_to += unread
            self.session.head = own_head or self.session.head
        if self.session.read_only:
            raise SaveFailed(self.path, "a newer version of this program wrote it")

    def _write(self, fd: int, lines: bytes) -> None:
        """Appends all of the lines or, as far as the file can be cut back, nothing."""
        size = os.fstat(fd).st_size
        header = Header(FORMAT_VERSION, self.session.id, self.session.created)
        if self.session.version is None:
            lines = encode(header) + lines
        if size > 0 and os.pread(fd, 1, size - 1) != b"\n":
            lines = b"\n" + lines
        is_whole = False
        try:
            self._write_all(fd, lines)
            is_whole = True
        finally:
            if not is_whole:
                # Should this fail too, the newline above parts the torn line from the next one.
                with suppress(OSError):
                    self._syscalls.ftruncate(fd, size)
        self._read_to = size + len(lines)
        apply(self.session, header)

    def _write_all(self, fd: int, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                written = self._syscalls.write(fd, rest)
            except InterruptedError:
                continue
            if written == 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            rest = rest[written:]

    def _sync(self, fd: int) -> None:
        self._fsync(fd)
        if not self._entry_is_durable:
            self._sync_folder(self.path.parent)
            self._entry_is_durable = True

    def _sync_folder(self, folder: Path) -> None:
        fd = self._syscalls.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, 0)
        try:
            self._fsync(fd)
        except OSError as error:
            # What file systems say that have nothing to do for a folder.
            if error.errno != errno.EINVAL:
                raise
        finally:
            os.close(fd)

    def _fsync(self, fd: int) -> None:
        try:
            self._syscalls.fsync(fd)
        except OSError as error:
            # The kernel has dropped the pages it could not write and calls them clean: a second
            # fsync would succeed and mean nothing.
            if error.errno != errno.EINVAL:
                self._never_again = reason_of(error)
            raise
