"""Makes a session of a conversation that has no tree: one thing said after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.types import Role
from sessions.importers.identity import derived_id, derived_part, digest_of
from sessions.importers.values import ImportedSession
from sessions.turns import Turn

LONGEST_TITLE = 200

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "model": "assistant",
}
"""Other programs' names of the roles."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a conversation."""

    role: Role
    content: str
    time: datetime | None = None
    model: str | None = None
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a conversation comes from."""

    form: str
    """The name of the source's form."""
    key: str | None
    """What the source calls the conversation; None leaves it to its words."""
    created: datetime | None
    fallback: datetime
    """Stands in for times that are not told."""
    title: str | None = None


def linear_session(origin: Origin, said: Sequence[Said]) -> ImportedSession:
    """A session of one branch.

    Ids come from the conversation's key and everything said up to a turn: what is said again at the
    same place is the same turn, and a word that differs makes another branch.
    """
    words = [text for each in said for text in (each.role, each.content)]
    key = digest_of(*words) if origin.key is None else origin.key
    told = origin.created or next((each.time for each in said if each.time), None)
    created = told or origin.fallback
    turns: list[Turn] = []
    time = created
    for each in said:
        time = each.time or time
        parent = turns[-1].id if turns else None
        before = derived_part(parent) if parent else ""
        turns.append(
            Turn(
                derived_id(time, origin.form, key, before, each.role, each.content),
                parent,
                each.role,
                each.content,
                time,
                model=each.model,
                reasoning=each.reasoning,
            )
        )
    return ImportedSession(
        derived_id(created, origin.form, key),
        created,
        tuple(turns),
        title=title_of(origin.title),
        head=turns[-1].id if turns else None,
        undated=told is None,
    )


def title_of(value: object) -> str | None:
    """A title on one line and of a bearable length; None where there is none."""
    if not isinstance(value, str):
        return None
    return " ".join(value[: 4 * LONGEST_TITLE].split())[:LONGEST_TITLE] or None


def name_of(value: object) -> str | None:
    """The name of a model, or what else is short and a text."""
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_TITLE else None
