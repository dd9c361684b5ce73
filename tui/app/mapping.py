"""The map of a session and what two of its branches have apart, made in the conversation's thread
and posted to the screen that asked for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from textual.message import Message

from drafts.hunks import hunks
from engine.types import Role
from sessions import Session, Turn, opening_of
from tui.app.messages import Post
from tui.app.talk import AppTalk
from tui.app.thread import Errand
from tui.reviewing.flow import Stretch


@dataclass(frozen=True, slots=True)
class MapRow:
    """A turn as a line of the map."""

    turn: str
    """Its id."""
    role: Role
    words: str
    """The first ones."""
    depth: int
    """How many branches lie between it and the one in use."""
    begins: bool = False
    """Whether a branch begins here, beside the one it left."""
    is_here: bool = False
    """Whether it is on the branch in use."""
    is_head: bool = False
    """Whether the next question follows it."""
    name: str | None = None
    """That a person gave to the branch that ends here."""


@dataclass
class Mapped(Message):
    """The map is made."""

    rows: tuple[MapRow, ...]


@dataclass
class Compared(Message):
    """Two branches, from where they part."""

    stretches: tuple[Stretch, ...]
    """What both have, what only the first has, what only the second has."""


def map_session(post: Post) -> Errand:
    """Draw the session."""

    def errand(talk: AppTalk) -> None:
        post(Mapped(tuple(map_rows(talk.conversation.log.session))))

    return errand


def compare(one: str, other: str, post: Post) -> Errand:
    """Compare the branches that two turns lead to; an empty id is the branch in use."""

    def errand(talk: AppTalk) -> None:
        session = talk.conversation.log.session
        old, new = (_path(session, turn) for turn in (one, other))
        pairs = zip(old, new, strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0].id == pair[1].id, pairs))
        texts = [_script(path[same:]) for path in (old, new)]
        post(Compared(tuple(differing(*texts))))

    return errand


def map_rows(session: Session) -> Iterator[MapRow]:
    """The lines of the map: other branches come before what they were left for, which goes straight
    on, so that a long conversation does not wander to the right."""
    here = {turn.id for turn in session.path()}
    names = {session.leaf_of(turn): name for name, turn in session.branches.items()}
    waiting = [(turn, depth, depth > 0) for turn, depth in _ordered(session, None, 0, here)]
    while waiting:
        turn, depth, begins = waiting.pop()
        following = _ordered(session, turn.id, depth, here)
        yield MapRow(
            turn.id,
            turn.role,
            opening_of(turn),
            depth,
            begins,
            turn.id in here,
            turn.id == session.head,
            None if following else names.get(turn.id),
        )
        waiting += [(each, other, other > depth) for each, other in following]


def _ordered(
    session: Session, turn_id: str | None, depth: int, here: set[str]
) -> list[tuple[Turn, int]]:
    """The turns that follow one, in the order in which a stack takes them."""
    following = session.children(turn_id)
    if not following:
        return []
    straight = next((turn for turn in following if turn.id in here), following[-1])
    others = [turn for turn in following if turn.id != straight.id]
    return [(straight, depth), *((turn, depth + 1) for turn in reversed(others))]


def _path(session: Session, turn_id: str) -> list[Turn]:
    """The branch that a turn leads to."""
    return session.path(session.leaf_of(turn_id) if turn_id else None)


def _script(turns: Sequence[Turn]) -> str:
    """What was said, with a sign before questions."""
    signs = {"user": "› ", "system": "system: "}
    return "\n\n".join(f"{signs.get(turn.role, '')}{turn.content.strip()}" for turn in turns)


def differing(old: str, new: str) -> Iterator[Stretch]:
    """Both texts in one, word by word."""
    place = 0
    for hunk in hunks(old, new):
        yield Stretch(old[place : hunk.start], "kept")
        for piece in hunk.pieces:
            yield Stretch(piece.text, piece.fate)
        place = hunk.end
    yield Stretch(old[place:], "kept")
