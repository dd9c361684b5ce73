"""A conversation as a front end has it: what commands act on, and what every front end does alike.
What is shown, and how, is each one's own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from engine.errors import CannotFit, EngineError
from engine.protocol import Engine
from sessions import SessionLog, memory_session, spoken_turns
from tui.attach import AttachedText
from tui.composed import Surroundings
from tui.conversation import Conversation, ConversationEvent
from tui.damage import damage_in_words
from tui.documents import read_files
from tui.errors import TooLong, UsageProblem
from tui.loading import chosen_load_options
from tui.mentions import mentioned_files, mentioned_others
from tui.options import AskOptions
from tui.prompt_in_use import PromptInUse
from tui.runtime import Runtime
from tui.saver import ELSEWHERE
from tui.surroundings import surroundings
from tui.titles import TitleMaker
from tui.which_session import open_session


class Talk(ABC):
    """One conversation, and whichever the person goes on with after it. For one thread."""

    def __init__(self, runtime: Runtime, options: AskOptions, conversation: Conversation) -> None:
        """Begin with what the command line says.

        Args:
            runtime: Where sessions, prompts and models are.
            options: What was asked for; its files are not read yet.
            conversation: The one in progress.
        """
        self.runtime = runtime
        self.conversation = conversation
        self.engine_options = options.engine
        """How answers are made from the next question on, as if it had been typed at the start."""
        self.prompt = PromptInUse(options.prompt)
        self.attachments: list[AttachedText] = []
        """What goes along with the next question."""
        self._options = options
        self._may_lose: Conversation | None = None
        """One that cannot be saved, which the person was told."""
        self._titles = TitleMaker(runtime.config)
        self._told_damage = ("", "")
        """Which session was said to be damaged, and what was said."""

    @property
    def around(self) -> Surroundings:
        """What a question meets now."""
        return surroundings(self.runtime, self.conversation.engine, self.conversation.log)

    @property
    def alternatives(self) -> int:
        """How many answers a question gets."""
        return self._options.alternatives

    @property
    def is_kept(self) -> bool:
        """Whether what is said is saved."""
        return self._options.save

    def ask(self, words: str, files: Sequence[Path] = ()) -> None:
        """Ask a question, with what is attached and these files, and show its answers.

        Raises:
            PromptError, UsageProblem: If there is no question to be made of it.
            CannotFit, EngineError: If it could not be answered.
        """
        attachments = [*self.attachments, *read_files(files)]
        composed = self.prompt.compose(words, self.engine_options, attachments, self.around)
        self.conversation.settings = composed.settings
        self.prompt.put_in_force(self.conversation, composed, self.runtime.config.system)
        self.attachments.clear()
        events = self.conversation.ask(composed.question, alternatives=self.alternatives)
        self.show(events, alternatives=self.alternatives)

    def ask_mentioning(self, words: str) -> None:
        """Ask a question with the files that it names with an @. As `ask`."""
        for path in mentioned_others(words):
            what = "a folder" if path.is_dir() else "no file"
            self.say(f"{path} is {what}: only its name goes along")
        self.ask(words, mentioned_files(words))

    def begin_session(self) -> None:
        """Leave this session as it is, and begin another.

        Raises:
            UsageProblem: If what was said would be lost; the second time it is.
        """
        self._use(self.runtime.sessions().create() if self.is_kept else memory_session())

    def open_session(self, query: str) -> None:
        """Leave this session as it is, and go on with the one of that id or title.

        Raises:
            SessionError: If there is none, there are several, or it cannot be read.
            UsageProblem: As for `begin_session`.
        """
        self._use(open_session(self.runtime, replace(self._options, session=query)))

    def _use(self, log: SessionLog) -> None:
        old = self.conversation
        old.save_rest()
        if old.unsaved is not None and old is not self._may_lose:
            self._may_lose = old
            raise UsageProblem(f"{old.unsaved}; {ELSEWHERE}, the same again quits and loses it")
        self.conversation = Conversation(old.engine, log, old.settings)
        self.prompt.begin_session()

    def instruct(self, system: str) -> None:
        """Put a system text in force, or that of the prompt with this name."""
        self.prompt.set_system(system, self.conversation, self.around)

    def use_model(self, name: str) -> bool:
        """Go on with another model; whether it is another.

        Raises:
            EngineError: If there is no such model, or it cannot be used; the one in use stays.
        """
        # A template that was given for one model is not another's.
        own = replace(self.engine_options, chat_template=None)
        chosen = chosen_load_options(own, save=self.is_kept)
        if self.runtime.is_running(self.conversation.engine, name, chosen):
            self._wait_for(self.conversation.engine)
            return False
        # There is one resident worker of a model: where it is to be loaded otherwise, it gives way.
        self.conversation.engine.let_go()
        engine = self.runtime.start_engine(name, chosen)
        try:
            self._wait_for(engine)
        except EngineError:
            engine.close()
            raise
        self.conversation.engine.close()
        self.conversation.engine = engine
        return True

    def _wait_for(self, engine: Engine) -> None:
        """Be sure that its weights can be used."""
        engine.describe()

    def show(self, events: Iterable[ConversationEvent], *, alternatives: int = 1) -> None:
        """Show what is being made, until it is done or the person stops it.

        Raises:
            CannotFit, CompactionFailed, EngineError: If it could not be made.
        """
        try:
            self._show(events, alternatives)
        except CannotFit as error:
            has_older = len(spoken_turns(self.conversation.log.session.path())) > 1
            if isinstance(error, TooLong) or not has_older:
                raise
            raise TooLong(error, "/compact makes room, then /regen answers") from error

    def show_more(self, events: Iterable[ConversationEvent], text_so_far: str) -> None:
        """Show how an answer goes on; where it does not, that is said. As `show`."""
        self.show(events)
        answer = self.conversation.last_answer()
        if answer.status == "complete" and answer.content.strip() == text_so_far.strip():
            self.say("the model had nothing to add")

    def _tell_damage(self) -> None:
        """Say that lines of the session's file cannot be used, once for as many as are known."""
        session = self.conversation.log.session
        words = damage_in_words(session)
        if words and (session.id, words) != self._told_damage:
            self._told_damage = (session.id, words)
            self.warn(words)

    def _entitle(self) -> bool:
        """End the search for a title; whether one was found, which is the session's now."""
        title = self._titles.stop()
        if title:
            self.conversation.marks.set_title(title, by_model=True)
        return bool(title)

    @abstractmethod
    def _show(self, events: Iterable[ConversationEvent], alternatives: int) -> None:
        """See `show`, which says what can be done where something does not fit."""

    @abstractmethod
    def say(self, text: str) -> None:
        """Tell the person something."""

    @abstractmethod
    def warn(self, text: str) -> None:
        """Tell the person something that is not as it should be."""

    @abstractmethod
    def edit_text(self, text: str) -> str | None:
        """Have a person edit a text; None if they left it.

        Raises:
            UsageProblem: If nobody is there to do it.
        """

    @abstractmethod
    def copy(self, text: str) -> None:
        """Put a text on the person's clipboard.

        Raises:
            UsageProblem: If there is none that can be reached.
        """

    @abstractmethod
    def leave(self) -> None:
        """End the conversation."""
