"""Settings that a person changes in a conversation: their meaning, and their values as words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.sampling_params import SAMPLING_RANGES
from tui.config_keys import KEYS
from tui.errors import UsageProblem
from tui.options import EngineOptions
from tui.questions import Settings
from tui.settings import typed_options

NUMBERS: Mapping[str, range] = {"max_tokens": range(1, 2**31), "logprobs": range(21)}
"""What `/set` changes beside `Sampling`, and what each may be."""

_FIELDS = {"max_tokens": "max_tokens", "logprobs": "top_logprobs"}
"""Of `Settings`."""

MEANINGS: Mapping[str, str] = {
    **{key.name: key.meaning for key in KEYS if key.name == "max_tokens"},
    "logprobs": "keep each token's probability, and that of this many others",
    **{key.path[-1]: key.meaning for key in KEYS if key.path[0] == "sampling"},
}
"""Everything that `/set` changes."""

_UNSET = "default"


def value_of(settings: Settings, name: str) -> str:
    """A setting's value as a person would type it."""
    if name in NUMBERS:
        value = getattr(settings, _FIELDS[name])
    else:
        value = settings.sampling.to_dict()[name]
    if value is None:
        return "none"
    if isinstance(value, dict):
        return ",".join(f"{text}={number:g}" for text, number in value.items()) or "none"
    if isinstance(value, list):
        return ",".join(map(_escaped, value))
    return f"{value:.10g}"


def range_of(name: str) -> str:
    """What a number may be, in words; nothing where it is none."""
    if name not in SAMPLING_RANGES:
        return ""
    low, high = SAMPLING_RANGES[name]
    return f"{low:,.10g} to {high:,.10g}"


def pairs_of(words: Sequence[str]) -> list[tuple[str, str]]:
    """Names and values, written as ``name=value`` or as two words.

    Raises:
        UsageProblem: If a name has no value.
    """
    pairs, rest = [], list(words)
    while rest:
        name, sign, value = rest.pop(0).partition("=")
        if not sign:
            if not rest:
                raise UsageProblem(f"{name} needs a value: {name} VALUE")
            value = rest.pop(0)
        pairs.append((name, value))
    return pairs


def with_values(settings: Settings, pairs: Sequence[tuple[str, str]]) -> Settings:
    """Settings with other values.

    Raises:
        UsageProblem: If a name is unknown or its value cannot be used.
    """
    numbers: dict[str, Any] = {
        _FIELDS[name]: _number(name, value) for name, value in pairs if name in NUMBERS
    }
    values = _typed([pair for pair in pairs if pair[0] not in NUMBERS])
    try:
        sampling = replace(settings.sampling, **values)
    except ValueError as error:
        raise UsageProblem(str(error)) from error
    return replace(settings, sampling=sampling, **numbers)


def with_options(options: EngineOptions, pairs: Sequence[tuple[str, str]]) -> EngineOptions:
    """The same for what is typed when a conversation begins; ``default`` takes a value away.

    Raises:
        UsageProblem: If a name is unknown, or a number is none.
    """
    for name, value in pairs:
        if name not in MEANINGS:
            _typed([(name, "0")])
        if name in NUMBERS:
            own_number: dict[str, Any] = {name: None if value == _UNSET else _number(name, value)}
            options = replace(options, **own_number)
            continue
        others = tuple(pair for pair in options.sampling if pair[0] != name)
        own = () if value == _UNSET else ((name, value),)
        options = replace(options, sampling=(*others, *own))
        if name == "seed":
            options = replace(options, seed=None)
    return options


def is_unset(value: str) -> bool:
    """Whether a value is the word that takes one away."""
    return value == _UNSET


def _typed(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    try:
        return typed_options(tuple(pairs))
    except UsageProblem as error:
        # What is typed here has no option in front.
        raise UsageProblem(str(error).removeprefix("-o").lstrip(": ")) from error


def _number(name: str, text: str) -> int:
    may_be = NUMBERS[name]
    if not (text.isascii() and text.isdecimal() and len(text) < 11 and int(text) in may_be):
        bounds = f"from {may_be[0]:,} to {may_be[-1]:,}"
        raise UsageProblem(f"{name} must be a whole number {bounds}, not {text!r}")
    return int(text)


def _escaped(text: str) -> str:
    for character, name in (("\\", "\\\\"), ("\n", "\\n"), ("\t", "\\t"), (",", "\\,")):
        text = text.replace(character, name)
    return text
