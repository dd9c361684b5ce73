"""Reads sessions from their files: short ones whole, long ones only where somebody looks."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import weakref
from collections.abc import Callable
from contextlib import suppress

from sessions.codec import decode
from sessions.errors import DamagedLine
from sessions.files import TextFiles
from sessions.folder import SessionFolder
from sessions.ids import time_of
from sessions.index import IndexLost, SavedOutline, SessionIndex
from sessions.outline import outline_of, restore_outline
from sessions.records import Partial
from sessions.replay import replay
from sessions.session_file import files_of
from sessions.syscalls import OperatingSystem
from sessions.tree import Session
from sessions.turnmap import Stored
from sessions.turns import Turn

LONG_FILE = 256 * 1024
"""Reading a file that is not as long as this as a whole takes a few milliseconds."""

_TAIL = 64
"""Bytes that must still stand where an outline ends."""


class SessionReader:
    """Reads the sessions of a folder."""

    def __init__(self, folder: SessionFolder, index: SessionIndex, long_file: int) -> None:
        """Nothing is read yet.

        Args:
            folder: Where the files are.
            index: Keeps the outlines of long ones.
            long_file: Bytes of a file from which on its turns are decoded when they are looked at.
        """
        self._folder = folder
        self._index = index
        self._long_file = long_file

    def read(self, session_id: str) -> tuple[Session, int]:
        """The session and the size of its file, read while nobody is in the middle of an append."""
        path = self._folder.file_of(session_id)
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        texts = TextFiles(files_of(path), OperatingSystem()).text
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OSError(errno.EINVAL, "it is no file")
            fcntl.flock(fd, fcntl.LOCK_SH)
            size = os.fstat(fd).st_size
            session = new_session(session_id)
            if size >= self._long_file:
                self._read_lazily(fd, size, session)
                if session.head is None or session.turns.get(session.head) is not None:
                    return session, size
                # Where the conversation goes on must be known: read what is before that turn.
                session = new_session(session_id)
            replay(session, _pread(fd, size, 0), texts=texts)
            return session, size
        finally:
            # A copy of the descriptor, which reads lines later, has its lock too.
            fcntl.flock(fd, fcntl.LOCK_UN)
            os.close(fd)

    def _read_lazily(self, fd: int, size: int, session: Session) -> None:
        """Only what an outline does not say, and of that not what a turn's line has in it."""
        path = self._folder.file_of(session.id)
        texts = TextFiles(files_of(path), OperatingSystem()).text
        session.turns.load_with(_Lines(fd, texts))
        saved = self._index.outline(session.id)
        start = 0
        if saved is not None and saved.end <= size:
            tail = os.pread(fd, len(saved.tail), saved.end - len(saved.tail))
            if tail == saved.tail and restore_outline(session, saved.text):
                start = saved.end
        data = _pread(fd, size - start, start)
        replay(session, data, texts=texts, start=start, lazily=True)
        if size - start >= self._long_file and data.endswith(b"\n"):
            text = outline_of(session)
            if text is not None:
                with suppress(IndexLost):
                    self._index.put_outline(session.id, SavedOutline(text, size, data[-_TAIL:]))


def new_session(session_id: str) -> Session:
    """An empty session; its id knows when it was made."""
    return Session(session_id, time_of(session_id))


class _Lines:
    """Reads lines of a session's file, whatever becomes of its name."""

    def __init__(self, fd: int, texts: Callable[[str], str | None]) -> None:
        self._fd = os.dup(fd)
        self._texts = texts
        weakref.finalize(self, os.close, self._fd)

    def __call__(self, turn: Stored) -> Turn:
        record = decode(os.pread(self._fd, turn.length, turn.start), self._texts)
        if isinstance(record, Partial):
            return record.turn
        if not isinstance(record, Turn):
            raise DamagedLine("it is no turn")
        return record


def _pread(fd: int, length: int, start: int) -> bytes:
    """All bytes of a part of a file, of which a single call reads no more than 2 GiB."""
    parts = []
    while length > 0 and (part := os.pread(fd, length, start)):
        parts.append(part)
        start, length = start + len(part), length - len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
