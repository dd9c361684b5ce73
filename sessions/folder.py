"""The folder that sessions lie in: kept closed to others, and looked into with care."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sessions.errors import ReadFailed, UnsafeStore, reason_of

SUFFIX = ".jsonl"

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")

_LAST_ID = "76EZ91ZPZZ" + 16 * "Z"
"""Of the last millisecond of the year 9999, the last that Python has a date for."""

_LATEST_NS = 2**63 - 1
"""File systems know later times than SQLite has numbers for."""

_ID_LENGTH = len(_LAST_ID)
_NAME = re.compile(_ULID.pattern + re.escape(SUFFIX))
_LAST_NAME = _LAST_ID + SUFFIX


class FileStamp(NamedTuple):
    """A session's file, and what tells whether it has changed. The latest change sorts last."""

    changed_ns: int
    id: str
    size: int


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """A folder of session files, which need not exist yet."""

    path: Path

    def file_of(self, session_id: str) -> Path:
        """Where the session of that id is, or would be.

        Raises:
            ValueError: If it is no id: what comes from outside never becomes a path.
        """
        if not is_session_id(session_id):
            raise ValueError(f"{session_id!r} is not the id of a session")
        return self.path / f"{session_id}{SUFFIX}"

    def close_to_others(self) -> bool:
        """Whether the folder is there; takes away what others may do in it.

        Raises:
            UnsafeStore: If it is a symbolic link, or another user's and open to others.
            ReadFailed: If it is not a folder that can be looked into.
        """
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as error:
            if self.path.is_symlink():
                raise UnsafeStore(self.path, "it is a symbolic link") from error
            raise ReadFailed(self.path, reason_of(error)) from error
        try:
            status = os.fstat(fd)
            if status.st_mode & 0o077:
                if status.st_uid != os.geteuid():
                    raise UnsafeStore(self.path, "it is another user's and open to others")
                os.fchmod(fd, status.st_mode & 0o700)
        except OSError as error:
            raise ReadFailed(self.path, reason_of(error)) from error
        finally:
            os.close(fd)
        return True

    def files(self) -> Iterator[FileStamp]:
        """Every session's file.

        An empty one is what a crash leaves that came before the first turn: not yet a session.

        Raises:
            UnsafeStore, ReadFailed: As for `close_to_others`.
        """
        if not self.close_to_others():
            return
        with os.scandir(self.path) as entries:
            for entry in entries:
                name = entry.name
                if _NAME.fullmatch(name) is None or name > _LAST_NAME:
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # it was deleted a moment ago
                    continue
                if stat.S_ISREG(status.st_mode) and status.st_size > 0:
                    changed = min(status.st_mtime_ns, _LATEST_NS)
                    yield FileStamp(changed, name[:_ID_LENGTH], status.st_size)


def is_session_id(text: str) -> bool:
    """Whether a text is a ULID of a time that Python has a date for."""
    return _ULID.fullmatch(text) is not None and text <= _LAST_ID
