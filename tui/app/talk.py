"""The conversation of the app, as commands see it. All of it runs in the conversation's thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from engine.errors import EndpointFailed, EngineError, LoadFailed, NoModel, WorkerFailed
from engine.protocol import Engine
from prompts.errors import MissingVariables
from prompts.inherit import Prompt
from sessions import SessionLog
from tui.app.branch_view import SCREENFUL
from tui.app.event_poster import EventPoster
from tui.app.messages import (
    Copied,
    Failed,
    Left,
    NoModelFound,
    Overviewed,
    Post,
    Said,
)
from tui.app.missing import MissingEngine
from tui.app.person import Person
from tui.app.survey import overview_of
from tui.app.thread import Errand, TalkThread
from tui.app.undoing import Undoing
from tui.app.unsent import Outgoing
from tui.ask import start_engine
from tui.composed import Surroundings, answer_settings
from tui.conversation import Conversation, ConversationEvent
from tui.documents import read_files
from tui.errors import explain
from tui.options import AskOptions
from tui.runtime import Runtime
from tui.talk import Talk

PASSING = (EndpointFailed, LoadFailed, WorkerFailed)
"""Errors after which the same may work another time."""


class AppTalk(Talk):
    """A conversation in the app: the `Talk` that commands act on."""

    def __init__(
        self,
        runtime: Runtime,
        options: AskOptions,
        log: SessionLog,
        thread: TalkThread,
        person: Person,
        post: Post,
    ) -> None:
        """Begin to load the model for a session whose end is shown already.

        Raises:
            EngineError: If the model that was named is none.
            UsageProblem: If an option cannot be used.
        """
        self.post = post
        self._thread = thread
        self._person = person
        self._told: list[str] = []
        self._shown_session = log.session
        self._tried: Engine | None = None
        """The engine that was loaded, or failed to load: it is not tried again."""
        self._events = EventPoster(post, self.publish, self.say)
        runtime.notify = self.warn
        settings = answer_settings(options.engine, {}, runtime.config)
        engine = self._start_engine(runtime, options, log)
        super().__init__(runtime, options, Conversation(engine, log, settings))
        self.attachments += read_files(options.prompt.files, options.prompt.glob)
        self.undoing = Undoing(self)

    def _start_engine(self, runtime: Runtime, options: AskOptions, log: SessionLog) -> Engine:
        try:
            return start_engine(runtime, options, log)
        except NoModel:
            self.post(NoModelFound())
            return MissingEngine()

    @property
    def around(self) -> Surroundings:
        """See `Talk`."""
        return replace(super().around, ask=self._ask, say=self.warn)

    def carry_out(self, errand: Errand) -> None:
        """Do an errand, and post what came of it."""
        try:
            errand(self)
            for event in self.conversation.failures():
                self._events.take(event, self.conversation)
        except Exception as error:  # noqa: BLE001  `explain` raises what it has no words for
            self.post(Failed(explain(error)[0], can_retry=isinstance(error, PASSING)))
        finally:
            self._tell()
            self._events.forget_answers()
            self.undoing.note()
            if self._shown_session is not self.conversation.log.session:
                # Its end is there at once; what comes before it takes reading.
                self.post(Overviewed(overview_of(self, last=SCREENFUL)))
            self.publish()
            self._tell_damage()
            # Behind the last words, which say that something is being written.
            self._events.be_busy(None)

    def publish(self) -> None:
        """Show the conversation as it is now."""
        self._shown_session = self.conversation.log.session
        self.post(Overviewed(overview_of(self)))

    def ask_sent(self, question: Outgoing) -> None:
        """Ask what a person has sent; `Sent` is posted as soon as it is on disk."""
        self._events.asking = question
        try:
            self.ask_mentioning(question.words)
        finally:
            self._events.asking = None

    def cancel(self) -> None:
        """Stop the answer in progress soon. From any thread, or a signal handler."""
        self.conversation.cancel()

    def close(self) -> None:
        """Save what could not be saved before, if possible, and close the engine."""
        self._titles.stop()
        self.conversation.save_rest()
        self.conversation.engine.close()

    def load(self) -> None:
        """Load the weights and show how far that is, until an errand comes.

        Raises:
            EngineError: If they cannot be used.
        """
        engine = self._tried = self.conversation.engine
        with closing(engine.load()) as events:
            for event in events:
                self._events.take(event, self.conversation)
                if self._thread.has_more:
                    self._tried = None
                    return

    def begin_idling(self) -> None:
        """Load the weights while there is no errand, and let the model find a title."""
        engine, session = self.conversation.engine, self.conversation.log.session
        if engine.card is None and engine is not self._tried:
            # Only once: weights that cannot be loaded are not tried again and again.
            self.carry_out(AppTalk.load)
        self._titles.start(engine, session, then=lambda: self._thread.do(_nothing))

    def check(self) -> None:
        """Report an engine that has died while idle."""
        try:
            self.conversation.engine.check()
        except EngineError as error:
            self.post(Failed(explain(error)[0], can_retry=True))

    def end_idling(self) -> None:
        """Stop what `begin_idling` began: there is an errand."""
        if self._entitle():
            self.undoing.note_title()

    def say(self, text: str) -> None:
        """See `Talk`. All lines of an errand are shown together."""
        self._told.append(text)

    def warn(self, text: str) -> None:
        """Show the person a line at once."""
        self.post(Said((text,), is_warning=True))

    def _wait_for(self, engine: Engine) -> None:
        for event in engine.load():
            self._events.take(event, self.conversation)
        super()._wait_for(engine)

    def _show(self, events: Iterable[ConversationEvent], alternatives: int) -> None:
        # Every alternative is told of by the id of its turn.
        for event in events:
            self._events.announce(self.conversation)
            self._events.take(event, self.conversation)

    def edit_text(self, text: str) -> str | None:
        """See `Talk`."""
        return self._person.edit(text)

    def copy(self, text: str) -> None:
        """See `Talk`."""
        self.post(Copied(text))

    def leave(self) -> None:
        """See `Talk`."""
        self.post(Left())

    def _tell(self) -> None:
        lines = tuple("\n".join(self._told).split("\n")) if self._told else ()
        self._told.clear()
        if lines:
            self.post(Said(lines))

    def _ask(self, prompt: Prompt, names: Sequence[str]) -> Mapping[str, str]:
        """Ask the person for the values that a prompt lacks.

        Raises:
            MissingVariables: If they give none.
        """
        answers = {}
        for name in names:
            variable = prompt.variables.get(name)
            words = variable.description if variable is not None else ""
            answer = self._person.ask(words or name)
            if not answer:
                raise MissingVariables(prompt.name, [name])
            answers[name] = answer
        return answers


def _nothing(_talk: AppTalk) -> None:
    """An errand that only ends idling."""
