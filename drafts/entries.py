"""Entries of the journal, as values and as lines.

A line is ``{"crc":"…","r":{…}}``, the CRC-32 over the exact bytes of ``r``. Most are of a
write; some say that the older ones of a file were pruned.
"""

from __future__ import annotations

import json
import re
import stat
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timezone
from typing import Any, Literal, TypeAlias, get_args

from ulid import ULID

from drafts.document import FileBytes, sha256_of

Action: TypeAlias = Literal["write", "undo", "redo"]

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
    """The SHA-256 of the bytes that were replaced; None where there was no file."""
    after: str
    """The SHA-256 of the bytes that were written."""
    mode: int
    """The file's permissions."""
    session: str | None = None
    """The id of the session in which the new text was made."""
    undoes: str | None = None
    """The id of the write that an undo took back, or of the undo that a redo did."""

    @property
    def replaced(self) -> str:
        """The name of the bytes that a write replaced; only an undo may have replaced nothing."""
        assert self.before is not None
        return self.before


@dataclass(frozen=True, slots=True)
class Pruned:
    """Says that the entries of a file, up to one and with it, count no longer."""

    time: datetime
    path: str
    up_to: str
    """The id of the last one."""


def new_entry(
    file: FileBytes,
    data: bytes,
    *,
    session: str | None,
    action: Action = "write",
    undoes: str | None = None,
) -> Entry:
    """The entry for putting the data in the place of what the file holds."""
    return Entry(
        id=str(ULID()),
        time=utc_now(),
        path=str(file.target),
        action=action,
        before=file.sha256,
        after=sha256_of(data),
        mode=stat.S_IMODE(file.status.st_mode),
        session=session,
        undoes=undoes,
    )


def utc_now() -> datetime:
    """The time, as entries have it."""
    return datetime.now(timezone.utc)


def encode(entry: Entry | Pruned) -> bytes:
    """The entry as a line; a path that is not UTF-8 comes back from its escaped surrogates."""
    record = {**asdict(entry), "time": entry.time.isoformat()}
    body = json.dumps(record, separators=(",", ":")).encode("ascii")
    return b'{"crc":"%08x","r":%s}\n' % (zlib.crc32(body), body)


def decode(line: bytes) -> Entry | Pruned:
    """The entry of a line.

    Raises:
        ValueError: If it is damaged, or says what this version does not know.
    """
    match = _LINE.fullmatch(line)
    if match is None or int(match[1], 16) != zlib.crc32(match[2]):
        raise ValueError("damaged")
    record = json.loads(match[2])
    try:
        if "up_to" in record:
            return Pruned(**_fields_of(Pruned, record))
        entry = Entry(**_fields_of(Entry, record))
    except (KeyError, TypeError) as error:
        raise ValueError("not an entry") from error
    if entry.action not in get_args(Action) or (entry.action == "write" and entry.before is None):
        raise ValueError("not a known action")
    return entry


def living(lines: Iterable[Entry | Pruned]) -> list[Entry]:
    """The entries that were not pruned, in their order."""
    entries: list[Entry] = []
    for line in lines:
        if isinstance(line, Entry):
            entries.append(line)
            continue
        own = [entry.id for entry in entries if entry.path == line.path]
        gone = set(own[: own.index(line.up_to) + 1]) if line.up_to in own else set()
        entries = [entry for entry in entries if entry.id not in gone]
    return entries


def _fields_of(kind: type[Entry | Pruned], record: dict[str, Any]) -> dict[str, Any]:
    known = {field.name: record[field.name] for field in fields(kind)}
    return {**known, "time": datetime.fromisoformat(record["time"])}
