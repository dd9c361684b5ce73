"""The JSON Schema of prompt files, from which editors complete and check them.

Draft 7, which the TOML plug-ins of editors understand. It says less than the reader does: what
takes two keys to see is left to ``chat prompts check``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from engine.sampling_params import BIAS_RANGE, LONGEST_BREAKER, SAMPLERS, SAMPLING_RANGES, Sampling
from prompts.expectations import KEPT
from prompts.schema import (
    GAINS,
    KINDS,
    MOST_EXAMPLES,
    SELECTS,
    TAKEN_NAMES,
    UNITS,
    VARIABLE_TYPES,
)

SCHEMA_FILE = "prompt.schema.json"
"""Its name beside the prompts that name it in their first line."""

SCHEMA_COMMENT = f"#:schema ./{SCHEMA_FILE}\n"

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": {"type": "string", "minLength": 1}}
_TEXT_OR_TEXTS = {"anyOf": [{"type": "string", "minLength": 1}, _TEXTS]}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_COUNT = {"type": "integer", "minimum": 0, "maximum": MOST_EXAMPLES}
_POSITIVE = {"type": "number", "minimum": 0}
_FLAG = {"type": "boolean"}
_VALUE = {"type": ["string", "number", "boolean"]}
_VALUES = {"type": "object", "additionalProperties": _VALUE}
_WHOLE = frozenset(
    each.name for each in fields(Sampling) if each.default is None or type(each.default) is int
)


def schema() -> dict[str, Any]:
    """The schema as JSON has it."""
    texts = {
        "title": "What lists show; by default the file's name",
        "summary": "What it does, in one line",
        "system": "What the model is told: a template",
        "user": "How the text is put to the model: a template, by default {{ text }}",
    }
    described = {key: {**_TEXT, "description": words} for key, words in texts.items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A prompt of chat",
        **_table(
            {
                **described,
                "tags": _said(_TEXTS, "Words to find it by"),
                "kind": _said(
                    _one_of(KINDS), "What the answer is: conversation, a revision, or a new text"
                ),
                "unit": _said(_one_of(UNITS), "How much of a draft to revise in one request"),
                "min_gain": _said(
                    {"type": "number", "minimum": GAINS[0], "maximum": GAINS[1]},
                    "How many nats likelier a change must make a draft to count as certain",
                ),
                "near": _said(
                    {"type": "number", "minimum": GAINS[0], "maximum": GAINS[1]},
                    "Within how many nats of a draft's words others are tried that were overlooked",
                ),
                "models": _said(_TEXTS, "Models it was written for; others cause a warning"),
                "extends": _said(_TEXT_OR_TEXTS, "Prompts to inherit from, the last one first"),
                "include": _said(
                    _named(_TEXT | {"minLength": 1}),
                    "Text files of this folder, by the names that templates use",
                ),
                "variables": _named(_variable()),
                "params": _params(),
                "examples_from": _said(_TEXT_OR_TEXTS, "Files of examples: .toml or .jsonl"),
                "max_examples": _said(_COUNT, "The largest number of examples to show"),
                "max_example_tokens": _said(_COUNT, "How many tokens examples may take"),
                "select": _said(_one_of(SELECTS), "Which examples to show with a text"),
                "examples": {"type": "array", "items": {"anyOf": [_example(), _dialogue()]}},
                "min_pass": _said(_SHARE, "The share of tests that must pass"),
                "tests": {"type": "array", "items": _test()},
            }
        ),
    }


def _table(properties: Mapping[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    table = {"type": "object", "additionalProperties": False, "properties": dict(properties)}
    return {**table, "required": list(required)} if required else table


def _named(kind: Mapping[str, Any]) -> dict[str, Any]:
    """A table of values that templates use by their names."""
    names = {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "not": {"enum": sorted(TAKEN_NAMES)}}
    return {"type": "object", "propertyNames": names, "additionalProperties": dict(kind)}


def _said(kind: Mapping[str, Any], description: str) -> dict[str, Any]:
    return {**kind, "description": description}


def _one_of(words: tuple[str, ...]) -> dict[str, Any]:
    return {"enum": list(words)}


def _variable() -> dict[str, Any]:
    return _table(
        {
            "type": _one_of(VARIABLE_TYPES),
            "default": _said(_VALUE, "Its value when none is given"),
            "required": {"type": "boolean"},
            "description": _TEXT,
            "choices": _TEXTS,
            "min": {"type": "number"},
            "max": {"type": "number"},
        }
    )


def _params() -> dict[str, Any]:
    options = {each.name: _option(each.name, each.default) for each in fields(Sampling)}
    return _table(
        {
            **options,
            "max_tokens": _said({"type": "integer", "minimum": 1}, "The longest answer"),
            "stop": _said(_TEXTS, "Texts that end the answer"),
            "banned": _said(_TEXTS, "Phrases that answers must not contain"),
            "grammar": _said(_TEXT | {"minLength": 1}, "A GBNF grammar that answers must follow"),
            "schema": _said(
                {"type": ["object", "string"], "minLength": 1},
                "A JSON Schema that answers must fit",
            ),
        }
    )


def _option(name: str, default: object) -> dict[str, Any]:
    if name in SAMPLING_RANGES:
        low, high = SAMPLING_RANGES[name]
        kind = "integer" if name in _WHOLE else "number"
        bounds = {"type": kind, "minimum": low, "maximum": high}
        return bounds if default in (None, MISSING) else {**bounds, "default": default}
    if name == "logit_bias":
        low, high = BIAS_RANGE
        number = {"type": "number", "minimum": low, "maximum": high}
        return {"type": "object", "additionalProperties": number}
    if name == "samplers":
        return {"type": "array", "items": _one_of(SAMPLERS), "uniqueItems": True}
    breaker = {**_TEXT, "minLength": 1, "maxLength": LONGEST_BREAKER}
    return {"type": "array", "items": breaker}


def _example() -> dict[str, Any]:
    texts = {"input": {**_TEXT, "minLength": 1}, "output": {**_TEXT, "minLength": 1}}
    return _table(
        {**texts, "instruction": _TEXT, "variables": _VALUES}, required=("input", "output")
    )


def _dialogue() -> dict[str, Any]:
    message = _table(
        {"role": _one_of(("user", "assistant")), "content": {**_TEXT, "minLength": 1}},
        required=("role", "content"),
    )
    messages = {"type": "array", "minItems": 2, "items": message}
    return _table({"messages": messages}, required=("messages",))


def _test() -> dict[str, Any]:
    return _table(
        {
            "name": _TEXT,
            "input": _TEXT,
            "instruction": _TEXT,
            "variables": _VALUES,
            "seed": {"type": "integer", "minimum": 0, "maximum": SAMPLING_RANGES["seed"][1]},
            "expect": _expectations(),
        },
        required=("expect",),
    )


def _expectations() -> dict[str, Any]:
    texts = dict.fromkeys(("contains", "excludes", "regex"), _TEXT_OR_TEXTS)
    counts = dict.fromkeys(("min_words", "max_words"), _COUNT)
    ratios = dict.fromkeys(("min_ratio", "max_ratio"), _POSITIVE)
    shares = dict.fromkeys(("min_similarity", "min_changed", "max_changed"), _SHARE)
    flags = dict.fromkeys(("same_language", "valid_schema"), _FLAG)
    keeps = {"type": "array", "items": _one_of(KEPT)}
    own = {"keeps": keeps, "similar_to": {**_TEXT, "minLength": 1}}
    return {**_table({**texts, **counts, **ratios, **shares, **flags, **own}), "minProperties": 1}
