"""The app's side of a conversation, as commands see it. All of it runs in the one thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Protocol

from engine.errors import EndpointFailed, EngineError, LoadFailed, NoModel, WorkerFailed
from engine.protocol import Engine
from engine.types import Finished, Loading, Notice, Piece, Prefill, Reasoning
from prompts.errors import MissingVariables
from prompts.inherit import Prompt
from sessions import SessionLog
from tui.answers import Begun
from tui.app.branch_view import SCREENFUL
from tui.app.messages import (
    Activity,
    Busy,
    Copied,
    Failed,
    Grew,
    Left,
    NoModelFound,
    Overviewed,
    Post,
    Said,
    Sent,
)
from tui.app.missing import MissingEngine
from tui.app.person import Person
from tui.app.pieces import Pieces
from tui.app.survey import overview_of
from tui.app.thread import Errand
from tui.app.undoing import Undoing
from tui.ask import start_engine
from tui.compaction import Compacted
from tui.composed import Surroundings, answer_settings
from tui.conversation import Conversation, ConversationEvent
from tui.documents import read_files
from tui.errors import explain
from tui.options import AskOptions
from tui.runtime import Runtime
from tui.saver import Joined, NotSaved
from tui.summary import Summarising
from tui.talk import Talk


class Thread(Protocol):
    """The thread that a talk belongs to."""

    @property
    def has_more(self) -> bool:
        """Whether an errand waits."""
        ...

    def do(self, errand: Errand) -> None:
        """Have something done."""
        ...


PASSING = (EndpointFailed, LoadFailed, WorkerFailed)
"""What may go better the next time."""


class AppTalk(Talk):
    """A conversation in the app: the `Talk` that commands act on."""

    def __init__(
        self,
        runtime: Runtime,
        options: AskOptions,
        log: SessionLog,
        thread: Thread,
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
        self._announced: tuple[str, ...] = ()
        self._told: list[str] = []
        self._shown_card = ""
        self._shown_session = log.session
        self._tried: Engine | None = None
        """What was loaded, or could not be."""
        self._activity: Activity | None = None
        self._pieces = Pieces(lambda pieces: post(Grew(pieces)))
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
        """Do an errand, and tell what came of it."""
        try:
            errand(self)
            for event in self.conversation.failures():
                self._take(event)
        except Exception as error:  # noqa: BLE001  `explain` raises what it has no words for
            self.post(Failed(explain(error)[0], can_retry=isinstance(error, PASSING)))
        finally:
            self._tell()
            self._announced = ()
            self.undoing.note()
            if self._shown_session is not self.conversation.log.session:
                # Its end is there at once; what comes before it takes reading.
                self.post(Overviewed(overview_of(self, last=SCREENFUL)))
            self.publish()
            self._tell_damage()
            # Behind the last words, which say that something is being written.
            self._be_busy(None)

    def publish(self) -> None:
        """Show the conversation as it is now."""
        self._shown_session = self.conversation.log.session
        self.post(Overviewed(overview_of(self)))

    def cancel(self) -> None:
        """End the answer in progress soon. From any thread, or a signal handler."""
        self.conversation.cancel()

    def close(self) -> None:
        """Save what could not be saved before, if it can be now, and give the engine back."""
        self._titles.stop()
        self.conversation.save_rest()
        self.conversation.engine.close()

    def load(self) -> None:
        """Show how the weights are loaded, until they are there or there is something else to do.

        Raises:
            EngineError: If they cannot be used.
        """
        engine = self._tried = self.conversation.engine
        with closing(engine.load()) as events:
            for event in events:
                self._take(event)
                if self._thread.has_more:
                    self._tried = None
                    return

    def begin_idling(self) -> None:
        """While nothing is asked for, the weights are loaded, and the model may find a title."""
        engine, session = self.conversation.engine, self.conversation.log.session
        if engine.card is None and engine is not self._tried:
            # Once: weights that cannot be loaded are not tried again and again.
            self.carry_out(AppTalk.load)
        self._titles.start(engine, session, then=lambda: self._thread.do(_nothing))

    def check(self) -> None:
        """Tell that the engine has died while nothing was asked of it."""
        try:
            self.conversation.engine.check()
        except EngineError as error:
            self.post(Failed(explain(error)[0], can_retry=True))

    def end_idling(self) -> None:
        """Something is asked for."""
        if self._entitle():
            self.undoing.note_title()

    def say(self, text: str) -> None:
        """See `Talk`. What one errand says is shown together."""
        self._told.append(text)

    def warn(self, text: str) -> None:
        """Tell the person something that they should know, at once."""
        self.post(Said((text,), is_warning=True))

    def _wait_for(self, engine: Engine) -> None:
        for event in engine.load():
            self._take(event)
        super()._wait_for(engine)

    def _show(self, events: Iterable[ConversationEvent], alternatives: int) -> None:
        # Every alternative is told of by the id of its turn.
        for event in events:
            self._announce()
            self._take(event)

    def edit_text(self, text: str) -> str | None:
        """See `Talk`."""
        return self._person.edit(text)

    def copy(self, text: str) -> None:
        """See `Talk`."""
        self.post(Copied(text))

    def leave(self) -> None:
        """See `Talk`."""
        self.post(Left())

    def _announce(self) -> None:
        """Show the question and the beginnings of its answers once they are there."""
        growing = tuple(turn.id for turn in self.conversation.growing)
        if growing and growing != self._announced:
            self._announced = growing
            self.post(Sent())
            self.publish()

    def _take(self, event: ConversationEvent) -> None:
        if isinstance(event, Piece | Reasoning):
            turn, is_thought = self._announced[event.index], isinstance(event, Reasoning)
            self._pieces.add(turn, event.text, is_thought=is_thought)
            return
        self._show_card()
        if activity := _activity_of(event):
            # An answer that is being waited for can be stopped while the weights load, too.
            can_stop = activity.can_stop or bool(self.conversation.growing)
            self._be_busy(replace(activity, can_stop=can_stop))
        elif isinstance(event, Notice):
            self.warn(event.text)
        elif isinstance(event, Finished):
            self._end(event)
        elif isinstance(event, NotSaved):
            self.post(Failed(event.reason))
        elif isinstance(event, Joined):
            self.warn("another chat has added to this session, on a branch beside this one")
        elif isinstance(event, Compacted):
            self.say(
                f"a summary stands for {event.turns} turns now, {event.tokens_after:,} tokens in "
                f"place of {event.tokens_before:,}; the branch {event.original!r} is as it was"
            )

    def _be_busy(self, activity: Activity | None) -> None:
        """Show what is going on, where that has changed."""
        if activity != self._activity or activity is None:
            self._activity = activity
            self.post(Busy(activity))

    def _show_card(self) -> None:
        """Show how much the context holds, as soon as that is known."""
        card = self.conversation.engine.card
        if card is not None and card.name != self._shown_card:
            self._shown_card = card.name
            self.publish()

    def _end(self, finished: Finished) -> None:
        if finished.reason == "error":
            self.post(Failed(finished.error or "the answer broke off", can_retry=True))

    def _tell(self) -> None:
        lines = tuple("\n".join(self._told).split("\n")) if self._told else ()
        self._told.clear()
        if lines:
            self.post(Said(lines))

    def _ask(self, prompt: Prompt, names: Sequence[str]) -> Mapping[str, str]:
        """Have the person give what a prompt misses.

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


def _activity_of(event: ConversationEvent) -> Activity | None:
    """What an event says of a wait."""
    if isinstance(event, Begun):
        return Activity("waiting", can_stop=True)
    if isinstance(event, Loading):
        return Activity("loading", round(event.fraction * 100), 100)
    if isinstance(event, Prefill):
        done, total = event.done - event.cached, event.total - event.cached
        return Activity("reading", max(0, done), total, can_stop=True)
    if isinstance(event, Summarising):
        return Activity("summarising", event.pieces, can_stop=True)
    return None


def _nothing(_talk: AppTalk) -> None:
    """Ends idling."""
