"""Tries prompts' tests on a model: put together as ``chat -t`` would, answered, and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from time import perf_counter
from typing import TypeAlias

from engine.errors import CannotFit, EngineError, GrammarFailed, TemplateFailed, Unsupported
from engine.protocol import Engine
from engine.types import (
    Finished,
    FinishReason,
    Loading,
    Notice,
    Piece,
    Reasoning,
    Request,
    Usage,
)
from prompts.errors import PromptError
from prompts.expectations import PromptTest
from prompts.judge import failures
from prompts.words import words
from sessions import Turn, memory_session, new_turn_id
from tui.ask import instruct
from tui.composed import Composed
from tui.conversation import Conversation
from tui.errors import UsageProblem
from tui.request import request_after

_OWN_FAULT = (CannotFit, GrammarFailed, TemplateFailed, Unsupported)
"""What a request can be refused for while the engine is sound."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A test of a prompt, and the prompt that it is tried with."""

    owner: str
    """The prompt whose file the test is in."""
    number: int
    """Its place among the file's tests, counted from 1."""
    test: PromptTest
    prompt: str

    @property
    def name(self) -> str:
        """What people know the test by."""
        return self.test.name or str(self.number)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial."""

    trial: Trial
    failures: tuple[str, ...]
    """Why it did not pass, a line each; none if it passed."""
    answer: str = ""
    reason: FinishReason | None = None
    """Why the answer ended; None where none was begun."""
    usage: Usage | None = None
    first_s: float | None = None
    """Seconds from the question to the first token; None where there was none."""
    total_s: float | None = None
    """Seconds from the question to the end."""

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.failures

    @property
    def words(self) -> int:
        """The length of the answer."""
        return len(words(self.answer))


@dataclass(slots=True)
class _Answer:
    """An answer as it grows, and when."""

    began: float
    text: str = ""
    first: float | None = None
    end: Finished | None = None
    ended: float = 0.0


Composer: TypeAlias = Callable[[Trial, Engine, Callable[[str], None]], Composed]


class Trials:
    """Tries tests one after another, until it is stopped."""

    def __init__(self, compose: Composer, *, clock: Callable[[], float] = perf_counter) -> None:
        """Nothing is asked yet.

        Args:
            compose: Puts a trial's question together, for an engine, and says lines about it.
            clock: Seconds, for the latencies.
        """
        self._compose = compose
        self._clock = clock
        self._engine: Engine | None = None
        self.is_stopped = False
        self.notices: dict[str, None] = {}
        """What was said of questions and requests, each line once."""

    def stop(self) -> None:
        """Let the trial in progress be the last, without an outcome. Safe in a signal handler."""
        self.is_stopped = True
        if self._engine is not None:
            self._engine.cancel()

    def run(self, engine: Engine, trials: Iterable[Trial]) -> Iterator[Outcome]:
        """The outcomes in turn, as they come.

        Args:
            engine: Answers; it may still be loading.
            trials: What to try.

        Raises:
            EngineError: If the model cannot be used at all.
        """
        self._engine = engine
        try:
            for trial in trials:
                if self.is_stopped:
                    return
                outcome = self._try(engine, trial)
                if not self.is_stopped:
                    yield outcome
        finally:
            self._engine = None

    def _try(self, engine: Engine, trial: Trial) -> Outcome:
        try:
            composed = self._compose(trial, engine, self._note)
            request = request_of(engine, composed)
            answer = self._answer(engine, request)
        except (PromptError, UsageProblem, *_OWN_FAULT) as error:
            return Outcome(trial, (str(error),))
        except EngineError:
            if self.is_stopped:
                return Outcome(trial, ("stopped",))
            raise
        return _judged(trial, answer, composed.settings.schema)

    def _note(self, text: str) -> None:
        self.notices[text] = None

    def _answer(self, engine: Engine, request: Request) -> _Answer:
        answer = _Answer(self._clock())
        with closing(engine.stream(request)) as events:
            if self.is_stopped:  # the signal may have come before the engine listened
                engine.cancel()
            for event in events:
                if isinstance(event, Loading):
                    answer.began = self._clock()
                elif isinstance(event, Notice):
                    self._note(event.text)
                elif isinstance(event, Piece | Reasoning) and answer.first is None:
                    answer.first = self._clock()
                if isinstance(event, Piece):
                    answer.text += event.text
                elif isinstance(event, Finished):
                    answer.end, answer.ended = event, self._clock()
        return answer


def request_of(engine: Engine, composed: Composed) -> Request:
    """What a new session would ask, but the same each time, and leaving nothing behind."""
    conversation = Conversation(engine, memory_session(), composed.settings)
    instruct(conversation, composed, None)
    path = conversation.log.session.path()
    parent, now = path[-1].id if path else None, datetime.now(timezone.utc)
    question = Turn(new_turn_id(), parent, "user", composed.question.content, now)
    request = request_after([*path, question], composed.settings)
    return replace(request, reproducible=True, aside=True)


def _judged(trial: Trial, answer: _Answer, schema: str | None) -> Outcome:
    end, test = answer.end, trial.test
    assert end is not None, "an engine's last event says how the answer ended"
    found = [*_unfinished(end), *([] if answer.text.strip() else ["no answer"])]
    if end.reason != "error":
        found += failures(test.expect, test.input, answer.text, schema)
    first_s = None if answer.first is None else answer.first - answer.began
    total_s = answer.ended - answer.began
    return Outcome(trial, tuple(found), answer.text, end.reason, end.usage, first_s, total_s)


def _unfinished(end: Finished) -> Iterator[str]:
    """Why an answer is not whole; a text that the prompt itself ends answers with is an end."""
    if end.reason == "length":
        yield f"cut off after {end.usage.completion_tokens:,} tokens"
    elif end.reason == "error":
        yield end.error or "the engine failed"
    elif end.reason == "cancelled":
        yield "stopped before the end"
