"""The texts that a review is about: it says only where they are, as the turns have them already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sessions.records import Span
from sessions.tree import Session
from sessions.turns import Turn


@dataclass(frozen=True, slots=True)
class ReviewedChange:
    """One change, with its words."""

    old: str
    """What the draft says."""
    new: str
    """What the answer proposed."""
    final: str
    """What was taken: the person's own words where they wrote any, else those proposed."""
    taken: bool
    is_whole: bool
    """Whether all of the draft was replaced by all of the answer."""


def draft_of(question: Turn) -> str | None:
    """The text that a question gave to be revised: the first that is attached to it, or all that
    it says; None if it is lost."""
    for part in question.attachments[:1]:
        if part.is_missing:
            return None
        return question.content[part.start : part.start + part.length]
    return question.content


def reviewed_changes(session: Session, turn_id: str) -> Iterator[ReviewedChange]:
    """The changes of an answer in their order, but for those whose texts are not there."""
    review, answer = session.reviews.get(turn_id), session.turns.get(turn_id)
    question = session.turns.get(answer.parent or "") if answer else None
    draft = draft_of(question) if question else None
    if review is None or answer is None or draft is None:
        return
    for change in review.changes:
        old, new = _part(draft, change.old), _part(answer.content, change.new)
        if old is not None and new is not None:
            final = new if change.final is None else change.final
            is_whole = change.old is None and change.new is None
            yield ReviewedChange(old, new, final, change.taken, is_whole)


def text_as_taken(session: Session, turn_id: str) -> str | None:
    """The text that an answer revises with the changes that a person took, in the words that they
    took them in; None where they took none, or the texts are not there."""
    review, answer = session.reviews.get(turn_id), session.turns.get(turn_id)
    question = session.turns.get(answer.parent or "") if answer else None
    draft = draft_of(question) if question else None
    if review is None or answer is None or draft is None:
        return None
    parts: list[str] = []
    at = 0
    for change in sorted(review.changes, key=lambda each: each.old or (0, 0)):
        start, end = change.old or (0, len(draft))
        new = _part(answer.content, change.new)
        final = new if change.final is None else change.final
        if not change.taken or final is None or start < at or end > len(draft):
            continue
        parts += [draft[at:start], final]
        at = end
    return "".join([*parts, draft[at:]]) if parts else None


def _part(text: str, span: Span | None) -> str | None:
    if span is None:
        return text
    return text[span[0] : span[1]] if span[1] <= len(text) else None
