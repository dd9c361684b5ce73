"""All sessions: making, finding, opening, listing, searching and deleting them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sessions.codec import decode
from sessions.errors import (
    AmbiguousSession,
    DamagedLine,
    NoSessions,
    NotMoved,
    ReadFailed,
    UnknownSession,
    reason_of,
)
from sessions.folder import SessionFolder, is_session_id
from sessions.ids import new_id
from sessions.index import IndexLost, SessionIndex
from sessions.log import MemorySession
from sessions.names import ids_named, ids_titled, nearest
from sessions.reading import LONG_FILE, SessionReader, new_session
from sessions.records import Header
from sessions.search import Hit, Search
from sessions.session_file import SessionFile
from sessions.summary import SessionSummary
from sessions.syscalls import OperatingSystem, Syscalls
from sessions.trash import Trash
from sessions.upkeep import IndexUpkeep

SHORTEST_PREFIX = 4
"""Characters of an id that may stand for the whole."""

_LONGEST_HEADER = 4096
"""Bytes of a file's first line that are looked at for what it is."""


def new_turn_id() -> str:
    """An id that no other turn has."""
    return new_id()


def memory_session() -> MemorySession:
    """A new session that is never saved."""
    return MemorySession(new_session(new_id()))


class SessionStore:
    """The sessions under one folder, which is made when the first of them is saved."""

    def __init__(
        self,
        root: Path,
        *,
        index: Path | None = None,
        syscalls: Syscalls | None = None,
        long_file: int = LONG_FILE,
    ) -> None:
        """Nothing is read or created yet.

        Args:
            root: The folder.
            index: The file of what is derived; None derives it in memory, each time.
            syscalls: What appends are made with.
            long_file: Bytes of a file from which on its turns are decoded when they are looked at.
        """
        self.root = root
        self._folder = SessionFolder(root)
        self._index = SessionIndex(index)
        self._syscalls = syscalls or OperatingSystem()
        self._reader = SessionReader(self._folder, self._index, long_file)
        self._upkeep = IndexUpkeep(self._folder, self._index, self._reader)

    def close(self) -> None:
        """Give the index back."""
        self._index.close()

    def create(
        self,
        *,
        title: str | None = None,
        is_revision: bool = False,
        session_id: str | None = None,
        created: datetime | None = None,
    ) -> SessionFile:
        """A new session; nothing is on disk before its first turn is appended.

        Args:
            title: One that a person gave.
            is_revision: Whether it is the work on a draft: `latest_conversation` is no such.
            session_id: The id it has already; None is a new one.
            created: When it was begun; None is the time of its id.

        Raises:
            ValueError: If `session_id` is no id.
            UnsafeStore: If the folder is a symbolic link or another user's and open to others.
            ReadFailed: If the folder is not one that can be looked into.
        """
        session_id = new_id() if session_id is None else session_id
        path = self._folder.file_of(session_id)
        self._folder.close_to_others()
        session = new_session(session_id)
        session.created = created or session.created
        session.is_revision = is_revision
        log = SessionFile(path, session, read_to=None, syscalls=self._syscalls)
        if title:
            log.set_title(title)
        return log

    def open(self, session_id: str) -> SessionFile:
        """The session of that id.

        Raises:
            UnknownSession: If there is none, or that is not an id.
            UnsafeStore: As for `create`.
            ReadFailed: If the file cannot be read.
        """
        if not is_session_id(session_id):
            raise UnknownSession(session_id)
        self._folder.close_to_others()
        path = self._folder.file_of(session_id)
        try:
            session, size = self._reader.read(session_id)
        except FileNotFoundError as error:
            raise UnknownSession(session_id) from error
        except OSError as error:
            raise ReadFailed(path, reason_of(error)) from error
        return SessionFile(path, session, read_to=size, syscalls=self._syscalls)

    def latest(self) -> str:
        """The id of the session that was changed last.

        Raises:
            NoSessions: If there are none.
            UnsafeStore, ReadFailed: As for `create`.
        """
        newest = max(self._folder.files(), default=None)
        if newest is None:
            raise NoSessions
        return newest.id

    def latest_conversation(self) -> str:
        """The id of the conversation that was changed last; of a revision where there is none.

        Raises:
            NoSessions, UnsafeStore, ReadFailed: As for `latest`.
        """
        newest = sorted(self._folder.files(), reverse=True)
        talks = (file.id for file in newest if not self._is_revision(file.id))
        return next(talks, None) or self.latest()

    def _is_revision(self, session_id: str) -> bool:
        with suppress(OSError, DamagedLine), self._folder.file_of(session_id).open("rb") as file:
            header = decode(file.readline(_LONGEST_HEADER).removesuffix(b"\n"))
            return isinstance(header, Header) and header.is_revision
        return False

    def resolve(self, query: str, *, by_word: bool = True) -> str:
        """The id of the session that a person means.

        In this order: an id, the beginning of one, a title, the beginning of one, the beginning of
        a word in one; upper and lower case are the same.

        Args:
            query: See above.
            by_word: Whether a word will do: where a session is taken away it should not.

        Raises:
            UnknownSession: If nothing fits.
            AmbiguousSession: If several fit and nothing fits alone.
            UnsafeStore, ReadFailed: As for `create`.
        """
        ids = self.ids()
        by_id = ids_named(query.upper(), {one: one for one in ids}, SHORTEST_PREFIX)
        if len(by_id) == 1:
            return by_id[0]
        summaries = self.list()
        titles = {summary.id: summary.title for summary in summaries}
        by_title = ids_titled(" ".join(query.split()).casefold(), titles, by_word=by_word)
        if len(by_title) == 1:
            return by_title[0]
        if fits := by_id or by_title:
            raise AmbiguousSession(query, {one: titles.get(one, "") for one in fits})
        raise UnknownSession(query, nearest(query, summaries))

    def ids(self) -> Sequence[str]:
        """The ids of all sessions, in no order.

        Raises:
            UnsafeStore, ReadFailed: As for `create`.
        """
        return [file.id for file in self._folder.files()]

    def count(self) -> int:
        """How many sessions there are.

        Raises:
            UnsafeStore, ReadFailed: As for `create`.
        """
        return len(self.ids())

    def list(self, limit: int | None = None) -> Sequence[SessionSummary]:
        """The sessions, the last changed first.

        Args:
            limit: Only so many; None is all.

        Raises:
            UnsafeStore, ReadFailed: As for `create`.
        """
        return self._upkeep.summaries(limit)

    def search(
        self, search: Search, *, progress: Callable[[int, int], None] | None = None
    ) -> Sequence[Hit]:
        """The turns that have certain words, the best first.

        Args:
            search: What is looked for.
            progress: Is told how many of how many changed sessions have been gone through.

        Raises:
            ValueError: If there are no words to search for.
            UnsafeStore, ReadFailed: As for `create`.
        """
        return self._upkeep.search(search, progress)

    def delete(self, session_id: str, *, purge: bool = False) -> None:
        """Move a session to the trash folder, or take it from the disk for good.

        Raises:
            UnknownSession: If there is none.
            NotMoved: If it could not be.
        """
        if not is_session_id(session_id):
            raise UnknownSession(session_id)
        path = self._folder.file_of(session_id)
        if not purge:
            Trash(self.root).put(path)
            with suppress(IndexLost):
                self._index.forget([session_id])
            return
        try:
            # First: what cannot be found any more could not be purged another time.
            self._index.purge(session_id)
        except OSError as error:
            raise NotMoved(path, reason_of(error)) from error
        Trash(self.root).purge(path)

    def is_in_trash(self, session_id: str) -> bool:
        """Whether a session was moved to the trash folder and can be brought back."""
        return is_session_id(session_id) and Trash(self.root).has(self._folder.file_of(session_id))

    def trash(self) -> Sequence[SessionSummary]:
        """The sessions in the trash folder, the last changed first."""
        return SessionStore(Trash(self.root).folder).list()

    def bring_back(self, session_id: str) -> None:
        """Take a session out of the trash folder.

        Raises:
            UnknownSession: If it is not there.
            NotMoved: If it could not be.
        """
        if not is_session_id(session_id):
            raise UnknownSession(session_id)
        Trash(self.root).take(self._folder.file_of(session_id))
