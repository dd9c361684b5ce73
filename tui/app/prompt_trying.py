"""Trying prompts from their screen: the tests of one, or a text with two of them side by side.

It is done in the conversation's thread with its engine, and leaves nothing in the session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic

from textual.message import Message

from engine.errors import EngineError
from engine.protocol import Engine
from engine.types import Finished, Loading, Piece, Prefill
from prompts.errors import PromptError
from tui.app.messages import Post
from tui.app.talk import AppTalk
from tui.app.thread import Errand
from tui.attach import AttachedText
from tui.compose import compose
from tui.composed import Surroundings
from tui.errors import UsageProblem, explain
from tui.loading import NOTHING_LEFT
from tui.options import EngineOptions, PromptOptions
from tui.prompt_test import TrialOptions, composer, trials_of
from tui.prompt_trials import Outcome, Trials, request_of
from tui.runtime import Runtime
from tui.which_model import model_names

_INTERVAL_S = 0.05
"""How often the words of an answer are shown."""


@dataclass
class Begun(Message):
    """The tests of a prompt are about to be tried."""

    tests: int


@dataclass
class Tried(Message):
    """A test was tried."""

    outcome: Outcome


@dataclass
class Ended(Message):
    """Nothing more comes."""

    problem: str = ""
    """Why, where something went wrong."""


@dataclass
class Grown(Message):
    """An answer has come so far."""

    column: int
    text: str
    note: str = ""
    """How it ended, or what it waits for; empty while it grows."""


@dataclass(frozen=True, slots=True)
class Side:
    """What a text is tried with."""

    prompt: str
    values: tuple[tuple[str, str], ...] = ()
    model: str = ""
    """Nothing is the conversation's own."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A text, and with what it is tried."""

    text: str
    names: tuple[str, ...]
    """Of prompts, or of models, which get the first prompt."""
    first: Side
    prompts: tuple[str, ...]
    """The names of all prompts: no model is meant by one of them."""

    def sides(self, models: Sequence[str]) -> list[Side]:
        """With what the text is tried, where these are the models."""
        prompts = {name.casefold() for name in self.prompts}
        by_name = {name.casefold(): name for name in models if name.casefold() not in prompts}
        return [self._meant(name, by_name.get(name.casefold(), "")) for name in self.names]

    def _meant(self, name: str, model: str) -> Side:
        if model or name == self.first.prompt:
            return replace(self.first, model=model)
        return Side(name)


class Stop:
    """Ends what is being tried. For one run."""

    def __init__(self) -> None:
        self.is_set = False
        self._engine: Engine | None = None

    def set(self) -> None:
        """End it soon. From any thread."""
        self.is_set = True
        if self._engine is not None:
            self._engine.cancel()

    @contextmanager
    def over(self, engine: Engine) -> Iterator[None]:
        """Let it end what this engine answers."""
        self._engine = engine
        try:
            if self.is_set:
                engine.cancel()
            yield
        finally:
            self._engine = None


def run_tests(runtime: Runtime, name: str, post: Post) -> tuple[Errand, Callable[[], None]]:
    """Try the tests of a prompt; what does it, and what ends it."""
    library = runtime.library()
    trials = Trials(composer(runtime, library, TrialOptions()))

    def errand(talk: AppTalk) -> None:
        problem = ""
        try:
            wanted = trials_of(library.load(name))
            post(Begun(len(wanted)))
            for outcome in trials.run(talk.conversation.engine, wanted):
                if outcome.reason == "cancelled":
                    break
                post(Tried(outcome))
        except (EngineError, PromptError) as error:
            problem = explain(error)[0]
        finally:
            post(Ended(problem))

    return errand, trials.stop


def try_beside(comparison: Comparison, stop: Stop, post: Post) -> Errand:
    """Have a text answered with each side, one after another."""

    def errand(talk: AppTalk) -> None:
        try:
            models = model_names(talk.runtime.config, talk.runtime.paths.models)
            for column, side in enumerate(comparison.sides(models)):
                if not stop.is_set:
                    _try(talk, side, comparison.text, stop, partial(_grown, post, column))
        finally:
            post(Ended())

    return errand


def _grown(post: Post, column: int, words: str, note: str) -> None:
    post(Grown(column, words, note))


def _try(
    talk: AppTalk, side: Side, text: str, stop: Stop, show: Callable[[str, str], None]
) -> None:
    try:
        with _engine_of(talk, side) as engine, stop.over(engine):
            for words, note in _answer(talk, engine, side, text):
                show(words, note)
    except (EngineError, PromptError, UsageProblem) as error:
        show("", f"✗ {explain(error)[0]}")


@contextmanager
def _engine_of(talk: AppTalk, side: Side) -> Iterator[Engine]:
    own = talk.conversation.engine
    if side.model in ("", own.model_name):
        yield own
        return
    with closing(talk.runtime.start_engine(side.model, NOTHING_LEFT)) as engine:
        yield engine


def _answer(talk: AppTalk, engine: Engine, side: Side, text: str) -> Iterator[tuple[str, str]]:
    """The answer as far as it has come, now and then; at last with a note."""
    around = Surroundings(
        library=talk.runtime.library,
        config=talk.runtime.config,
        model_name=lambda: engine.model_name,
        count=engine.count,
    )
    options = PromptOptions(templates=(side.prompt,), variables=side.values)
    composed = compose(options, EngineOptions(), [AttachedText(None, text)], around)
    request = replace(request_of(engine, composed), reproducible=False)
    words, shown = "", 0.0
    with closing(engine.stream(request)) as events:
        for event in events:
            if isinstance(event, Piece):
                words += event.text
                if monotonic() - shown > _INTERVAL_S:
                    shown = monotonic()
                    yield words, ""
            elif isinstance(event, Loading):
                yield words, f"loading {engine.model_name}: {event.fraction:.0%}"
            elif isinstance(event, Prefill):
                yield words, f"reading {event.done:,} of {event.total:,} tokens"
            elif isinstance(event, Finished):
                yield words, _note(event, words)


def _note(end: Finished, words: str) -> str:
    count = f"{len(words.split()):,} words"
    if end.reason == "error":
        return f"✗ {end.error or 'the engine failed'}"
    said = {"cancelled": ", stopped", "length": ", cut off"}.get(end.reason, "")
    return f"{count}{said}"
