"""The folder that holds all sessions: making, finding, opening and listing them."""

from __future__ import annotations

import difflib
import fcntl
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from ulid import ULID

from sessions.errors import (
    AmbiguousSession,
    NoSessions,
    ReadFailed,
    UnknownSession,
    UnsafeStore,
    reason_of,
)
from sessions.log import MemorySession, OperatingSystem, SessionFile, Syscalls
from sessions.replay import replay
from sessions.tree import Session

SUFFIX = ".jsonl"

SHORTEST_PREFIX = 4
"""Characters of an id that may stand for the whole."""

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")

_LAST_ID = "76EZ91ZPZZ" + 16 * "Z"
"""Of the last millisecond of the year 9999, the last that Python has a date for."""

_LAST_SECOND = datetime.max.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One line of a list of sessions."""

    id: str
    title: str
    created: datetime
    updated: datetime
    """When the file was last changed."""
    turns: int
    branches: int
    """How many leaves the tree has, named or not."""
    model: str | None
    """The one that answered last."""
    unreadable: str | None = None
    """Why the file could not be read, which leaves the counts at 0."""


def new_turn_id() -> str:
    """An id that no other turn has."""
    return str(ULID())


def memory_session() -> MemorySession:
    """A new session that is never saved."""
    return MemorySession(_new_session(str(ULID())))


class SessionStore:
    """The sessions under one folder, which is made when the first of them is saved."""

    def __init__(self, root: Path, *, syscalls: Syscalls | None = None) -> None:
        self.root = root
        self._syscalls = syscalls or OperatingSystem()

    def create(self, *, title: str | None = None) -> SessionFile:
        """A new session; nothing is on disk before its first turn is appended.

        Raises:
            UnsafeStore: If the folder is a symbolic link or another user's and open to others.
            ReadFailed: If the folder is not one that can be looked into.
        """
        self._close_to_others()
        session = _new_session(str(ULID()))
        path = self._path(session.id)
        created = SessionFile(path, session, read_to=None, syscalls=self._syscalls)
        if title:
            created.set_title(title)
        return created

    def open(self, session_id: str) -> SessionFile:
        """The session of that id.

        Raises:
            UnknownSession: If there is none, or that is not an id.
            UnsafeStore: As for `create`.
            ReadFailed: If the file cannot be read.
        """
        if not _is_id(session_id):
            raise UnknownSession(session_id)
        self._close_to_others()
        try:
            session, size = self._read(session_id)
        except FileNotFoundError as error:
            raise UnknownSession(session_id) from error
        except OSError as error:
            raise ReadFailed(self._path(session_id), reason_of(error)) from error
        return SessionFile(self._path(session_id), session, read_to=size, syscalls=self._syscalls)

    def latest(self) -> str:
        """The id of the session that was changed last.

        Raises:
            NoSessions: If there are none.
            UnsafeStore, ReadFailed: As for `create`.
        """
        newest = max(((changed, session_id) for session_id, changed in self._files()), default=None)
        if newest is None:
            raise NoSessions
        return newest[1]

    def resolve(self, query: str) -> str:
        """The id of the session that a person means.

        In this order: an id, the beginning of one, a title, the beginning of one; upper and lower
        case are the same.

        Raises:
            UnknownSession: If nothing fits.
            AmbiguousSession: If several fit and nothing fits alone.
            UnsafeStore, ReadFailed: As for `create`.
        """
        ids = [session_id for session_id, _ in self._files()]
        by_id = _matches(query.upper(), {one: one for one in ids}, SHORTEST_PREFIX)
        if len(by_id) == 1:
            return by_id[0]
        summaries = self.list()
        titles = {summary.id: summary.title.casefold() for summary in summaries}
        by_title = _matches(" ".join(query.split()).casefold(), titles, 1)
        if len(by_title) == 1:
            return by_title[0]
        if by_id or by_title:
            raise AmbiguousSession(query, by_id or by_title)
        raise UnknownSession(query, _nearest(query, summaries))

    def list(self) -> Sequence[SessionSummary]:
        """All sessions, the last changed first.

        Raises:
            UnsafeStore, ReadFailed: As for `create`.
        """
        files = sorted(self._files(), key=lambda file: (file[1], file[0]), reverse=True)
        summaries = (self._summary(session_id, changed) for session_id, changed in files)
        return [summary for summary in summaries if summary is not None]

    def _path(self, session_id: str) -> Path:
        return self.root / f"{session_id}{SUFFIX}"

    def _close_to_others(self) -> bool:
        """Whether the folder is there; takes away what others may do in it."""
        try:
            fd = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as error:
            if self.root.is_symlink():
                raise UnsafeStore(self.root, "it is a symbolic link") from error
            raise ReadFailed(self.root, reason_of(error)) from error
        try:
            status = os.fstat(fd)
            if status.st_mode & 0o077:
                if status.st_uid != os.geteuid():
                    raise UnsafeStore(self.root, "it is another user's and open to others")
                os.fchmod(fd, status.st_mode & 0o700)
        except OSError as error:
            raise ReadFailed(self.root, reason_of(error)) from error
        finally:
            os.close(fd)
        return True

    def _files(self) -> Iterator[tuple[str, int]]:
        """Each session's id and time of last change, in nanoseconds.

        An empty file is what a crash leaves that came before the first turn: not yet a session.
        """
        if not self._close_to_others():
            return
        with os.scandir(self.root) as entries:
            for entry in entries:
                session_id = entry.name.removesuffix(SUFFIX)
                if entry.name == session_id or not _is_id(session_id):
                    continue
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode) and status.st_size > 0:
                        yield session_id, status.st_mtime_ns

    def _read(self, session_id: str) -> tuple[Session, int]:
        """The session and the size of its file, read while nobody is in the middle of an append."""
        fd = os.open(self._path(session_id), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            fcntl.flock(fd, fcntl.LOCK_SH)
            data = file.read()
        session = _new_session(session_id)
        replay(session, data)
        return session, len(data)

    def _summary(self, session_id: str, changed_ns: int) -> SessionSummary | None:
        """What a list says of a session; None if it was deleted a moment ago."""
        updated = _moment(changed_ns)
        try:
            session, _ = self._read(session_id)
        except FileNotFoundError:
            return None
        except OSError as error:
            created = _new_session(session_id).created
            return SessionSummary(
                session_id, "untitled", created, updated, 0, 0, None, reason_of(error)
            )
        models = [turn.model for turn in session.turns.values() if turn.model is not None]
        return SessionSummary(
            id=session_id,
            title=session.display_title,
            created=session.created,
            updated=updated,
            turns=len(session.turns),
            branches=len(session.leaves()),
            model=models[-1] if models else None,
        )


def _is_id(text: str) -> bool:
    return _ULID.fullmatch(text) is not None and text <= _LAST_ID


def _moment(nanoseconds: int) -> datetime:
    """The time of a change; file systems know later ones than Python does."""
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, tz=timezone.utc)
    except (ValueError, OverflowError, OSError):
        return _LAST_SECOND


def _new_session(session_id: str) -> Session:
    """An empty session; its id knows when it was made."""
    return Session(session_id, ULID.from_str(session_id).datetime)


def _matches(query: str, names: Mapping[str, str], shortest: int) -> list[str]:
    """The ids whose name is the query or, if there are none, begins with it."""
    exact = [session_id for session_id, name in names.items() if name == query]
    if exact or len(query) < shortest:
        return exact
    return [session_id for session_id, name in names.items() if name.startswith(query)]


def _nearest(query: str, summaries: Sequence[SessionSummary]) -> list[str]:
    """Titles and ids that are spelled almost like the query, best first."""
    names = {summary.title.casefold(): summary.title for summary in summaries}
    names |= {summary.id.casefold(): summary.id for summary in summaries}
    return [names[name] for name in difflib.get_close_matches(query.casefold(), names)]
