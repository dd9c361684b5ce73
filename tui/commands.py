"""The commands that a person gives inside a conversation, in one registry for every front end."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from tui.branches import go_to_branch
from tui.conversation import KEPT_TURNS, Conversation, ConversationEvent
from tui.errors import UsageProblem


class Talk(Protocol):
    """What a command acts on; each front end is one."""

    @property
    def conversation(self) -> Conversation:
        """The one in progress."""
        ...

    def say(self, text: str) -> None:
        """Tell the person something."""
        ...

    def begin_session(self) -> None:
        """Leave this session as it is, and begin another."""
        ...

    def instruct(self, system: str) -> None:
        """Put a system text in force."""
        ...

    def use_model(self, name: str) -> None:
        """Go on with another model.

        Raises:
            EngineError: If there is no such model, or it cannot be used; the one in use stays.
        """
        ...

    def show(self, events: Iterable[ConversationEvent]) -> None:
        """Show what is being made, until it is done or the person stops it.

        Raises:
            CannotFit, CompactionFailed, EngineError: If it could not be made.
        """
        ...

    def regenerate(self) -> None:
        """Answer the last question again, with as many alternatives as any."""
        ...

    def leave(self) -> None:
        """End the conversation."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """One command."""

    name: str
    """Without the slash."""
    argument: str
    """What may follow, for the help."""
    summary: str
    run: Callable[[Talk, str], None]


def find_command(name: str) -> Command:
    """The command of that name.

    Raises:
        UsageProblem: If there is none; it names the nearest.
    """
    for command in COMMANDS:
        if command.name == name:
            return command
    nearest = difflib.get_close_matches(name, [command.name for command in COMMANDS], n=1)
    hint = f"did you mean /{nearest[0]}?" if nearest else "/help lists them"
    raise UsageProblem(f"there is no command /{name}; {hint}")


def run_line(talk: Talk, line: str) -> None:
    """Carry out a line that begins with a slash.

    Raises:
        UsageProblem: If it names no command.
    """
    name, _, argument = line.removeprefix("/").partition(" ")
    find_command(name).run(talk, argument.strip())


def _help(talk: Talk, _argument: str) -> None:
    for command in COMMANDS:
        usage = f"/{command.name} {command.argument}".rstrip()
        talk.say(f"{usage:<16} {command.summary}")


def _new(talk: Talk, _argument: str) -> None:
    talk.begin_session()
    talk.say("a new session")


def _system(talk: Talk, argument: str) -> None:
    if argument:
        talk.instruct(argument)
        talk.say("the system text is set")
    else:
        talk.say(talk.conversation.system or "there is no system text; /system TEXT sets one")


def _model(talk: Talk, argument: str) -> None:
    if argument:
        talk.use_model(argument)
    talk.say(f"the model is {talk.conversation.engine.model_name}")


def _regenerate(talk: Talk, _argument: str) -> None:
    talk.regenerate()


def _continue(talk: Talk, _argument: str) -> None:
    talk.show(talk.conversation.continue_answer())


def _compact(talk: Talk, argument: str) -> None:
    if argument and not (argument.isdecimal() and len(argument) < 7):
        raise UsageProblem("/compact takes the number of turns to keep")
    keep = int(argument) if argument else KEPT_TURNS
    talk.show(talk.conversation.compact(keep))


def _branch(talk: Talk, argument: str) -> None:
    log = talk.conversation.log
    if argument:
        left = go_to_branch(log, argument)
        talk.say(f"this is the branch {argument!r}; where you were is {left!r}")
        return
    for name, leaf in log.session.branches.items():
        here = "  (here)" if leaf == log.session.head else ""
        talk.say(f"{name}  {len(log.session.path(leaf))} turns{here}")
    if not log.session.branches:
        talk.say("no branch has a name yet; /compact gives one")


def _exit(talk: Talk, _argument: str) -> None:
    talk.leave()


COMMANDS = (
    Command("help", "", "this list", _help),
    Command("new", "", "begin a new session", _new),
    Command("system", "[TEXT]", "show the system text, or set it from here on", _system),
    Command("model", "[NAME]", "show the model, or go on with another", _model),
    Command("regen", "", "answer the last question again", _regenerate),
    Command("continue", "", "go on with the last answer where it ends", _continue),
    Command("compact", "[KEEP]", "summarise all but the last KEEP turns, to make room", _compact),
    Command("branch", "[NAME]", "list the named branches, or go to one", _branch),
    Command("exit", "", "leave; Ctrl+D does too", _exit),
)
