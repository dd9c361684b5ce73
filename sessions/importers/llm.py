"""The log of the program llm: ``logs.db``, a SQLite database that has had several schemas.

It is opened read-only, and nothing in it but plain tables is looked at.
"""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sessions.importers import llmresponses, llmthreads
from sessions.importers.llmdatabase import Database
from sessions.importers.values import Found, ImportedSession, Problem, Source, too_large

FORM = "llm"

LARGEST_WHOLE = 1024**3
"""Characters of all sessions of a database: rows can be shared, and what comes of them is not."""

_MAGIC = b"SQLite format 3\0"

_KNOWN_TABLES = ("responses", "turns", "logs", "log")


def is_database(beginning: bytes) -> bool:
    """Whether a file begins as a SQLite database does."""
    return beginning.startswith(_MAGIC)


def read(source: Source) -> Iterator[Found]:
    """The conversations of a database, those of older schemas first."""
    if source.path is None and source.data() is None:
        yield too_large()
        return
    try:
        with _file_of(source) as path, closing(_opened(path)) as connection:
            yield from _conversations(Database(connection), source)
    except sqlite3.Error as error:
        yield Problem("", f"the database cannot be read: {error}")


def _conversations(database: Database, source: Source) -> Iterator[Found]:
    if not any(map(database.columns, _KNOWN_TABLES)):
        yield Problem("", "it is a database, and not the log of llm")
        return
    left = LARGEST_WHOLE
    for found in itertools.chain(
        llmresponses.read_logs(database, source.modified),
        llmresponses.read_responses(database, source.modified),
        llmthreads.read_threads(database, source.modified),
    ):
        if isinstance(found, ImportedSession):
            left -= sum(len(turn.content) + 100 for turn in found.turns)
        if left < 0:
            yield Problem(
                "", f"there are more than {LARGEST_WHOLE:,} characters: the rest is left out"
            )
            return
        yield found


@contextmanager
def _file_of(source: Source) -> Iterator[Path]:
    """SQLite reads files only."""
    if source.path is not None:
        yield source.path
        return
    with tempfile.NamedTemporaryFile(suffix=".db") as file:
        file.write(source.given)
        file.flush()
        yield Path(file.name)


def _opened(path: Path) -> sqlite3.Connection:
    # Immutable keeps SQLite from making files beside it, but not to see what is in those.
    beside = any(path.with_name(path.name + end).exists() for end in ("-wal", "-journal"))
    options = "mode=ro" if beside else "mode=ro&immutable=1"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    return connection
