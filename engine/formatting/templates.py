"""A model's chat template, run as `transformers` runs it, and stopped when it does not end.

What a template may call and what it finds defined is what authors of templates test against:
https://huggingface.co/docs/transformers/chat_templating_writing.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from jinja2 import TemplateError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.errors import TemplateFailed
from engine.machine import memory_limit
from engine.types import Message

_SECONDS = 1.0
_MEMORY = 512 * 2**20
"""Bytes that a template may take. The alarm comes too late for a text doubled again and again."""
_LARGEST_PRODUCT = 1_000_000
"""Elements of a repeated text or list, and bits of a number, that arithmetic may make."""

_FAILURES = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What compiling or running a template can raise."""

_DATES: Mapping[str, str] = {
    "current_date": "%Y-%m-%d",
    "date": "%Y-%m-%d",
    "date_string": "%d %b %Y",
    "datetime": "%Y-%m-%d %H:%M:%S",
    "today": "%Y-%m-%d",
}
"""Variables for the date, for templates that fail without theirs, as strftime takes them."""


class Refused(Exception):
    """The template raised an error, which with other messages it may not; the text has it."""


@dataclass(frozen=True, slots=True)
class Call:
    """How a template is called, beside the messages."""

    now: datetime
    """The time it sees. Renderings that are compared must see the same."""
    think: bool | None = None
    generation: bool = True
    """Whether the rendering ends where an answer begins."""
    tools: bool = True
    """Whether `tools` and `documents` are defined, as none. Where not, what some templates want
    instead is: `functions`, of which there are none, and variables for the date."""
    parts: bool = False
    """Whether contents are lists of parts rather than strings."""


class ChatTemplate:
    """A compiled template."""

    def __init__(self, source: str, specials: Mapping[str, str]) -> None:
        """Compile the source.

        Args:
            source: Jinja source, as in ``tokenizer.chat_template``.
            specials: Values of ``bos_token`` and the like.

        Raises:
            TemplateFailed: If it is not valid Jinja.
        """
        self.source = source
        self._specials = dict(specials)
        environment = _environment()
        try:
            with memory_limit(_MEMORY), _time_limit():
                tree = environment.parse(source)
                self._template = environment.from_string(tree)
                self.switch = _switch(source, meta.find_undeclared_variables(tree))
        except TimeoutError as error:
            raise _too_slow() from error
        except _FAILURES as error:
            raise TemplateFailed(f"the model's chat template is broken: {_line(error)}") from error

    def render(self, messages: Sequence[Message], call: Call) -> str:
        """The prompt as text.

        Raises:
            Refused: If the template raises.
            TemplateFailed: If it takes longer than a second.
        """
        try:
            with memory_limit(_MEMORY), _time_limit():
                return self._template.render(self._variables(messages, call))
        except TimeoutError as error:
            raise _too_slow() from error
        except _FAILURES as error:
            raise Refused(f"the model's chat template failed: {_line(error)}") from error

    def _variables(self, messages: Sequence[Message], call: Call) -> dict[str, object]:
        variables: dict[str, object] = {
            **self._specials,
            "messages": [_value(message, parts=call.parts) for message in messages],
            "add_generation_prompt": call.generation,
            "strftime_now": call.now.strftime,
        }
        if call.tools:
            variables |= {"tools": None, "documents": None}
        else:
            variables["functions"] = ""
            variables |= {name: call.now.strftime(form) for name, form in _DATES.items()}
        if self.switch and call.think is not None:
            variables[self.switch.name] = self.switch.on if call.think else self.switch.off
        return variables


def parsed(source: str) -> nodes.Template:
    """The syntax tree of a template that was compiled before.

    Raises:
        TemplateFailed: If that takes too long.
    """
    try:
        with memory_limit(_MEMORY), _time_limit():
            return _environment().parse(source)
    except TimeoutError as error:
        raise _too_slow() from error


def _value(message: Message, *, parts: bool) -> dict[str, object]:
    text = message.content
    return {
        "role": message.role,
        "content": [{"type": "text", "text": text}] if parts else text,
    }


@dataclass(frozen=True, slots=True)
class Switch:
    """A variable by which a template is told to let the model think, or not to."""

    name: str
    on: object
    off: object


_SWITCHES = (
    Switch("enable_thinking", True, False),
    Switch("thinking", True, False),
    Switch("reasoning", True, False),
    Switch("reasoning_effort", "high", "low"),
    Switch("thinking_budget", -1, 0),
)
"""The names that families use, the plainest first, since some templates know several."""


def _switch(source: str, variables: set[str]) -> Switch | None:
    switch = next((switch for switch in _SWITCHES if switch.name in variables), None)
    if switch and switch.name == "reasoning_effort" and ('"none"' in source or "'none'" in source):
        return Switch(switch.name, switch.on, "none")
    return switch


class _Generation(Extension):
    """The tag ``{% generation %}``, which marks for training what an assistant says."""

    tags = {"generation"}  # noqa: RUF012  jinja2 reads it as it is

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body).set_lineno(line)


class _Environment(ImmutableSandboxedEnvironment):
    """A sandbox whose arithmetic is bounded, as no alarm interrupts a single operation."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        if _product(operator, left, right) > _LARGEST_PRODUCT:
            raise SecurityError("the result of a multiplication is too large")
        return super().call_binop(context, operator, left, right)


def _product(operator: str, left: object, right: object) -> int:
    """The size of the result: elements of a sequence, or bits of a whole number."""
    if isinstance(left, int) and isinstance(right, int):
        power = operator == "**"
        return left.bit_length() * right if power else left.bit_length() + right.bit_length()
    times, sequence = (left, right) if isinstance(left, int) else (right, left)
    if isinstance(times, int) and isinstance(sequence, str | list | tuple):
        return times * len(sequence)
    return 0


def _environment() -> ImmutableSandboxedEnvironment:
    environment = _Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols", _Generation],
    )
    environment.globals["raise_exception"] = _raise_exception
    environment.filters["tojson"] = _to_json
    return environment


def _raise_exception(message: object) -> None:
    """What chat templates call to refuse messages."""
    raise TemplateError(str(message))


def _to_json(
    value: object,
    ensure_ascii: bool = False,
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """JSON as a model reads it; Jinja's own filter escapes it for HTML."""
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def _line(error: BaseException) -> str:
    """The error's text in one line of bearable length."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:299]}…"


def _too_slow() -> TemplateFailed:
    return TemplateFailed(f"the model's chat template took longer than {_SECONDS:g} s")


@contextmanager
def _time_limit() -> Iterator[None]:
    """Raise TimeoutError in the block when it takes too much processor time. Main thread only.

    Jinja's sandbox stops code execution, not endless loops. The time of the clock would run out
    for honest templates when a machine has too much to do.
    """

    def on_alarm(*_: object) -> None:
        raise TimeoutError

    previous: Callable[..., object] | int | None = signal.signal(signal.SIGPROF, on_alarm)
    signal.setitimer(signal.ITIMER_PROF, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
