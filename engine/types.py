"""What a model is asked and what it answers: messages, requests, and the events of an answer.

Plain frozen values, so that sessions, prompts and drafts can speak of messages without importing
anything that runs a model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from engine.sampling_params import Sampling

Role: TypeAlias = Literal["system", "user", "assistant"]

FinishReason: TypeAlias = Literal["end", "length", "stop", "cancelled", "error"]
"""Why an answer ended: a real end-of-generation token, the token limit or the context's end, a
stop string, the person, or a failure of the engine."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a model sees: who speaks, and the words."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """One answer asked for."""

    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    max_tokens: int | None = None
    """None: until the model ends, or the context is full."""
    stop: tuple[str, ...] = ()
    """Texts that end the answer; they are not part of it."""
    prefill: str = ""
    """What the assistant has said already; the answer goes on from exactly here, in the middle of a
    word too, and does not repeat it. Without messages: a plain text to complete."""
    reference: str = ""
    """A text that the answer will probably follow, such as the draft being revised."""
    grammar: str | None = None
    """A GBNF grammar that the answer must follow."""
    schema: str | None = None
    """A JSON Schema, as JSON text, that the answer must fit. Not together with `grammar`."""
    banned: tuple[str, ...] = ()
    """Phrases that must not appear in the answer, in any case."""
    alternatives: int = 1
    """Answers to write at once; each of their events carries its index."""
    top_logprobs: int | None = None
    """With a number, `Scored` events come along, with so many other tokens for each."""
    think: bool | None = None
    """Whether to think aloud first, for models whose template has a switch; None leaves it."""
    reproducible: bool = False
    """Whether the same seed should give the same tokens: then nothing depends on measured times.
    The size of a batch changes how its numbers are rounded, and so, now and then, a choice. What
    other conversations have left in the cache was read in batches of its own, and can do so too."""
    stable_messages: int = 0
    """How many of the first messages other requests will share: system text and examples."""

    aside: bool = False
    """Whether it is no part of a conversation: then it leaves no snapshot behind."""

    def sampling_of(self, index: int) -> Sampling:
        """The sampling of one of the alternatives: each has a seed of its own."""
        if not index or self.sampling.seed is None:
            return self.sampling
        return replace(self.sampling, seed=(self.sampling.seed + index) % (2**32 - 1))


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    """How many of the prompt's tokens were in the KV cache already."""
    proposed_tokens: int = 0
    """Tokens that speculation proposed."""
    accepted_tokens: int = 0
    """How many of them were what the model chose."""
    estimated_tokens: int = 0
    """How many of the prompt's and the answer's nobody counted: a server did not say."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Wall-clock seconds of one answer, measured in the worker."""

    prefill_s: float
    """From the request's arrival to the first token."""
    decode_s: float
    """From the first token to the last."""


@dataclass(frozen=True, slots=True)
class Loading:
    """The weights are being read."""

    fraction: float
    layers: int = 0
    """Layers that are put onto a graphics card with it."""


@dataclass(frozen=True, slots=True)
class Prefill:
    """The prompt is being evaluated: `done` of `total` tokens, `cached` of them for nothing."""

    done: int
    total: int
    cached: int


@dataclass(frozen=True, slots=True)
class Piece:
    """The next characters of the answer: whole ones, never a part of a UTF-8 sequence."""

    text: str
    index: int = 0
    """Which of the alternatives it belongs to."""


@dataclass(frozen=True, slots=True)
class Reasoning:
    """The next characters of what the model thinks aloud before it answers."""

    text: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class TokenScore:
    """What the model thought of one token, before any sampler changed its distribution."""

    text: str
    """A token that holds part of a character has U+FFFD in its place."""
    logprob: float
    """Natural logarithm of its probability."""
    rank: int
    """How many tokens were likelier."""
    others: tuple[tuple[str, float], ...] = ()
    """The likeliest tokens, this one perhaps among them, with their log-probabilities."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores of the next tokens, reasoning and end marker left out."""

    tokens: tuple[TokenScore, ...]
    index: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know about how the request was carried out; one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of every answer; of several alternatives, each has one."""

    reason: FinishReason
    usage: Usage
    timings: Timings
    error: str | None = None
    """What went wrong, in one line, when the reason is ``error``."""
    index: int = 0


Event: TypeAlias = Loading | Prefill | Notice | Reasoning | Piece | Scored | Finished
