"""The commands that a person gives inside a conversation, in one registry for every front end."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tui.conversation import Conversation
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


def _exit(talk: Talk, _argument: str) -> None:
    talk.leave()


COMMANDS = (
    Command("help", "", "this list", _help),
    Command("new", "", "begin a new session", _new),
    Command("system", "[TEXT]", "show the system text, or set it from here on", _system),
    Command("model", "[NAME]", "show the model, or go on with another", _model),
    Command("exit", "", "leave; Ctrl+D does too", _exit),
)
