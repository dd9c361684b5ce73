"""What a person typed: a question, a command, a line for the shell; on one line or several."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["question", "verbatim", "command", "shell", "attached shell"]

_QUOTES = '"""'

_OPENING = re.compile(r'(/\S+ +)?"""')
"""Three quotation marks, where a question begins or what follows a command's name does."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was typed, and what it is for."""

    kind: Kind
    text: str
    """Without the marks that say what it is; of a command with its slash."""


def is_open(typed: str) -> bool:
    """Whether three quotation marks have been opened and not closed: then more lines follow."""
    opening = _OPENING.match(typed.lstrip())
    if opening is None:
        return False
    inside = typed.lstrip()[opening.end() :].rstrip()
    return not inside.endswith(_QUOTES)


def entry_of(typed: str, *, by_person: bool) -> Entry:
    """What was typed.

    Args:
        typed: All lines of it.
        by_person: Whether somebody sits at the keyboard; what comes through a pipe may be a text,
            and must not reach a shell.
    """
    line = typed.strip()
    if line.startswith(_QUOTES):
        return Entry("verbatim", _unquoted(line))
    if line.startswith("/"):
        name, space, argument = line.partition(" ")
        quoted = argument.strip()
        if quoted.startswith(_QUOTES):
            return Entry("command", f"{name} {_unquoted(quoted)}")
        return Entry("command", f"{name}{space}{argument}")
    if by_person and line.startswith("!!"):
        return Entry("attached shell", line[2:].strip())
    if by_person and line.startswith("!"):
        return Entry("shell", line[1:].strip())
    return Entry("question", typed)


def _unquoted(quoted: str) -> str:
    """The text between three quotation marks, without the line breaks next to them."""
    inside = quoted.removeprefix(_QUOTES).removesuffix(_QUOTES)
    return inside.removeprefix("\n").removesuffix("\n")
