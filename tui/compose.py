"""From a command line to a question: words, attached texts and a prompt of the library, joined."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import BinaryIO, TextIO

from engine.types import Message
from prompts.library import Library
from prompts.render import render
from sessions import Attachment, sha256_of
from tui.attach import AttachedText, attachments_in
from tui.config import Config
from tui.conversation import Question, Settings
from tui.errors import UsageProblem
from tui.options import EngineOptions, PromptOptions
from tui.settings import make_settings

LARGEST = 64 * 2**20
"""Bytes of the largest text that is read; no context holds more."""

_LARGEST_RULES = 2**20
"""Bytes of the largest grammar or schema: a million rules constrain nothing in useful time."""


@dataclass(frozen=True, slots=True)
class Composed:
    """Everything of a question that the engine and the session need."""

    question: Question
    system: str | None
    """None leaves the session's own in force."""
    examples: tuple[Message, ...]
    settings: Settings


def read_stdin(stream: TextIO | None) -> AttachedText | None:
    """Piped text, or None on a terminal and where nothing came.

    Raises:
        UsageProblem: If it is not UTF-8.
    """
    if stream is None or stream.closed or stream.isatty():
        return None
    text = decode(_bounded(stream.buffer, "standard input"), "standard input")
    return AttachedText(None, text) if text else None


def read_files(paths: Sequence[Path]) -> list[AttachedText]:
    """The files' texts.

    Raises:
        UsageProblem: If one cannot be read, or is not UTF-8.
    """
    return [AttachedText(path.name, read_text(path)) for path in paths]


def decode(data: bytes, name: str) -> str:
    """UTF-8 text, without a byte order mark.

    Raises:
        UsageProblem: If it is something else; it says what `name` is not.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{name} is not UTF-8 text (byte {error.start:,})") from error


def read_text(path: Path, largest: int = LARGEST) -> str:
    """A file's text.

    Raises:
        UsageProblem: If it cannot be read, has more bytes than `largest`, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = _bounded(file, str(path), largest)
    except OSError as error:
        raise UsageProblem(f"{path} cannot be read: {error.strerror}") from error
    return decode(data, str(path))


def _bounded(stream: BinaryIO, name: str, largest: int = LARGEST) -> bytes:
    """All bytes of a stream that has an end within reason."""
    data = stream.read(largest + 1)
    if len(data) > largest:
        raise UsageProblem(f"{name} is larger than {largest // 2**20} MiB, the most that is read")
    return data


def compose(
    options: PromptOptions,
    engine_options: EngineOptions,
    attachments: Sequence[AttachedText],
    library: Callable[[], Library],
    config: Config,
) -> Composed:
    """Put a question together.

    Args:
        options: Words, system text, prompt and its variables.
        engine_options: What overrides the prompt's and the configuration's sampling.
        attachments: Texts to work on.
        library: Opened only where a prompt is named.
        config: The defaults.

    Raises:
        PromptError: If the named prompt is unknown, broken, or lacks a variable.
        UsageProblem: If an option means nothing, or there is nothing to send.
    """
    _check_arguments(options.words, options.system)
    if options.template is None:
        if options.variables:
            raise UsageProblem("-p fills in a prompt's variables: name the prompt with -t")
        content, parts = _plain_content(options.words, attachments)
        settings = answer_settings(engine_options, {}, config)
        # Piped text without words is the question itself.
        question = Question(content, attachments=parts if options.words else ())
        return Composed(question, options.system, (), settings)
    return _compose_prompt(
        options.template, options, engine_options, attachments, library(), config
    )


def compose_raw(
    options: PromptOptions,
    engine_options: EngineOptions,
    attachments: Sequence[AttachedText],
    config: Config,
) -> Composed:
    """A question that is a plain text to go on with: the one that was given, to the last byte.

    Raises:
        UsageProblem: If there is no text, or more than one.
    """
    _check_arguments(options.words)
    texts = [options.words] if options.words else []
    texts += [attachment.text for attachment in attachments]
    if len(texts) != 1 or not texts[0]:
        raise UsageProblem("--raw goes on with one text: give it as words, a file, or pipe it in")
    settings = answer_settings(engine_options, {}, config)
    return Composed(Question(texts[0], raw=True), None, (), settings)


def _check_arguments(*texts: str | None) -> None:
    """An argument that is not UTF-8 arrives with half surrogates in place of its bytes."""
    for text in texts:
        if text is not None and not text.isascii():
            decode(text.encode("utf-8", "surrogateescape"), "the prompt")


def answer_settings(
    options: EngineOptions, params: Mapping[str, object], config: Config
) -> Settings:
    """Sampling and limits, and what answers have to be like.

    Raises:
        UsageProblem: If an option cannot be used, or a file cannot be read.
    """
    _check_arguments(*options.banned)
    if not all(phrase.strip() for phrase in options.banned):
        raise UsageProblem("--ban needs a phrase")
    return replace(
        make_settings(options, params, config),
        grammar=read_text(options.grammar, _LARGEST_RULES) if options.grammar else None,
        schema=_schema(options.schema) if options.schema else None,
        banned=options.banned,
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


def _compose_prompt(
    name: str,
    options: PromptOptions,
    engine_options: EngineOptions,
    attachments: Sequence[AttachedText],
    library: Library,
    config: Config,
) -> Composed:
    text = _joined(attachments)
    instruction = options.words or ""
    if not attachments:
        text, instruction = instruction, ""
    given = {
        "date": date.today().isoformat(),
        "instruction": instruction,
        "text": text,
        "file": (attachments[0].name or "") if attachments else "",
    }
    # An empty one is left out, and so missed where the prompt cannot do without it.
    builtins = {key: value for key, value in given.items() if value}
    rendered = render(library.load(name), dict(options.variables), builtins)
    content = rendered.user
    if instruction and "instruction" not in rendered.uses:
        # A prompt with no place for the instruction gets it in front.
        content = f"{instruction}\n\n{content}"
    return Composed(
        Question(
            content, name, rendered.variables, attachments=attachments_in(content, attachments)
        ),
        rendered.system if options.system is None else options.system,
        rendered.examples,
        answer_settings(engine_options, rendered.params, config),
    )


def _plain_content(
    words: str | None, attachments: Sequence[AttachedText]
) -> tuple[str, tuple[Attachment, ...]]:
    """Words and texts, and where the texts are in it."""
    content = words or ""
    parts = []
    for attached in attachments:
        content += "\n\n" if content else ""
        content += "" if attached.name is None else f"--- {attached.name} ---\n"
        text = attached.text.rstrip("\n")
        parts.append(Attachment(attached.name, sha256_of(text), len(content), len(text)))
        content += text
    if not content.strip():
        raise UsageProblem("there is nothing to send: give a prompt, or pipe text in")
    return content, tuple(part for part in parts if part.length)


def _joined(attachments: Sequence[AttachedText]) -> str:
    if len(attachments) == 1:
        return attachments[0].text
    return "\n\n".join(_headed(attachment) for attachment in attachments)


def _headed(attachment: AttachedText) -> str:
    text = attachment.text.rstrip("\n")
    return text if attachment.name is None else f"--- {attachment.name} ---\n{text}"
