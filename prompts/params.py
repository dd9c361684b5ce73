"""Reads ``[params]``: how answers to a prompt are generated, and what they have to be like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from engine.sampling_params import SAMPLERS, Sampling
from prompts.schema import FILE_KEYS, PARAM_KEYS
from prompts.tables import Table, seen

_INTEGERS = frozenset(
    f.name for f in fields(Sampling) if f.default is None or isinstance(f.default, int)
)
_LISTS = frozenset(f.name for f in fields(Sampling) if isinstance(f.default, tuple))


_MISPLACED = "belongs above the first [table] of the file"
_NO_MODEL = "a prompt cannot choose the model: use -m or the configuration"


def read_params(file: Table) -> dict[str, object]:
    """The params of a file by name; `schema` as JSON text.

    Raises:
        InvalidPrompt: If one cannot be used. Several are noted.
    """
    table = file.table("params")
    if table is None:
        return {}
    misplaced = {key: _MISPLACED for key in FILE_KEYS if key not in PARAM_KEYS}
    table.check_keys(PARAM_KEYS, {**misplaced, "model": _NO_MODEL})
    params: dict[str, object] = {}
    for name in table.values:
        with table.findings.noting():
            params[name] = _param(table, name)
    if {"grammar", "schema"} <= params.keys():
        table.fail("an answer follows a grammar or a schema, not both", "schema")
    _check_beams(table, params)
    return params


def _check_beams(table: Table, params: Mapping[str, object]) -> None:
    beams, groups = params.get("beams"), params.get("beam_groups")
    if isinstance(beams, int) and isinstance(groups, int) and beams % groups:
        table.fail(f"must divide beams ({beams}), and {groups} does not", "beam_groups")


def _param(table: Table, name: str) -> object:
    if name in ("stop", "banned"):
        return table.texts(name)
    if name == "max_tokens":
        return table.whole(name, 1)
    if name == "grammar":
        return table.text(name)
    if name == "schema":
        return _schema(table)
    if name == "logit_bias":
        return _biases(table.table(name))
    value: object
    if name == "samplers":
        value = table.words(name, SAMPLERS)
    elif name in _LISTS:
        value = table.texts(name)
    elif name in _INTEGERS:
        value = table.get(name, int)
    else:
        value = table.number(name)
    _check_sampling(table, name, name, value)
    return value


def _schema(table: Table) -> str:
    value = table.values["schema"]
    if isinstance(value, Mapping):
        return _as_json(table, value)
    if not isinstance(value, str):
        table.fail(f"must be a table or a JSON text, not {seen(value)}", "schema")
    text = table.text("schema") or ""
    try:
        schema: object = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno} of its text"
        table.fail(f"is not JSON: {error.msg}, {place}", "schema")
    except RecursionError:
        table.fail("values are nested too deeply", "schema")
    if not isinstance(schema, dict):
        table.fail(f"must be a JSON object, not {seen(schema)}", "schema")
    return text


def _as_json(table: Table, value: Mapping[str, Any]) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except TypeError:
        table.fail("has a date or a time, and JSON has none: make it a text", "schema")
    except ValueError:
        table.fail("has inf or nan, and JSON has neither", "schema")


def _biases(table: Table | None) -> dict[str, float]:
    assert table is not None
    biases: dict[str, Any] = {text: table.number(text) for text in table.values}
    for text, bias in biases.items():
        _check_sampling(table, text, "logit_bias", {text: bias})
    return biases


def _check_sampling(table: Table, key: str, name: str, value: object) -> None:
    try:
        Sampling.checked(name, value)
    except ValueError as error:
        table.fail(f"must {str(error).partition(' must ')[2]}", key)
