"""Adds to a session, whatever the disk does: what could not be saved is in memory, and is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from sessions import SaveFailed, SessionLog, Turn

ELSEWHERE = "/export saves it elsewhere"
"""What a person can do about it in a conversation that goes on."""


@dataclass(frozen=True, slots=True)
class NotSaved:
    """A turn is in memory only; the conversation goes on. Said once for each answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody else has added turns to this session; they are on branches of their own."""

    turns: int


class Saver:
    """The session log of a conversation, with failures kept until they are asked for."""

    def __init__(self, log: SessionLog) -> None:
        self.log = log
        self._failure: str | None = None
        self._said: str | None = None
        self.unsaved: str | None = None
        """Why the last that was added is in memory only; None where it is saved."""
        self._left: dict[str, None] = {}
        """Turns in use that something else did not go on from, the last one last."""

    def left_at(self, turn_id: str) -> str | None:
        """The turn that was in use when the branches with a turn were last left; None where they
        never were, or it is deleted by now."""
        session = self.log.session
        known = (left for left in reversed(self._left) if left in session.turns)
        usable = (left for left in known if not session.is_deleted(left))
        return next((left for left in usable if session.leads_to(turn_id, left)), None)

    def begin(self) -> None:
        """Another answer begins: a failure that was said before is said again."""
        self._said = None

    def append(self, turn: Turn) -> None:
        """See `SessionLog.append`."""
        self._try(partial(self.log.append, turn))

    def append_branch(self, turns: Sequence[Turn], *, name_of_head: str | None = None) -> None:
        """See `SessionLog.append_branch`."""
        self._try(partial(self.log.append_branch, turns, name_of_head=name_of_head))

    def mark(self, change: Callable[[SessionLog], object]) -> None:
        """Say something of turns that are there: the head, a name, a rating, a title."""
        self._try(partial(change, self.log))

    def checkpoint(self, turns: Sequence[Turn]) -> None:
        """Save unfinished turns in case of the worst. Scores would make this long: they come with
        the whole turn."""
        for turn in turns:
            # When the turn ends it is said whether it was saved.
            with suppress(SaveFailed):
                self.log.checkpoint(replace(turn, logprobs=()))

    def failures(self) -> Iterator[NotSaved | Joined]:
        """What has failed since this was last asked for, unless it was said already; and whether
        others have joined the session."""
        if joined := self.log.take_joined():
            yield Joined(joined)
        if self._failure is not None and self._failure != self._said:
            yield NotSaved(self._failure)
            self._said = self._failure
        self._failure = None

    def _try(self, save: Callable[[], object]) -> None:
        before = self.log.session.head
        try:
            save()
        except SaveFailed as error:
            self._failure = self.unsaved = str(error)
        else:
            # What was unsaved before is saved along with it.
            self._failure = self.unsaved = None
        finally:
            self._note_left(before)

    def _note_left(self, before: str | None) -> None:
        session = self.log.session
        now = session.turns.get(session.head) if session.head is not None else None
        if before is not None and (now is None or before not in (now.id, now.parent)):
            self._left.pop(before, None)
            self._left[before] = None
