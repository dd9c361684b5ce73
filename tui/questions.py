"""What a person asks, and how they want it answered: plain values for everything that asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from engine.sampling_params import Sampling
from sessions import Attachment

Variables: TypeAlias = Mapping[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class Settings:
    """How answers are generated."""

    sampling: Sampling = field(default_factory=Sampling)
    """Without a seed, each answer draws one, and its turn records it."""
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    grammar: str | None = None
    """A GBNF grammar that answers follow."""
    schema: str | None = None
    """A JSON Schema that answers fit, as JSON text. Not together with `grammar`."""
    banned: tuple[str, ...] = ()
    """Phrases that answers do not have."""
    top_logprobs: int | None = None
    """With a number, turns keep the scores of their tokens, each with so many others."""
    think: bool | None = None
    """Whether models that can think aloud do; None leaves it to them."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a person says, and the prompt that put it into these words."""

    content: str
    prompt: str | None = None
    """The id of the prompt."""
    variables: Variables | None = None
    attachments: tuple[Attachment, ...] = ()
    """Texts within the content that are worth a file of their own."""
    reference: str = ""
    """A text that the answer will probably follow."""
    raw: bool = False
    """A plain text to go on with, without a chat template; not for sessions that have chatted."""
    alone: bool = False
    """To be answered without what was said before."""
