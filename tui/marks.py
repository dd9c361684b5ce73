"""What a person says of turns that are there: where to go on, what to hide, what they think."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sessions import Change, Rating, Session
from tui.saver import Saver


@dataclass(frozen=True, slots=True)
class SessionStanding:
    """What of a session its marks change."""

    head: str | None
    deleted: frozenset[str]
    names: Mapping[str, str]
    """The turns that go by names, by these."""
    title: str | None
    title_is_own: bool
    """Whether a person gave it."""
    ratings: Mapping[str, Rating]


def standing_of(session: Session) -> SessionStanding:
    """How a session is marked now."""
    return SessionStanding(
        session.head,
        frozenset(session.deleted),
        dict(session.branches),
        session.title,
        session.title_is_own,
        {turn: rating for turn, rating in session.ratings.items() if rating.value or rating.note},
    )


class Marks:
    """Keeps marks in a session. What could not be saved is said by `Conversation.failures`."""

    def __init__(self, saver: Saver) -> None:
        self._saver = saver

    def go_to(self, turn_id: str) -> None:
        """Go on after another turn."""
        self._saver.mark(lambda log: log.set_head(turn_id))

    def delete(self, turn_id: str) -> None:
        """Hide a turn and all that follow it."""
        self._saver.mark(lambda log: log.delete(turn_id))

    def restore(self, turn_id: str) -> None:
        """Show a deleted turn and all that follow it again."""
        self._saver.mark(lambda log: log.restore(turn_id))

    def rate(self, turn_id: str, value: Literal[-1, 0, 1], note: str) -> None:
        """Keep what a person thinks of a turn."""
        self._saver.mark(lambda log: log.rate(turn_id, value, note))

    def review(self, turn_id: str, changes: Sequence[Change]) -> None:
        """Keep which changes of an answer a person took."""
        self._saver.mark(lambda log: log.review(turn_id, changes))

    def set_title(self, title: str, *, by_model: bool = False) -> None:
        """Give the session a title."""
        self._saver.mark(lambda log: log.set_title(title, by_model=by_model))

    def rename_branch(self, name: str, new_name: str, leaf: str) -> None:
        """Give a branch another name."""
        self._saver.mark(lambda log: log.rename_branch(name, new_name, leaf))

    def reverse(self, now: SessionStanding, then: SessionStanding) -> None:
        """Have the session as it was then, in what is other now. What others have marked meanwhile
        stays."""
        for turn in now.deleted - then.deleted:
            self.restore(turn)
        for turn in then.deleted - now.deleted:
            self.delete(turn)
        self._return(then.head)
        for name in now.names.keys() | then.names.keys():
            if now.names.get(name) != then.names.get(name):
                self._name(name, then.names.get(name))
        if (now.title, now.title_is_own) != (then.title, then.title_is_own):
            self._return_title(then)
        for turn in now.ratings.keys() | then.ratings.keys():
            if now.ratings.get(turn) != then.ratings.get(turn):
                rating = then.ratings.get(turn, Rating(turn, 0))
                self.rate(turn, rating.value, rating.note)

    def _return(self, head: str | None) -> None:
        if head == self._saver.log.session.head:
            return
        if head is None:
            self._saver.mark(lambda log: log.undo(None))
        else:
            self.go_to(head)

    def _name(self, name: str, turn: str | None) -> None:
        self._saver.mark(lambda log: log.name_branch(name, turn))

    def _return_title(self, then: SessionStanding) -> None:
        if not then.title_is_own:
            # A person's own gives way to no other.
            self.set_title("")
        if then.title:
            self.set_title(then.title, by_model=not then.title_is_own)
