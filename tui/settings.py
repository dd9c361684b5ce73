"""How answers are generated: what the command line says, over a prompt, over the configuration."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

from engine.sampling_params import SAMPLING_NAMES, Sampling
from tui.config import Config
from tui.errors import UsageProblem
from tui.options import EngineOptions
from tui.questions import Settings

_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", ",": ","}


def make_settings(options: EngineOptions, params: Mapping[str, object], config: Config) -> Settings:
    """Sampling and limits: the command line's over the prompt's over the configuration's.

    Biases are joined text by text; of everything else the nearest counts whole.

    Raises:
        UsageProblem: If an option's name is unknown, its value cannot be used, or what the three
            say together cannot.
    """
    values: dict[str, Any] = {}
    for layer in (config.sampling, params, typed_options(options.sampling)):
        biases = {**values.get("logit_bias", {}), **dict(_biases_of(layer))}
        values |= {**layer, "logit_bias": biases}
    max_tokens = options.max_tokens or values.pop("max_tokens", None) or config.max_tokens
    stop = values.pop("stop", ())
    values.pop("max_tokens", None)
    if options.seed is not None:
        values["seed"] = options.seed
    try:
        sampling = Sampling(**values)
    except ValueError as error:
        raise UsageProblem(str(error)) from error
    assert max_tokens is None or isinstance(max_tokens, int)
    assert isinstance(stop, list | tuple)
    return Settings(sampling, max_tokens, tuple(stop))


def typed_options(typed: tuple[tuple[str, str], ...]) -> dict[str, object]:
    """Names and values of ``-o`` as `Sampling` takes them; of a name given twice the last counts.

    Raises:
        UsageProblem: If a name is unknown or its value cannot be used.
    """
    values: dict[str, Any] = {}
    for name, text in typed:
        value = _parsed(name, text)
        if isinstance(value, dict):
            value = {**values.get(name, {}), **value}
        try:
            Sampling.checked(name, value)
        except ValueError as error:
            raise UsageProblem(f"-o {error}") from error
        values[name] = value
    return values


def _biases_of(layer: Mapping[str, object]) -> Any:
    return layer.get("logit_bias", {})


def _parsed(name: str, text: str) -> object:
    if name not in SAMPLING_NAMES:
        nearest = difflib.get_close_matches(name, SAMPLING_NAMES, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"one of {', '.join(SAMPLING_NAMES)}"
        raise UsageProblem(f"-o: no option {name!r}; {hint}")
    if name == "logit_bias":
        return dict(_bias(part) for part in _split(text))
    if name == "samplers":
        return [part.strip() for part in _split(text.replace(";", ","))]
    if name == "dry_sequence_breakers":
        return [_unescaped(part) for part in _split(text)]
    return _number(f"-o {name}", text)


def _split(text: str) -> list[str]:
    """What stands between commas that have no backslash; nothing for nothing."""
    return re.findall(r"(?:^|,)((?:\\.|[^,\\])*)", text, re.DOTALL) if text else []


def _unescaped(text: str) -> str:
    return re.sub(r"\\([nt\\,])", lambda found: _ESCAPES[found[1]], text)


def _bias(part: str) -> tuple[str, float | int]:
    text, sign, number = part.strip().rpartition("=")
    if not sign:
        raise UsageProblem(f"-o logit_bias takes TEXT=NUMBER, not {part!r}")
    text = _unescaped(text)
    return text, _number(f"-o logit_bias of {text!r}", number)


def _number(what: str, text: str) -> float | int:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError as error:
        raise UsageProblem(f"{what} must be a number, not {text!r}") from error
