"""What was typed before: the REPL's own file, so that both know it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from prompt_toolkit.history import FileHistory

_MOST = 1000
"""Entries that are brought back."""


class EntryHistory:
    """Earlier entries on disk, for the person alone."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet; the file is made when something is added."""
        self._path = path

    def entries(self) -> tuple[str, ...]:
        """The last ones, the oldest first."""
        if not os.path.isfile(self._path):
            return ()
        newest = list(FileHistory(str(self._path)).load_history_strings())[:_MOST]
        return tuple(reversed(newest))

    def add(self, entry: str) -> None:
        """Keep an entry. A disk that refuses is no reason not to do what was typed."""
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Of a pipe that nobody reads this does not wait for a reader.
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK, 0o600))
            FileHistory(str(self._path)).store_string(entry)
