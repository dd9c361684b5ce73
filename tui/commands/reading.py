"""Reads what follows a command: numbers, turns, words in quotation marks, commands."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence

from sessions import Turn
from tui.commands.command import Command
from tui.errors import UsageProblem
from tui.talk import Talk


def whole_number(argument: str, usage: str) -> int | None:
    """A number, or None where nothing is given.

    Raises:
        UsageProblem: If it is something else.
    """
    if argument and not is_number(argument):
        raise UsageProblem(usage)
    return int(argument) if argument else None


def is_number(word: str) -> bool:
    """Whether a word is a number that something could have."""
    return word.isascii() and word.isdecimal() and len(word) < 7


def turn_of(talk: Talk, number: int) -> Turn:
    """A turn by its number on this branch.

    Raises:
        UsageProblem: If there is none.
    """
    path = talk.conversation.log.session.path()
    if not path:
        raise UsageProblem("there are no turns here")
    if not 1 <= number <= len(path):
        raise UsageProblem(f"there are turns 1 to {len(path)} here; /fork lists them")
    return path[number - 1]


def turn_and_rest(talk: Talk, argument: str) -> tuple[Turn | None, str]:
    """The turn whose number an argument begins with, and what follows it.

    Raises:
        UsageProblem: If there is no such turn.
    """
    word, _, rest = argument.partition(" ")
    if not is_number(word):
        return None, argument
    return turn_of(talk, int(word)), rest.strip()


def words_of(argument: str, command: str) -> list[str]:
    """The words of an argument; those between quotation marks are one.

    Raises:
        UsageProblem: If a quotation mark is not closed.
    """
    try:
        return shlex.split(argument)
    except ValueError as error:
        raise UsageProblem(f"/{command} {argument}: {error}") from error


def without_force(words: Sequence[str]) -> tuple[list[str], bool]:
    """The words but ``--force``, and whether it was there."""
    return [word for word in words if word != "--force"], "--force" in words


def command_named(name: str, commands: Sequence[Command]) -> Command:
    """The command of that name.

    Raises:
        UsageProblem: If there is none; it names the nearest.
    """
    for command in commands:
        if command.name == name:
            return command
    nearest = difflib.get_close_matches(name, [command.name for command in commands], n=1)
    hint = f"did you mean /{nearest[0]}?" if nearest else "/help lists them"
    raise UsageProblem(f"there is no command /{name}; {hint}")
