"""``json``: the whole session in one object, from which the same tree can be made again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypedDict

from sessions.codec import to_json
from sessions.export.encoding import json_text
from sessions.fields import time_to_json
from sessions.records import Partial
from sessions.tree import Session
from sessions.turns import Turn

ARCHIVE_FORMAT = "draftsmith-session"
ARCHIVE_VERSION = 1


class ArchiveJson(TypedDict):
    """Records are as in docs/session-format.md, without checksums."""

    format: str
    v: int
    id: str
    created: str
    title: str | None
    title_is_own: bool
    head: str | None
    undone: list[str]
    branches: dict[str, str]
    deleted: list[str]
    ratings: list[Mapping[str, object]]
    reviews: list[Mapping[str, object]]
    turns: list[Mapping[str, object]]
    """Records of types ``turn`` and ``partial``, in the order of the file."""
    texts: dict[str, str]
    """The attached texts by their SHA-256."""


def to_archive(session: Session, _leaf: str | None = None) -> str:
    """The session as JSON, deleted turns included.

    Raises:
        ExportFailed: If JSON cannot express it.
    """
    turns = list(session.turns.values())
    archive = ArchiveJson(
        format=ARCHIVE_FORMAT,
        v=ARCHIVE_VERSION,
        id=session.id,
        created=time_to_json(session.created),
        title=session.title,
        title_is_own=session.title_is_own,
        head=session.head,
        undone=list(session.undone),
        branches=dict(session.branches),
        deleted=list(session.deleted),
        ratings=[to_json(rating) for rating in session.ratings.values()],
        reviews=[to_json(review) for review in session.reviews.values()],
        turns=[to_json(Partial(turn) if turn.status == "partial" else turn) for turn in turns],
        texts=dict(text for turn in turns for text in _texts(turn)),
    )
    return json_text(archive) + "\n"


def _texts(turn: Turn) -> Iterator[tuple[str, str]]:
    for part in turn.attachments:
        if not part.is_missing:
            yield part.sha256, turn.content[part.start : part.start + part.length]
