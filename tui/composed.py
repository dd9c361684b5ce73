"""What questions are put together from and into, with prompts of the library or without."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.types import Message
from prompts.fence import Fenced, fence, steady_fence
from prompts.inherit import Prompt
from prompts.library import Library
from sessions import Attachment, sha256_of
from tui.attach import AttachedText
from tui.config import Config
from tui.errors import UsageProblem
from tui.options import EngineOptions
from tui.questions import Question, Settings
from tui.settings import make_settings
from tui.texts import check_arguments, read_text

_LARGEST_RULES = 2**20
"""Bytes of the largest grammar or schema: a million rules constrain nothing in useful time."""

_LONGEST_REPEATED = 400
"""Characters of words that are said again after a text."""

_REMINDER = "Now do what is asked above the material."


@dataclass(frozen=True, slots=True)
class Composed:
    """Everything of a question that the engine and the session need."""

    question: Question
    system: str | None
    """None leaves the session's own in force."""
    examples: tuple[Message, ...]
    settings: Settings
    fences: tuple[Fenced, ...] = ()
    """Those in the question, in its order; the system text has to explain them."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a question meets: the library, the configuration, and the session so far."""

    library: Callable[[], Library]
    """Opened only where a prompt is named, and read anew each time."""
    config: Config
    title: str = ""
    """The session's."""
    previous: str = ""
    """The last answer."""
    model_name: Callable[[], str] = str
    count: Callable[[Sequence[Message]], int] | None = None
    """Tokens of a conversation."""
    ask: Callable[[Prompt, Sequence[str]], Mapping[str, str]] | None = None
    """Has a person say what a prompt misses; None where nobody is there."""
    say: Callable[[str], None] = field(default=lambda _line: None)
    """Tells the person something, in a line."""


def answer_settings(
    options: EngineOptions, params: Mapping[str, object], config: Config
) -> Settings:
    """Sampling and limits, and what answers have to be like.

    Args:
        options: As they were typed.
        params: A prompt's; what was typed wins.
        config: The defaults.

    Raises:
        UsageProblem: If an option cannot be used, or a file cannot be read.
    """
    check_arguments(*options.banned)
    if not all(phrase.strip() for phrase in options.banned):
        raise UsageProblem("--ban needs a phrase")
    others = dict(params)
    rules: dict[str, Any] = {name: others.pop(name, None) for name in ("grammar", "schema")}
    banned: Any = others.pop("banned", ())
    if options.grammar or options.schema:
        rules = {
            "grammar": read_text(options.grammar, _LARGEST_RULES) if options.grammar else None,
            "schema": _schema(options.schema) if options.schema else None,
        }
    return replace(
        make_settings(options, others, config),
        grammar=rules["grammar"],
        schema=rules["schema"],
        banned=tuple(dict.fromkeys((*banned, *options.banned))),
        top_logprobs=options.logprobs,
        think=options.think,
    )


def _schema(path: Path) -> str:
    text = read_text(path, _LARGEST_RULES)
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageProblem(f"{path} is not JSON: {error}") from error
    return text


def plain_question(
    words: str | None,
    attachments: Sequence[AttachedText],
    fences: tuple[Fenced, ...],
    system: str | None,
    settings: Settings,
) -> Composed:
    """Words and texts behind fences, without a prompt of the library.

    What is asked comes last as well: in trials, orders in a text were heeded most where it did not.
    Texts without words are what is asked; then they are as they came.

    Raises:
        UsageProblem: If there is neither.
    """
    if not words or words.isspace():
        content = "\n\n".join(_headed(attached) for attached in attachments)
        if not content.strip():
            raise UsageProblem("there is nothing to send: give a prompt, or pipe text in")
        return Composed(Question(content), system, (), settings)
    content = words
    parts = []
    for fenced, attached in zip(fences, attachments, strict=True):
        start, length = len(content) + 2 + fenced.start, len(fenced.text)
        content += f"\n\n{fenced.content}"
        parts.append(Attachment(attached.name, sha256_of(fenced.text), start, length))
    if fences:
        content += f"\n\n{_again(words)}"
    question = Question(content, attachments=tuple(part for part in parts if part.length))
    return Composed(question, system, (), settings, fences)


def fences_around(
    attachments: Sequence[AttachedText], options: EngineOptions
) -> tuple[Fenced, ...]:
    """A fence for each text; with a seed the same ones each time, as the answer should be."""
    make = fence if options.seed is None else steady_fence
    return tuple(make(attached.text, attached.name) for attached in attachments)


def _again(words: str) -> str:
    return words if len(words) <= _LONGEST_REPEATED else _REMINDER


def _headed(attachment: AttachedText) -> str:
    text = attachment.text.rstrip("\n")
    return text if attachment.name is None else f"--- {attachment.name} ---\n{text}"
