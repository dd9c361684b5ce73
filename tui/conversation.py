"""The response loop, one for every front end: save the question, stream the answer, save it too."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from time import monotonic
from typing import TypeAlias

from engine.protocol import Engine
from engine.types import Event, Message, Request, Sampling
from sessions import (
    Attachment,
    Limits,
    SessionLog,
    Turn,
    instruction_in_force,
    new_turn_id,
    spoken_turns,
    summary_in_force,
)
from tui.answers import GrowingAnswers, save_answers
from tui.attach import AttachedText, attachments_in, text_of
from tui.branches import copied, name_to_return_to
from tui.compaction import (
    Compacted,
    Plan,
    carry_out,
    plan_compaction,
)
from tui.errors import UsageProblem
from tui.marks import Marks
from tui.request import request_after
from tui.saver import Joined, NotSaved, Saver
from tui.summary import Summarising

KEPT_TURNS = 4
"""Turns that compaction keeps unless it is told otherwise: the last two questions and answers."""

Variables: TypeAlias = Mapping[str, str | int | float | bool]

ConversationEvent: TypeAlias = Event | NotSaved | Joined | Summarising | Compacted


@dataclass(frozen=True, slots=True)
class Settings:
    """How answers are generated."""

    sampling: Sampling = field(default_factory=Sampling)
    """Without a seed, each answer draws one, and its turn records it."""
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    grammar: str | None = None
    """A GBNF grammar that answers follow."""
    schema: str | None = None
    """A JSON Schema that answers fit, as JSON text. Not together with `grammar`."""
    banned: tuple[str, ...] = ()
    """Phrases that answers do not have."""
    top_logprobs: int | None = None
    """With a number, turns keep the scores of their tokens, each with so many others."""
    think: bool | None = None
    """Whether models that can think aloud do; None leaves it to them."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a person says, and the prompt that put it into these words."""

    content: str
    prompt: str | None = None
    """The id of the prompt."""
    variables: Variables | None = None
    attachments: tuple[Attachment, ...] = ()
    """Texts within the content that are worth a file of their own."""
    reference: str = ""
    """A text that the answer will probably follow."""
    raw: bool = False
    """A plain text to go on with, without a chat template; not for sessions that have chatted."""
    alone: bool = False
    """To be answered without what was said before."""


class Conversation:
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
        self.engine = engine
        self.settings = settings or Settings()
        self.answers: tuple[Turn, ...] = ()
        """The answers to the last request, by index, as far as they came."""
        self._clock = clock
        self._saver = Saver(log)
        self.marks = Marks(self._saver)
        """What a person says of turns that are there."""
        self._cancelled = False

    @property
    def log(self) -> SessionLog:
        """Where every turn goes."""
        return self._saver.log

    @property
    def system(self) -> str:
        """The system text in force, or nothing."""
        in_force = instruction_in_force(self.log.session.path())
        return in_force.content if in_force else ""

    @property
    def examples(self) -> tuple[Message, ...]:
        """The few-shot examples in force."""
        in_force = instruction_in_force(self.log.session.path())
        return in_force.examples if in_force else ()

    def cancel(self) -> None:
        """End the answer in progress soon. From any thread, or a signal handler."""
        self._cancelled = True
        self.engine.cancel()

    def instruct(
        self,
        system: str,
        examples: tuple[Message, ...] = (),
        *,
        prompt: str | None = None,
    ) -> None:
        """Put a system text and its few-shot examples in force from here on."""
        in_force = instruction_in_force(self.log.session.path())
        if in_force and (in_force.content, in_force.examples) == (system, examples):
            return
        turn = Turn(new_turn_id(), self._parent(), "system", system, _now())
        self._saver.append(replace(turn, examples=examples, prompt=prompt))

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
                "--raw goes on with plain text, and this session is a conversation"
                if question.raw
                else "this session is plain text: `chat -c --raw` goes on with it"
            )
        return self._ask(question, alternatives)

    def reword(self, content: str, *, turn: Turn | None = None) -> Turn:
        """Say a question in other words. It becomes a sibling of the old one, which stays, and the
        head; `regenerate` answers it.

        Args:
            content: The new words.
            turn: The question; None is the last one.

        Raises:
            UsageProblem: If there is no question.
        """
        old = turn or self.last_question()
        attached = [AttachedText(part.name, text_of(old, part)) for part in old.attachments]
        new = replace(
            Turn(new_turn_id(), self._before(old), old.role, content, _now()),
            raw=old.raw,
            alone=old.alone,
            prompt=old.prompt,
            attachments=attachments_in(content, attached),
        )
        self._saver.append(new)
        return new

    def undo(self, questions: int = 1) -> Turn:
        """Take back the last questions and all that followed; `redo` brings them again.

        Returns:
            The first question that was taken back.

        Raises:
            UsageProblem: If there are not so many.
        """
        asked = [turn for turn in self.log.session.path() if turn.role == "user"]
        if not 1 <= questions <= len(asked):
            most = {0: "no question", 1: "only one question"}.get(
                len(asked), f"only {len(asked)} questions"
            )
            raise UsageProblem(f"{most} can be taken back")
        first = asked[-questions]
        to = self._before(first)
        self._saver.mark(lambda log: log.undo(to))
        return first

    def redo(self) -> None:
        """Bring back what the last `undo` took.

        Raises:
            UsageProblem: If nothing was undone since the last turn.
        """
        if not self.log.session.undone:
            raise UsageProblem("there is nothing to redo")
        self._saver.mark(lambda log: log.redo())

    def failures(self) -> Iterator[NotSaved | Joined]:
        """What could not be saved since this was last asked for, and whether others came."""
        return self._saver.failures()

    def messages_before(self) -> list[Message]:
        """What a model would get before the next question."""
        parent = self._parent()
        return [] if parent is None else self.log.session.messages(parent)

    def last_question(self) -> Turn:
        """The last question that a model gets.

        Raises:
            UsageProblem: If there is none.
        """
        asked = [turn for turn in spoken_turns(self.log.session.path()) if turn.role == "user"]
        if not asked:
            raise UsageProblem("there is no question yet")
        return asked[-1]

    def regenerate(self, *, alternatives: int = 1) -> Generator[ConversationEvent, None, None]:
        """Answer the last question again. As `ask`; the earlier answers stay beside the new one.

        Raises:
            UsageProblem: If there is no question.
        """
        self._begin()
        return self._regenerate(self.last_question(), alternatives)

    def continue_answer(self) -> Generator[ConversationEvent, None, None]:
        """Go on with the last answer from where it ends. As `ask`.

        The old words and the new ones become an answer beside the old one, which stays as it is;
        the events bring only the new ones.

        Raises:
            UsageProblem: If there is no answer at this point of the conversation.
        """
        self._begin()
        path = self.log.session.path()
        if not path or path[-1].role != "assistant" or not path[-1].content:
            raise UsageProblem("there is no answer here to go on with")
        if len(path) == 1:
            raise UsageProblem("the question of this answer is lost, so it cannot be gone on with")
        return self._continue(path[:-1], path[-1])

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

    def _begin(self) -> None:
        self._cancelled = False
        self._saver.begin()

    def _ask(
        self, question: Question, alternatives: int
    ) -> Generator[ConversationEvent, None, None]:
        user = replace(
            Turn(new_turn_id(), self._parent(), "user", question.content, _now()),
            prompt=question.prompt,
            variables=question.variables or {},
            attachments=question.attachments,
            raw=question.raw,
            alone=question.alone,
        )
        self._saver.append(user)
        yield from self._saver.failures()
        request = replace(
            request_after(self.log.session.path(user.id), self.settings),
            reference=question.reference,
            alternatives=alternatives,
        )
        yield from self._answer(request, self._begun(user, request))

    def _regenerate(
        self, question: Turn, alternatives: int
    ) -> Generator[ConversationEvent, None, None]:
        question = self._under_newer_instruction(question)
        yield from self._saver.failures()
        path = self.log.session.path(question.id)
        request = replace(request_after(path, self.settings), alternatives=alternatives)
        yield from self._answer(request, self._begun(question, request))

    def _continue(
        self, before: Sequence[Turn], old: Turn
    ) -> Generator[ConversationEvent, None, None]:
        request = request_after(before, self.settings)
        request = replace(request, prefill=request.prefill + old.content)
        (begun,) = self._begun(before[-1], request)
        begun = replace(
            begun,
            content=old.content,
            reasoning=old.reasoning,
            logprobs=old.logprobs if request.top_logprobs is not None else (),
            continues=old.id,
        )
        yield from self._answer(request, [begun])

    def _compact(self, plan: Plan) -> Generator[ConversationEvent, None, None]:
        branch, compacted = yield from carry_out(plan, self.engine, lambda: self._cancelled)
        session = self.log.session
        assert session.head is not None, "there are turns to compact"
        name, is_new = name_to_return_to(session, "before compaction")
        self._saver.append_branch(branch, name_of_head=name if is_new else None)
        yield from self._saver.failures()
        yield replace(compacted, original=name)

    def _begun(self, question: Turn, request: Request) -> list[Turn]:
        """The answers to a request before their first word."""
        begun = replace(
            Turn(new_turn_id(), question.id, "assistant", "", _now()),
            model=self.engine.model_name,
            limits=limits_of(request),
        )
        return [
            replace(begun, id=new_turn_id(), sampling=request.sampling_of(index))
            for index in range(request.alternatives)
        ]

    def _under_newer_instruction(self, question: Turn) -> Turn:
        """The question itself or, where a system text came after it, a copy that follows that."""
        path = self.log.session.path()
        later = path[path.index(question) + 1 :]
        copies: list[Turn] = []
        for turn in (instruction_in_force(later), summary_in_force(later), question):
            if turn is not None:
                copies.append(copied(turn, copies[-1].id if copies else self._before(question)))
        if len(copies) == 1:
            return question
        self._saver.append_branch(copies)
        return copies[-1]

    def _answer(self, request: Request, begun: Sequence[Turn]) -> Iterator[ConversationEvent]:
        answers = GrowingAnswers(begun, self.engine)
        events = self.engine.stream(request)
        if self._cancelled:
            # Before the engine began to listen.
            self.engine.cancel()
        try:
            yield from save_answers(events, answers, self._saver, self._clock)
        finally:
            self.answers = tuple(answers.turns)

    def _is_open(self, answer: Turn) -> bool:
        return not answer.content or self.log.is_being_written(answer)

    def _before(self, turn: Turn) -> str | None:
        """The turn that a turn follows; None where that is lost."""
        return turn.parent if turn.parent in self.log.session.turns else None

    def _parent(self) -> str | None:
        """The turn that the next one follows.

        A question that never got an answer, or only an empty one, is not followed by a second one:
        most templates want the roles to alternate. The new one becomes its sibling. So it does
        where another program is answering just now: what it says is not known yet.
        """
        path = self.log.session.path()
        if path and path[-1].role == "assistant" and self._is_open(path[-1]):
            path.pop()
        if path and path[-1].role == "user":
            path.pop()
        return path[-1].id if path else None


def limits_of(request: Request) -> Limits | None:
    """What a request asks of its answers beside sampling; None where it asks for nothing."""
    limits = Limits(
        max_tokens=request.max_tokens,
        stop=request.stop,
        grammar=request.grammar,
        schema=request.schema,
        banned=request.banned,
        think=request.think,
    )
    return None if limits == Limits() else limits


def _now() -> datetime:
    return datetime.now(timezone.utc)
