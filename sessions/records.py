"""What one line of a session's file says: values between its JSON form and the tree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from sessions.turns import Turn

Span: TypeAlias = tuple[int, int]
"""A part of a text, in characters: the first one, and the one after the last."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first record of a file."""

    version: int
    id: str
    created: datetime
    is_revision: bool = False
    """Whether it is the work on a draft, and no conversation."""


@dataclass(frozen=True, slots=True)
class Partial:
    """A turn as far as it had come; a record of the whole turn takes its place."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Branch:
    """A name for a turn; the last one given counts."""

    name: str
    leaf: str | None
    """None takes the name away."""


@dataclass(frozen=True, slots=True)
class Head:
    """The turn that a person went to."""

    turn: str


@dataclass(frozen=True, slots=True)
class Undo:
    """The person took back what came after a turn; `Redo` brings it again."""

    turn: str | None
    """None is before the first."""


@dataclass(frozen=True, slots=True)
class Redo:
    """The person went back to where the last undo came from."""

    turn: str


@dataclass(frozen=True, slots=True)
class Delete:
    """A turn and all that follow it are not shown any more; they stay in the file."""

    turn: str


@dataclass(frozen=True, slots=True)
class Restore:
    """A deleted turn is shown again."""

    turn: str


@dataclass(frozen=True, slots=True)
class Rating:
    """What a person thinks of a turn; the last one counts."""

    turn: str
    value: Literal[-1, 0, 1]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One change that an answer makes to the draft it revises, and what a person made of it."""

    taken: bool
    old: Span | None = None
    """Where in the draft; None is all of it."""
    new: Span | None = None
    """Where in the answer's content is what was proposed instead; None is all of it."""
    final: str | None = None
    """What was taken, where the person wrote something else than what was proposed."""


@dataclass(frozen=True, slots=True)
class Review:
    """Which changes of an answer a person took; the last one counts."""

    turn: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Title:
    """The session's title; an empty one takes it away."""

    text: str
    by_model: bool = False
    """Whether a model made it up, which never replaces a person's own."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A sound record of a type that a newer program wrote."""

    type: str


Mark: TypeAlias = Branch | Head | Undo | Redo | Delete | Restore | Rating | Review
"""What is said of turns that are there."""

KnownRecord: TypeAlias = Header | Turn | Partial | Mark | Title
Record: TypeAlias = KnownRecord | Unknown
