"""What commands are: values of the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tui.talk import Talk

Group: TypeAlias = Literal["Answers", "Going back", "Questions", "Sessions", "This program"]

GROUPS: tuple[Group, ...] = (
    *("Answers", "Going back", "Questions"),
    *("Sessions", "This program"),
)
"""In the order of the help."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a word may become, and why one would want it to."""

    text: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """One command."""

    name: str
    """Without the slash."""
    argument: str
    """What may follow, for the help."""
    summary: str
    run: Callable[[Talk, str], None]
    complete: Callable[[Talk, str], Iterable[Suggestion]] | None = None
    """What the last word of an argument may become."""
    group: Group = "This program"
    """What it is shown among."""
    example: str = ""
    """A line that a person could type."""

    @property
    def usage(self) -> str:
        """The line, with what may follow."""
        return f"/{self.name} {self.argument}".rstrip()
