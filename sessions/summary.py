"""What a list says of a session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sessions.tree import Session


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One line of a list of sessions."""

    id: str
    title: str
    created: datetime
    updated: datetime
    """When the file was last changed."""
    turns: int
    branches: int
    """How many leaves the tree has, named or not."""
    model: str | None
    """The one that answered last."""
    unreadable: str | None = None
    """Why the file could not be read, which leaves the counts at 0."""


def summary_of(session: Session, updated: datetime) -> SessionSummary:
    """Sum a session up."""
    return SessionSummary(
        id=session.id,
        title=session.display_title,
        created=session.created,
        updated=updated,
        turns=sum(1 for _ in session.visible()),
        branches=len(session.leaf_ids()),
        model=_last_model(session),
    )


def _last_model(session: Session) -> str | None:
    for turn_id in reversed(list(session.visible())):
        if session.turns.outline(turn_id).role == "assistant":
            turn = session.turns.get(turn_id)
            if turn is not None and turn.model is not None:
                return turn.model
    return None
