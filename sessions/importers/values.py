"""What every importer gives: sessions that no store has yet, and what could not be read."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO, TypeAlias

from sessions.records import Rating, Review
from sessions.turns import Turn

LARGEST_FILE = 1024**3
"""Bytes of a file that is read; a database is not, it is asked."""


@dataclass(frozen=True, slots=True)
class ImportedSession:
    """A session as its source tells it."""

    id: str
    created: datetime
    turns: tuple[Turn, ...]
    """Each after the one that it follows, where that one is known."""
    title: str | None = None
    title_is_own: bool = True
    """Whether a person gave it."""
    head: str | None = None
    branches: Mapping[str, str] = field(default_factory=dict)
    undone: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    ratings: tuple[Rating, ...] = ()
    reviews: tuple[Review, ...] = ()
    undated: bool = False
    """Whether the source says nothing of when it was, so that the time in its ids is the file's:
    then only their last 16 characters tell whether it was there before."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of a source that was left out."""

    place: str
    """Where in the file; empty for all of it."""
    text: str
    """What is the matter, in one line."""

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text


Found: TypeAlias = ImportedSession | Problem


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or what came through a pipe."""

    name: str
    """As a person knows it; nothing is opened by it."""
    modified: datetime
    """Stands in for the times that the source does not tell."""
    path: Path | None = None
    given: bytes = b""
    """All of it, where there is no path."""

    def beginning(self, length: int) -> bytes:
        """The first bytes.

        Raises:
            OSError: If it cannot be read.
        """
        return self._read(length)

    def data(self) -> bytes | None:
        """All of it; None if that is more than `LARGEST_FILE`.

        Raises:
            OSError: If it cannot be read.
        """
        data = self._read(LARGEST_FILE + 1)
        return data if len(data) <= LARGEST_FILE else None

    def _read(self, length: int) -> bytes:
        if self.path is None:
            return self.given[:length]
        with open(self.path, "rb") as file:
            return file.read(length)


def source_of(path: Path) -> Source:
    """The source in a file; what can be read only once is read now.

    Raises:
        OSError: If it cannot be read.
    """
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return piped_source(path.name, file)
    return Source(path.name, _time_of_change(status.st_mtime), path=path)


def piped_source(name: str, stream: BinaryIO) -> Source:
    """The source in a stream, which is read to its end or to the largest size.

    Raises:
        OSError: If it cannot be read.
    """
    data = stream.read(LARGEST_FILE + 1)
    return Source(name, datetime.now(timezone.utc), given=data)


def too_large() -> Problem:
    """What is said of a source that is more than `LARGEST_FILE`."""
    return Problem("", f"it has more than {LARGEST_FILE // 1024**2} MiB")


def joined(*places: str) -> str:
    """A place within a place."""
    return ", ".join(filter(None, places))


def _time_of_change(seconds: float) -> datetime:
    """File systems know times that Python and ULIDs do not."""
    latest = datetime(9999, 1, 1, tzinfo=timezone.utc).timestamp()
    return datetime.fromtimestamp(min(max(seconds, 0), latest), tz=timezone.utc)
