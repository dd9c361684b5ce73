"""All sessions: making, finding, opening, listing, searching and deleting them."""

from __future__ import annotations

import difflib
import heapq
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
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
from sessions.folder import FileStamp, SessionFolder, is_session_id
from sessions.ids import new_id
from sessions.index import IndexLost, SessionIndex
from sessions.log import MemorySession
from sessions.reading import LONG_FILE, SessionReader, new_session
from sessions.records import Header
from sessions.search import Hit, Search
from sessions.session_file import SessionFile
from sessions.summary import SessionSummary, summary_of
from sessions.syscalls import OperatingSystem, Syscalls
from sessions.trash import Trash

SHORTEST_PREFIX = 4
"""Characters of an id that may stand for the whole."""

_LONGEST_HEADER = 4096
"""Bytes of a file's first line that are looked at for what it is."""

_LAST_SECOND = datetime.max.replace(tzinfo=timezone.utc)


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
        by_id = _matches(query.upper(), {one: one for one in ids}, SHORTEST_PREFIX)
        if len(by_id) == 1:
            return by_id[0]
        summaries = self.list()
        titles = {summary.id: summary.title for summary in summaries}
        by_title = _by_title(" ".join(query.split()).casefold(), titles, by_word=by_word)
        if len(by_title) == 1:
            return by_title[0]
        if fits := by_id or by_title:
            raise AmbiguousSession(query, {one: titles.get(one, "") for one in fits})
        raise UnknownSession(query, _nearest(query, summaries))

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
        found = self._folder.files()
        files = sorted(found, reverse=True) if limit is None else heapq.nlargest(limit, found)
        ids = [file.id for file in files]
        fresh = self._index.stamps(ids)
        known = self._index.summaries(ids)
        changed = {file: self._summarise(file) for file in files if file not in fresh}
        for file, summary in changed.items():
            known.pop(file.id, None)
            if summary is not None:
                known[file.id] = summary
        self._keep_summaries(changed)
        return [known[session_id] for session_id in ids if session_id in known]

    def _keep_summaries(self, summaries: Mapping[FileStamp, SessionSummary | None]) -> None:
        """Have them ready for the next time, if that can be."""
        with suppress(IndexLost), self._index.together():
            for file, summary in summaries.items():
                if summary is not None and summary.unreadable is None:
                    self._index.put_summary(file, summary)

    def search(
        self, search: Search, *, progress: Callable[[int, int], None] | None = None
    ) -> Sequence[Hit]:
        """The turns that have certain words, the best first.

        Args:
            search: What is looked for.
            progress: Is told how many of how many changed sessions have been gone through.

        Raises:
            ValueError: If there are no words to look for.
            UnsafeStore, ReadFailed: As for `create`.
        """
        try:
            self._make_searchable(progress)
            return self._index.search(search)
        except IndexLost:
            # The one that took its place is made and searched once more, in memory at worst.
            self._make_searchable(progress)
            return self._index.search(search)

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

    def _summarise(self, file: FileStamp) -> SessionSummary | None:
        """What a list says of a session; None if it was deleted a moment ago."""
        updated = _moment(file.changed_ns)
        try:
            session, _ = self._reader.read(file.id)
        except FileNotFoundError:
            return None
        except OSError as error:
            created = new_session(file.id).created
            reason = reason_of(error)
            return SessionSummary(file.id, "untitled", created, updated, 0, 0, None, reason)
        return summary_of(session, updated)

    def _make_searchable(self, progress: Callable[[int, int], None] | None) -> None:
        """Bring the words in the index up to the files."""
        files = set(self._folder.files())
        fresh = self._index.stamps(searchable=True)
        gone = {session_id for _, session_id, _ in fresh} - {file.id for file in files}
        if gone:
            self._index.forget(gone)
        changed = sorted(files - fresh)
        for start in range(0, len(changed), _AT_ONCE):
            with self._index.together():
                for file in changed[start : start + _AT_ONCE]:
                    self._index_words(file)
            if progress is not None:
                progress(min(start + _AT_ONCE, len(changed)), len(changed))

    def _index_words(self, file: FileStamp) -> None:
        try:
            session, _ = self._reader.read(file.id)
        except OSError:
            return
        known = self._index.known_turns(file.id)
        visible = set(session.visible())
        changed = [
            turn_id
            for turn_id in session.visible()
            if turn_id not in known or known[turn_id] or session.turns.outline(turn_id).is_partial
        ]
        gone = [turn_id for turn_id in known if turn_id not in visible]
        turns = (session.turns.get(turn_id) for turn_id in changed)
        self._index.put_words(
            file,
            gone=[*gone, *(turn_id for turn_id in changed if turn_id in known)],
            turns=(turn for turn in turns if turn is not None),
        )
        self._index.put_summary(file, summary_of(session, _moment(file.changed_ns)))


_AT_ONCE = 200
"""Sessions whose words are indexed in one transaction."""


def _moment(nanoseconds: int) -> datetime:
    """The time of a change; file systems know later ones than Python does."""
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, tz=timezone.utc)
    except (ValueError, OverflowError, OSError):
        return _LAST_SECOND


def _matches(query: str, names: Mapping[str, str], shortest: int) -> list[str]:
    """The ids whose name is the query or, if there are none, begins with it."""
    exact = [session_id for session_id, name in names.items() if name == query]
    if exact or len(query) < shortest:
        return exact
    return [session_id for session_id, name in names.items() if name.startswith(query)]


def _by_title(query: str, titles: Mapping[str, str], *, by_word: bool) -> list[str]:
    """The ids whose title is the query or, if there are none, begins with it or, if there are none,
    has a word that does."""
    folded = {session_id: title.casefold() for session_id, title in titles.items()}
    if (found := _matches(query, folded, 1)) or not by_word or not query:
        return found
    word = re.compile(rf"(?<!\w){re.escape(query)}")
    return [session_id for session_id, title in folded.items() if word.search(title)]


def _nearest(query: str, summaries: Sequence[SessionSummary]) -> list[str]:
    """Titles and ids that are spelled almost like the query, best first."""
    names = {summary.title.casefold(): summary.title for summary in summaries}
    names |= {summary.id.casefold(): summary.id for summary in summaries}
    return [names[name] for name in difflib.get_close_matches(query.casefold(), names)]
