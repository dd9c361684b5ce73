"""The response loop, one for every front end: save the question, stream the answer, save it too."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from time import monotonic
from typing import TypeAlias

from engine.protocol import Engine
from engine.types import (
    Event,
    Finished,
    FinishReason,
    Message,
    Piece,
    Reasoning,
    Request,
    Sampling,
)
from sessions import SaveFailed, SessionLog, Status, Turn, new_turn_id

_CHECKPOINT_S = 1.0
"""Seconds between two saves of an answer that is still being generated."""

_STATUS: Mapping[FinishReason, Status] = {
    "end": "complete",
    "stop": "stop",
    "length": "length",
    "cancelled": "cancelled",
    "error": "error",
}

Variables: TypeAlias = Mapping[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class NotSaved:
    """A turn is in memory only; the conversation goes on. Said once for each answer."""

    reason: str


ConversationEvent: TypeAlias = Event | NotSaved


@dataclass(frozen=True, slots=True)
class Settings:
    """How answers are generated."""

    sampling: Sampling = field(default_factory=Sampling)
    """Without a seed, each answer draws one, and its turn records it."""
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What a person says, and the prompt that put it into these words."""

    content: str
    prompt: str | None = None
    """The id of the prompt."""
    variables: Variables | None = None


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
        self.log = log
        self.settings = settings or Settings()
        self._clock = clock
        self._save_failure: str | None = None
        self._said: str | None = None
        self._cancelled = False

    @property
    def system(self) -> str:
        """The system text in force, or nothing."""
        in_force = self._in_force()
        return in_force[0] if in_force else ""

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
        if self._in_force() == (system, examples):
            return
        turn = Turn(new_turn_id(), self._parent(), "system", system, _now())
        self._save(self.log.append, replace(turn, examples=examples, prompt=prompt))

    def ask(self, question: Question) -> Generator[ConversationEvent, None, None]:
        """Save the question, then yield the events of its answer, saving as it grows.

        A `cancel` counts from this call on, even before the first event is asked for.

        The answer is saved however it ends: complete, cut off, cancelled, failed, or because
        nobody reads its events any more. `Finished` is the last event, and comes after that.

        Raises:
            EngineError: If no answer could be begun; the question is saved.
        """
        self._cancelled = False
        self._said = None
        return self._events(question)

    def _events(self, question: Question) -> Generator[ConversationEvent, None, None]:
        user = replace(
            Turn(new_turn_id(), self._parent(), "user", question.content, _now()),
            prompt=question.prompt,
            variables=question.variables or {},
        )
        self._save(self.log.append, user)
        yield from self._not_saved()
        yield from self._answer(user)

    def _answer(self, user: Turn) -> Iterator[ConversationEvent]:
        sampling = self.settings.sampling
        if sampling.seed is None:
            sampling = replace(sampling, seed=secrets.randbits(31))
        request = Request(
            messages=tuple(self.log.session.messages(user.id)),
            sampling=sampling,
            max_tokens=self.settings.max_tokens,
            stop=self.settings.stop,
        )
        answer = replace(
            Turn(new_turn_id(), user.id, "assistant", "", _now()),
            model=self.engine.model_name,
            sampling=sampling,
        )
        finished: Finished | None = None
        saved_at = self._clock()
        with closing(self.engine.stream(request)) as events:
            if self._cancelled:
                # Before the engine began to listen.
                self.engine.cancel()
            try:
                for event in events:
                    if isinstance(event, Finished):
                        finished = event
                        continue
                    if isinstance(event, Reasoning):
                        answer = replace(answer, reasoning=answer.reasoning + event.text)
                    if isinstance(event, Piece):
                        answer = replace(answer, content=answer.content + event.text)
                        if self._clock() - saved_at >= _CHECKPOINT_S:
                            self._checkpoint(answer)
                            saved_at = self._clock()
                    yield event
            except BaseException:
                # Nobody reads on, or somebody lost patience: what there is is kept all the same.
                if answer.content or answer.reasoning:
                    self._save(self.log.append, replace(answer, status="cancelled"))
                raise
        assert finished is not None, "every stream ends in Finished"
        self._save(self.log.append, _ended(answer, finished))
        yield from self._not_saved()
        yield finished

    def _parent(self) -> str | None:
        """The turn that the next one follows.

        A question that never got an answer, or only an empty one, is not followed by a second one:
        most templates want the roles to alternate. The new one becomes its sibling.
        """
        path = self.log.session.path()
        if path and path[-1].role == "assistant" and not path[-1].content:
            path.pop()
        if path and path[-1].role == "user":
            path.pop()
        return path[-1].id if path else None

    def _in_force(self) -> tuple[str, tuple[Message, ...]] | None:
        system = [turn for turn in self.log.session.path() if turn.role == "system"]
        return (system[-1].content, system[-1].examples) if system else None

    def _save(self, save: Callable[[Turn], None], turn: Turn) -> None:
        try:
            save(turn)
        except SaveFailed as error:
            self._save_failure = str(error)

    def _checkpoint(self, answer: Turn) -> None:
        # Only in case of the worst: when the answer ends it is said whether it was saved.
        with suppress(SaveFailed):
            self.log.checkpoint(answer)

    def _not_saved(self) -> Iterator[NotSaved]:
        if self._save_failure is not None and self._save_failure != self._said:
            yield NotSaved(self._save_failure)
            self._said = self._save_failure
        self._save_failure = None


def _ended(answer: Turn, finished: Finished) -> Turn:
    return replace(
        answer,
        status=_STATUS[finished.reason],
        usage=finished.usage,
        timings=finished.timings,
        error=finished.error,
    )


def _now() -> datetime:
    return datetime.now(timezone.utc)
