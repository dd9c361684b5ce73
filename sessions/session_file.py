"""A session in a file, which keeps what it has acknowledged while other processes add to it."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path
from time import time

from sessions.codec import encode
from sessions.errors import SaveFailed, reason_of
from sessions.files import TextFiles
from sessions.log import WRITER, SessionLog
from sessions.records import Head, Header, KnownRecord, Partial
from sessions.replay import apply, replay
from sessions.syscalls import Syscalls, sync_folder, write_all
from sessions.tree import FORMAT_VERSION, Session
from sessions.turns import Turn
from sessions.writers import is_alive

_AT_WORK_S = 10.0
"""A program that answers saves what there is of the answer about once a second."""

_GONE = "its file was deleted or moved away"

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class SessionFile(SessionLog):
    """A session and its file, which comes into being with the first turn.

    Other processes may append to the same file. What they wrote is taken into the tree before
    each append, and each process keeps its own head, so that turns at the same time are branches.
    """

    def __init__(
        self,
        path: Path,
        session: Session,
        *,
        read_to: int | None,
        syscalls: Syscalls,
    ) -> None:
        """A file that was read up to the offset `read_to`; None if it is yet to be created."""
        super().__init__(session)
        self.path = path
        self.files = TextFiles(files_of(path), syscalls)
        """The attached texts."""
        self._exists = read_to is not None
        self._read_to = read_to or 0
        self._syscalls = syscalls
        self._unsaved: list[bytes] = []
        self._unsaved_texts: dict[str, str] = {}
        self._entry_is_durable = False
        self._never_again: str | None = None
        self._joined = 0
        self._must_return = False
        self._own: set[str] = set()
        """Turns that this process is writing, or was."""

    def take_joined(self) -> int:
        """See `SessionLog`."""
        joined, self._joined = self._joined, 0
        return joined

    def is_being_written(self, turn: Turn) -> bool:
        """See `SessionLog`."""
        if turn.status != "partial" or turn.id in self._own:
            return False
        if is_alive(turn.extra.get(WRITER)) is False:
            return False
        try:
            return time() - self.path.stat().st_mtime < _AT_WORK_S
        except OSError:
            return False

    def _keep(self, *records: KnownRecord) -> None:
        lines = b"".join(map(encode, records))
        is_partial = all(isinstance(record, Partial) for record in records)
        if not is_partial:
            self._unsaved.append(lines)
        for record in records:
            self._note_texts(record)
            if isinstance(record, Partial):
                self._own.add(record.turn.id)
        has_turn = any(isinstance(record, Turn | Partial) for record in records)
        try:
            if self._exists or self.session.turns or has_turn:
                self._save(lines if is_partial else None)
        finally:
            # After what others wrote, as in the file; and kept in memory whatever happened.
            for record in records:
                apply(self.session, record)

    def _note_texts(self, record: KnownRecord) -> None:
        turn = record.turn if isinstance(record, Partial) else record
        if isinstance(turn, Turn):
            for part in turn.attachments:
                if not part.is_missing:
                    text = turn.content[part.start : part.start + part.length]
                    self._unsaved_texts[part.sha256] = text

    def _save(self, partial: bytes | None) -> None:
        """Writes what is unsaved, and then a partial record, which is not worth a second try."""
        if self._never_again is not None:
            raise SaveFailed(self.path, self._never_again)
        try:
            if not self._exists:
                self._make_folder(self.path.parent)
            fd = self._open()
            try:
                self._syscalls.flock(fd, fcntl.LOCK_EX)
                self._check_place(fd)
                self._catch_up(fd)
                # Not before: beside a session that was deleted nothing must appear.
                self.files.save(self._unsaved_texts, self._fsync)
                self._write(fd, self._return() + b"".join(self._unsaved) + (partial or b""))
                if self._unsaved:
                    self._sync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            is_gone = self._exists and isinstance(error, FileNotFoundError)
            raise SaveFailed(self.path, _GONE if is_gone else reason_of(error)) from error
        self._unsaved.clear()
        self._unsaved_texts.clear()
        self._must_return = False

    def _open(self) -> int:
        # Opened anew each time: a file that was deleted meanwhile must not swallow what is written.
        if self._exists:
            return self._syscalls.open(self.path, _FLAGS, 0)
        fd = self._syscalls.open(self.path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        self._exists = True
        return fd

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        self._sync_folder(folder.parent)

    def _check_place(self, fd: int) -> None:
        """Whoever deletes a session holds its lock: after that, this is not the session's file."""
        here, there = os.fstat(fd), os.stat(self.path, follow_symlinks=False)
        if (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def _catch_up(self, fd: int) -> None:
        """Takes in what others appended since the file was last read, under the lock."""
        session = self.session
        unread = os.fstat(fd).st_size - self._read_to
        if unread < 0:
            # What was read is not there any more, and what is there need not be of this session.
            raise SaveFailed(self.path, "another program has shortened its file")
        if unread > 0:
            known, head, undone = len(session.turns), session.head, list(session.undone)
            unfinished = session.unfinished()
            data = os.pread(fd, unread, self._read_to)
            replay(session, data, texts=self.files.text)
            self._read_to += unread
            finished = unfinished - session.unfinished()
            self._joined += len(session.turns) - known + len(finished)
            if known:
                session.head, session.undone = head, undone
                if len(session.turns) > known:
                    # Whoever reads the file is at another head now, and can redo nothing.
                    self._must_return = True
                    session.undone = []
                session.leave_hidden()
        if session.read_only:
            raise SaveFailed(self.path, "a newer version of this program wrote it")

    def _return(self) -> bytes:
        """Says where this process is, after others have said where they are."""
        head = self.session.head
        return encode(Head(head)) if self._must_return and head is not None else b""

    def _write(self, fd: int, lines: bytes) -> None:
        """Appends all of the lines or, as far as the file can be cut back, nothing."""
        size = os.fstat(fd).st_size
        session = self.session
        header = Header(FORMAT_VERSION, session.id, session.created, session.is_revision)
        if self.session.version is None:
            lines = encode(header) + lines
        if size > 0 and os.pread(fd, 1, size - 1) != b"\n":
            lines = b"\n" + lines
        is_whole = False
        try:
            write_all(self._syscalls, fd, lines)
            is_whole = True
        finally:
            if not is_whole:
                # Should this fail too, the newline above parts the torn line from the next one.
                with suppress(OSError):
                    self._syscalls.ftruncate(fd, size)
        self._read_to = size + len(lines)
        apply(self.session, header)

    def _sync(self, fd: int) -> None:
        self._fsync(fd)
        if not self._entry_is_durable:
            self._sync_folder(self.path.parent)
            self._entry_is_durable = True

    def _sync_folder(self, folder: Path) -> None:
        sync_folder(self._syscalls, folder, self._fsync)

    def _fsync(self, fd: int) -> None:
        try:
            self._syscalls.fsync(fd)
        except OSError as error:
            # The kernel has dropped the pages it could not write and calls them clean: a second
            # fsync would succeed and mean nothing.
            if error.errno != errno.EINVAL:
                self._never_again = reason_of(error)
            raise


def files_of(path: Path) -> Path:
    """The folder of the texts that are attached to the session in a file."""
    return path.with_suffix(".files")
