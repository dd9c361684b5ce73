"""What one line of a session's file says: values between its JSON form and the tree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sessions.turns import Turn


@dataclass(frozen=True, slots=True)
class Header:
    """The first record of a file."""

    version: int
    id: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Partial:
    """A turn as far as it had come; a record of the whole turn takes its place."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Branch:
    """A name for a turn; the last one given counts."""

    name: str
    leaf: str


@dataclass(frozen=True, slots=True)
class Head:
    """The turn that a person went to."""

    turn: str


@dataclass(frozen=True, slots=True)
class Title:
    """The title that a person gave the session; an empty one takes it away."""

    text: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A sound record of a type that a newer program wrote."""

    type: str


KnownRecord: TypeAlias = Header | Turn | Partial | Branch | Head | Title
Record: TypeAlias = KnownRecord | Unknown
