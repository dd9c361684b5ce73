"""What must be told of a revision that goes on in the background, beside its changes."""

from __future__ import annotations

from engine.types import Finished, Notice
from tui.edit_work import Work
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
    if isinstance(event, Revised) and event.verdict.flags and not event.changes:
        return f"{work.where(event)} is unchanged; the revision: {'; '.join(event.verdict.flags)}"
    return None


def is_failure(event: ThreadEvent) -> bool:
    """Whether a part of the drafts could not be revised for this."""
    return isinstance(event, Failed) or (isinstance(event, Finished) and event.reason == "error")
