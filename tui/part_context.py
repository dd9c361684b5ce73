"""What a question about a part of a draft tells of what is around it, within a budget of tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from drafts.bearings import Bearings, Surveyor
from engine.types import Message
from prompts.fence import Fenced
from tui.edit_parts import Task

SHARE_OF_CONTEXT = 0.15
"""Of the context window that the lines about a part may take."""

_TELLING = re.compile(r"\w")


class PartContexts:
    """The lines about each part of some drafts, put together when they are asked for."""

    def __init__(
        self,
        tasks: Sequence[Task],
        most: int,
        count: Callable[[Sequence[Message]], int],
        fence: Callable[[str], Fenced],
        *,
        by_default: bool,
    ) -> None:
        """Nothing is counted yet.

        Args:
            tasks: The drafts with their parts.
            most: Tokens that the lines about one part may have.
            count: Tokens of a conversation.
            fence: Puts the lines between two more, which a model takes for no instruction.
            by_default: Whether questions have them that do not say where.
        """
        self.by_default = by_default
        self._tasks = tasks
        self._parts = [(task, piece) for task in tasks for piece in task.pieces]
        self._most = most
        self._count = count
        self._fence = fence
        self._surveyor: tuple[Task, Surveyor] | None = None

    def has(self, number: int) -> bool:
        """Whether there is anything around a part, by its number among all parts."""
        task, piece = self._parts[number]
        first = next(block.start for block in task.blocks if block.is_prose)
        last = next(block.end for block in reversed(task.blocks) if block.is_prose)
        around = ((first, piece.start), (piece.end, last))
        return any(_TELLING.search(task.text, *span) for span in around)

    def of(self, number: int) -> str:
        """The lines about a part; nothing where there are none that fit.

        Raises:
            EngineError: If they could not be counted.
        """
        task, piece = self._parts[number]
        if self._surveyor is None or self._surveyor[0] is not task:
            self._surveyor = task, Surveyor(task.blocks)
        for bearings in _less_and_less(self._surveyor[1].bearings(piece)):
            lines = lines_of(bearings)
            if lines and self._count([Message("user", lines)]) <= self._most:
                return self._fence(lines).content
        return ""


def lines_of(bearings: Bearings) -> str:
    """The bearings in words. What many parts have in common comes first: a model that has read it
    once goes on from there."""
    parts = (
        ("The headings of the whole text:\n", bearings.outline),
        ("The material is in: ", bearings.place),
        ("Names and terms so far: ", ", ".join(bearings.terms)),
        ("Before the material comes:\n", bearings.before),
        ("After the material comes:\n", bearings.after),
    )
    return "\n".join(f"{heading}{text}" for heading, text in parts if text)


def _less_and_less(bearings: Bearings) -> Iterator[Bearings]:
    """The bearings, and then without what can best be spared: the place is told as long as it can
    be."""
    yield bearings
    yield (bearings := replace(bearings, outline=""))
    yield (bearings := replace(bearings, after=""))
    yield (bearings := replace(bearings, terms=()))
    yield replace(bearings, before="")
