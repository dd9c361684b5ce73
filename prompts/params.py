"""Reads ``[params]``: how answers to a prompt are generated, and what they have to be like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from engine.types import Sampling
from prompts.schema import PARAM_KEYS
from prompts.tables import Table, called

_INTEGERS = frozenset(
    f.name for f in fields(Sampling) if f.default is None or isinstance(f.default, int)
)
_LISTS = frozenset(f.name for f in fields(Sampling) if isinstance(f.default, tuple))


def read_params(file: Table) -> dict[str, object]:
    """The params of a file by name; `schema` as JSON text.

    Raises:
        InvalidPrompt: If one cannot be used. Several are noted.
    """
    table = file.table("params")
    if table is None:
        return {}
    table.check_keys(PARAM_KEYS)
    params: dict[str, object] = {}
    for name in table.values:
        with table.findings.noting():
            params[name] = _param(table, name)
    if {"grammar", "schema"} <= params.keys():
        table.fail("an answer follows a grammar or a schema, not both", "schema")
    return params


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
    if name in _LISTS:
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
        try:
            return json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError) as error:  # a date of TOML is nothing in JSON
            table.fail(f"is not JSON: {error}", "schema")
    if not isinstance(value, str):
        table.fail(f"must be a table or a JSON text, not {called(type(value))}", "schema")
    try:
        json.loads(value)
    except (ValueError, RecursionError) as error:
        table.fail(f"is not JSON: {error}", "schema")
    return value


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
