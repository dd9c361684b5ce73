"""What is derived from all session files, so that lists and searches need not read them: SQLite.

The files are the truth. An index that is missing, foreign or damaged is made anew, one that cannot
be written is kept in memory, and deleting it costs nothing but time.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sessions.folder import FileStamp
from sessions.search import (
    MATCH_END,
    MATCH_START,
    Hit,
    Search,
    conditions_of,
    match_of,
    parted,
    shown,
)
from sessions.summary import SessionSummary
from sessions.turns import Turn

_VERSION = 1
"""Counts up when the tables change: another one's are dropped."""

BUSY_S = 2.0

_TABLES = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS session (
    id TEXT PRIMARY KEY, changed_ns INTEGER, size INTEGER,
    title TEXT, created TEXT, updated TEXT, turns INTEGER, branches INTEGER, model TEXT,
    searchable_ns INTEGER, searchable_size INTEGER,
    outline TEXT, outline_end INTEGER, outline_tail BLOB
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS turn (
    number INTEGER PRIMARY KEY, session TEXT NOT NULL, id TEXT NOT NULL, is_partial INTEGER,
    role TEXT, model TEXT, prompt TEXT, time TEXT
);
CREATE INDEX IF NOT EXISTS turns_of_session ON turn (session, id);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    content, tokenize = "unicode61 remove_diacritics 2"
);
"""

_RANKED = 5_000
"""Turns that are ranked. What more of them have is not worth the wait: the newest are, then."""

_MATCHING = (
    "FROM words JOIN turn ON turn.number = words.rowid JOIN session ON session.id = turn.session"
)
_HIT = (
    "turn.session, turn.id, turn.role, turn.model, turn.time, session.title, "
    "snippet(words, 0, ?, ?, '…', 16)"
)


@dataclass(frozen=True, slots=True)
class SavedOutline:
    """An outline, and what must stand at its end in the file for it to be true."""

    text: str
    end: int
    """Bytes of the file that it covers."""
    tail: bytes
    """The last of these bytes."""


class IndexLost(Exception):
    """The index could not be used, and an empty one has taken its place."""


class SessionIndex:
    """The tables, and what goes in and out of them."""

    def __init__(self, path: Path | None = None) -> None:
        """Nothing is read or created yet.

        Args:
            path: The file; None keeps everything in memory.
        """
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        """Give the file back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def stamps(
        self, ids: Iterable[str] | None = None, *, searchable: bool = False
    ) -> set[tuple[int, str, int]]:
        """The files, as they were, whose summaries are here; as plain tuples, which are equal.

        Args:
            ids: Of sessions; None is all.
            searchable: Whether their words must be here too.
        """
        columns = "searchable_ns, id, searchable_size" if searchable else "changed_ns, id, size"
        query = f"SELECT {columns} FROM session"
        rows = self._read(query) if ids is None else self._read_by_id(f"{query} WHERE id IN", ids)
        return set(rows)

    def summaries(self, ids: Sequence[str] | None = None) -> dict[str, SessionSummary]:
        """The summaries that are here, by the ids of their sessions."""
        query = "SELECT id, title, created, updated, turns, branches, model FROM session"
        rows = self._read(query) if ids is None else self._read_by_id(f"{query} WHERE id IN", ids)
        return {row[0]: _summary(row) for row in rows if row[1] is not None}

    def put_summary(self, stamp: FileStamp, summary: SessionSummary) -> None:
        """Keep the summary of a session's file."""
        values = (
            *(stamp.changed_ns, stamp.size, _storable(summary.title)),
            *(summary.created.isoformat(), summary.updated.isoformat()),
            *(summary.turns, summary.branches, _storable(summary.model)),
        )
        names = ("changed_ns", "size", "title", "created", "updated", "turns", "branches", "model")
        self._upsert(stamp.id, names, values)

    def outline(self, session_id: str) -> SavedOutline | None:
        """The outline of a session, if there is one."""
        query = "SELECT outline, outline_end, outline_tail FROM session WHERE id = ?"
        for row in self._read(query, (session_id,)):
            if row[0] is not None:
                return SavedOutline(*row)
        return None

    def put_outline(self, session_id: str, outline: SavedOutline) -> None:
        """Keep the outline of a session."""
        names = ("outline", "outline_end", "outline_tail")
        self._upsert(session_id, names, (outline.text, outline.end, outline.tail))

    def known_turns(self, session_id: str) -> dict[str, bool]:
        """The turns of a session whose words are here, and whether each was partial."""
        query = "SELECT id, is_partial FROM turn WHERE session = ?"
        return {turn_id: bool(partial) for turn_id, partial in self._read(query, (session_id,))}

    def put_words(self, stamp: FileStamp, *, gone: Iterable[str], turns: Iterable[Turn]) -> None:
        """Bring the words of a session up to its file.

        Args:
            stamp: The file.
            gone: Turns that are not there any more, or that are among `turns` again.
            turns: Those whose words are not here yet.
        """
        with self._writing() as connection:
            for turn_id in gone:
                _forget_turn(connection, stamp.id, turn_id)
            for turn in turns:
                _add_turn(connection, stamp.id, turn)
        names = ("searchable_ns", "searchable_size")
        self._upsert(stamp.id, names, (stamp.changed_ns, stamp.size))

    def forget(self, ids: Iterable[str]) -> None:
        """Drop all there is of some sessions.

        Raises:
            IndexLost: If that failed.
        """
        with self._writing() as connection:
            for session_id in ids:
                _forget_session(connection, session_id)

    def purge(self, session_id: str) -> None:
        """Drop all there is of a session so that nothing of it is in the file any more.

        Raises:
            OSError: If others use the file just now; it may be tried again.
        """
        connection = self._connected()
        try:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                _forget_session(connection, session_id)
                # FTS5 only marks words as deleted, and SQLite leaves free pages as they were.
                connection.execute("INSERT INTO words (words) VALUES ('optimize')")
            connection.execute("VACUUM")
            is_busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.OperationalError as error:
            raise OSError(errno.EBUSY, f"the index of sessions is in use: {error}") from error
        except sqlite3.DatabaseError as error:
            self._start_anew(error)
            return
        if is_busy:
            raise OSError(errno.EBUSY, "the index of sessions is in use")

    def search(self, search: Search) -> list[Hit]:
        """The turns that have the words, the best ones first.

        Raises:
            ValueError: If there are no words to search for.
            IndexLost: If the index could not be read.
        """
        conditions, values = conditions_of(search)
        matching = f"{_MATCHING} WHERE words MATCH ? {conditions}"
        given = [match_of(search.words), *values]
        query = f"SELECT words.rowid {matching} ORDER BY words.rowid DESC LIMIT 1 OFFSET ?"
        try:
            oldest = self._connected().execute(query, [*given, _RANKED]).fetchone()
            rows = self._connected().execute(
                f"SELECT {_HIT} {matching} AND words.rowid > ? ORDER BY words.rank LIMIT ?",
                [MATCH_START, MATCH_END, *given, oldest[0] if oldest else 0, search.limit],
            )
            return [
                Hit(
                    session,
                    turn,
                    role,
                    model or None,
                    datetime.fromisoformat(time),
                    title,
                    shown(snippet),
                )
                for session, turn, role, model, time, title, snippet in rows
            ]
        except sqlite3.DatabaseError as error:
            self._start_anew(error)
            raise IndexLost from error

    def _upsert(self, session_id: str, names: Sequence[str], values: Sequence[object]) -> None:
        marks = ", ".join("?" * len(names))
        changes = ", ".join(f"{name} = excluded.{name}" for name in names)
        statement = (
            f"INSERT INTO session (id, {', '.join(names)}) VALUES (?, {marks}) "
            f"ON CONFLICT (id) DO UPDATE SET {changes}"
        )
        with self._writing() as connection:
            connection.execute(statement, (session_id, *values))

    def _read_by_id(self, query: str, ids: Iterable[str]) -> list[Any]:
        """Rows of some sessions; SQLite takes only so many values at once."""
        wanted, rows = list(ids), list[Any]()
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            rows += self._read(f"{query} ({', '.join('?' * len(part))})", part)
        return rows

    def _read(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            return self._connected().execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            self._start_anew(error)
            return self._connected().execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, or a part of the one around it.

        Raises:
            IndexLost: If anything failed; then the index is another one, and empty.
        """
        if self._connected().in_transaction:
            yield self._connected()
            return
        try:
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                yield connection
        except sqlite3.DatabaseError as error:
            self._start_anew(error)
            raise IndexLost from error

    @contextmanager
    def together(self) -> Iterator[None]:
        """Keep many things in one transaction.

        Raises:
            IndexLost: If one of them could not be kept.
        """
        with self._writing():
            yield

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._connection = self._open(self._path)
            except (OSError, sqlite3.OperationalError):
                self._path = None
                self._connection = self._open(None)
            except sqlite3.DatabaseError as error:
                self._start_anew(error)
                self._connection = self._open(self._path)
        return self._connection

    def _open(self, path: Path | None) -> sqlite3.Connection:
        if path is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite would make it readable to others; its other files follow this one.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(
            path or ":memory:", timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        try:
            _make_tables(connection)
        except BaseException:
            connection.close()
            raise
        weakref.finalize(self, connection.close)
        return connection

    def _start_anew(self, error: sqlite3.DatabaseError) -> None:
        """After a failure: with an empty file if this one is damaged, else without one."""
        self.close()
        if isinstance(error, sqlite3.OperationalError) or self._path is None:
            # It is locked, or the disk is full: not a reason to delete anything.
            self._path = None
            return
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                os.unlink(f"{self._path}{suffix}")


def _make_tables(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, _VERSION):
        for table in ("session", "turn", "words"):
            connection.execute(f"DROP TABLE IF EXISTS {table}")
    if version != _VERSION:
        connection.executescript(f"{_TABLES} PRAGMA user_version = {_VERSION};")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA secure_delete = ON")


def _add_turn(connection: sqlite3.Connection, session_id: str, turn: Turn) -> None:
    cursor = connection.execute(
        "INSERT INTO turn (session, id, is_partial, role, model, prompt, time) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            *(session_id, turn.id, turn.status == "partial", turn.role),
            *(_storable(turn.model), _storable(turn.prompt)),
            turn.time.astimezone(timezone.utc).isoformat(),
        ),
    )
    connection.execute(
        "INSERT INTO words (rowid, content) VALUES (?, ?)",
        (cursor.lastrowid, parted(turn.content)),
    )


def _storable(text: str | None) -> str | None:
    """Half a surrogate pair is no text to SQLite."""
    return None if text is None else text.encode("utf-8", "replace").decode()


def _forget_session(connection: sqlite3.Connection, session_id: str) -> None:
    rows = connection.execute("SELECT id FROM turn WHERE session = ?", (session_id,))
    for (turn_id,) in rows.fetchall():
        _forget_turn(connection, session_id, turn_id)
    connection.execute("DELETE FROM session WHERE id = ?", (session_id,))


def _forget_turn(connection: sqlite3.Connection, session_id: str, turn_id: str) -> None:
    query = "SELECT number FROM turn WHERE session = ? AND id = ?"
    for (number,) in connection.execute(query, (session_id, turn_id)).fetchall():
        connection.execute("DELETE FROM words WHERE rowid = ?", (number,))
        connection.execute("DELETE FROM turn WHERE number = ?", (number,))


def _summary(row: Sequence[Any]) -> SessionSummary:
    session_id, title, created, updated, turns, branches, model = row
    moments = datetime.fromisoformat(created), datetime.fromisoformat(updated)
    return SessionSummary(session_id, title, *moments, turns, branches, model)
