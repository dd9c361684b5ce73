"""What must be told of a revision that goes on in the background, beside its changes."""

from __future__ import annotations

from typing import TypeGuard

from engine.types import Finished, Notice
from tui.edit_work import Work
from tui.reviewing.state import Review
from tui.reviewing.thread import Failed, ThreadEvent, Unfulfilled
from tui.revising import Revised
from tui.saver import NotSaved


def news_of(event: ThreadEvent, work: Work) -> str | None:
    """An event in words; None where there is nothing to say."""
    if isinstance(event, Notice):
        return event.text
    if isinstance(event, NotSaved | Failed | Unfulfilled):
        return event.reason
    if isinstance(event, Finished) and event.reason == "error":
        return event.error
    if is_left(event):
        return f"{work.where(event)} is unchanged; the revision: {'; '.join(event.verdict.flags)}"
    return None


def note_missing(event: ThreadEvent, review: Review) -> None:
    """Have the review know of parts that have no changes for another reason than that they need
    none."""
    is_error = isinstance(event, Finished) and event.reason == "error"
    review.has_failed |= is_error or isinstance(event, Failed)
    if is_left(event):
        review.left.add(event.file)


def is_left(event: ThreadEvent) -> TypeGuard[Revised]:
    """Whether nothing of what came back for a part can be used."""
    return isinstance(event, Revised) and bool(event.verdict.flags) and not event.changes
