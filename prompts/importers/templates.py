"""Turns texts with the placeholders of other programs into our templates.

What is no placeholder there must be no template here: a brace that would begin one is written as a
value that prints it.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from prompts.errors import NotImported
from prompts.schema import BUILTINS, Variable

MOST_VARIABLES = 100

WITH_TEXT = "\n{% if text %}\n{{ text }}\n{% endif %}"
"""The end of a user template that can do without a text."""

_OPENING = re.compile(r"\{+[%#]|\{{2,}|\{\Z")
"""What begins a tag, or would with a tag behind it."""

_NO_NAME = re.compile(r"[^A-Za-z0-9_]+")

_TAKEN = frozenset({*BUILTINS, "true", "false", "none", "loop", "self"})
"""Names that mean something in every template."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Where a template prints a value."""

    name: str


Piece: TypeAlias = str | Placeholder


def tidied(text: str) -> str:
    """A text with one kind of line break, and without the blank space that rendering cuts off."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip(" \t\n")


def literal(text: str) -> str:
    """A template that prints just this text."""
    return _OPENING.sub(lambda opening: f'{{{{ "{opening[0]}" }}}}', text)


def template(text: str, pattern: re.Pattern[str], piece: Callable[[re.Match[str]], Piece]) -> str:
    """A template that prints a text with values in it.

    Args:
        text: As the other program has it.
        pattern: Finds its placeholders.
        piece: What is printed in place of one: a text, or a value.
    """
    parts, end = [], 0
    for found in pattern.finditer(text):
        parts += [literal(text[end : found.start()]), _written(piece(found))]
        end = found.end()
    return "".join([*parts, literal(text[end:])])


def _written(piece: Piece) -> str:
    return literal(piece) if isinstance(piece, str) else f"{{{{ {piece.name} }}}}"


class Names:
    """Gives the values of another program's prompt names that our templates can use."""

    def __init__(self, known: Mapping[str, str], defaults: Mapping[str, str] = {}) -> None:
        """Take what is known beforehand.

        Args:
            known: Our built-in values by the names that they have there.
            defaults: What values are when none is given, by their names there.
        """
        self._ours = dict(known)
        self._defaults = defaults
        self.used: set[str] = set()
        """Our names of all that was asked for."""
        self.variables: dict[str, Variable] = {}
        """Those among them that a prompt has to declare."""

    def placeholder(self, theirs: str, description: str = "") -> Placeholder:
        """Where the value is printed that has this name there.

        Raises:
            NotImported: If there are more than anybody would give.
        """
        if theirs not in self._ours:
            self._ours[theirs] = self._declare(theirs, description)
        self.used.add(self._ours[theirs])
        return Placeholder(self._ours[theirs])

    def _declare(self, theirs: str, description: str) -> str:
        if len(self.variables) == MOST_VARIABLES:
            raise NotImported(f"it has more than {MOST_VARIABLES} variables")
        name = self._free_name(theirs)
        if name != theirs and not description:
            description = f"Called {theirs} where it came from"
        default = self._defaults.get(theirs)
        self.variables[name] = Variable(
            name, default=default, required=default is None, description=description
        )
        return name

    def _free_name(self, theirs: str) -> str:
        name = _NO_NAME.sub("_", theirs).strip("_") or "value"
        if not name[0].isalpha() or name in _TAKEN or keyword.iskeyword(name):
            name = f"own_{name}"
        number, free = 2, name
        while free in self.variables:
            free, number = f"{name}_{number}", number + 1
        return free
