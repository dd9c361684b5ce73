"""Revising a draft, as an errand: the conversation's thread waits for the end of the review, as the
engine answers one at a time, and then writes what was taken."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from textual.message import Message

from drafts import Consent, read_draft, refuse_unwritable
from drafts.errors import DraftError
from engine.errors import EngineError
from prompts.errors import PromptError
from sessions import SessionError
from tui.app.messages import Post
from tui.app.person import Person
from tui.app.talk import AppTalk
from tui.app.thread import Errand
from tui.config import ConfigError
from tui.edit_work import Work, prepare
from tui.edit_write import DraftWriter, Target
from tui.errors import UsageProblem, explain
from tui.options import EditOptions
from tui.reviewing.state import Review


@dataclass
class ReviewReady(Message):
    """The questions are put together: the person can review what comes."""

    work: Work
    review: Review


@dataclass
class Revising(Message):
    """What is going on with a draft, or what came of it."""

    lines: tuple[str, ...]
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to write what was taken, once that is known."""

    future: Future[bool] = field(default_factory=Future)

    def be(self, write: bool) -> None:
        """Decide. What was decided first holds."""
        with suppress(InvalidStateError):
            self.future.set_result(write)


def revise(options: EditOptions, decision: Decision, post: Post, person: Person) -> Errand:
    """Revise a draft, have it reviewed, and write what was taken.

    Args:
        options: One draft, which part of it, and how.
        decision: Made when the review is left.
        post: Takes messages.
        person: Asked whether to go on with work that was stopped.
    """

    def errand(talk: AppTalk) -> None:
        lines: list[str] = []
        try:
            _revise(talk, options, decision, post, lambda parts: _goes_on(person, parts), lines)
        except (
            DraftError, EngineError, PromptError, SessionError, UsageProblem, ConfigError, OSError
        ) as error:  # fmt: skip
            lines.append(explain(error)[0])
        finally:
            post(Revising(tuple(lines), is_over=True))

    return errand


def _revise(
    talk: AppTalk,
    options: EditOptions,
    decision: Decision,
    post: Post,
    goes_on: Callable[[str], bool],
    lines: list[str],
) -> None:
    draft = read_draft(Path(options.drafts[0]))
    refuse_unwritable(draft.file, Consent())
    if decision.future.done():
        return
    # Loading is shown by the talk; the questions need to know how much fits.
    talk.load()
    engine = talk.conversation.engine
    work = prepare(talk.runtime, options, engine, [(str(draft.path), draft)], goes_on)
    work.begin()
    review = Review(work.decisions)
    post(ReviewReady(work, review))
    if not decision.future.result():
        kept = "; your decisions are kept, and revising it again resumes" if work.decisions else ""
        lines.append(f"{draft.path} is unchanged{kept}")
        return
    work.record(review)
    target = Target(draft, Consent())
    accepted = work.accepted(review, 0)
    DraftWriter(talk.runtime, session=work.session, say=lines.append).write(target, accepted)
    work.end(review)


def _goes_on(person: Person, parts: str) -> bool:
    answer = person.ask(f"{parts}. Enter resumes; n starts over") or ""
    return not answer.strip().lower().startswith("n")
