"""From messages to token ids: a template's markers are control tokens, a content's are prose.

The chat template is rendered twice: with the contents, and with an unguessable word in place of
each. The second rendering shows which parts are the template's own. As long as the plain rendering
has just the control tokens of those parts, it is what the model gets, tokenized as every other
program does it. Otherwise a content spells a marker, and is tokenized as prose.
"""

from __future__ import annotations

import re
import secrets
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.errors import TemplateFailed
from engine.types import Message

_RENDER_SECONDS = 2.0

_TEMPLATE_FAILURES = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What running a template can raise."""


class Vocabulary(Protocol):
    """The part of the weights that formatting needs."""

    n_vocab: int

    def tokenize(self, text: str, *, special: bool) -> list[int]: ...
    def token_text(self, token: int) -> str: ...
    def is_control(self, token: int) -> bool: ...
    def is_user_defined(self, token: int) -> bool: ...
    def special_text(self, name: str) -> str: ...
    @property
    def bos(self) -> int | None: ...


class ChatFormat:
    """A model's chat template together with its vocabulary."""

    def __init__(self, template: str, vocabulary: Vocabulary) -> None:
        """Compile the template.

        Args:
            template: Jinja source, as in ``tokenizer.chat_template``.
            vocabulary: The tokenizer of the same model.

        Raises:
            TemplateFailed: If it is not valid Jinja.
        """
        self._vocabulary = vocabulary
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.globals["raise_exception"] = _raise_exception
        environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
        try:
            self._template = environment.from_string(template)
        except (TemplateError, SyntaxError) as error:
            raise TemplateFailed(f"the model's chat template is broken: {error}") from error
        self._special_texts: list[str] | None = None

    def tokenize(self, messages: Sequence[Message]) -> list[int]:
        """The prompt's token ids, ending where the assistant's answer begins.

        Raises:
            TemplateFailed: If the template raises or takes longer than two seconds.
        """
        messages, plain = self._accepted(messages)
        parts = self._template_parts(messages)
        own = [self._vocabulary.tokenize(part, special=True) for part in parts]
        known = {token for ids in own for token in ids if self._is_marker(token)}
        wanted = [token for ids in own for token in self._markers_in(ids, known)]
        contents = _put_back(plain, parts, [message.content for message in messages])
        if contents is None:
            ids = self._tokenize_neutral(messages)
            if self._markers_in(ids, known) != wanted:
                raise TemplateFailed("the model's chat template makes control tokens of the text")
            return self._with_bos(ids)
        ids = self._vocabulary.tokenize(plain, special=True)
        if self._markers_in(ids, known) != wanted:
            ids = self._tokenize_apart(parts, contents)
        return self._with_bos(ids)

    def _accepted(self, messages: Sequence[Message]) -> tuple[Sequence[Message], str]:
        """The messages as the template takes them, and their plain rendering.

        Where it has no system turns, the system text goes into the first user turn.
        """
        try:
            return messages, self._render(messages)
        except TemplateFailed:
            if len(messages) < 2 or messages[0].role != "system":
                raise
            system, first, *rest = messages
            merged = [Message("user", f"{system.content}\n\n{first.content}"), *rest]
            return merged, self._render(merged)

    def _tokenize_neutral(self, messages: Sequence[Message]) -> list[int]:
        """Token ids where contents cannot be found in the rendering: they lose their markers."""
        neutral = [Message(m.role, self._neutralise(m.content)) for m in messages]
        return self._vocabulary.tokenize(self._render(neutral), special=True)

    def _render(self, messages: Sequence[Message]) -> str:
        values = [{"role": message.role, "content": message.content} for message in messages]
        try:
            with _time_limit(_RENDER_SECONDS):
                return self._template.render(
                    messages=values,
                    add_generation_prompt=True,
                    tools=None,
                    bos_token=self._vocabulary.special_text("bos"),
                    eos_token=self._vocabulary.special_text("eos"),
                )
        except TimeoutError as error:
            raise TemplateFailed(
                f"the model's chat template took longer than {_RENDER_SECONDS:g} s"
            ) from error
        except _TEMPLATE_FAILURES as error:
            raise TemplateFailed(f"the model's chat template failed: {error}") from error

    def _template_parts(self, messages: Sequence[Message]) -> list[str]:
        """The template's own text: before, between and after the contents.

        A content that the template leaves out, or uses twice, makes the parts not fit the plain
        rendering, which `_put_back` finds out.
        """
        nonces = [f"c{secrets.token_hex(16)}" for _ in messages]
        marked = [
            Message(message.role, nonce) for message, nonce in zip(messages, nonces, strict=True)
        ]
        return re.split("|".join(nonces), self._render(marked))

    def _is_marker(self, token: int) -> bool:
        if self._vocabulary.is_control(token):
            return True
        # Runs of spaces and line ends are user-defined tokens of some models, and only prose.
        return self._vocabulary.is_user_defined(token) and not (
            self._vocabulary.token_text(token).isspace()
        )

    def _markers_in(self, ids: Sequence[int], markers: set[int]) -> list[int]:
        return [token for token in ids if token in markers or self._vocabulary.is_control(token)]

    def _tokenize_apart(self, parts: Sequence[str], contents: Sequence[str]) -> list[int]:
        """Token ids with every marker in a content spelled as text.

        Each run of text between two of the template's own markers, contents included, is
        tokenized in one go, as llama.cpp itself cuts its input: so spaces and merges at the seams
        come out as they would without the marker in the content.
        """
        pattern = re.compile("|".join(map(re.escape, self._specials())) or r"(?!)")
        ids: list[int] = []
        run = ""
        for part, content in zip(parts, [*contents, ""], strict=True):
            end = 0
            for match in pattern.finditer(part):
                ids += self._prose(run + part[end : match.start()])
                ids += self._vocabulary.tokenize(match.group(), special=True)
                run, end = "", match.end()
            run += part[end:] + content
        return ids + self._prose(run)

    def _prose(self, text: str) -> list[int]:
        """Token ids of text in which nothing is a marker, user-defined ones included."""
        if not text:
            return []
        ids = self._vocabulary.tokenize(text, special=False)
        if not any(self._is_marker(token) for token in ids):
            return ids
        return self._vocabulary.tokenize(self._neutralise(text), special=False)

    def _neutralise(self, text: str) -> str:
        """The text with a space inside each marker, where nothing else keeps it from acting."""
        pattern = "|".join(map(re.escape, self._specials()))
        if not pattern:
            return text
        return re.sub(pattern, lambda match: f"{match[0][0]} {match[0][1:]}", text)

    def _specials(self) -> list[str]:
        """How the vocabulary's markers are written, longest first; found when first needed."""
        if self._special_texts is None:
            markers = filter(self._is_marker, range(self._vocabulary.n_vocab))
            texts = {self._vocabulary.token_text(token) for token in markers}
            self._special_texts = sorted(filter(None, texts), key=len, reverse=True)
        return self._special_texts

    def _with_bos(self, ids: list[int]) -> list[int]:
        bos = self._vocabulary.bos
        return ids if bos is None or ids[:1] == [bos] else [bos, *ids]


def _put_back(plain: str, parts: Sequence[str], contents: Sequence[str]) -> list[str] | None:
    """The contents as the plain rendering has them, as they are or trimmed, or None if neither."""
    if len(parts) != len(contents) + 1 or not plain.startswith(parts[0]):
        return None
    at = len(parts[0])
    found = []
    for content, after in zip(contents, parts[1:], strict=True):
        for form in (content, content.strip(), content.lstrip(), content.rstrip()):
            if plain.startswith(form + after, at):
                found.append(form)
                at += len(form) + len(after)
                break
        else:
            return None
    return found if at == len(plain) else None


def _raise_exception(message: str) -> None:
    """What chat templates call to refuse messages."""
    raise TemplateError(message)


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block when it takes too long. Main thread only.

    Jinja's sandbox stops code execution, not endless loops.
    """

    def on_alarm(*_: object) -> None:
        raise TimeoutError

    previous: Callable[..., object] | int | None = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
