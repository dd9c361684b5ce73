"""Settings that a person changes in a conversation: their meaning, and their values as words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.types import SAMPLING_RANGES
from tui.errors import UsageProblem
from tui.options import EngineOptions
from tui.questions import Settings
from tui.settings import typed_options

MEANINGS: Mapping[str, str] = {
    "temperature": "how bold the choice of words is; 0 is always the likeliest",
    "top_k": "only the k likeliest tokens; 0 is all",
    "top_p": "only the likeliest tokens up to this sum; 1 is all",
    "min_p": "no tokens below this share of the likeliest; 0 is all",
    "max_tokens": "the longest answer, in tokens",
    "seed": "the same one gives the same answer again",
    "repeat_penalty": "makes what was said before rarer; 1 is off",
    "frequency_penalty": "makes a token rarer each time it is said; 0 is off",
    "presence_penalty": "makes a token rarer once it is said; 0 is off",
    "repeat_last_n": "how many tokens back the three penalties look; -1 is all",
    "dry_multiplier": "against repetitions of several tokens; 0 is off",
    "dry_base": "how fast that grows with the repetition",
    "dry_allowed_length": "repetitions up to this length cost nothing",
    "dry_penalty_last_n": "how many tokens back repetitions count; -1 is all",
    "dry_sequence_breakers": "what no repetition reaches across",
    "xtc_probability": "how often the most obvious tokens are left out; 0 is off",
    "xtc_threshold": "what is obvious: tokens at least this likely",
    "typical_p": "only tokens about as surprising as expected; 1 is off",
    "top_n_sigma": "only tokens near the highest score; 0 or less is off",
    "dynatemp_range": "lets the temperature vary by so much; 0 is off",
    "dynatemp_exponent": "how unsureness becomes a temperature",
    "adaptive_target": "aims at tokens of this probability; below 0 is off",
    "adaptive_decay": "how long that average remembers",
    "mirostat": "2 keeps the text as surprising as mirostat_tau; 0 is off",
    "mirostat_tau": "the surprise that is aimed at, in bits",
    "mirostat_eta": "how fast it is corrected",
    "logit_bias": "TEXT=NUMBER: likelier, or rarer; -100 is never",
    "samplers": "which of these are applied, in their order",
    "beams": "beams of a search in place of sampling; 1 is off",
    "beam_groups": "groups of beams that are kept apart",
    "beam_diversity": "what it costs to say what another group says",
    "length_penalty": "how much longer beams are favoured",
    "keep": "how much likelier a change of a draft must be; 0 is off",
}
"""Everything that `/set` changes: `Sampling`, and how long an answer may be."""

_UNSET = "default"


def value_of(settings: Settings, name: str) -> str:
    """A setting's value as a person would type it."""
    value = settings.max_tokens if name == "max_tokens" else settings.sampling.to_dict()[name]
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
    limits = [value for name, value in pairs if name == "max_tokens"]
    values = _typed([pair for pair in pairs if pair[0] != "max_tokens"])
    try:
        sampling = replace(settings.sampling, **values)
    except ValueError as error:
        raise UsageProblem(str(error)) from error
    max_tokens = _limit(limits[-1]) if limits else settings.max_tokens
    return replace(settings, sampling=sampling, max_tokens=max_tokens)


def with_options(options: EngineOptions, pairs: Sequence[tuple[str, str]]) -> EngineOptions:
    """The same for what is typed when a conversation begins; ``default`` takes a value away.

    Raises:
        UsageProblem: If a name is unknown, or the longest answer is no number.
    """
    for name, value in pairs:
        if name not in MEANINGS:
            _typed([(name, "0")])
        if name == "max_tokens":
            limit = None if value == _UNSET else _limit(value)
            options = replace(options, max_tokens=limit)
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


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**31):
        raise UsageProblem(f"max_tokens must be a whole number from 1 on, not {text!r}")
    return int(text)


def _escaped(text: str) -> str:
    for character, name in (("\\", "\\\\"), ("\n", "\\n"), ("\t", "\\t"), (",", "\\,")):
        text = text.replace(character, name)
    return text
