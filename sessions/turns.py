"""Turns, and what a model gets of those on the way to a leaf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from engine.sampling_params import Sampling
from engine.types import Message, Role, Timings, Usage

LOGPROB_DECIMALS = 3

SUMMARY_HEADING = "Summary of the conversation so far:"
"""Stands between the system text and a summary, in the same message."""

Status: TypeAlias = Literal["complete", "length", "stop", "cancelled", "error", "partial"]
"""How a turn ended. ``partial``: the process died while answering, and this is what was saved of
the answer on the way."""

Variable: TypeAlias = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text within a turn's content that is kept in a file of its own, once for a session."""

    name: str | None
    """The file's name without its folders; None for piped text."""
    sha256: str
    """Of the text in UTF-8, 64 hexadecimal digits."""
    start: int
    """Where in the content it begins, in characters."""
    length: int
    """In characters."""
    is_missing: bool = False
    """Whether its file is gone, so that a note stands in its place."""


@dataclass(frozen=True, slots=True)
class Build:
    """What computed an answer, apart from the name of the weights."""

    weights: str | None = None
    """The fingerprint of the weights file."""
    chat_template: str | None = None
    """The SHA-256 of the chat template."""
    llama_cpp: str | None = None
    """The version of llama.cpp's binding."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an answer had to be like, beside its sampling."""

    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    grammar: str | None = None
    schema: str | None = None
    banned: tuple[str, ...] = ()
    think: bool | None = None


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """What a model thought of one token of an answer, before sampling."""

    text: str
    logprob: float
    """Natural logarithm of its probability, with `LOGPROB_DECIMALS`."""
    others: tuple[tuple[str, float], ...] = ()
    """The likeliest tokens in its place, with theirs."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message as a node of a session.

    Raises:
        ValueError: If the time has no time zone.
    """

    id: str
    """A ULID."""
    parent: str | None
    """The id of the turn that this one follows; None begins a conversation."""
    role: Role
    content: str
    time: datetime
    """When it was said or began to be said; always with a time zone."""
    status: Status = "complete"
    reasoning: str = ""
    """What the model thought aloud before it answered; never sent back to one."""
    examples: tuple[Message, ...] = ()
    """The few-shot messages that come with a system turn."""
    prompt: str | None = None
    """The id of the prompt that the content was rendered from."""
    variables: Mapping[str, Variable] = field(default_factory=dict)
    """What the prompt was rendered with."""
    attachments: tuple[Attachment, ...] = ()
    """Parts of the content, in their order."""
    model: str | None = None
    build: Build | None = None
    sampling: Sampling | None = None
    limits: Limits | None = None
    usage: Usage | None = None
    timings: Timings | None = None
    error: str | None = None
    """What went wrong, in one line, when the status is ``error``."""
    logprobs: tuple[TokenLogprob, ...] = ()
    """Of the tokens of the content, or of those at its end; nothing if nobody asked."""
    raw: bool = False
    """A question that went to the model as plain text, behind the contents before it."""
    alone: bool = False
    """A question that the model got without what was said before it."""
    continues: str | None = None
    """The id of the answer that this one begins with and goes on from."""
    edits: tuple[str, ...] = ()
    """The ids of the answers to the same question that a person made this one of: in other words,
    of parts of several, or of the beginning of one, from where a model may have gone on."""
    copy_of: str | None = None
    """The id of the turn that this one repeats on another branch."""
    summarises: tuple[str, ...] = ()
    """The ids of the turns that the content of this system turn stands for."""
    extra: Mapping[str, object] = field(default_factory=dict)
    """JSON fields that this program does not know, kept as they were read."""

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise ValueError("a turn's time needs a time zone")


def messages_of(path: Sequence[Turn]) -> list[Message]:
    """The messages of a path that begins with a session's first turn.

    First comes what `standing_messages` gives, then what was said but for answers without a word
    and what the summary in force stands for.
    """
    return [
        *standing_messages(path),
        *(Message(turn.role, turn.content) for turn in spoken_turns(path)),
    ]


def messages_to_answer(path: Sequence[Turn]) -> list[Message]:
    """The messages that a path's last turn, a question, is answered from."""
    question = path[-1]
    if not question.alone:
        return messages_of(path)
    return [*standing_messages(path), Message(question.role, question.content)]


def standing_messages(path: Sequence[Turn]) -> list[Message]:
    """The messages before the conversation itself: the system text in force, which is the nearest
    to the leaf, with the summary in force below it, and the examples of that system text."""
    instruction, summary = instruction_in_force(path), summary_in_force(path)
    texts = [instruction.content] if instruction and instruction.content else []
    if summary is not None:
        texts.append(f"{SUMMARY_HEADING}\n{summary.content}")
    system = [Message("system", "\n\n".join(texts))] if texts else []
    return [*system, *(instruction.examples if instruction else ())]


def spoken_turns(path: Sequence[Turn]) -> list[Turn]:
    """The questions and answers that a model gets."""
    summary = summary_in_force(path)
    left_out = frozenset(summary.summarises if summary else ())
    return [
        turn
        for turn in path
        if turn.id not in left_out
        and (turn.role == "user" or (turn.role == "assistant" and turn.content))
    ]


def instruction_in_force(path: Sequence[Turn]) -> Turn | None:
    """The nearest system turn that a person or a prompt put there."""
    return _last_system_turn(path, is_summary=False)


def summary_in_force(path: Sequence[Turn]) -> Turn | None:
    """The nearest system turn that stands for earlier ones."""
    return _last_system_turn(path, is_summary=True)


def plain_text(path: Sequence[Turn]) -> str:
    """Everything that was said, joined: what a model goes on from without a chat template."""
    return "".join(turn.content for turn in path if turn.role != "system")


def question_of(turn: Turn) -> str:
    """The words of a question; a text that went along is its name."""
    if not turn.attachments:
        return turn.content
    # The line above a text is the beginning of its fence.
    first = turn.content[: turn.attachments[0].start].rstrip("\n").rpartition("\n")[0]
    names = (f"@{part.name or 'piped text'}" for part in turn.attachments)
    return f"{first.strip()}\n{'  '.join(names)}".strip()


def _last_system_turn(path: Sequence[Turn], *, is_summary: bool) -> Turn | None:
    found = (
        turn
        for turn in reversed(path)
        if turn.role == "system" and bool(turn.summarises) == is_summary
    )
    return next(found, None)
