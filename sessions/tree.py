"""The tree that turns form: what a session is, apart from how and where it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from engine.types import Message
from sessions.errors import UnknownTurn
from sessions.records import Rating, Review
from sessions.turnmap import Stored, TurnMap
from sessions.turns import Turn, messages_of, question_of

FORMAT_VERSION = 1
"""The newest `v` of a header that this program appends to."""

TITLE_LENGTH = 60
"""Characters of a title made from a turn's first words."""


@dataclass(slots=True)
class Session:
    """A tree of turns, its named leaves, and the leaf in use.

    Plain memory: whoever changes it is `sessions.replay`, for what is read and what is appended
    alike, so that a session in use is the one that will be read again.
    """

    id: str
    """A ULID, and the name of the file."""
    created: datetime
    title: str | None = None
    """The title that a person or a model gave it."""
    title_is_own: bool = field(default=False, init=False)
    """Whether a person gave it: then no model does."""
    is_revision: bool = field(default=False, init=False)
    """Whether it was begun as the work on a draft."""
    turns: TurnMap = field(default_factory=TurnMap, init=False)
    """By id, in the order of the file, deleted ones included."""
    branches: dict[str, str] = field(default_factory=dict, init=False)
    """The turn that each name stands for; see `leaf_of`."""
    head: str | None = field(default=None, init=False)
    """The turn that the next one follows: the last one appended, or chosen since then."""
    undone: list[str] = field(default_factory=list, init=False)
    """Where the head was before each undo that can be redone, the last one last."""
    deleted: dict[str, None] = field(default_factory=dict, init=False)
    """The turns that were deleted, each with all that follow it."""
    ratings: dict[str, Rating] = field(default_factory=dict, init=False)
    """What a person thinks of turns, by their ids."""
    reviews: dict[str, Review] = field(default_factory=dict, init=False)
    """Which changes of answers a person took, by the answers' ids."""
    version: int | None = field(default=None, init=False)
    """The format's version in the header; None while no header has been seen."""
    _damaged: int = field(default=0, init=False)
    _children: dict[str, list[str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _hidden: set[str] = field(default_factory=set, init=False, repr=False, compare=False)
    """Every turn that is deleted, by itself or with another."""

    @property
    def damaged_lines(self) -> int:
        """Lines of the file that could not be used, as far as is known; they are still there."""
        return self._damaged + self.turns.damaged

    def note_damage(self, lines: int = 1) -> None:
        """Lines could not be used."""
        self._damaged += lines

    @property
    def read_only(self) -> bool:
        """Whether a newer version of the program wrote it, so that nothing may be appended."""
        return self.version is not None and self.version > FORMAT_VERSION

    @property
    def display_title(self) -> str:
        """Its title, else the first words of the first user turn, else ``untitled``."""
        if self.title and (own := " ".join(self.title.split())):
            return own
        for turn_id in self.visible():
            if self.turns.outline(turn_id).role == "user":
                turn = self.turns.get(turn_id)
                if turn is not None and turn.content.strip():
                    return opening_of(turn)
        return "untitled"

    def place(self, turn: Turn | Stored) -> None:
        """Puts a turn last in the tree, in place of any of the same id, and makes it the head.

        A parent that would close a circle is dropped, and counted as damage.
        """
        if self._closes_circle(turn):
            turn = (
                replace(turn, parent=None) if isinstance(turn, Turn) else turn._replace(parent=None)
            )
            self.note_damage()
        earlier = self._parent_of(turn.id)
        if earlier is not None:
            self._children[earlier].remove(turn.id)
        self.turns.put(turn)
        if turn.parent is not None:
            self._children.setdefault(turn.parent, []).append(turn.id)
        if earlier in self._hidden:
            self._hide()
        elif turn.parent in self._hidden:
            self._hidden.update(self._with_descendants(turn.id))
        self.head = turn.id
        self.undone.clear()

    def delete(self, turn_id: str) -> None:
        """Hides a turn and all that follow it; a head among them goes to the turn before, and there
        is no way to redo what led to them."""
        self.deleted[turn_id] = None
        self._hidden.update(self._with_descendants(turn_id))
        self.leave_hidden()

    def leave_hidden(self) -> None:
        """Leads the head, and what can be redone, away from turns that are deleted."""
        self.undone = [undone for undone in self.undone if undone not in self._hidden]
        while self.head in self._hidden:
            self.head = self._parent_of(self.head)
        if self.head not in self.turns:
            self.head = None

    def restore(self, turn_id: str) -> None:
        """Shows a deleted turn again."""
        self.deleted.pop(turn_id, None)
        self._hide()

    def is_deleted(self, turn_id: str) -> bool:
        """Whether a turn is hidden, because it or one before it was deleted."""
        return turn_id in self._hidden

    def visible(self) -> Iterator[str]:
        """The ids of the turns that are not deleted, in the order of the file."""
        return (turn_id for turn_id in list(self.turns) if turn_id not in self._hidden)

    def unfinished(self) -> set[str]:
        """The ids of turns that are partial."""
        return {turn_id for turn_id in self.turns if self.turns.outline(turn_id).is_partial}

    def turn(self, turn_id: str) -> Turn:
        """The turn of that id.

        Raises:
            UnknownTurn: If there is none.
        """
        try:
            return self.turns[turn_id]
        except KeyError:
            raise UnknownTurn(turn_id) from None

    def path(self, leaf: str | None = None, *, last: int | None = None) -> list[Turn]:
        """The turns from the first one to `leaf`, or to the head.

        Where a turn is missing (see `has_gap`) it starts after the gap.

        Args:
            leaf: Where it ends; None is the head.
            last: Only so many at its end: the others are not even read.

        Raises:
            UnknownTurn: If there is no turn `leaf`.
        """
        return list(islice(self.back_from(leaf), last))[::-1]

    def back_from(self, leaf: str | None = None) -> Iterator[Turn]:
        """The turns of a path, its last one first: those that nobody asks for are not even read.

        Raises:
            UnknownTurn: If there is no turn `leaf`.
        """
        at = self.head if leaf is None else leaf
        turn = None if at is None else self.turn(at)
        while turn is not None:
            yield turn
            turn = None if turn.parent is None else self.turns.get(turn.parent)

    def has_gap(self, leaf: str | None = None) -> bool:
        """Whether turns before the path to `leaf`, or to the head, have been lost to damage."""
        return any(turn.parent is not None for turn in self.path(leaf)[:1])

    def children(self, turn_id: str | None) -> list[Turn]:
        """The turns that follow a turn; for None every turn that nothing known precedes. Deleted
        ones are left out."""
        ids = self._roots() if turn_id is None else self._visible_children(turn_id)
        return self._sound(ids)

    def leaf_ids(self) -> list[str]:
        """The turns that nothing follows, but for deleted ones."""
        return [turn_id for turn_id in self.visible() if not self._visible_children(turn_id)]

    def leaves(self) -> list[Turn]:
        """See `leaf_ids`."""
        return self._sound(self.leaf_ids())

    def leaf_of(self, turn_id: str) -> str:
        """The leaf that is reached from a turn by going on with the latest one that follows."""
        while following := self._visible_children(turn_id):
            turn_id = following[-1]
        return turn_id

    def leads_to(self, turn_id: str, leaf: str) -> bool:
        """Whether a turn is on the path to another, or is that one."""
        at: str | None = leaf
        while at is not None and at != turn_id:
            at = self._parent_of(at)
        return at is not None

    def own_part(self, leaf: str) -> list[str]:
        """The turns at the end of a path that no other branch has, the first one first."""
        turns = [leaf]
        while True:
            parent = self._parent_of(turns[-1])
            known = parent if parent in self.turns else None
            siblings = self._roots() if known is None else self._visible_children(known)
            if known is None or len(siblings) > 1:
                return turns[::-1]
            turns.append(known)

    def messages(self, leaf: str | None = None) -> list[Message]:
        """What the model gets for the path to `leaf`, or to the head: see `messages_of`.

        Raises:
            UnknownTurn: If there is no turn `leaf`.
        """
        return messages_of(self.path(leaf))

    def _sound(self, ids: list[str]) -> list[Turn]:
        """Turns, but for those whose lines turn out to be damaged."""
        turns = map(self.turns.get, ids)
        return [turn for turn in turns if turn is not None]

    def _hide(self) -> None:
        self._hidden = {
            hidden for deleted in self.deleted for hidden in self._with_descendants(deleted)
        }

    def _roots(self) -> list[str]:
        turns = self.turns
        return [each for each in self.visible() if turns.outline(each).parent not in turns]

    def _visible_children(self, turn_id: str) -> list[str]:
        return [
            child
            for child in self._children.get(turn_id, ())
            if child in self.turns and child not in self._hidden
        ]

    def _with_descendants(self, turn_id: str) -> list[str]:
        found = [turn_id]
        for each in found:
            found += self._children.get(each, ())
        return found

    def _parent_of(self, turn_id: str | None) -> str | None:
        if turn_id is None or turn_id not in self.turns:
            return None
        return self.turns.outline(turn_id).parent

    def _closes_circle(self, turn: Turn | Stored) -> bool:
        # Only a turn that others already follow can be its own ancestor, so the walk is rare.
        if turn.parent != turn.id and turn.id not in self._children:
            return False
        at = turn.parent
        while at is not None and at != turn.id:
            at = self._parent_of(at)
        return at is not None


def first_words(text: str) -> str:
    """The beginning of the first line, cut between words where that leaves something."""
    line = " ".join(text.splitlines()[0].split())
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line[:TITLE_LENGTH]
    return (cut.rpartition(" ")[0] or cut[:-1]) + "…"


def opening_of(turn: Turn) -> str:
    """The first words of a turn, without those of a text that went along."""
    return first_words(question_of(turn).strip() or "…")
