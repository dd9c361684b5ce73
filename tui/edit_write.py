"""Brings accepted changes into a draft's file, also where the file was changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from drafts import Consent, Draft, DraftChanged, read_draft, sweep, write_draft, write_new
from drafts.errors import DraftError, HalfWritten, NotGivenBack, WriteFailed
from drafts.hunks import Hunk, hunks
from drafts.merge import merge
from drafts.splice import spliced
from tui.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Target:
    """A draft, and what may be done to its file."""

    draft: Draft
    consent: Consent


def write_accepted(
    runtime: Runtime,
    target: Target,
    accepted: Sequence[Hunk],
    *,
    session: str | None,
    say: Callable[[str], object],
) -> bool:
    """Write a draft with what was accepted of its changes.

    Where the file is not what it was when it was read, changes whose surroundings are as they were
    still go in; the others are shown. Where none can, or the system refuses, the revision goes into
    a file beside it: what a person has gone through is not to be lost with it.

    Returns:
        Whether all that was accepted is in the file.

    Raises:
        DraftError: If it cannot be written beside it either; the file is as it was.
    """
    draft, journal = target.draft, runtime.journal()
    sweep(draft.file.target.parent, journal)
    if not accepted:
        say(f"{draft.path} is as it was")
        return True
    try:
        revised = spliced(draft, accepted)
        write_draft(draft, revised, journal, session=session, consent=target.consent)
    except DraftChanged:
        return _merge(runtime, target, accepted, session, say)
    except (HalfWritten, NotGivenBack):
        raise
    except DraftError as error:
        if isinstance(error, WriteFailed) and error.is_in_place:
            raise
        try:
            return _write_beside(say, draft, accepted, str(error))
        except DraftError as second:
            # The first failure is the one to be told.
            raise error from second
    say(f"{draft.path} is written; `chat drafts undo` brings the old text back")
    return True


def _merge(
    runtime: Runtime,
    target: Target,
    accepted: Sequence[Hunk],
    session: str | None,
    say: Callable[[str], object],
) -> bool:
    draft = target.draft
    try:
        current = read_draft(draft.path)
        merged = merge(draft.text, current.text, accepted)
        if not (merged.applied or merged.conflicts):
            say(f"{draft.path} was changed meanwhile, and has what was accepted already")
            return True
        if not merged.applied:
            raise DraftChanged(draft.path, draft.file.sha256, current.file.sha256, "")
        changed = hunks(current.text, merged.text)
        revised, journal = spliced(current, changed), runtime.journal()
        write_draft(current, revised, journal, session=session, consent=target.consent)
    except DraftChanged:
        reason = f"{draft.path} was changed meanwhile and is left alone"
        return _write_beside(say, draft, accepted, reason)
    except DraftError as error:  # it is gone, or cannot be read any more
        return _write_beside(say, draft, accepted, str(error))
    say(
        f"{draft.path} was changed meanwhile: {len(merged.applied)} changes "
        "went into it as it is now"
    )
    for hunk in merged.conflicts:
        if runtime.is_plain:
            say("not written:")
            say(f"removed: {hunk.old}")
            say(f"added: {hunk.new}")
        else:
            say(f"not written: [-{hunk.old}-]{{+{hunk.new}+}}")
    return not merged.conflicts


def _write_beside(
    say: Callable[[str], object], draft: Draft, accepted: Sequence[Hunk], reason: str
) -> Literal[False]:
    """Write the revision into a new file beside the draft, and say why."""
    beside = _beside(draft.path)
    write_new(beside, spliced(draft, accepted))
    say(f"{reason}: the revision is {beside}")
    return False


def _beside(path: Path) -> Path:
    """A free name for the revision."""
    name = path.with_name(f"{path.name}.chat-new")
    number = 2
    while name.exists():
        name = path.with_name(f"{path.name}.chat-new-{number}")
        number += 1
    return name
