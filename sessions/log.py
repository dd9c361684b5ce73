"""What can be added to a session, wherever it is kept; and a session that is kept nowhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Literal

from sessions.records import (
    Branch,
    Change,
    Delete,
    Head,
    KnownRecord,
    Partial,
    Rating,
    Redo,
    Restore,
    Review,
    Title,
    Undo,
)
from sessions.replay import apply
from sessions.tree import Session
from sessions.turns import Turn
from sessions.writers import this_writer

WRITER = "writer"
"""The field of a partial record that says which process wrote it."""


class SessionLog(ABC):
    """A session and the ways to add to it. For one thread at a time."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def append(self, turn: Turn) -> None:
        """Adds a turn, which becomes the head; it is durable when this returns.

        Raises:
            UnknownTurn: If its parent is not in the session.
            ValueError: If its id is taken, its status is ``partial``, or JSON cannot express it.
            SaveFailed: If it is in memory only; the next append tries again.
        """
        self._check_whole(turn)
        self._check(turn)
        self._keep(turn)

    def checkpoint(self, turn: Turn) -> None:
        """Saves a turn as far as it has come, in case it is never appended.

        It outlives this process, not the machine: nothing waits for the disk.

        Raises:
            UnknownTurn: If its parent is not in the session.
            ValueError: If its id is that of a whole turn, or JSON cannot express it.
            SaveFailed: If it is in memory only.
        """
        self._check(turn)
        writer = this_writer()
        extra = turn.extra if writer is None else {**turn.extra, WRITER: writer}
        self._keep(Partial(replace(turn, status="partial", extra=extra)))

    def append_branch(self, turns: Sequence[Turn], *, name_of_head: str | None = None) -> None:
        """Adds turns in one write, the last of which becomes the head.

        Args:
            turns: Each follows a turn of the session or one before it among these.
            name_of_head: A name for the turn that was the head until now.

        Raises:
            UnknownTurn, ValueError: As for `append`; then the session is as it was.
            SaveFailed: If they are in memory only; the next append tries again.
        """
        given: set[str] = set()
        for turn in turns:
            self._check_whole(turn)
            self._check(turn, given)
            given.add(turn.id)
        head = self.session.head
        names = [Branch(name_of_head, head)] if name_of_head and head else []
        self._keep(*names, *turns)

    def take_in(self, records: Sequence[KnownRecord]) -> None:
        """Adds records of another copy of the session, in one write.

        Args:
            records: The first is a turn or says something of one that is there. Turns are new here,
                or whole where the session's own is partial; their parents need not be known.

        Raises:
            ValueError: If JSON cannot express one; then the session is as it was.
            SaveFailed: If they are in memory only; the next append tries again.
        """
        if records:
            self._keep(*records)

    def set_head(self, turn_id: str) -> None:
        """Goes to a turn: the next one follows it.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Head(self.session.turn(turn_id).id))

    def undo(self, to: str | None) -> None:
        """Takes back what came after a turn of the path; None takes back everything.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Undo(None if to is None else self.session.turn(to).id))

    def redo(self) -> bool:
        """Goes back to where the last undo came from; False if nothing was undone since the last
        turn.

        Raises:
            SaveFailed: If this is in memory only; the next append tries again.
        """
        if not self.session.undone:
            return False
        self._keep(Redo(self.session.undone[-1]))
        return True

    def delete(self, turn_id: str) -> None:
        """Hides a turn and all that follow it. They stay in the file: see `restore`.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Delete(self.session.turn(turn_id).id))

    def restore(self, turn_id: str) -> None:
        """Shows a deleted turn and all that follow it again.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Restore(self.session.turn(turn_id).id))

    def rate(self, turn_id: str, value: Literal[-1, 0, 1], note: str = "") -> None:
        """Says what a person thinks of a turn.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Rating(self.session.turn(turn_id).id, value, note))

    def review(self, turn_id: str, changes: Sequence[Change]) -> None:
        """Says which changes a person took of an answer that revises a draft.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Review(self.session.turn(turn_id).id, tuple(changes)))

    def name_branch(self, name: str, leaf: str | None) -> None:
        """Gives a turn a name, which another turn may have had; None takes the name away.

        Raises:
            UnknownTurn: If it is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Branch(name, None if leaf is None else self.session.turn(leaf).id))

    def rename_branch(self, name: str, new_name: str, leaf: str) -> None:
        """Gives a branch another name in place of the one it has, if it has one.

        Raises:
            UnknownTurn: If its leaf is not in the session.
            SaveFailed: If this is in memory only; the next append tries again.
        """
        turn_id = self.session.branches.get(name, leaf)
        new = Branch(new_name, self.session.turn(turn_id).id)
        old = [Branch(name, None)] if name in self.session.branches and name != new_name else []
        self._keep(*old, new)

    def set_title(self, title: str, *, by_model: bool = False) -> None:
        """Gives the session a title; an empty one takes it away.

        Args:
            title: One line.
            by_model: Whether it was made up by a model; then a person's own stays.

        Raises:
            SaveFailed: If this is in memory only; the next append tries again.
        """
        self._keep(Title(title, by_model))

    def take_joined(self) -> int:
        """How many turns others have added to the session since this was last asked for."""
        return 0

    def is_being_written(self, turn: Turn) -> bool:
        """Whether another program is at work on a turn, as far as can be told."""
        return False

    def _check_whole(self, turn: Turn) -> None:
        if turn.status == "partial":
            raise ValueError("a partial turn is checkpointed, not appended")

    def _check(self, turn: Turn, before: Collection[str] = ()) -> None:
        known = self.session.turns.get(turn.id)
        if turn.id in before or (known is not None and known.status != "partial"):
            raise ValueError(f"turn {turn.id} is in the session already")
        if turn.parent is not None and turn.parent not in before:
            self.session.turn(turn.parent)

    @abstractmethod
    def _keep(self, *records: KnownRecord) -> None:
        """Applies records to the session, and saves them together where that is meant."""


class MemorySession(SessionLog):
    """A session that touches no disk."""

    def _keep(self, *records: KnownRecord) -> None:
        for record in records:
            apply(self.session, record)
