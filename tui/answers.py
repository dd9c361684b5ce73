"""The answers of one request while they are made: one, or several alternatives side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeAlias

from engine.protocol import Engine
from engine.types import Event, Finished, FinishReason, Piece, Reasoning, Scored, TokenScore
from sessions import LOGPROB_DECIMALS, Build, Status, TokenLogprob, Turn
from tui.saver import Joined, NotSaved, Saver

_CHECKPOINT_S = 1.0
"""Seconds between two saves of answers that are still being made."""

_STATUS: Mapping[FinishReason, Status] = {
    "end": "complete",
    "stop": "stop",
    "length": "length",
    "cancelled": "cancelled",
    "error": "error",
}


@dataclass(frozen=True, slots=True)
class Begun:
    """The question is saved and goes to the engine, which may take long to say anything."""


SavedEvent: TypeAlias = Event | NotSaved | Joined

_LEAST_LOGPROB = -9999.0
"""Stands for a probability of zero, as in OpenAI's API: JSON has no infinity."""


class GrowingAnswers:
    """Turns of the same parent, each by its index, that events add to until they are finished."""

    def __init__(self, begun: Sequence[Turn], engine: Engine) -> None:
        """Begin.

        Args:
            begun: The turns before the first event. What they hold already stays.
            engine: What answers; in the end it is known what it was.
        """
        self._engine = engine
        self._begun = tuple(begun)
        self._unfinished = set(range(len(begun)))
        self.turns = list(begun)

    @property
    def are_finished(self) -> bool:
        """Whether each of them has ended."""
        return not self._unfinished

    def grow(self, event: Event) -> bool:
        """Take in what an event brings; whether it brought words."""
        if isinstance(event, Piece):
            turn = self.turns[event.index]
            self.turns[event.index] = replace(turn, content=turn.content + event.text)
        elif isinstance(event, Reasoning):
            turn = self.turns[event.index]
            self.turns[event.index] = replace(turn, reasoning=turn.reasoning + event.text)
        elif isinstance(event, Scored):
            turn = self.turns[event.index]
            logprobs = tuple(map(_logprob, event.tokens))
            self.turns[event.index] = replace(turn, logprobs=turn.logprobs + logprobs)
        return isinstance(event, Piece | Reasoning)

    def finish(self, event: Finished) -> list[tuple[Turn, Finished]]:
        """The turns that have ended now, each with the event that says so.

        An end of what has ended already is the end of everything: an engine that fails has only
        one to say it with.
        """
        ended = [event.index] if event.index in self._unfinished else sorted(self._unfinished)
        return [self._finish(replace(event, index=index)) for index in ended]

    def abort(self, last: Finished) -> list[tuple[Turn, Finished]]:
        """What `finish` gives for those that the engine left without an end of their own."""
        if last.reason not in ("cancelled", "error"):
            last = replace(last, reason="error", error="the engine ended without this answer")
        return [self._finish(replace(last, index=index)) for index in sorted(self._unfinished)]

    def unfinished(self) -> list[Turn]:
        """Those that have not ended but hold something new, the first one last: what is saved last
        is what the conversation goes on from."""
        return [
            self.turns[index]
            for index in sorted(self._unfinished, reverse=True)
            if self.turns[index] != self._begun[index]
        ]

    def _finish(self, event: Finished) -> tuple[Turn, Finished]:
        self._unfinished.discard(event.index)
        turn = replace(
            self.turns[event.index],
            build=self._build(),
            status=_STATUS[event.reason],
            usage=event.usage,
            timings=event.timings,
            error=event.error,
        )
        self.turns[event.index] = turn
        return turn, event

    def _build(self) -> Build | None:
        card = self._engine.card
        if card is None:
            return None
        return Build(card.fingerprint or None, card.template_sha256, card.llama_cpp or None)


def save_answers(
    events: Generator[Event, None, None],
    answers: GrowingAnswers,
    saver: Saver,
    clock: Callable[[], float],
) -> Iterator[SavedEvent]:
    """An engine's events, while what they bring is saved.

    Each `Finished` comes after the answer that it ends was saved, and the last one when the engine
    is free again. Answers that nobody reads to their end are saved as far as they came.
    """
    held_back: list[Finished] = []
    with closing(events):
        try:
            for event in _saving(events, answers, saver, clock):
                if isinstance(event, Finished) and answers.are_finished:
                    held_back.append(event)
                else:
                    yield event
        except BaseException:
            # Nobody reads on, or somebody lost patience: what there is is kept all the same.
            for turn in answers.unfinished():
                saver.append(replace(turn, status="cancelled"))
            raise
        finally:
            _go_to_first(answers, saver)
    yield from saver.failures()
    yield from held_back


def _saving(
    events: Iterator[Event], answers: GrowingAnswers, saver: Saver, clock: Callable[[], float]
) -> Iterator[SavedEvent]:
    last: Finished | None = None
    saved_at = clock()
    for event in events:
        if isinstance(event, Finished):
            last = event
            yield from _ended(answers.finish(event), saver)
            continue
        if answers.grow(event) and clock() - saved_at >= _CHECKPOINT_S:
            saver.checkpoint(answers.unfinished())
            saved_at = clock()
        yield event
    assert last is not None, "every stream ends in Finished"
    yield from _ended(answers.abort(last), saver)


def _ended(ended: Sequence[tuple[Turn, Finished]], saver: Saver) -> Iterator[SavedEvent]:
    for turn, event in ended:
        saver.append(turn)
        yield from saver.failures()
        yield event


def _go_to_first(answers: GrowingAnswers, saver: Saver) -> None:
    """Go on from the first of the answers that there are, whichever was saved last."""
    session = saver.log.session
    saved = [turn.id for turn in answers.turns if turn.id in session.turns]
    if saved and session.head != saved[0]:
        saver.mark(lambda log: log.set_head(saved[0]))


def _logprob(token: TokenScore) -> TokenLogprob:
    """A score as it is stored."""
    others = tuple((text, _rounded(logprob)) for text, logprob in token.others)
    return TokenLogprob(token.text, _rounded(token.logprob), others)


def _rounded(logprob: float) -> float:
    if not math.isfinite(logprob):
        return _LEAST_LOGPROB
    return round(logprob, LOGPROB_DECIMALS) + 0.0  # never minus zero
