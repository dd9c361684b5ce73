"""What an edit leaves where nobody is asked: diffs in several forms, and the words at the end."""

from __future__ import annotations

import json
from collections.abc import Sequence

from drafts.diff import unified_diff
from drafts.document import DecodedText
from drafts.forms import as_critic, as_json, as_words
from drafts.hunks import Hunk
from drafts.splice import spliced
from tui.edit_work import Work
from tui.narrate import Narrator
from tui.options import DiffForm
from tui.review import show_diff
from tui.reviewing.state import Review
from tui.runtime import Runtime
from tui.sanitize import sanitize
from tui.tables import print_json


def show_changes(
    runtime: Runtime, draft: DecodedText, name: str, accepted: Sequence[Hunk], form: DiffForm
) -> None:
    """Print the changes of a draft in one of the forms."""
    if form == "json":
        print_json(runtime, _changes(draft, name, accepted))
        return
    text = changes_text(draft, name, accepted, form)
    if form == "unified":
        show_diff(runtime, text)
    else:
        runtime.stdout.write(sanitize(text) if runtime.stdout.isatty() else text)


def say_summary(runtime: Runtime, work: Work, review: Review, *, seconds: float) -> None:
    """Say what came of an edit: changes, words, time, and the session that holds it all."""
    taken = [change for change in review.changes if change.decision == "taken"]
    before = sum(len(task.text.split()) for task in work.revision.tasks)
    more = sum(len(each.proposed.split()) - len(each.hunk.old.split()) for each in taken)
    left = f", {review.open} still open" if review.open else ""
    kept = f", session {work.session}" if work.session else ""
    Narrator(runtime.stderr).say(
        f"{len(taken)} of {len(review.changes)} changes accepted{left}, "
        f"{before:,} → {before + more:,} words, {seconds:.0f} s{kept}"
    )


def changes_text(draft: DecodedText, name: str, accepted: Sequence[Hunk], form: DiffForm) -> str:
    """The same as a text, for a filter."""
    if form == "unified":
        return unified_diff(draft.raw_text, spliced(draft, accepted).decode(), name)
    if form == "json":
        changes = _changes(draft, name, accepted)
        return json.dumps(changes, ensure_ascii=False, indent=2) + "\n"
    if form == "critic":
        return as_critic(draft.text, accepted)
    return as_words(draft.text, accepted, name) if accepted else ""


def _changes(draft: DecodedText, name: str, accepted: Sequence[Hunk]) -> dict[str, object]:
    return {"file": name, "changes": as_json(draft.text, accepted)}
