"""Words that are typed but not sent, on disk after each pause: a crash does not take them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from threading import Lock

NEW = "new"
"""Stands for the session that nothing is saved of yet."""


class Unsent:
    """A file for each session with words that were not sent."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet.

        Args:
            folder: Where the files are; made when there is something to keep.
        """
        self._folder = folder
        self._noted: dict[str, str] = {}
        """Words that are not on disk yet, by their sessions."""
        self._writing = Lock()

    def words(self, session: str) -> str:
        """What was typed in a session, or nothing."""
        with self._writing, suppress(OSError):
            if session in self._noted:
                return self._noted[session]
            return self._file(session).read_text(encoding="utf-8", errors="replace")
        return ""

    def note(self, session: str, words: str) -> None:
        """Take words in place of those that were kept; `write` puts them on disk."""
        self._noted[session] = words

    def write(self) -> None:
        """Put what was noted on disk. From any thread: of several none brings older words back."""
        with self._writing:
            while self._noted:
                self._keep(*self._noted.popitem())

    def _keep(self, session: str, words: str) -> None:
        """Words in a file; none take it away. A disk that refuses is no reason to disturb whoever
        types."""
        from tui.private_file import make_private_folder, write_private

        with suppress(OSError):
            if not words.strip():
                self._file(session).unlink(missing_ok=True)
                return
            make_private_folder(self._folder)
            data = words.encode("utf-8", "replace")
            write_private(self._file(session), data, force=True)

    def _file(self, session: str) -> Path:
        return self._folder / f"{session}.md"
