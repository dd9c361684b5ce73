"""What a prompt file may say, as values that know which keys were given."""

from __future__ import annotations

import difflib
import keyword
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from engine.sampling_params import SAMPLING_NAMES
from engine.types import Message
from prompts.expectations import PromptTest
from prompts.places import KeyPath, TomlPlaces

Kind: TypeAlias = Literal["chat", "edit", "generate"]
"""What the answer is: talk, a revision of the text that was given, or a new text."""

VariableType: TypeAlias = Literal["str", "int", "float", "bool", "choice", "file"]

Select: TypeAlias = Literal["first", "nearest"]
"""Which examples are shown: the first ones, or those whose input is most like the text."""

Unit: TypeAlias = Literal["sentence", "paragraph", "section"]
"""How much of a draft is revised in one request."""

Value: TypeAlias = str | int | float | bool
"""What a variable can hold."""

KINDS: tuple[Kind, ...] = get_args(Kind)
VARIABLE_TYPES: tuple[VariableType, ...] = get_args(VariableType)
UNITS: tuple[Unit, ...] = get_args(Unit)
SELECTS: tuple[Select, ...] = get_args(Select)

BUILTINS: tuple[str, ...] = (
    *("text", "instruction", "selection", "context", "file", "date", "title", "previous"),
)
"""Values that every template can use without declaring them."""

TAKEN_NAMES = frozenset({*BUILTINS, "true", "false", "none", "loop", "self", *keyword.kwlist})
"""What neither a variable nor an included text can be called."""

MOST_EXAMPLES = 2**31 - 1
"""The highest limit of their number, or of their tokens."""

GAINS = (0, 100)
"""What `min_gain` and `near` may be, in nats."""

FILE_KEYS = (
    *("title", "summary", "tags", "kind", "unit", "min_gain", "near", "models", "extends"),
    *("include", "system", "user", "variables", "params"),
    *("examples_from", "max_examples", "max_example_tokens", "select"),
    *("examples", "min_pass", "tests"),
)
VARIABLE_KEYS = ("type", "default", "required", "description", "choices", "min", "max")
EXAMPLE_KEYS = ("input", "output", "instruction", "variables")
MESSAGE_KEYS = ("role", "content")
PARAM_KEYS = (*SAMPLING_NAMES, "max_tokens", "stop", "grammar", "schema", "banned")
TEST_KEYS = tuple(each.name for each in fields(PromptTest))


@dataclass(frozen=True, slots=True)
class Variable:
    """One value that a prompt asks for."""

    name: str
    type: VariableType = "str"
    default: Value | None = None
    """None: there is none, and a template that prints the variable needs it to be given. Of a
    ``file`` it is the name of one in the library's folder."""
    default_text: str = field(default="", repr=False)
    """What is in that file."""
    required: bool = False
    """Whether it must be given even where the template could do without."""
    description: str = ""
    choices: tuple[str, ...] = ()
    """What a ``choice`` may be."""
    min: float | None = None
    max: float | None = None
    """Bounds of numbers, both inclusive."""

    def problem(self, value: Value) -> str | None:
        """Why a value of the right type is refused, as the end of a sentence."""
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(self.choices)}, not {value!r}"
        if isinstance(value, str):
            return None
        if not math.isfinite(value):
            return f"must be a finite number, not {value}"
        low, high = self.min, self.max
        if (low is None or value >= low) and (high is None or value <= high):
            return None
        if low is not None and high is not None:
            return f"must be from {low:.15g} to {high:.15g}, not {value:.15g}"
        bound = f"at least {low:.15g}" if low is not None else f"at most {high:.15g}"
        return f"must be {bound}, not {value:.15g}"


@dataclass(frozen=True, slots=True)
class Example:
    """A text and what should become of it: literal, never a template."""

    input: str
    output: str
    instruction: str = ""
    variables: Mapping[str, Value] = field(default_factory=dict)
    """Values of its own, in place of those that the text is given."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """An example that is a whole conversation, taken literally."""

    messages: tuple[Message, ...]
    """User and assistant in turn."""

    @property
    def input(self) -> str:
        """What it is compared by."""
        return self.messages[0].content


AnyExample: TypeAlias = Example | Dialogue


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders, and where it is written."""

    source: str
    path: Path
    key: KeyPath = ()
    places: TomlPlaces | None = field(default=None, repr=False, compare=False)

    @property
    def line(self) -> int:
        """The line of the file on which the text begins, counted from 1."""
        return self.places.first_line(self.key) if self.places else 1


@dataclass(frozen=True, slots=True)
class PromptFile:
    """One file as it is written; None is a key that was not given and may be inherited."""

    name: str
    path: Path
    places: TomlPlaces = field(repr=False, compare=False)
    title: str | None
    summary: str | None
    tags: tuple[str, ...] | None
    kind: Kind | None
    unit: Unit | None
    min_gain: float | None
    near: float | None
    models: tuple[str, ...] | None
    extends: tuple[str, ...]
    include: Mapping[str, str]
    """Names of values, with names of text files in the library's folder."""
    system: Template | None
    user: Template | None
    variables: Mapping[str, Variable]
    params: Mapping[str, object]
    examples_from: tuple[str, ...] | None
    max_examples: int | None
    max_example_tokens: int | None
    select: Select | None
    examples: tuple[AnyExample, ...] | None
    min_pass: float | None
    tests: tuple[PromptTest, ...] | None


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known word that a mistyped one is closest to."""
    words = list(known)
    close = difflib.get_close_matches(name, words, n=1, cutoff=0.6)
    longer = [word for word in words if len(name) > 2 and word.startswith(name)]
    return next(iter([*close, *longer]), None)
