"""Everything that can go wrong with sessions.

SessionError
├── NoSessions        nothing has been saved yet
├── UnknownSession    no session goes by the id, its beginning, or the title
├── AmbiguousSession  more than one does
├── UnknownTurn       a turn id that is not in the session
├── UnsafeStore       the folder is a link, or open to others and not ours to close
├── ReadFailed        a file or folder that cannot be read
├── SaveFailed        a record that is in memory and not on disk
├── NotMoved          a session that could not be deleted, or brought back
├── ExportFailed      a session that the form asked for cannot express
├── UnknownForm       a file to import that has no form that is known
└── DamagedLine       a line of a file that is not a record; counted, never shown
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


class SessionError(Exception):
    """The base of this room's errors; its text is one line, ready to be shown."""


class NoSessions(SessionError):
    """The latest session was asked for and there is none."""

    def __init__(self) -> None:
        super().__init__("there are no saved sessions yet")


class UnknownSession(SessionError):
    """No session goes by the name.

    Attributes:
        query: The id, beginning of an id, or title as it was given.
        nearest: Titles and ids that were probably meant, best first.
    """

    def __init__(self, query: str, nearest: Sequence[str] = ()) -> None:
        self.query = query
        self.nearest = tuple(nearest)
        super().__init__(f"no session is called {query!r}")


class AmbiguousSession(SessionError):
    """Several sessions go by the name.

    Attributes:
        query: The beginning of an id or title as it was given.
        matches: The ids of the sessions it fits.
    """

    def __init__(self, query: str, titles: Mapping[str, str]) -> None:
        """Name them.

        Args:
            query: See above.
            titles: Of each session that it fits, by its id.
        """
        self.query = query
        self.matches = tuple(titles)
        shown = [f"{session_id} ({title})" for session_id, title in titles.items()]
        named = ", ".join(shown[:5]) + (", …" if len(shown) > 5 else "")
        super().__init__(f"{query!r} fits {len(shown)} sessions: {named}")


class UnknownTurn(SessionError):
    """A head, a branch or a parent names a turn that the session does not have.

    Attributes:
        turn_id: The id as it was given.
    """

    def __init__(self, turn_id: str) -> None:
        self.turn_id = turn_id
        super().__init__(f"the session has no turn {turn_id!r}")


class _PathError(SessionError):
    """An error about one file or folder.

    Attributes:
        path: The file or folder.
        reason: Why, in a few words; the operating system's own where it has any.
    """

    def __init__(self, path: Path, reason: str, text: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(text)


class UnsafeStore(_PathError):
    """The sessions' folder is not one that private text should be put into."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason, f"sessions are not kept in {path}: {reason}")


class ReadFailed(_PathError):
    """The operating system would not let a file or folder be read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason, f"cannot read {path}: {reason}")


class SaveFailed(_PathError):
    """What was appended is kept in memory and is not on disk."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason, f"session not saved: {reason}")


class NotMoved(_PathError):
    """A session could not be put into the trash, taken out of it, or deleted."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason, f"the session stays where it is: {reason}")


class ExportFailed(SessionError):
    """A session has what the form asked for cannot express."""


class UnknownForm(SessionError):
    """What a file holds is no conversation in a form that is known.

    Attributes:
        forms: The names of those that are.
    """

    def __init__(self, forms: Sequence[str]) -> None:
        self.forms = tuple(forms)
        super().__init__("its format is none of those that can be imported")


class DamagedLine(SessionError):
    """A line is not a record: its text says what is wrong with it."""


def reason_of(error: OSError) -> str:
    """The operating system's words for an error, without number and file name."""
    return error.strerror or str(error)
