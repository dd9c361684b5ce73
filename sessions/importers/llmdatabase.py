"""Questions to a database from outside, whose tables, columns and values may be anything."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import TypeAlias

LARGEST_VALUE = 16 * 1024**2
"""Characters of one value."""

Row: TypeAlias = dict[str, object]


class Database:
    """A connection, and only those tables and columns that are there."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        self._connection = connection
        self._columns: dict[str, tuple[str, ...]] = {}

    def columns(self, table: str) -> tuple[str, ...]:
        """The names of a table's columns; none where there is no such table, or it is a view."""
        if table not in self._columns:
            query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
            made = self._connection.execute(query, (table,)).fetchone()
            is_plain = made is not None and str(made[0]).upper().startswith("CREATE TABLE")
            names = self._connection.execute(f'PRAGMA table_info("{table}")') if is_plain else ()
            self._columns[table] = tuple(str(row[1]) for row in names)
        return self._columns[table]

    def has(self, *names: str) -> bool:
        """Whether all of these tables are there."""
        return all(self.columns(name) for name in names)

    def rows(self, table: str, names: Sequence[str]) -> Iterator[Row]:
        """Some columns of all rows, and each row's number as `rowid`; columns that are not there
        are None."""
        yield from self.query(f'SELECT rowid AS rowid, {self._list(table, names)} FROM "{table}"')

    def row(self, table: str, names: Sequence[str], by: str, value: object) -> Row | None:
        """The row that has a value in a column; None where none does."""
        query = f'SELECT {self._list(table, names)} FROM "{table}" WHERE "{by}" = ?'
        return next(self.query(query, value), None)

    def query(self, query: str, *values: object) -> Iterator[Row]:
        """The rows that a query gives, as objects."""
        cursor = self._connection.execute(query, values)
        names = [each[0] for each in cursor.description]
        for row in cursor:
            yield dict(zip(names, row, strict=True))

    def _list(self, table: str, names: Sequence[str]) -> str:
        there = {name.lower() for name in self.columns(table)}
        return ", ".join(
            # One more than the largest tells that it is too large.
            f'substr("{name}", 1, {LARGEST_VALUE + 1}) AS "{name}"'
            if name in there
            else f'NULL AS "{name}"'
            for name in names
        )


def text_of(row: Row, name: str) -> str:
    """A value that is a text or a number, as a text; nothing for all others."""
    value = row.get(name)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else ""


def too_large(row: Row) -> str | None:
    """The name of a value of which the end is missing."""
    for name, value in row.items():
        if isinstance(value, str | bytes) and len(value) > LARGEST_VALUE:
            return name
    return None
