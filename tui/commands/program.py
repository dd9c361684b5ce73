"""Commands about the program itself: help, and leaving."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tui.commands.command import GROUPS, Command, Suggestion
from tui.commands.reading import command_named
from tui.talk import Talk


def program_commands(registry: Callable[[], Sequence[Command]]) -> tuple[Command, ...]:
    """These commands; the help is of all that the registry has in the end."""

    def show_help(talk: Talk, argument: str) -> None:
        if argument:
            command = command_named(argument.removeprefix("/"), registry())
            talk.say(f"{command.usage}  {command.summary}")
            talk.say(f"for example {command.example}")
            return
        for line in _lines(registry()):
            talk.say(line)

    def names(_talk: Talk, _argument: str) -> Iterator[Suggestion]:
        return (Suggestion(command.name, command.summary) for command in registry())

    about = "show this list, or an example of one command"
    return (
        Command("help", "[COMMAND]", about, show_help, names, example="/help regen"),
        Command("exit", "", "quit; Ctrl+D does too", _exit, example="/exit"),
    )


def _lines(commands: Sequence[Command]) -> Iterator[str]:
    """All commands, under the names of their groups."""
    for group in GROUPS:
        yield group
        for command in commands:
            if command.group == group:
                yield f"  {command.usage:<34} {command.summary}"


def _exit(talk: Talk, _argument: str) -> None:
    talk.leave()
