"""What commands are, and what they act on: the part of a front end that they need."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from tui.attach import AttachedText
    from tui.composed import Surroundings
    from tui.conversation import Conversation, ConversationEvent
    from tui.options import EngineOptions
    from tui.prompt_in_use import PromptInUse
    from tui.runtime import Runtime

Group: TypeAlias = Literal["Answers", "Going back", "What is asked", "Sessions", "This program"]

GROUPS: tuple[Group, ...] = (
    *("Answers", "Going back", "What is asked"),
    *("Sessions", "This program"),
)
"""In the order of the help."""


class Talk(Protocol):
    """What a command acts on; each front end is one. Commands run in the conversation's thread."""

    attachments: list[AttachedText]
    """What goes along with the next question."""
    engine_options: EngineOptions
    """How answers are made from the next question on, as if it had been typed when it began."""

    @property
    def conversation(self) -> Conversation:
        """The one in progress."""
        ...

    @property
    def runtime(self) -> Runtime:
        """Where sessions, prompts and models are."""
        ...

    @property
    def prompt(self) -> PromptInUse:
        """The prompts in use."""
        ...

    @property
    def around(self) -> Surroundings:
        """What a question meets now."""
        ...

    @property
    def alternatives(self) -> int:
        """How many answers a question gets."""
        ...

    def say(self, text: str) -> None:
        """Tell the person something."""
        ...

    def begin_session(self) -> None:
        """Leave this session as it is, and begin another."""
        ...

    def open_session(self, query: str) -> None:
        """Leave this session as it is, and go on with the one of that id or title.

        Raises:
            SessionError: If there is none, there are several, or it cannot be read.
        """
        ...

    def instruct(self, system: str) -> None:
        """Put a system text in force, or that of the prompt with this name."""
        ...

    def use_model(self, name: str) -> None:
        """Go on with another model.

        Raises:
            EngineError: If there is no such model, or it cannot be used; the one in use stays.
        """
        ...

    def show(self, events: Iterable[ConversationEvent], *, alternatives: int = 1) -> None:
        """Show what is being made, until it is done or the person stops it.

        Raises:
            CannotFit, CompactionFailed, EngineError: If it could not be made.
        """
        ...

    def edit_text(self, text: str) -> str | None:
        """Have a person edit a text; None if they left it.

        Raises:
            UsageProblem: If nobody is there to do it.
        """
        ...

    def copy(self, text: str) -> None:
        """Put a text on the person's clipboard.

        Raises:
            UsageProblem: If there is none that can be reached.
        """
        ...

    def leave(self) -> None:
        """End the conversation."""
        ...


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
