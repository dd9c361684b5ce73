"""Words that are typed, or sent and not asked yet, on disk: a crash does not take them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

NEW = "new"
"""Stands for the session that nothing is saved of yet."""


@dataclass(eq=False)
class Outgoing:
    """Words that a person has sent."""

    words: str
    is_saved: bool = False
    """Whether they are a turn on disk. The conversation's thread says so, all others look."""


class OnTheirWay:
    """Questions that were sent, until the conversation's thread has each of them on disk."""

    def __init__(self) -> None:
        self._questions: list[Outgoing] = []
        self._came_back = ""
        """What was put back last, as it stands before what is typed."""

    def add(self, question: Outgoing) -> None:
        """One more was sent."""
        self._questions.append(question)

    def settle(self, question: Outgoing) -> None:
        """It is asked."""
        if question in self._questions:
            self._questions.remove(question)

    def before(self, typed: str) -> str:
        """What would be lost with the program: those that are not asked, and what is typed."""
        waiting = [each.words for each in self._questions.copy() if not each.is_saved]
        return "\n".join([*waiting, typed] if typed else waiting)

    def back(self, question: Outgoing, typed: str) -> str:
        """What is to be typed now that a question could not be asked: questions in their order,
        and what was typed since. A command comes back only where nothing was."""
        if question not in self._questions:
            return typed if typed.strip() else question.words
        self._questions.remove(question)
        earlier = self._came_back if typed.startswith(self._came_back) else ""
        since = typed.removeprefix(earlier).removeprefix("\n")
        self._came_back = f"{earlier}\n{question.words}" if earlier else question.words
        return f"{self._came_back}\n{since}" if since.strip() else self._came_back


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
