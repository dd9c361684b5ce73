"""The words of JSON Schema: what may stand behind each, which types they speak of, and how two
schemas become one, as for ``allOf`` and for what stands beside ``anyOf``."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

REMARKS = frozenset(
    (
        *("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"),
        *("$schema", "$id", "$anchor", "$comment", "$defs", "definitions"),
    )
)
"""Keywords that say nothing about what fits."""

UNSUPPORTED = (
    *("not", "if", "then", "else", "contains", "minContains", "maxContains", "multipleOf"),
    *("patternProperties", "propertyNames", "minProperties", "maxProperties", "dependencies"),
    *("dependentRequired", "dependentSchemas", "unevaluatedItems", "unevaluatedProperties"),
    *("$dynamicRef", "$recursiveRef"),
)
"""Keywords that a grammar cannot keep to. What is not known at all means nothing, as in any reader
of schemas."""

_LARGEST = 10**18
"""Of bounds and counts."""

_KINDS: Mapping[str, frozenset[str]] = {
    **{name: frozenset({name}) for name in ("object", "array", "string", "boolean", "null")},
    "integer": frozenset({"integer"}),
    "number": frozenset({"integer", "fraction"}),
}
"""The types, in parts that have nothing in common."""

_SPEAKS_OF: Mapping[str, str] = {
    **dict.fromkeys(("properties", "required", "additionalProperties"), "object"),
    **dict.fromkeys(("items", "prefixItems", "additionalItems"), "array"),
    **dict.fromkeys(("minItems", "maxItems", "uniqueItems"), "array"),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), "string"),
    **dict.fromkeys(("minimum", "maximum"), "number"),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), "number"),
}


def declared_kinds(schema: Schema) -> frozenset[str]:
    """The kinds of values that ``type`` names: none where it is not there."""
    names = schema.get("type", [])
    return frozenset().union(
        *(_KINDS[name] for name in ([names] if isinstance(names, str) else names))
    )


def kinds(schema: Schema) -> frozenset[str]:
    """The kinds of values to write: without ``type`` those that other keywords speak of."""
    return declared_kinds(schema) or frozenset().union(
        *(_KINDS[_SPEAKS_OF[key]] for key in schema if key in _SPEAKS_OF)
    )


def exclude_each_other(written: Schema, other: Schema) -> bool:
    """Whether what is written for one schema fails the other by its kind or its value alone."""
    if "enum" in written and "enum" in other:
        # Python takes true for 1, JSON does not.
        return not {*map(json.dumps, written["enum"])} & {*map(json.dumps, other["enum"])}
    first, second = (
        frozenset(map(kind_of, schema["enum"])) if "enum" in schema else of_type(schema)
        for schema, of_type in ((written, kinds), (other, declared_kinds))
    )
    return bool(first and second and not first & second)


def kind_of(value: object) -> str:
    """The kind of a JSON value."""
    if isinstance(value, bool) or value is None:
        return "null" if value is None else "boolean"
    if isinstance(value, int | float):
        return "integer" if value == int(value) else "fraction"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _is_schemas(value: object) -> bool:
    return isinstance(value, list) and bool(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def _is_bound(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and abs(value) <= _LARGEST


def _is_type(value: object) -> bool:
    names = [value] if isinstance(value, str) else value
    return (
        isinstance(names, list)
        and bool(names)
        and all(isinstance(name, str) and name in _KINDS for name in names)
    )


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


_SHAPES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    **dict.fromkeys(("anyOf", "oneOf", "allOf", "enum"), (_is_schemas, "a list of at least one")),
    **dict.fromkeys(
        ("minItems", "maxItems", "minLength", "maxLength"), (_is_count, "a whole number from 0")
    ),
    **dict.fromkeys(("minimum", "maximum"), (_is_bound, f"a number up to {_LARGEST:.0e}")),
    **dict.fromkeys(
        ("exclusiveMinimum", "exclusiveMaximum"), (_is_bound, f"a number up to {_LARGEST:.0e}")
    ),
    **dict.fromkeys(("pattern", "format"), (lambda value: isinstance(value, str), "a text")),
    "type": (_is_type, f"one of {', '.join(_KINDS)}, or a list of them"),
    "required": (_is_names, "a list of names"),
    "properties": (lambda value: isinstance(value, dict), "an object"),
    "prefixItems": (_is_schemas, "a list of at least one"),
    "uniqueItems": (lambda value: isinstance(value, bool), "true or false"),
}


def misshapen(schema: Schema) -> tuple[str, str] | None:
    """The first keyword with something behind it that it cannot have, and what it should have."""
    for key, value in schema.items():
        if key in _SHAPES and not _SHAPES[key][0](value):
            return key, _SHAPES[key][1]
    return None


class CannotJoin(Exception):
    """Two schemas say things that no single one can say; the text names the keyword."""


def joined(one: Schema, other: Schema) -> dict[str, Any]:
    """A schema that fits what both fit.

    Raises:
        CannotJoin: If there is no such schema, or none that could be found.
    """
    _check_additional(one, other)
    result = dict(one)
    for key, value in other.items():
        if key not in result or key in REMARKS:
            result[key] = value
        elif result[key] != value:
            if key not in _JOINERS:
                raise CannotJoin(f"{key} twice, and differently")
            result[key] = _JOINERS[key](result[key], value)
    return result


def _check_additional(one: Schema, other: Schema) -> None:
    """``additionalProperties`` speaks of the properties beside it, not of those joined to it."""
    for first, second in ((one, other), (other, one)):
        foreign = set(second.get("properties", {})) - set(first.get("properties", {}))
        if foreign and first.get("additionalProperties", True) is not True:
            raise CannotJoin("additionalProperties beside properties from elsewhere")


def _both(one: object, other: object) -> object:
    return {"allOf": [one, other]}


def _join_properties(one: Schema, other: Schema) -> Schema:
    shared = {name: _both(one[name], other[name]) for name in one if name in other}
    return {**one, **other, **shared}


def _join_required(one: list[str], other: list[str]) -> list[str]:
    return [*one, *(name for name in other if name not in one)]


def _join_types(one: str | list[str], other: str | list[str]) -> list[str]:
    shared = declared_kinds({"type": one}) & declared_kinds({"type": other})
    names = [name for name, parts in _KINDS.items() if parts <= shared and name != "integer"]
    if "integer" in shared and "number" not in names:
        names.append("integer")
    if not names:
        raise CannotJoin("types that exclude each other")
    return names


def _join_values(one: list[object], other: list[object]) -> list[object]:
    # Python takes true for 1, JSON does not.
    others = [json.dumps(value) for value in other]
    found = [value for value in one if json.dumps(value) in others]
    if not found:
        raise CannotJoin("values that exclude each other")
    return found


def _join_additional(one: object, other: object) -> object:
    if one is not True and other is not True:
        raise CannotJoin("additionalProperties twice, and differently")
    return other if one is True else one


_JOINERS: Mapping[str, Callable[[Any, Any], object]] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems"), min),
    "properties": _join_properties,
    "additionalProperties": _join_additional,
    "required": _join_required,
    "type": _join_types,
    "enum": _join_values,
    "items": _both,
}
