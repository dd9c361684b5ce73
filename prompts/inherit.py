"""Joins prompt files: what one takes from those that it extends, and several used in a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from prompts.expectations import PromptTest
from prompts.schema import UNITS, AnyExample, Kind, Select, Template, Unit, Variable

_T = TypeVar("_T")

DEFAULT_USER = "{{ text }}"
"""The user template of a prompt that has none."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt with everything that it inherits."""

    name: str
    title: str
    summary: str
    tags: tuple[str, ...]
    kind: Kind
    systems: tuple[Template, ...]
    """More than one where prompts were stacked; their texts are joined in this order."""
    user: Template
    variables: Mapping[str, Variable]
    params: Mapping[str, object]
    """Fields of `Sampling`, and the other `schema.PARAM_KEYS`; only what is set."""
    examples: tuple[AnyExample, ...]
    source: str
    path: Path
    folder: Path
    """The library's folder that its file is in."""
    unit: Unit = "section"
    min_gain: float | None = None
    """By how many nats a change must make a draft likelier not to be doubtful; None is off."""
    near: float | None = None
    """Within how many nats of a draft's own words others are tried; None is off."""
    models: tuple[str, ...] = ()
    """Patterns of the names of models that it was written for; none are all."""
    included: Mapping[str, str] = field(default_factory=dict)
    """Texts of the library by the names that templates use."""
    select: Select = "first"
    max_examples: int | None = None
    max_example_tokens: int | None = None
    tests: tuple[PromptTest, ...] = ()
    min_pass: float = 1.0


@dataclass(frozen=True, slots=True)
class Layer:
    """What one prompt file says, with the files that it names read; None may be inherited."""

    name: str
    path: Path
    folder: Path
    title: str | None
    summary: str | None
    tags: tuple[str, ...] | None
    kind: Kind | None
    unit: Unit | None
    min_gain: float | None
    near: float | None
    models: tuple[str, ...] | None
    system: Template | None
    user: Template | None
    variables: Mapping[str, Variable]
    params: Mapping[str, object]
    included: Mapping[str, str]
    examples: tuple[AnyExample, ...] | None
    select: Select | None
    max_examples: int | None
    max_example_tokens: int | None
    tests: tuple[PromptTest, ...] | None
    min_pass: float | None


def over(nearer: Layer, farther: Layer) -> Layer:
    """The nearer one, with what it does not say taken from the farther.

    Variables, params and included texts are joined; everything else is taken whole. Tests are
    those of the task: only a prompt of the same name, which this one shadows, has the same.
    """
    same_task = nearer.name == farther.name
    return replace(
        nearer,
        title=_first(nearer.title, farther.title),
        summary=_first(nearer.summary, farther.summary),
        tags=_first(nearer.tags, farther.tags),
        kind=_first(nearer.kind, farther.kind),
        unit=_first(nearer.unit, farther.unit),
        min_gain=_first(nearer.min_gain, farther.min_gain),
        near=_first(nearer.near, farther.near),
        models=_first(nearer.models, farther.models),
        system=_first(nearer.system, farther.system),
        user=_first(nearer.user, farther.user),
        variables={**farther.variables, **nearer.variables},
        params={**_without_rival(farther.params, nearer.params), **nearer.params},
        included={**farther.included, **nearer.included},
        examples=_first(nearer.examples, farther.examples),
        select=_first(nearer.select, farther.select),
        max_examples=_first(nearer.max_examples, farther.max_examples),
        max_example_tokens=_first(nearer.max_example_tokens, farther.max_example_tokens),
        tests=_first(nearer.tests, farther.tests) if same_task else nearer.tests,
        min_pass=_first(nearer.min_pass, farther.min_pass) if same_task else nearer.min_pass,
    )


def prompt_of(layer: Layer, source: str) -> Prompt:
    """A prompt, with what nobody said filled in."""
    return Prompt(
        name=layer.name,
        title=layer.title or layer.name,
        summary=layer.summary or "",
        tags=layer.tags or (),
        kind=layer.kind or "chat",
        systems=(layer.system,) if layer.system else (),
        user=layer.user or Template(DEFAULT_USER, layer.path),
        variables=layer.variables,
        params=layer.params,
        examples=layer.examples or (),
        source=source,
        path=layer.path,
        folder=layer.folder,
        unit=layer.unit or "section",
        min_gain=layer.min_gain,
        near=layer.near,
        models=layer.models or (),
        included=layer.included,
        select=layer.select or "first",
        max_examples=layer.max_examples,
        max_example_tokens=layer.max_example_tokens,
        tests=layer.tests or (),
        min_pass=1.0 if layer.min_pass is None else layer.min_pass,
    )


def stacked(prompts: Sequence[Prompt]) -> Prompt:
    """Several prompts as one: system texts and examples in a row, and of all else the last counts.

    The user text is the last one that is more than the bare text, the kind the last one that is
    more than talk. With a name in common, the variable or param of the later prompt wins.
    """
    first, *others = prompts
    joined = first
    for each in others:
        joined = replace(
            joined,
            name=f"{joined.name}+{each.name}",
            title=f"{joined.title} + {each.title}",
            kind=joined.kind if each.kind == "chat" else each.kind,
            systems=tuple(dict.fromkeys((*joined.systems, *each.systems))),
            user=joined.user if each.user.source.strip() == DEFAULT_USER else each.user,
            variables={**joined.variables, **each.variables},
            params={**_without_rival(joined.params, each.params), **each.params},
            included={**joined.included, **each.included},
            examples=tuple(_unique([*joined.examples, *each.examples])),
            select=each.select if each.select == "nearest" else joined.select,
            max_examples=_joint(joined, each, _most(joined), _most(each)),
            max_example_tokens=_joint(
                joined, each, joined.max_example_tokens, each.max_example_tokens
            ),
            unit=min(joined.unit, each.unit, key=UNITS.index),
            min_gain=_lower(joined.min_gain, each.min_gain),
            near=_lower(joined.near, each.near),
            models=tuple(dict.fromkeys((*joined.models, *each.models))),
            tests=(),
        )
    return joined


def _lower(one: float | None, other: float | None) -> float | None:
    """The lower number of nats, none where one is none: what that prompt changes need not be what a
    correction is."""
    return None if one is None or other is None else min(one, other)


def _first(nearer: _T | None, farther: _T | None) -> _T | None:
    return farther if nearer is None else nearer


def _without_rival(params: Mapping[str, object], winner: Mapping[str, object]) -> dict[str, object]:
    """Params without a grammar where the other has a schema, and the other way round."""
    rivals = {"grammar": "schema", "schema": "grammar"}
    return {name: value for name, value in params.items() if rivals.get(name) not in winner}


def _unique(examples: Sequence[AnyExample]) -> list[AnyExample]:
    """Each example once; they may hold mappings and have no hash."""
    found: list[AnyExample] = []
    for example in examples:
        if example not in found:
            found.append(example)
    return found


def _joint(one: Prompt, other: Prompt, limit: int | None, another: int | None) -> int | None:
    """What both allow together; one without examples neither needs room nor lifts a limit."""
    if not other.examples:
        return limit
    if not one.examples:
        return another
    return None if limit is None or another is None else limit + another


def _most(prompt: Prompt) -> int:
    return len(prompt.examples) if prompt.max_examples is None else prompt.max_examples
