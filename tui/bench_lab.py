"""Where ``chat bench`` measures: engines started for one figure each, and answers timed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from engine.errors import EngineError, WorkerFailed
from engine.protocol import Engine
from engine.reports import ModelCard
from engine.types import Event, Finished, Notice, Piece, Request
from tui.bench_texts import PLAIN_TEMPLATE, log_book, reading
from tui.loading import NOTHING_LEFT
from tui.narrate import Narrator
from tui.runtime import Runtime


class Stopped(Exception):
    """The person wants no more; what was measured is kept."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A model to be measured."""

    name: str | None
    """As it was named; None is the default."""
    card: ModelCard


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request."""

    text: str
    """Of the first alternative, without reasoning."""
    ends: tuple[Finished, ...]
    """One for each alternative."""

    @property
    def end(self) -> Finished:
        """That of the first alternative."""
        return self.ends[0]


class Lab:
    """Starts engines and asks them, until it is stopped."""

    def __init__(self, runtime: Runtime, narrator: Narrator) -> None:
        """Nothing is started yet.

        Args:
            runtime: Starts engines, with what is configured.
            narrator: Says what a wait is for.
        """
        self._runtime = runtime
        self._narrator = narrator
        self._engine: Engine | None = None
        self._is_stopped = False

    def stop(self) -> None:
        """Let whatever goes on raise `Stopped` soon. Safe in a signal handler."""
        self._is_stopped = True
        if self._engine is not None:
            self._engine.cancel()

    def announce(self, text: str) -> None:
        """Say what begins."""
        self._narrator.say(text)

    def examine(self, name: str | None) -> Subject:
        """Load a model and see what it is.

        Raises:
            LoadFailed: If it cannot be used.
            Stopped: If nobody wants to know any more.
        """
        with self._started(name, NOTHING_LEFT) as engine:
            card = engine.describe()
        for notice in card.notices:
            self._narrator.notice(notice)
        return Subject(name, card)

    @contextmanager
    def engine(self, subject: Subject, snapshots: str | None = None) -> Iterator[Engine]:
        """An engine that nothing was asked before; it is closed at the end.

        Args:
            subject: What it loads.
            snapshots: The folder where it keeps KV state; None keeps none.

        Raises:
            Stopped: Where it would raise an error because it was stopped.
        """
        chosen = {**NOTHING_LEFT, "snapshots": snapshots}
        if not subject.card.has_chat_template:
            chosen["chat_template"] = PLAIN_TEMPLATE
        with self._started(subject.name, chosen) as engine:
            yield engine

    @contextmanager
    def _started(self, name: str | None, chosen: Mapping[str, Any]) -> Iterator[Engine]:
        self._go_on()
        engine = self._engine = self._runtime.start_engine(name, chosen)
        try:
            yield engine
        except EngineError:
            self._go_on()
            raise
        finally:
            self._engine = None
            engine.close()

    def ask(self, engine: Engine, request: Request) -> Answer:
        """Wait for an answer.

        Raises:
            EngineError: If it failed.
            Stopped: If nobody wants it any more.
        """
        self._go_on()
        pieces: list[str] = []
        ends: list[Finished] = []
        with closing(engine.stream(request)) as events:
            for event in events:
                if self._is_stopped:
                    # The signal may have come before the engine listened.
                    engine.cancel()
                if isinstance(event, Finished):
                    ends.append(event)
                elif isinstance(event, Piece) and event.index == 0:
                    pieces.append(event.text)
                self._narrate(event, len(pieces))
        self._narrator.clear()
        self._go_on()
        for end in ends:
            if end.reason == "error":
                raise WorkerFailed(end.error or "the engine failed")
        return Answer("".join(pieces), tuple(ends))

    def text_of(self, engine: Engine, first: int, tokens: int) -> str:
        """As much of a log book as makes a prompt of so many tokens, template included.

        Args:
            engine: Counts.
            first: See `log_book`.
            tokens: The most there may be.
        """

        def prompt_tokens(words: int) -> int:
            self._go_on()
            return engine.count(reading(log_book(first, words)))

        # A word is a token at least.
        too_many = bisect_right(range(tokens + 1), tokens, key=prompt_tokens)
        return log_book(first, max(1, too_many - 1))

    def _narrate(self, event: Event, pieces: int) -> None:
        if isinstance(event, Piece):
            self._narrator.unseen(pieces)
        elif isinstance(event, Notice):
            self._narrator.notice(event.text)
        else:
            self._narrator.progress(event)

    def _go_on(self) -> None:
        if self._is_stopped:
            raise Stopped
