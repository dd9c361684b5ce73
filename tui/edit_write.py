"""Brings accepted changes into a draft's file, also where the file was changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

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


class DraftWriter:
    """Writes drafts for one session of work, and says what came of each."""

    def __init__(
        self, runtime: Runtime, *, session: str | None, say: Callable[[str], object]
    ) -> None:
        """Nothing is written yet.

        Args:
            runtime: Has the journal, and says whether lines must be plain.
            session: The session's id, for the journal; None where it is not kept.
            say: Shows a line.
        """
        self._runtime = runtime
        self._session = session
        self._say = say

    def write(self, target: Target, accepted: Sequence[Hunk]) -> bool:
        """Write a draft with what was accepted of its changes.

        Where the file is not what it was when it was read, changes whose surroundings are as they
        were still go in; the others are shown. Where none can, or the system refuses, the revision
        goes into a file beside it: what a person has gone through is not to be lost with it.

        Returns:
            Whether all that was accepted is in the file.

        Raises:
            DraftError: If it cannot be written beside it either; the file is as it was.
        """
        draft = target.draft
        sweep(draft.file.target.parent, self._runtime.journal())
        if not accepted:
            self._say(f"{draft.path} is unchanged")
            return True
        try:
            self._write(target, draft, accepted)
        except DraftChanged:
            return self._merge(target, accepted)
        except (HalfWritten, NotGivenBack):
            raise
        except DraftError as error:
            if isinstance(error, WriteFailed) and error.is_in_place:
                raise
            try:
                self._write_beside(draft, accepted, str(error))
            except DraftError as second:
                # The first failure is the one to be told.
                raise error from second
            return False
        self._say(f"{draft.path} is written; `chat drafts undo` restores the old text")
        return True

    def _write(self, target: Target, draft: Draft, changes: Sequence[Hunk]) -> None:
        write_draft(
            draft,
            spliced(draft, changes),
            self._runtime.journal(),
            session=self._session,
            consent=target.consent,
        )

    def _merge(self, target: Target, accepted: Sequence[Hunk]) -> bool:
        """Write into a file that was changed meanwhile; as `write`."""
        draft = target.draft
        try:
            current = read_draft(draft.path)
            merged = merge(draft.text, current.text, accepted)
            if not (merged.applied or merged.conflicts):
                self._say(f"{draft.path} was changed meanwhile, and already has what you accepted")
                return True
            if not merged.applied:
                raise DraftChanged(draft.path, draft.file.sha256, current.file.sha256, "")
            self._write(target, current, hunks(current.text, merged.text))
        except DraftChanged:
            reason = f"{draft.path} was changed meanwhile and is left unchanged"
            self._write_beside(draft, accepted, reason)
            return False
        except DraftError as error:  # it is gone, or cannot be read any more
            self._write_beside(draft, accepted, str(error))
            return False
        self._say(
            f"{draft.path} was changed meanwhile: {len(merged.applied)} changes "
            "went into it as it is now"
        )
        self._say_unwritten(merged.conflicts)
        return not merged.conflicts

    def _say_unwritten(self, conflicts: Sequence[Hunk]) -> None:
        for hunk in conflicts:
            if self._runtime.is_plain:
                self._say("not written:")
                self._say(f"removed: {hunk.old}")
                self._say(f"added: {hunk.new}")
            else:
                self._say(f"not written: [-{hunk.old}-]{{+{hunk.new}+}}")

    def _write_beside(self, draft: Draft, accepted: Sequence[Hunk], reason: str) -> None:
        """Write the revision into a new file beside the draft, and say why."""
        beside = _beside(draft.path)
        write_new(beside, spliced(draft, accepted))
        self._say(f"{reason}: the revision is {beside}")


def _beside(path: Path) -> Path:
    """A free name for the revision."""
    name = path.with_name(f"{path.name}.chat-new")
    number = 2
    while name.exists():
        name = path.with_name(f"{path.name}.chat-new-{number}")
        number += 1
    return name
