"""What the review's screen says in words, around the draft."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tui.reviewing.lines import SMALL
from tui.reviewing.state import SAID, Review
from tui.sanitize import sanitize_line


@dataclass(frozen=True, slots=True)
class ReviewedDraft:
    """A draft that is reviewed."""

    name: str
    text: str


def head_of(review: Review, drafts: Sequence[ReviewedDraft]) -> str:
    """Where in the review one is; the name last, as it may be longer than the line."""
    change = review.current
    parts = []
    if change is not None:
        here = f"change {review.here + 1:,} of {len(review.changes):,}"
        parts.append(f"{len(review.folded):,} {SMALL}" if review.folded else here)
        parts += [] if change.decision == "open" else [SAID[change.decision].upper()]
    parts.append(f"{review.open:,} open")
    parts += [] if review.is_complete else ["more to come"]
    parts += [] if change is None else [drafts[change.file].name]
    return sanitize_line(" · ".join(parts))


def remarks_on(review: Review) -> Iterator[str]:
    """What is to be known about the change that is shown."""
    change = review.current
    if change is None:
        return
    if change.warning:
        yield f"careful: {change.warning}"
    if change.versions:
        count = len(change.versions)
        yield (
            f"{count} other versions: A shows them" if count > 1 else "another version: A shows it"
        )
    if review.folded:
        yield "one decision for all of them; w shows each one"
    elif len(review.together) > 1:
        yield "moved: the other half is decided with it"


def why_none(review: Review) -> str:
    """Why no change is shown that a key could be about."""
    if not review.is_complete:
        return "there is no change here yet: the rest is still being written"
    if not review.changes:
        return "there is no change for this key"
    return "every change is decided: k goes back to them, u undoes the last decision"


def end_of(review: Review) -> str:
    """What is said where there is nothing to decide."""
    taken = sum(change.decision == "taken" for change in review.changes)
    if not review.is_complete:
        return "Nothing to decide yet: the rest is still being written."
    if not review.changes:
        if review.has_failed:
            return "Not everything could be revised. Press Enter to close; nothing is changed."
        if review.left:
            return (
                "What came back for a part cannot be used, so it is left unchanged; there are no "
                "changes. Press Enter to close."
            )
        return "Nothing to change. Press Enter to close."
    what = "All that came" if review.has_failed or review.left else "Everything"
    return (
        f"{what} is decided: {taken} of {len(review.changes)} changes are accepted.\n\n"
        "Enter writes them, u undoes the last decision, Ctrl+C leaves without writing."
    )
