"""From a line that a person types to the command that it means, and what it may become."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import suppress

from sessions import SessionError
from tui.commands.command import Command, Suggestion
from tui.commands.completing import mentions
from tui.commands.reading import command_named
from tui.commands.registry import COMMANDS
from tui.errors import UsageProblem
from tui.talk import Talk


def find_command(name: str) -> Command:
    """The command of that name.

    Raises:
        UsageProblem: If there is none; it names the nearest.
    """
    return command_named(name, COMMANDS)


def run_line(talk: Talk, line: str) -> None:
    """Carry out a line that begins with a slash.

    Raises:
        UsageProblem: If it names no command.
    """
    name, _, argument = line.removeprefix("/").partition(" ")
    find_command(name).run(talk, argument.strip())


def complete_line(talk: Talk, line: str) -> Iterator[Suggestion]:
    """What the last word of a line may become: of a command, or a file's name behind an @."""
    if not line.startswith("/"):
        yield from mentions(line)
        return
    name, space, argument = line.removeprefix("/").partition(" ")
    if not space:
        yield from (Suggestion(f"/{each.name}", each.summary) for each in _commands_like(name))
        return
    command = next((each for each in COMMANDS if each.name == name), None)
    if command is not None and command.complete is not None:
        word = argument.rpartition(" ")[2]
        # Where nothing can be done yet there is nothing to complete either.
        with suppress(UsageProblem, SessionError):
            for suggestion in command.complete(talk, argument):
                if suggestion.text.startswith(word):
                    yield suggestion


def _commands_like(name: str) -> Sequence[Command]:
    """Those that begin so; where none does, those that may be meant."""
    found = [command for command in COMMANDS if command.name.startswith(name)]
    nearest = difflib.get_close_matches(name, [command.name for command in COMMANDS])
    return found or [command for command in COMMANDS if command.name in nearest]
