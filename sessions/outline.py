"""What is known of a session without decoding its turns, as one text that is quick to read.

An outline saves the time of going through a long file again. It is derived from the file and says
where in it each turn is; what it says is checked against the line when the turn is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sessions.errors import DamagedLine
from sessions.records import Rating
from sessions.reviewcodec import review_from_json, review_to_json
from sessions.tree import Session
from sessions.turnmap import Stored

_VERSION = 3
_ROLES = ("system", "user", "assistant")


def outline_of(session: Session) -> str | None:
    """The outline of a session that was just read; None where a turn's place is not known."""
    stored = session.turns.stored()
    if len(stored) != len(session.turns):
        return None
    numbers = {turn.id: number for number, turn in enumerate(stored)}
    return json.dumps(
        {
            "v": _VERSION,
            "ids": list(numbers),
            # A parent that is not there is kept by its id.
            "parents": [numbers.get(turn.parent or "", turn.parent) for turn in stored],
            "roles": [_ROLES.index(turn.role) for turn in stored],
            "partial": [numbers[turn.id] for turn in stored if turn.is_partial],
            "starts": [turn.start for turn in stored],
            "lengths": [turn.length for turn in stored],
            "title": session.title,
            "title_is_own": session.title_is_own,
            "branches": session.branches,
            "head": session.head,
            "undone": session.undone,
            "deleted": list(session.deleted),
            "ratings": [[each.turn, each.value, each.note] for each in session.ratings.values()],
            "reviews": [review_to_json(each) for each in session.reviews.values()],
            "damaged": session.damaged_lines,
            "version": session.version,
            "created": session.created.isoformat(),
            "is_revision": session.is_revision,
        },
        separators=(",", ":"),
    )


def restore_outline(session: Session, text: str) -> bool:
    """Gives an empty session what an outline says; False, and no change, where it is not one."""
    try:
        outline: dict[str, Any] = json.loads(text)
        if outline["v"] != _VERSION:
            return False
        turns = list(_stored_turns(outline))
        ratings = [Rating(*rating) for rating in outline["ratings"]]
        reviews = [review_from_json(review) for review in outline["reviews"]]
        created, is_revision = datetime.fromisoformat(outline["created"]), outline["is_revision"]
        title, title_is_own = outline["title"], outline["title_is_own"]
        branches, head, undone = outline["branches"], outline["head"], outline["undone"]
        deleted, damaged, version = outline["deleted"], outline["damaged"], outline["version"]
    except (ValueError, KeyError, IndexError, TypeError, DamagedLine):
        return False
    for turn in turns:
        session.place(turn)
    for turn_id in deleted:
        session.delete(turn_id)
    session.title, session.title_is_own = title, title_is_own
    session.branches, session.head, session.undone = branches, head, undone
    session.ratings = {rating.turn: rating for rating in ratings}
    session.reviews = {review.turn: review for review in reviews}
    session.note_damage(damaged)
    session.version, session.created, session.is_revision = version, created, is_revision
    return True


def _stored_turns(outline: Mapping[str, Any]) -> Iterator[Stored]:
    ids, partial = outline["ids"], set(outline["partial"])
    names = ("ids", "parents", "roles", "starts", "lengths")
    columns = zip(*(outline[name] for name in names), strict=True)
    for number, (turn_id, parent, role, start, length) in enumerate(columns):
        parent_id = ids[parent] if isinstance(parent, int) else parent
        yield Stored(turn_id, parent_id, _ROLES[role], number in partial, start, length)
