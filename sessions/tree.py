"""The tree that turns form: what a session is, apart from how and where it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from engine.types import Message
from sessions.errors import UnknownTurn
from sessions.turns import Turn, messages_of

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
    """The title that a person gave it."""
    turns: dict[str, Turn] = field(default_factory=dict, init=False)
    """By id, in the order of the file."""
    branches: dict[str, str] = field(default_factory=dict, init=False)
    """The turn that each name stands for."""
    head: str | None = field(default=None, init=False)
    """The turn that the next one follows: the last one appended, or chosen since then."""
    damaged_lines: int = field(default=0, init=False)
    """Lines of the file that could not be used; they are still there."""
    version: int | None = field(default=None, init=False)
    """The format's version in the header; None while no header has been seen."""
    _children: dict[str, list[str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def read_only(self) -> bool:
        """Whether a newer version of the program wrote it, so that nothing may be appended."""
        return self.version is not None and self.version > FORMAT_VERSION

    @property
    def display_title(self) -> str:
        """Its own title, else the first words of the first user turn, else ``untitled``."""
        if self.title and (own := " ".join(self.title.split())):
            return own
        for turn in self.turns.values():
            if turn.role == "user" and turn.content.strip():
                return _first_words(turn.content.strip())
        return "untitled"

    def place(self, turn: Turn) -> None:
        """Puts a turn last in the tree, in place of any of the same id, and makes it the head.

        A parent that would close a circle is dropped, and counted as damage.
        """
        if self._closes_circle(turn):
            turn = replace(turn, parent=None)
            self.damaged_lines += 1
        earlier = self.turns.pop(turn.id, None)
        if earlier is not None and earlier.parent is not None:
            self._children[earlier.parent].remove(turn.id)
        self.turns[turn.id] = turn
        if turn.parent is not None:
            self._children.setdefault(turn.parent, []).append(turn.id)
        self.head = turn.id

    def turn(self, turn_id: str) -> Turn:
        """The turn of that id.

        Raises:
            UnknownTurn: If there is none.
        """
        try:
            return self.turns[turn_id]
        except KeyError:
            raise UnknownTurn(turn_id) from None

    def path(self, leaf: str | None = None) -> list[Turn]:
        """The turns from the first one to `leaf`, or to the head.

        Where a turn is missing (see `has_gap`) it starts after the gap.

        Raises:
            UnknownTurn: If there is no turn `leaf`.
        """
        at = self.head if leaf is None else leaf
        if at is None:
            return []
        turns = [self.turn(at)]
        while (parent := turns[-1].parent) is not None and parent in self.turns:
            turns.append(self.turns[parent])
        turns.reverse()
        return turns

    def has_gap(self, leaf: str | None = None) -> bool:
        """Whether turns before the path to `leaf`, or to the head, have been lost to damage."""
        return any(turn.parent is not None for turn in self.path(leaf)[:1])

    def children(self, turn_id: str | None) -> list[Turn]:
        """The turns that follow a turn; for None every turn that nothing known precedes."""
        if turn_id is None:
            return [turn for turn in self.turns.values() if turn.parent not in self.turns]
        return [self.turns[child] for child in self._children.get(turn_id, ())]

    def leaves(self) -> list[Turn]:
        """The turns that nothing follows."""
        return [turn for turn in self.turns.values() if not self._children.get(turn.id)]

    def messages(self, leaf: str | None = None) -> list[Message]:
        """What the model gets for the path to `leaf`, or to the head: see `messages_of`.

        Raises:
            UnknownTurn: If there is no turn `leaf`.
        """
        return messages_of(self.path(leaf))

    def _closes_circle(self, turn: Turn) -> bool:
        # Only a turn that others already follow can be its own ancestor, so the walk is rare.
        if turn.parent != turn.id and turn.id not in self._children:
            return False
        at = turn.parent
        while at is not None and at != turn.id:
            at = self.turns[at].parent if at in self.turns else None
        return at is not None


def _first_words(text: str) -> str:
    """The beginning of the first line, cut between words where that leaves something."""
    line = " ".join(text.splitlines()[0].split())
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line[:TITLE_LENGTH]
    return (cut.rpartition(" ")[0] or cut[:-1]) + "…"
