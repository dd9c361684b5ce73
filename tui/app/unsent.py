"""Words that are typed but not sent, on disk after each pause: a crash does not take them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

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

    def words(self, session: str) -> str:
        """What was typed in a session, or nothing."""
        try:
            return self._file(session).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def keep(self, session: str, words: str) -> None:
        """Keep words in place of those that were kept; none take the file away. A disk that refuses
        is no reason to disturb whoever types."""
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
