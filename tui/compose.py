"""From a command line to a question: words, attached texts and a prompt of the library, joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, TextIO

from engine.types import Message
from prompts.library import Library
from prompts.render import render
from tui.config import Config
from tui.conversation import Question, Settings
from tui.errors import UsageProblem
from tui.options import EngineOptions, PromptOptions
from tui.settings import make_settings

LARGEST = 64 * 2**20
"""Bytes of the largest text that is read; no context holds more."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text to work on."""

    name: str | None
    """The file's name; None for standard input."""
    text: str


@dataclass(frozen=True, slots=True)
class Composed:
    """Everything of a question that the engine and the session need."""

    question: Question
    system: str | None
    """None leaves the session's own in force."""
    examples: tuple[Message, ...]
    settings: Settings


def read_stdin(stream: TextIO | None) -> Attachment | None:
    """Piped text, or None on a terminal and where nothing came.

    Raises:
        UsageProblem: If it is not UTF-8.
    """
    if stream is None or stream.closed or stream.isatty():
        return None
    text = decode(_bounded(stream.buffer, "standard input"), "standard input")
    return Attachment(None, text) if text else None


def read_files(paths: Sequence[Path]) -> list[Attachment]:
    """The files' texts.

    Raises:
        UsageProblem: If one cannot be read, or is not UTF-8.
    """
    return [Attachment(path.name, decode(_read(path), str(path))) for path in paths]


def decode(data: bytes, name: str) -> str:
    """UTF-8 text, without a byte order mark.

    Raises:
        UsageProblem: If it is something else; it says what `name` is not.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{name} is not UTF-8 text (byte {error.start:,})") from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return _bounded(file, str(path))
    except OSError as error:
        raise UsageProblem(f"{path} cannot be read: {error.strerror}") from error


def _bounded(stream: BinaryIO, name: str) -> bytes:
    """All bytes of a stream that has an end within reason."""
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UsageProblem(f"{name} is larger than {LARGEST // 2**20} MiB: send a part of it")
    return data


def compose(
    options: PromptOptions,
    engine_options: EngineOptions,
    attachments: Sequence[Attachment],
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
    for text in (options.words, options.system):
        if text is not None and not text.isascii():
            # An argument that is not UTF-8 arrives with half surrogates in place of its bytes.
            decode(text.encode("utf-8", "surrogateescape"), "the prompt")
    if options.template is None:
        if options.variables:
            raise UsageProblem("-p fills in a prompt's variables: name the prompt with -t")
        content = _plain_content(options.words, attachments)
        settings = make_settings(engine_options, {}, config)
        return Composed(Question(content), options.system, (), settings)
    return _compose_prompt(
        options.template, options, engine_options, attachments, library(), config
    )


def _compose_prompt(
    name: str,
    options: PromptOptions,
    engine_options: EngineOptions,
    attachments: Sequence[Attachment],
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
        Question(content, name, rendered.variables),
        rendered.system if options.system is None else options.system,
        rendered.examples,
        make_settings(engine_options, rendered.params, config),
    )


def _plain_content(words: str | None, attachments: Sequence[Attachment]) -> str:
    parts = [words] if words else []
    parts += [_headed(attachment) for attachment in attachments]
    content = "\n\n".join(parts)
    if not content.strip():
        raise UsageProblem("there is nothing to send: give a prompt, or pipe text in")
    return content


def _joined(attachments: Sequence[Attachment]) -> str:
    if len(attachments) == 1:
        return attachments[0].text
    return "\n\n".join(_headed(attachment) for attachment in attachments)


def _headed(attachment: Attachment) -> str:
    text = attachment.text.rstrip("\n")
    return text if attachment.name is None else f"--- {attachment.name} ---\n{text}"
