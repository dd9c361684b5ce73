"""Where a conversation stood after each thing that was done with it, so that any of them can be
taken back: nothing in a session is ever lost, so it is enough to know where to go."""

from __future__ import annotations

from dataclasses import dataclass

from sessions import Session


@dataclass(frozen=True, slots=True)
class Standing:
    """What undoing changes of a session."""

    session: str
    """Its id."""
    head: str | None
    deleted: tuple[str, ...] = ()


def standing_of(session: Session) -> Standing:
    """Where a session stands now."""
    return Standing(session.id, session.head, tuple(session.deleted))


class Undoing:
    """The standings of one session in this run of the program, with a place among them."""

    def __init__(self) -> None:
        self._past: list[Standing] = []
        self._future: list[Standing] = []
        self._now: Standing | None = None

    def note(self, session: Session) -> None:
        """Something was done, perhaps."""
        standing = standing_of(session)
        if self._now is None or standing.session != self._now.session:
            self._past, self._future = [], []
        elif standing != self._now:
            self._past.append(self._now)
            self._future = []
        self._now = standing

    @property
    def earlier(self) -> Standing | None:
        """Where it stood before the last thing; None where that was in another run."""
        return self._past[-1] if self._past else None

    @property
    def later(self) -> Standing | None:
        """Where it stood before the last undo."""
        return self._future[-1] if self._future else None

    def went_back(self, session: Session) -> None:
        """The last thing was taken back."""
        self._move(self._past, self._future, session)

    def went_forward(self, session: Session) -> None:
        """What was taken back is there again."""
        self._move(self._future, self._past, session)

    def _move(self, source: list[Standing], target: list[Standing], session: Session) -> None:
        if source:
            source.pop()
        if self._now is not None:
            target.append(self._now)
        self._now = standing_of(session)
