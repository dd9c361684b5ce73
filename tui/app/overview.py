"""What the app shows of a conversation: one frozen value, made in the conversation's thread after
each errand and posted to the screens, so that no widget ever looks at a session that changes.

The values alone, without what makes them: the first frame waits for every import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessions import Turn
    from tui.questions import Settings


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """A turn of the branch in use, and where it stands among its versions."""

    turn: Turn
    version: int = 1
    """Its place among the versions of the same turn, from 1."""
    versions: int = 1
    is_live: bool = False
    """Whether words are still coming."""


@dataclass(frozen=True, slots=True)
class Overview:
    """A conversation at one moment."""

    session: str = ""
    """The session's id."""
    title: str = ""
    turns: tuple[ShownTurn, ...] = ()
    """The branch in use; an answer that is being made is its last turn."""
    answers: tuple[ShownTurn, ...] = ()
    """The answers to the last request, which may be several."""
    model: str = ""
    n_ctx: int | None = None
    """Tokens that the context holds; None as long as the weights are not loaded."""
    used: int = 0
    """Tokens of it that the last answer and what came before it took."""
    is_estimate: bool = False
    """Whether nobody counted those."""
    rate: float | None = None
    """Tokens per second of the last answer."""
    cached: float | None = None
    """The share of its prompt that had been read before."""
    branch: int = 1
    branches: int = 1
    prompts: tuple[str, ...] = ()
    """Those in use, one over another."""
    variables: tuple[tuple[str, str], ...] = ()
    """What was given for their variables."""
    settings: Settings | None = None
    """How answers are made."""
    attachments: tuple[str, ...] = ()
    """The names of the texts that go along with the next question."""
    is_kept: bool = True
    """Whether the session is saved at all."""
    unsaved: str | None = None
    """Why the last words are in memory only; None where they are on disk."""
