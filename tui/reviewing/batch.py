"""Revises drafts where nobody is asked: what is not doubtful is taken."""

from __future__ import annotations

from dataclasses import replace

from engine.types import Piece, Prefill
from tui import exit_codes
from tui.edit_work import Work
from tui.interrupts import signals_call
from tui.narrate import waiting_for
from tui.pages import TextPage
from tui.plain import PlainAnswer
from tui.progress import Progress
from tui.reviewing.news import note_missing
from tui.reviewing.state import Review
from tui.revising import Revised
from tui.runtime import Runtime


def revise_all(runtime: Runtime, work: Work) -> tuple[Review | None, int]:
    """All changes, each taken unless it is doubtful, and the exit code.

    There is no review where the work was stopped or broke off, or nothing that came back could be
    taken: then nothing may be written.
    """
    review = Review(work.decisions)
    narrator = runtime.narrator()
    answer = PlainAnswer(TextPage(runtime.stdout), narrator, silent=True)
    with signals_call(work.revision.stop) as interruption:
        for event in work.revision.run():
            if isinstance(event, Progress):
                if not work.is_filter or runtime.stderr.isatty():
                    narrator.revising(event)
            elif isinstance(event, Revised):
                for warning in event.verdict.flags:
                    narrator.say(f"{work.where(event)}: {warning}")
                note_missing(event, review)
                review.add(
                    replace(change, decision="skipped" if change.warning else "taken")
                    for change in event.changes
                )
            elif not isinstance(event, Piece | Prefill) or waiting_for(event):
                answer.show([event])
    narrator.clear()
    review.is_complete = True
    if interruption.signal:
        return None, interruption.exit_code
    if work.revision.broke or not any(each.verdict.is_sound for each in work.revision.revised):
        return None, exit_codes.FAILED
    return review, exit_codes.FAILED if answer.failed else exit_codes.DONE
