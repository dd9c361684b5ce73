"""Titles that a model makes up for sessions without one, while nobody waits for it.

Nobody asked for them, so by default no server is asked: that may cost money, and in a session that
goes on with another model it would send away what was said to one on this machine.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence

from engine.errors import EngineError
from engine.protocol import Engine
from engine.sampling_params import Sampling
from engine.types import Event, Finished, Message, Piece, Request
from sessions import Session, spoken_turns
from tui.config import Config
from tui.errors import UsageProblem
from tui.which_model import stays_here

LONGEST = 60
"""Characters of a title."""

_TOKENS = 20
_TRIES = 2
"""Of a session: a model that finds no title now will hardly find one later."""

_INSTRUCTION = (
    "What is this conversation about, in three to six words? Reply with these words only."
)


class TitleMaker:
    """Asks for a title in a thread of its own, between `start` and `stop`."""

    def __init__(self, config: Config) -> None:
        """Nothing is asked yet.

        Args:
            config: Says which models may be asked.
        """
        self._config = config
        self._thread: threading.Thread | None = None
        self._engine: Engine | None = None
        self._title: str | None = None
        self._tries: Counter[str] = Counter()
        """By session."""

    def start(
        self, engine: Engine, session: Session, then: Callable[[], None] | None = None
    ) -> None:
        """Begin, if the session has an answer and no title yet. The engine must be free.

        Args:
            engine: Is asked.
            session: Gets no title here: `stop` has it.
            then: Is called when it is done, in a thread of its own.
        """
        messages = _asking(session) if session.title is None else None
        if messages is None or engine.card is None or self._tries[session.id] == _TRIES:
            return
        if not self._may_ask(engine):
            return
        self._tries[session.id] += 1
        self._engine, self._title = engine, None
        # Here, not in the thread: a `stop` that comes at once counts from this call on.
        events = engine.stream(_request(messages))
        self._thread = threading.Thread(target=self._make, args=(events, then), daemon=True)
        self._thread.start()

    def _make(self, events: Iterator[Event], then: Callable[[], None] | None) -> None:
        text, reason = "", None
        try:
            for event in events:
                if isinstance(event, Piece):
                    text += event.text
                elif isinstance(event, Finished):
                    reason = event.reason
        except EngineError:
            return  # the next question will say what is wrong
        if reason == "end":
            self._title = title_of(text)
        if then is not None:
            then()

    def _may_ask(self, engine: Engine) -> bool:
        wanted = self._config.titles
        return wanted == "always" or (wanted == "here" and stays_here(engine, self._config))

    def join(self) -> None:
        """Wait until it is done."""
        if self._thread is not None:
            self._thread.join()

    def stop(self) -> str | None:
        """The title, if there is one by now; the engine is free again."""
        if self._thread is None or self._engine is None:
            return None
        if self._thread.is_alive():
            self._engine.cancel()
        self._thread.join()
        self._thread = None
        return self._title


def title_of(answer: str) -> str | None:
    """The title in a model's answer; None where there is none that could be shown."""
    line = next((line for line in answer.splitlines() if line.strip()), "")
    for label in ("Title:", "title:"):
        line = line.strip().removeprefix(label)
    title = " ".join(line.strip(" \t\"'*#_`“”„«».").split()).rstrip(".")
    return title if 2 <= len(title) <= LONGEST else None


def ask_for_title(
    engine: Engine, session: Session, is_cancelled: Callable[[], bool]
) -> Generator[Event, None, str]:
    """The title that a model finds now comes as the generator's value, in place of any there is.

    Raises:
        UsageProblem: If there is nothing to find one for, it finds none, or it was stopped.
        EngineError: If it could not be asked.
    """
    messages = _asking(session)
    if messages is None:
        raise UsageProblem("there is no answer yet to base a title on; /title TEXT sets one")
    text = ""
    for event in engine.stream(_request(messages)):
        if is_cancelled():
            engine.cancel()
        if isinstance(event, Piece):
            text += event.text
        elif not isinstance(event, Finished):
            yield event
    title = None if is_cancelled() else title_of(text)
    if title is None:
        raise UsageProblem("the model found no title; /title TEXT sets one")
    return title


def _request(messages: tuple[Message, ...]) -> Request:
    return Request(messages, Sampling(temperature=0.0), max_tokens=_TOKENS, think=False, aside=True)


def _asking(session: Session) -> tuple[Message, ...] | None:
    """The conversation with the request for a title; None where there is nothing to name."""
    path = session.path()
    answered = [turn for turn in spoken_turns(path) if turn.role == "assistant"]
    if not answered or any(turn.raw for turn in path):
        return None
    messages: Sequence[Message] = session.messages()
    if messages[-1].role != "assistant":
        return None
    return (*messages, Message("user", _INSTRUCTION))
