"""What the conversation's thread tells the app: one message for each thing that can happen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from textual.message import Message

from tui.app.overview import Overview
from tui.app.pieces import Pieces
from tui.app.unsent import Outgoing

if TYPE_CHECKING:
    from engine.models.offers import Offers
    from tui.app.thread import Errand

Post: TypeAlias = Callable[[Message], object]
"""Hands a message to whoever shows it, from any thread."""

Doing: TypeAlias = Literal[
    "waiting", "loading", "reading", "thinking", "writing", "summarising", "working"
]
End: TypeAlias = Literal["", "here", "failed", "stopped", "choose"]


@dataclass(frozen=True, slots=True)
class Activity:
    """What a wait is for, and how much of it is done."""

    doing: Doing
    done: int = 0
    total: int = 0
    """In percent or tokens; 0 where nobody knows."""
    can_stop: bool = False
    """Whether Escape ends it."""


@dataclass
class Overviewed(Message):
    """The conversation has changed."""

    overview: Overview


@dataclass
class Grew(Message):
    """Words came to answers that are being made; there may be more by the time they are taken."""

    pieces: Pieces


@dataclass
class Shelved(Message):
    """Something was done to a session of the list: renamed, deleted, brought back."""

    way_back: Errand | None
    """Takes it back; None where it was that itself."""


@dataclass
class Busy(Message):
    """What is going on has changed; None where nothing is."""

    activity: Activity | None


@dataclass
class Said(Message):
    """Lines for the person: what a command told, or one warning."""

    lines: tuple[str, ...]
    is_warning: bool = False


@dataclass
class Failed(Message):
    """Something could not be done."""

    reason: str
    can_retry: bool = False
    """Whether the same may work at another time."""


@dataclass
class Sent(Message):
    """A question is saved: its words need not be kept elsewhere any more."""

    question: Outgoing


@dataclass
class Returned(Message):
    """A question could not be asked; its words go back to where they were typed."""

    question: Outgoing


@dataclass
class Recalled(Message):
    """Earlier entries, the oldest first."""

    entries: tuple[str, ...]


@dataclass
class Completed(Message):
    """What the last word of a line may become."""

    line: str
    suggestions: tuple[tuple[str, str], ...]
    """Each with its meaning."""


@dataclass
class Copied(Message):
    """A text is to be put on the clipboard."""

    text: str


@dataclass
class Reached(Message):
    """A turn was looked for: it is to be seen, and pointed at."""

    turn: str


@dataclass
class NoModelFound(Message):
    """There is no model to talk to: the person is offered some."""


@dataclass(frozen=True, slots=True)
class Download:
    """A download at one moment."""

    what: str
    """As it was asked for."""
    line: str = ""
    """How far it is, or what came of it."""
    end: End = ""
    """What came of it; nothing as long as it goes on."""
    model: str | None = None
    """What means it to `use_model`, once it is here; None is the first there is."""
    offers: Offers | None = None
    """What there is to choose from, where that has to be said first."""


@dataclass
class DownloadMoved(Message):
    """A download goes on, or has ended."""

    download: Download


@dataclass
class Left(Message):
    """The conversation is over, or a command ends it."""

    error: Exception | None = None
    """Why it could not even begin."""
