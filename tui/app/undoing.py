"""Undo and redo of everything done with a conversation. A session never loses anything, so it is
enough to remember where the conversation stood after each step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tui.attach import AttachedText
from tui.marks import SessionStanding, standing_of
from tui.options import EngineOptions
from tui.prompt_in_use import PromptStanding
from tui.questions import Settings
from tui.talk import Talk


@dataclass(frozen=True, slots=True)
class Manner:
    """How the next question is asked."""

    settings: Settings
    engine_options: EngineOptions
    prompt: PromptStanding
    attachments: tuple[AttachedText, ...]
    branch: str | None
    """The name of the branch that it begins."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that undo changes. Not the model in use: loading takes too long."""

    id: str
    """The session's."""
    session: SessionStanding
    manner: Manner


class Undoing:
    """The standings of the session in use, in this run of the program, and the place among them."""

    def __init__(self, talk: Talk) -> None:
        """Begin with the session in use.

        Args:
            talk: The conversation to undo in.
        """
        self._talk = talk
        self._past: list[Standing] = []
        self._future: list[Standing] = []
        self._now = self._standing()

    def note(self) -> None:
        """Remember where the conversation stands now, if that has changed."""
        standing = self._standing()
        if standing.id != self._now.id:
            self._past, self._future = [], []
        elif standing != self._now:
            self._past.append(self._now)
            self._future = []
        self._now = standing

    def note_title(self) -> None:
        """Take over a title that the model found by itself: it is not a step to undo."""
        title = self._talk.conversation.log.session.title
        self._past, self._future, (self._now,) = (
            [_titled(each, title) for each in standings]
            for standings in (self._past, self._future, [self._now])
        )

    def undo(self) -> None:
        """Take back the last step; of an earlier run of the program, the last question.

        Raises:
            UsageProblem: If there is nothing.
        """
        if self._past:
            self._go_to(self._past[-1], "undone")
            self._past.pop()
        else:
            self._talk.conversation.undo()
        self._future.append(self._now)
        self._now = self._standing()

    def redo(self) -> None:
        """Redo the step that was taken back last.

        Raises:
            UsageProblem: If there is nothing.
        """
        if self._future:
            self._go_to(self._future[-1], "redone")
            self._future.pop()
        else:
            self._talk.conversation.redo()
        self._past.append(self._now)
        self._now = self._standing()

    def _go_to(self, target: Standing, what_happens: str) -> None:
        talk, conversation, manner = self._talk, self._talk.conversation, target.manner
        conversation.marks.reverse(self._now.session, target.session)
        conversation.settings = manner.settings
        conversation.name_of_next = manner.branch
        talk.engine_options = manner.engine_options
        talk.prompt.return_to(manner.prompt)
        talk.attachments[:] = manner.attachments
        if unseen := ", ".join(_unseen(self._now, target)):
            talk.say(f"{what_happens}: {unseen}")

    def _standing(self) -> Standing:
        talk, conversation = self._talk, self._talk.conversation
        session = conversation.log.session
        manner = Manner(
            conversation.settings,
            talk.engine_options,
            talk.prompt.standing,
            tuple(talk.attachments),
            conversation.name_of_next,
        )
        return Standing(session.id, standing_of(session), manner)


def _titled(standing: Standing, title: str | None) -> Standing:
    if standing.session.title_is_own:
        return standing
    return replace(standing, session=replace(standing.session, title=title))


def _unseen(now: Standing, then: Standing) -> Iterator[str]:
    """What differs, in words, if the transcript itself does not show it."""
    here, there = now.session, then.session
    if (here.head, here.deleted) != (there.head, there.deleted):
        return
    if here.names != there.names or now.manner.branch != then.manner.branch:
        yield "the name of a branch"
    if (here.title, here.title_is_own) != (there.title, there.title_is_own):
        yield "the title"
    if here.ratings != there.ratings:
        yield "a rating"
    if now.manner.settings != then.manner.settings:
        yield "the settings for answers"
    if now.manner.prompt != then.manner.prompt:
        yield "the prompt in use"
