"""The JSON form of a review: which changes of an answer a person took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessions.errors import DamagedLine
from sessions.fields import JsonObject, fits, optional, required
from sessions.records import Change, Review, Span


def review_to_json(review: Review) -> Mapping[str, object]:
    """A review as the object that stands in its line."""
    changes = [_change_to_json(change) for change in review.changes]
    return {"type": "review", "turn": review.turn, "changes": changes}


def review_from_json(record: JsonObject) -> Review:
    """The inverse of `review_to_json`.

    Raises:
        DamagedLine: If it is not as the format says.
    """
    changes: list[Any] = required(record, "changes", list)
    return Review(required(record, "turn", str), tuple(map(_change_from_json, changes)))


def _change_to_json(change: Change) -> dict[str, object]:
    spans = {"old": change.old, "new": change.new}
    given = {name: [*span] for name, span in spans.items() if span is not None}
    words = {} if change.final is None else {"final": change.final}
    return {"taken": change.taken, **given, **words}


def _change_from_json(change: object) -> Change:
    if not isinstance(change, dict):
        raise DamagedLine("a change in it is not an object")
    return Change(
        taken=required(change, "taken", bool),
        old=_span(change, "old"),
        new=_span(change, "new"),
        final=optional(change, "final", str),
    )


def _span(change: JsonObject, name: str) -> Span | None:
    span = optional(change, name, list)
    if span is None:
        return None
    if len(span) != 2 or not all(fits(each, int) for each in span) or not 0 <= span[0] <= span[1]:
        raise DamagedLine(f"its {name} is not the beginning and the end of a part")
    return span[0], span[1]
