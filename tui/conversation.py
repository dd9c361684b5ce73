"""The response loop, one for every front end: save the question, stream the answer, save it too."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from time import monotonic
from typing import TypeAlias

from engine.protocol import Engine
from engine.types import Event, Request
from sessions import (
    SessionLog,
    Turn,
    draft_of,
    instruction_in_force,
    new_turn_id,
    summary_in_force,
)
from tui.answers import Begun, GrowingAnswers, save_answers
from tui.branches import copied, name_to_return_to
from tui.compaction import Compacted, Plan, carry_out, plan_compaction
from tui.errors import UsageProblem
from tui.questions import Question, Settings
from tui.request import limits_of, request_after
from tui.saver import Joined, NotSaved
from tui.summary import Summarising
from tui.titles import ask_for_title
from tui.tree_changes import TreeChanges, now

__all__ = ["KEPT_TURNS", "Conversation", "ConversationEvent", "Question", "Settings"]

KEPT_TURNS = 4
"""Turns that compaction keeps unless it is told otherwise: the last two questions and answers."""

ConversationEvent: TypeAlias = Event | Begun | NotSaved | Joined | Summarising | Compacted


class Conversation(TreeChanges):
    """A session, the engine that answers in it, and the loop between them.

    For one thread at a time, but for `cancel`.
    """

    def __init__(
        self,
        engine: Engine,
        log: SessionLog,
        settings: Settings | None = None,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Join the parts.

        Args:
            engine: Answers; it may still be loading.
            log: Where every turn goes.
            settings: Of the answers to come.
            clock: Seconds, for the checkpoints.
        """
        super().__init__(log)
        self.engine = engine
        self.settings = settings or Settings()
        self.answers: tuple[Turn, ...] = ()
        """The answers to the last request, by index, as far as they came."""
        self._clock = clock
        self._cancelled = False
        self._growing: GrowingAnswers | None = None

    @property
    def growing(self) -> tuple[Turn, ...]:
        """The answers that are being made, as far as they have come; nothing in between."""
        return tuple(self._growing.turns) if self._growing is not None else ()

    def cancel(self) -> None:
        """End the answer in progress soon. From any thread, or a signal handler."""
        self._cancelled = True
        self.engine.cancel()

    def ask(
        self, question: Question, *, alternatives: int = 1
    ) -> Generator[ConversationEvent, None, None]:
        """Save the question, then yield the events of its answer, saving as it grows.

        A `cancel` counts from this call on, even before the first event is asked for.

        The answer is saved however it ends: complete, cut off, cancelled, failed, or because
        nobody reads its events any more. `Finished` is the last event, and comes after that. Each
        of several alternatives is an answer of its own, and the conversation goes on from the
        first.

        Raises:
            EngineError: If no answer could be begun; the question is saved.
            UsageProblem: If it is a raw question in a session that has chatted, or the opposite.
        """
        self._begin()
        asked = [turn for turn in self.log.session.path() if turn.role == "user"]
        if asked and asked[-1].raw != question.raw:
            raise UsageProblem(
                "--raw continues plain text, and this session is a conversation"
                if question.raw
                else "this session is plain text: continue it with `chat -c --raw`"
            )
        return self._ask(question, alternatives)

    def regenerate(
        self,
        turn: Turn | None = None,
        *,
        settings: Settings | None = None,
        alternatives: int = 1,
    ) -> Generator[ConversationEvent, None, None]:
        """Answer a question again. As `ask`; the earlier answers stay beside the new one.

        Args:
            turn: The question, or an answer to it, anywhere in the session; None is the last
                question, which a system text behind it counts for.
            settings: Of this answer alone; None are those in force.
            alternatives: How many answers.

        Raises:
            UsageProblem: If there is no question.
        """
        self._begin()
        question = self.last_question() if turn is None else self._question_of(turn)
        return self._regenerate(question, settings or self.settings, alternatives)

    def continue_answer(
        self, turn: Turn | None = None, *, settings: Settings | None = None
    ) -> Generator[ConversationEvent, None, None]:
        """Go on with an answer from where it ends. As `ask`.

        The old words and the new ones become an answer beside the old one, which stays as it is;
        the events bring only the new ones.

        Args:
            turn: The answer, anywhere in the session; None is the last one, which a system text
                behind it counts for.
            settings: Of this answer alone; None are those in force.

        Raises:
            UsageProblem: If there is no such answer, or its question is lost.
        """
        self._begin()
        old = self._answer_meant(turn)
        begun = replace(_begun_with(old), continues=old.id, logprobs=old.logprobs)
        return self._continue(old, begun, settings or self.settings)

    def continue_from(
        self, turn: Turn, text_so_far: str, *, settings: Settings | None = None
    ) -> Generator[ConversationEvent, None, None]:
        """Go on from a text that a person made of the beginning of an answer: cut at a place, with
        another word there. As `continue_answer`.

        Raises:
            UsageProblem: If the turn is no answer, its question is lost, or there is no text.
        """
        self._begin()
        old = self._answer_meant(turn)
        if not text_so_far:
            raise UsageProblem(
                "there is nothing to continue from; /regen answers from the beginning"
            )
        begun = replace(_begun_with(old), content=text_so_far, edits=(old.id,))
        return self._continue(old, begun, settings or self.settings)

    def compact(self, keep: int = KEPT_TURNS) -> Generator[ConversationEvent, None, None]:
        """Put a summary in place of the older turns, on a new branch that becomes the one in use.

        The system text, its examples and the last turns stay word for word. The branch as it was
        stays too, under a name. `Compacted` is the last event. Until then nothing is changed.

        Args:
            keep: How many turns to keep at least: questions and answers.

        Raises:
            UsageProblem: If there is nothing older.
            CompactionFailed: If it was cancelled, or there is no good summary.
            CannotFit: If what remains is still longer than the context.
            EngineError: If a summary could not be begun.
        """
        self._begin()
        return self._compact(plan_compaction(self.log.session.path(), keep))

    def retitle(self) -> Generator[ConversationEvent, None, None]:
        """Have the model find a title for the session, in place of the one it has.

        Raises:
            UsageProblem: If there is nothing to find one for, or the model finds none.
            EngineError: If it could not be asked.
        """
        self._begin()
        return self._retitle()

    def _begin(self) -> None:
        self._cancelled = False
        self._saver.begin()

    def _ask(
        self, question: Question, alternatives: int
    ) -> Generator[ConversationEvent, None, None]:
        user = replace(
            Turn(new_turn_id(), self._parent(), "user", question.content, now()),
            prompt=question.prompt,
            variables=question.variables or {},
            attachments=question.attachments,
            raw=question.raw,
            alone=question.alone,
        )
        self._append_question(user)
        yield from self._saver.failures()
        request = replace(
            request_after(self.log.session.path(user.id), self.settings),
            reference=question.reference,
            alternatives=alternatives,
        )
        yield from self._answer(request, self._begun(user, request))

    def _regenerate(
        self, question: Turn, settings: Settings, alternatives: int
    ) -> Generator[ConversationEvent, None, None]:
        question = self._under_newer_instruction(question)
        yield from self._saver.failures()
        path = self.log.session.path(question.id)
        # What is revised by itself is followed again.
        draft = draft_of(question) if question.alone else None
        request = replace(
            request_after(path, settings), reference=draft or "", alternatives=alternatives
        )
        yield from self._answer(request, self._begun(question, request))

    def _continue(
        self, old: Turn, begun: Turn, settings: Settings
    ) -> Generator[ConversationEvent, None, None]:
        question = self._under_newer_instruction(self.log.session.path(old.id)[-2])
        yield from self._saver.failures()
        request = request_after(self.log.session.path(question.id), settings)
        request = replace(request, prefill=request.prefill + begun.content)
        (answer,) = self._begun(question, request)
        answer = replace(
            answer,
            content=begun.content,
            reasoning=begun.reasoning,
            logprobs=begun.logprobs if request.top_logprobs is not None else (),
            continues=begun.continues,
            edits=begun.edits,
        )
        yield from self._answer(request, [answer])

    def _compact(self, plan: Plan) -> Generator[ConversationEvent, None, None]:
        branch, compacted = yield from carry_out(plan, self.engine, lambda: self._cancelled)
        session = self.log.session
        assert session.head is not None, "there are turns to compact"
        name, is_new = name_to_return_to(session, "before compaction")
        self._saver.append_branch(branch, name_of_head=name if is_new else None)
        yield from self._saver.failures()
        yield replace(compacted, original=name)

    def _retitle(self) -> Generator[ConversationEvent, None, None]:
        title = yield from ask_for_title(self.engine, self.log.session, lambda: self._cancelled)
        if self.log.session.title_is_own:
            # It gives way because the person says so.
            self.marks.set_title("")
        self.marks.set_title(title, by_model=True)
        yield from self._saver.failures()

    def _begun(self, question: Turn, request: Request) -> list[Turn]:
        """The answers to a request before their first word."""
        begun = replace(
            Turn(new_turn_id(), question.id, "assistant", "", now()),
            model=self.engine.model_name,
            limits=limits_of(request),
        )
        return [
            replace(begun, id=new_turn_id(), sampling=request.sampling_of(index))
            for index in range(request.alternatives)
        ]

    def _question_of(self, turn: Turn) -> Turn:
        """A question itself, or that of an answer."""
        if turn.role == "assistant":
            turn = self.log.session.turn(self._answer_meant(turn).parent or "")
        if turn.role != "user":
            raise UsageProblem("that turn is a system text, which has no answer; name a question")
        return turn

    def _under_newer_instruction(self, question: Turn) -> Turn:
        """The question itself or, where it is the last one and a system text came after it, a copy
        that follows that."""
        path = self.log.session.path()
        if question not in path:
            return question
        later = path[path.index(question) + 1 :]
        if any(turn.role == "user" for turn in later):
            return question
        copies: list[Turn] = []
        for turn in (instruction_in_force(later), summary_in_force(later), question):
            if turn is not None:
                copies.append(copied(turn, copies[-1].id if copies else self._before(question)))
        if len(copies) == 1:
            return question
        self._saver.append_branch(copies)
        return copies[-1]

    def _answer(self, request: Request, begun: Sequence[Turn]) -> Iterator[ConversationEvent]:
        answers = self._growing = GrowingAnswers(begun, self.engine)
        try:
            yield Begun()
            events = self.engine.stream(request)
            if self._cancelled:
                # Before the engine began to listen.
                self.engine.cancel()
            yield from save_answers(events, answers, self._saver, self._clock)
        finally:
            self.answers = tuple(answers.turns)
            self._growing = None


def _begun_with(old: Turn) -> Turn:
    """What an answer has of the one that it goes on from."""
    return Turn(old.id, old.parent, "assistant", old.content, old.time, reasoning=old.reasoning)
