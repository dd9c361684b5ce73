"""Sessions in forms for other programs and other people, and in one that loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sessions.export.archive import ARCHIVE_FORMAT, ARCHIVE_VERSION, to_archive
from sessions.export.encoding import printable_json
from sessions.export.messages import to_chat, to_training_lines
from sessions.export.page import to_page
from sessions.export.transcript import to_markdown, to_text
from sessions.tree import Session
from sessions.turns import Turn

Scope: TypeAlias = Literal["everything", "tree", "leaves", "branch"]
"""What an export holds: ``everything`` with deleted turns; the ``tree`` of those that are not;
all ``leaves`` or a chosen one; one ``branch``."""


@dataclass(frozen=True, slots=True)
class Format:
    """One of the forms that a session can be exported in."""

    make: Callable[[Session, str | None], str]
    """Gives the text, which UTF-8 can express, of a session and the leaf that was chosen."""
    scope: Scope
    is_json: bool = False
    is_readable: bool = True
    """Whether it means something to a person on a terminal."""

    @property
    def has_asides(self) -> bool:
        """Whether more of a turn is in it than what was said: reasoning, errors, notes."""
        return self.scope in ("everything", "tree")

    def turns(self, session: Session, leaf: str | None) -> list[Turn]:
        """Those that are in an export."""
        if self.scope == "everything":
            return list(session.turns.values())
        if self.scope == "branch" or (self.scope == "leaves" and leaf is not None):
            return session.path(leaf)
        return [session.turns[each] for each in session.visible() if each in session.turns]


FORMATS: Mapping[str, Format] = {
    "json": Format(to_archive, "everything", is_json=True),
    "openai": Format(to_chat, "branch", is_json=True),
    "jsonl": Format(to_training_lines, "leaves", is_json=True),
    "markdown": Format(to_markdown, "branch"),
    "html": Format(to_page, "tree", is_readable=False),
    "text": Format(to_text, "branch"),
}
"""By the names that they are asked for."""

__all__ = [
    "ARCHIVE_FORMAT",
    "ARCHIVE_VERSION",
    "FORMATS",
    "Format",
    "Scope",
    "printable_json",
    "to_archive",
    "to_chat",
    "to_markdown",
    "to_page",
    "to_text",
    "to_training_lines",
]
