"""The words of an answer that the model was unsure of, found again in what is drawn of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual.message import Message

WORD = re.compile(r"\w+")

_REACH = 30
"""Words that may be missing in what is drawn: the address of a link, say."""


@dataclass
class Unsure(Message):
    """What the model was unsure of in an answer."""

    turn: str
    words: tuple[tuple[str, bool], ...] = ()
    """All words of the answer, each with whether it is one."""
    reason: str = ""
    """Why that cannot be told."""


def unsure_places(
    words: Sequence[tuple[str, bool]], drawn: Sequence[str]
) -> Iterator[list[tuple[int, int]]]:
    """For each drawn text the stretches of its unsure words.

    Args:
        words: Of the answer, in their order.
        drawn: What is shown of it, in the same order; it may have words of its own.
    """
    at = 0
    for text in drawn:
        places: list[tuple[int, int]] = []
        for found in WORD.finditer(text):
            near = (n for n in range(at, min(at + _REACH, len(words))) if words[n][0] == found[0])
            number = next(near, None)
            if number is not None:
                at = number + 1
                if words[number][1]:
                    places.append(found.span())
        yield places
