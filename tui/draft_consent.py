"""Asks about files that are not simply replaced: read-only, hard-linked, in a closed folder."""

from __future__ import annotations

from dataclasses import replace

from drafts import ClosedFolder, Consent, HardLinked, ReadOnlyDraft, refuse_unwritable
from drafts.document import FileBytes
from tui.review import choose, confirm
from tui.runtime import Runtime

_IN_PLACE = "a crash in the middle would leave a mixture, and both texts in the history"


def consent_to_write(runtime: Runtime, file: FileBytes) -> Consent:
    """What the person agrees to, as far as it is needed; nothing is asked about an ordinary file.

    Raises:
        ReadOnlyDraft, HardLinked, ClosedFolder: If they say no, or there is nobody to ask.
    """
    consent = Consent()
    while True:
        try:
            refuse_unwritable(file, consent)
            return consent
        except (ReadOnlyDraft, HardLinked, ClosedFolder) as obstacle:
            agreed = _ask(runtime, obstacle, consent) if runtime.is_interactive else None
            if agreed is None:
                raise
            consent = agreed


def _ask(
    runtime: Runtime, obstacle: ReadOnlyDraft | HardLinked | ClosedFolder, consent: Consent
) -> Consent | None:
    """The consent with what the person has agreed to now; None if they have not."""
    path = obstacle.path
    if isinstance(obstacle, ReadOnlyDraft):
        is_meant = confirm(runtime, f"{path} is read-only. Replace it anyway?")
        return replace(consent, replace_read_only=True) if is_meant else None
    if isinstance(obstacle, ClosedFolder):
        question = f"{obstacle.folder} takes no new files. Overwrite {path} in place ({_IN_PLACE})?"
        return replace(consent, write_through=True) if confirm(runtime, question) else None
    answer = choose(
        runtime,
        f"{path} has {obstacle.links} names. All: overwrite it in place for all of them "
        f"({_IN_PLACE}). Part: write to this name alone. No: leave it",
        {"a": "all", "p": "part", "n": "no"},
    )
    if answer == "n":
        return None
    return replace(consent, write_through=answer == "a", part=answer == "p")
