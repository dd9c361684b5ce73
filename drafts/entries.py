"""Entries of the journal, as values and as lines.

A line is ``{"crc":"…","r":{…}}``, the CRC-32 over the exact bytes of ``r``.
"""

from __future__ import annotations

import json
import re
import stat
import zlib
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timezone
from typing import Literal, TypeAlias, get_args

from ulid import ULID

from drafts.document import FileBytes, sha256_of

Action: TypeAlias = Literal["write", "undo"]

_LINE = re.compile(rb'\{"crc":"([0-9a-f]{8})","r":(.*)\}')


@dataclass(frozen=True, slots=True)
class Entry:
    """One write to a person's file."""

    id: str
    """A ULID."""
    time: datetime
    path: str
    """Absolute, with symbolic links followed."""
    action: Action
    before: str | None
    """The SHA-256 of the bytes that were replaced; None where an undo made the file again."""
    after: str
    """The SHA-256 of the bytes that were written."""
    mode: int
    """The file's permissions."""
    session: str | None = None
    """The id of the session in which the new text was made."""
    undoes: str | None = None
    """The id of the write that an undo took back."""

    @property
    def replaced(self) -> str:
        """The name of the bytes that a write replaced; only an undo may have replaced nothing."""
        assert self.before is not None
        return self.before


def new_entry(
    file: FileBytes, data: bytes, *, session: str | None, undoes: str | None = None
) -> Entry:
    """The entry for putting the data in the place of what the file holds."""
    return Entry(
        id=str(ULID()),
        time=utc_now(),
        path=str(file.target),
        action="undo" if undoes else "write",
        before=file.sha256,
        after=sha256_of(data),
        mode=stat.S_IMODE(file.status.st_mode),
        session=session,
        undoes=undoes,
    )


def utc_now() -> datetime:
    """The time, as entries have it."""
    return datetime.now(timezone.utc)


def encode(entry: Entry) -> bytes:
    """The entry as a line; a path that is not UTF-8 comes back from its escaped surrogates."""
    record = {**asdict(entry), "time": entry.time.isoformat()}
    body = json.dumps(record, separators=(",", ":")).encode("ascii")
    return b'{"crc":"%08x","r":%s}\n' % (zlib.crc32(body), body)


def decode(line: bytes) -> Entry:
    """The entry of a line.

    Raises:
        ValueError: If it is damaged, or says what this version does not know.
    """
    match = _LINE.fullmatch(line)
    if match is None or int(match[1], 16) != zlib.crc32(match[2]):
        raise ValueError("damaged")
    record = json.loads(match[2])
    try:
        known = {field.name: record[field.name] for field in fields(Entry)}
        entry = Entry(**{**known, "time": datetime.fromisoformat(record["time"])})
    except (KeyError, TypeError) as error:
        raise ValueError("not an entry") from error
    if entry.action not in get_args(Action) or (entry.action == "write" and entry.before is None):
        raise ValueError("not a known action")
    return entry
