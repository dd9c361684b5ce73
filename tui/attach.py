"""Attached texts within a question: where they are, so that the session keeps each of them once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prompts.fence import with_its_fence
from sessions import Attachment, Turn, sha256_of


@dataclass(frozen=True, slots=True)
class AttachedText:
    """A text that was given to work on."""

    name: str | None
    """The file's name; None for standard input."""
    text: str
    before: str = ""
    """What comes right before it in a question, where that is known: the line that begins a fence
    tells the text from the same words elsewhere."""


def attachments_in(content: str, attached: Iterable[AttachedText]) -> tuple[Attachment, ...]:
    """The places of texts in a question, one after another.

    A prompt may have put a text into other words, or twice; then what is found of it counts.
    """
    found: list[Attachment] = []
    at = 0
    for each in attached:
        for before, text in (
            (each.before, each.text),
            ("", each.text),
            ("", each.text.rstrip("\n")),
        ):
            start = content.find(before + text, at) if text else -1
            if start >= 0:
                start += len(before)
                found.append(Attachment(each.name, sha256_of(text), start, len(text)))
                at = start + len(text)
                break
    return tuple(found)


def text_of(turn: Turn, part: Attachment) -> str:
    """The text of one of a turn's attachments."""
    return turn.content[part.start : part.start + part.length]


def begin_of_fence(turn: Turn, part: Attachment) -> str:
    """What of a fence comes before one of a turn's attachments; nothing where it has none."""
    start, _ = with_its_fence(turn.content, part.start, part.start + part.length)
    return turn.content[start : part.start]
