"""What a prompt file may say, read from TOML into values that know which keys were given."""

from __future__ import annotations

import difflib
import keyword
import math
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeAlias, TypeVar, cast, get_args

from engine.types import SAMPLING_NAMES, Sampling
from prompts.errors import InvalidPrompt
from prompts.lines import KeyPath, LineMap, map_lines

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Kind: TypeAlias = Literal["chat", "edit", "generate"]
"""What the answer is: talk, a revision of the text that was given, or a new text."""

VariableType: TypeAlias = Literal["str", "int", "float", "bool", "choice"]

Value: TypeAlias = str | int | float | bool
"""What a variable can hold."""

KINDS: tuple[Kind, ...] = get_args(Kind)
BUILTINS: tuple[str, ...] = ("text", "instruction", "date", "file")
"""Values that every template can use without declaring them."""

_TYPES: Mapping[str, type] = {"str": str, "int": int, "float": float, "bool": bool, "choice": str}
FILE_KEYS = (
    *("title", "summary", "tags", "kind", "extends", "system", "user"),
    *("variables", "params", "examples"),
)
VARIABLE_KEYS = ("type", "default", "required", "description", "choices", "min", "max")
EXAMPLE_KEYS = ("input", "output", "instruction")
PARAM_KEYS = (*SAMPLING_NAMES, "max_tokens", "stop")
_TEMPLATE_WORDS = frozenset({"true", "false", "none", "loop", "self"})
_INTEGERS = frozenset(
    f.name for f in fields(Sampling) if f.default is None or isinstance(f.default, int)
)
_LISTS = frozenset(f.name for f in fields(Sampling) if isinstance(f.default, tuple))

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Variable:
    """One value that a prompt asks for."""

    name: str
    type: VariableType = "str"
    default: Value | None = None
    """None: there is none, and a template that prints the variable needs it to be given."""
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
            return f"must be from {low:g} to {high:g}, not {value:g}"
        return f"must be at least {low:g}" if low is not None else f"must be at most {high:g}"


@dataclass(frozen=True, slots=True)
class Example:
    """A text and what should become of it: literal, never a template."""

    input: str
    output: str
    instruction: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders, and where it is written."""

    source: str
    path: Path
    line: int
    """The line of the file on which the text begins, counted from 1."""


@dataclass(frozen=True, slots=True)
class PromptFile:
    """One file as it is written; None is a key that was not given and may be inherited."""

    name: str
    path: Path
    title: str | None
    summary: str | None
    tags: tuple[str, ...] | None
    kind: Kind | None
    extends: str | None
    extends_line: int | None
    system: Template | None
    user: Template | None
    variables: Mapping[str, Variable]
    params: Mapping[str, object]
    examples: tuple[Example, ...] | None


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known word that a mistyped one is closest to."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)), None)


def parse_prompt(text: str, *, name: str, path: Path) -> PromptFile:
    """Read the TOML text of a prompt.

    Raises:
        InvalidPrompt: If it is not TOML, has unknown keys, or values of the wrong kind.
    """
    return _Reader(path, map_lines(text)).file(_parse_toml(text, path), name)


def _parse_toml(text: str, path: Path) -> dict[str, Any]:
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except ValueError as error:
        # A line number of its own came to the parser's error late; its text has always had one.
        reason, _, place = str(error).rpartition(" (at ")
        line = re.match(r"line (\d+)", place)
        number = int(line[1]) if line else text.rstrip("\n").count("\n") + 1
        raise InvalidPrompt(path, f"not TOML: {reason or error}", line=number) from error
    except RecursionError as error:
        raise InvalidPrompt(path, "values are nested too deeply") from error
    return table


class _Reader:
    """Turns the parser's dictionaries into values, and complains with the line."""

    def __init__(self, path: Path, lines: LineMap) -> None:
        self._path = path
        self._lines = lines

    def file(self, table: Mapping[str, Any], name: str) -> PromptFile:
        self._check_keys(table, FILE_KEYS, ())
        return PromptFile(
            name=name,
            path=self._path,
            title=self._get(table, ("title",), str),
            summary=self._get(table, ("summary",), str),
            tags=self._strings(table, ("tags",)),
            kind=cast("Kind | None", self._word(table, ("kind",), KINDS)),
            extends=self._get(table, ("extends",), str),
            extends_line=self._lines.of(("extends",)),
            system=self._template(table, ("system",)),
            user=self._template(table, ("user",)),
            variables=self._variables(self._get(table, ("variables",), dict) or {}),
            params=self._params(self._get(table, ("params",), dict) or {}),
            examples=self._examples(self._get(table, ("examples",), list)),
        )

    def _fail(self, reason: str, at: KeyPath, nearest: str | None = None) -> NoReturn:
        line, key = self._lines.of(at), ".".join(at)
        raise InvalidPrompt(self._path, reason, line=line, key=key, nearest=nearest)

    def _check_keys(self, table: Mapping[str, Any], known: tuple[str, ...], at: KeyPath) -> None:
        for key in table:
            if key not in known:
                self._fail("unknown key", (*at, key), nearest_name(key, known))

    def _get(self, table: Mapping[str, Any], at: KeyPath, wanted: type[_T]) -> _T | None:
        """The value of the last key in `at`, None where it is not given."""
        value = table.get(at[-1])
        if value is None:
            return None
        if type(value) is not wanted:
            self._fail(f"must be {_called(wanted)}, not {_called(type(value))}", at)
        return value

    def _strings(self, table: Mapping[str, Any], at: KeyPath) -> tuple[str, ...] | None:
        values = self._get(table, at, list)
        if values is not None and not all(isinstance(value, str) and value for value in values):
            self._fail("must be a list of texts that are not empty", at)
        return None if values is None else tuple(values)

    def _word(self, table: Mapping[str, Any], at: KeyPath, known: Iterable[str]) -> str | None:
        word = self._get(table, at, str)
        if word is not None and word not in known:
            reason = f"must be one of {', '.join(known)}, not {word!r}"
            self._fail(reason, at, nearest_name(word, known))
        return word

    def _template(self, table: Mapping[str, Any], at: KeyPath) -> Template | None:
        source = self._get(table, at, str)
        return (
            None if source is None else Template(source, self._path, self._lines.values.get(at, 1))
        )

    def _variables(self, tables: Mapping[str, Any]) -> dict[str, Variable]:
        variables = {}
        for name in tables:
            at = ("variables", name)
            if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
                self._fail("must be called by letters, digits and underscores", at)
            if name in BUILTINS or name in _TEMPLATE_WORDS:
                self._fail("is a name that templates have a meaning for already", at)
            table = self._get(tables, at, dict)
            assert table is not None
            variables[name] = self._variable(name, table, at)
        return variables

    def _variable(self, name: str, table: Mapping[str, Any], at: KeyPath) -> Variable:
        self._check_keys(table, VARIABLE_KEYS, at)
        kind = self._word(table, (*at, "type"), _TYPES) or "str"
        variable = Variable(
            name=name,
            type=cast("VariableType", kind),
            required=self._get(table, (*at, "required"), bool) or False,
            description=self._get(table, (*at, "description"), str) or "",
            choices=self._strings(table, (*at, "choices")) or (),
            min=self._bound(table, (*at, "min"), kind),
            max=self._bound(table, (*at, "max"), kind),
        )
        if (kind == "choice") != bool(variable.choices):
            self._fail('type = "choice" and choices go together', at)
        if variable.min is not None and variable.max is not None and variable.min > variable.max:
            self._fail("min must not be more than max", at)
        return self._with_default(variable, table, (*at, "default"))

    def _bound(self, table: Mapping[str, Any], at: KeyPath, kind: str) -> float | None:
        value = table.get(at[-1])
        if value is None:
            return None
        if kind not in ("int", "float"):
            self._fail("only numbers have bounds", at)
        return self._number(value, at)

    def _number(self, value: object, at: KeyPath) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            self._fail(f"must be a number, not {_called(type(value))}", at)
        return value

    def _with_default(self, variable: Variable, table: Mapping[str, Any], at: KeyPath) -> Variable:
        if "default" not in table:
            return variable
        if variable.required:
            self._fail("a required variable has no default", at)
        default: Value | None
        if variable.type == "float":
            default = float(self._number(table["default"], at))
        else:
            default = self._get(table, at, _TYPES[variable.type])
        assert default is not None
        if problem := variable.problem(default):
            self._fail(problem, at)
        return replace(variable, default=default)

    def _params(self, table: Mapping[str, Any]) -> dict[str, object]:
        self._check_keys(table, PARAM_KEYS, ("params",))
        return {name: self._param(table, ("params", name)) for name in table}

    def _param(self, table: Mapping[str, Any], at: KeyPath) -> object:
        name = at[-1]
        if name == "stop":
            return self._strings(table, at)
        if name == "max_tokens":
            most = self._get(table, at, int)
            if most is not None and most < 1:
                self._fail("must be at least 1", at)
            return most
        if name == "logit_bias":
            return self._biases(self._get(table, at, dict) or {}, at)
        value: object
        if name in _LISTS:
            value = self._strings(table, at)
        elif name in _INTEGERS:
            value = self._get(table, at, int)
        else:
            value = self._number(table[name], at)
        self._check_sampling(name, value, at)
        return value

    def _biases(self, table: Mapping[str, Any], at: KeyPath) -> dict[str, float]:
        biases = {text: self._number(table[text], (*at, text)) for text in table}
        for text, bias in biases.items():
            self._check_sampling("logit_bias", {text: bias}, (*at, text))
        return biases

    def _check_sampling(self, name: str, value: object, at: KeyPath) -> None:
        try:
            Sampling.checked(name, value)
        except ValueError as error:
            self._fail(f"must {str(error).partition(' must ')[2]}", at)

    def _examples(self, tables: list[Any] | None) -> tuple[Example, ...] | None:
        if tables is None:
            return None
        return tuple(self._example(table, str(at)) for at, table in enumerate(tables))

    def _example(self, table: object, number: str) -> Example:
        at = ("examples", number)
        if not isinstance(table, dict):
            self._fail("must be a table with input and output", at)
        self._check_keys(table, EXAMPLE_KEYS, at)
        texts = {key: self._get(table, (*at, key), str) for key in table}
        for key in ("input", "output"):
            if not texts.get(key):
                self._fail(f"{key} is missing or empty", at)
        return Example(**cast("dict[str, str]", texts))


def _called(kind: type) -> str:
    names = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    return {**names, list: "a list", dict: "a table"}.get(kind, f"a {kind.__name__}")
