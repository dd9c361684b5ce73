"""JSON Schemas as grammars in GBNF, or a refusal that names the part for which there is none.

What a grammar lets through fits the schema; it may be less than all that fits. Properties come in
the schema's order, there are no properties that the schema does not speak of unless it says so
itself, and blank space is bounded, since models fill it without end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import unquote

from engine.errors import GrammarFailed
from engine.grammars.digits import Bounds, decimals, integers
from engine.grammars.gbnf import MOST_REPETITIONS
from engine.grammars.jsonrules import BASICS, FORMATS, literal, other_than
from engine.grammars.keywords import (
    REMARKS,
    UNSUPPORTED,
    CannotJoin,
    Schema,
    declared_kinds,
    exclude_each_other,
    joined,
    kind_of,
    kinds,
    misshapen,
)
from engine.grammars.patterns import UnsupportedPattern, pattern_to_gbnf

_BLOCK = 1000

_DEEPEST = 20
"""Schemas that refer to others before one says what it wants."""
_MOST_FLATTENED = 20_000


def schema_to_gbnf(text: str) -> str:
    """The grammar of the JSON texts that fit a schema.

    Args:
        text: A JSON Schema, as JSON.

    Raises:
        GrammarFailed: If it is not JSON, with line and column, or not a schema that a grammar can
            keep to, with the place as a JSON pointer.
    """
    try:
        return _Converter(_parsed(text)).convert()
    except RecursionError as error:
        raise GrammarFailed("the schema is nested too deeply") from error


def _parsed(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise GrammarFailed(f"{place}: the schema is not JSON: {error.msg}") from error
    except ValueError as error:  # a number that is none, or has thousands of digits
        reason = str(error).partition(";")[0]
        raise GrammarFailed(f"the schema is not JSON: {reason}") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


class _Converter:
    """Makes a rule of each part of a schema. Places are JSON pointers."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._rules: dict[str, str] = {}
        self._done: dict[int, tuple[object, str]] = {}
        """By identity, schemas and their rules. A rule has its name before it is made, so that a
        schema can refer to itself."""
        self._flattened = 0

    def convert(self) -> str:
        """The whole grammar."""
        root = self._value(self._root, "")
        rules = {"root": root, **self._rules, **BASICS}
        return "".join(f"{name} ::= {text}\n" for name, text in rules.items())

    def _fail(self, place: str, reason: str) -> NoReturn:
        raise GrammarFailed(f"the schema, {f'at {place}' if place else 'at its top'}: {reason}")

    def _rule(self, text: str) -> str:
        name = f"v{len(self._rules)}"
        self._rules[name] = text
        return name

    def _value(self, schema: object, place: str) -> str:
        """The name of a rule for the values that fit."""
        if schema is True:
            return "any"
        if id(schema) not in self._done:
            name = self._rule("")
            self._done[id(schema)] = schema, name
            self._rules[name] = self._made(schema, place)
        return self._done[id(schema)][1]

    def _made(self, schema: object, place: str) -> str:
        """A GBNF expression for the values that fit."""
        if isinstance(schema, dict):
            said = schema.keys() - REMARKS
            if said == {"$ref"}:
                return self._value(self._target(schema["$ref"], place), place)
            if (
                said == {"allOf"}
                and isinstance(schema["allOf"], list)
                and len(schema["allOf"]) == 1
            ):
                return self._value(schema["allOf"][0], f"{place}/allOf/0")
        flat = self._flat(schema, place)
        for key in UNSUPPORTED:
            if key in flat:
                self._fail(f"{place}/{key}", "a grammar cannot express this")
        if "enum" in flat:
            return self._values(flat, place)
        for key in ("anyOf", "oneOf"):
            if key in flat:
                return self._alternatives(flat, key, place)
        return self._typed(flat, place)

    def _target(self, reference: object, place: str) -> object:
        if not isinstance(reference, str) or not re.match(r"#(/|$)", reference):
            self._fail(f"{place}/$ref", f"only '#/…' can be referred to, not {reference!r}")
        target = self._root
        for part in reference.split("/")[1:]:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(target, list) and key.isdecimal() and int(key) < len(target):
                target = target[int(key)]
            elif isinstance(target, dict) and key in target:
                target = target[key]
            else:
                self._fail(f"{place}/$ref", f"there is no {reference!r}")
        return target

    def _flat(self, schema: object, place: str, depth: int = 0) -> Schema:
        """The schema without ``$ref``, ``allOf`` and ``const``: with what they say."""
        if schema is True:
            return {}
        if not isinstance(schema, dict):
            self._fail(place, "nothing fits false" if schema is False else "a schema is an object")
        self._flattened += 1
        if depth > _DEEPEST or self._flattened > _MOST_FLATTENED:
            self._fail(place, "its references never end")
        if wrong := misshapen(schema):
            self._fail(f"{place}/{wrong[0]}", f"must be {wrong[1]}")
        parts: list[Schema] = []
        if "$ref" in schema:
            target = self._target(schema["$ref"], place)
            parts.append(self._flat(target, place, depth + 1))
        for index, part in enumerate(schema.get("allOf", [])):
            parts.append(self._flat(part, f"{place}/allOf/{index}", depth + 1))
        flat = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
        if "const" in flat:
            parts.append({"enum": [flat.pop("const")]})
        whole: Schema = {}
        for part in [*parts, flat]:
            whole = self._joined(whole, part, place)
        return whole

    def _joined(self, one: Schema, other: Schema, place: str) -> dict[str, Any]:
        try:
            return joined(one, other)
        except CannotJoin as error:
            self._fail(place, f"{error}: that is too large for a grammar")

    def _values(self, schema: Schema, place: str) -> str:
        """``enum``: its values, of those types that are wanted."""
        others = schema.keys() - REMARKS - {"enum", "type"}
        if others:
            self._fail(place, f"{min(others)} beside the values themselves")
        wanted = kinds(schema)
        found = [value for value in schema["enum"] if not wanted or kind_of(value) in wanted]
        if not found:
            self._fail(place, "none of the values has the type")
        return " | ".join(literal(_json(value)) for value in found)

    def _alternatives(self, schema: Schema, key: str, place: str) -> str:
        rest = {name: value for name, value in schema.items() if name != key}
        says_more = bool(rest.keys() - REMARKS)
        rules, wholes = [], []
        for index, one in enumerate(schema[key]):
            at = f"{place}/{key}/{index}"
            wholes.append(self._joined(rest, self._flat(one, at), at))
            rules.append(self._value(wholes[-1] if says_more else one, at))
        if key == "oneOf":
            self._check_exclusive(wholes, f"{place}/oneOf")
        return " | ".join(rules)

    def _check_exclusive(self, schemas: Sequence[Schema], place: str) -> None:
        """See that what is written for one alternative of ``oneOf`` never fits another."""
        for one in schemas:
            for other in schemas:
                if one is not other and not self._misses(one, other, place):
                    self._fail(place, "a value may fit more than one; use anyOf if that is allowed")

    def _misses(self, one: Schema, other: Schema, place: str) -> bool:
        """Whether nothing that is written for the one fits the other."""
        if exclude_each_other(one, other):
            return True
        if kinds(one) != {"object"} or declared_kinds(other) != {"object"}:
            return False
        names = {*one.get("properties", {}), *one.get("required", [])}
        if {*other.get("required", [])} - names and not one.get("additionalProperties"):
            return True
        both = {*one.get("required", [])} & {*other.get("required", [])}
        for name in both:
            first, second = (
                self._flat(side.get("properties", {}).get(name, True), place)
                for side in (one, other)
            )
            if exclude_each_other(first, second):
                return True
        return False

    def _typed(self, schema: Schema, place: str) -> str:
        wanted = kinds(schema)
        if not wanted:
            return "any"
        makers: Mapping[str, Callable[[Schema, str], str]] = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "integer": self._number,
            "boolean": lambda *_: "boolean",
            "null": lambda *_: "null",
        }
        return " | ".join(make(schema, place) for kind, make in makers.items() if kind in wanted)

    def _object(self, schema: Schema, place: str) -> str:
        properties, required = schema.get("properties", {}), schema.get("required", [])
        additional = schema.get("additionalProperties")
        if not properties and not required and additional in (None, True):
            return "any-object"
        unnamed = [name for name in required if name not in properties]
        if unnamed and additional is False:
            self._fail(f"{place}/required", f"{unnamed[0]!r} may not be there")
        names = [*properties, *unnamed]
        pairs = []
        for name in names:
            value = properties.get(name, True if additional is None else additional)
            at = f"{place}/properties/{name}" if name in properties else f"{place}/required"
            if value is False and name not in required:
                continue
            pair = f'{literal(_json(name))} ":" ws {self._value(value, at)} ws'
            pairs.append((self._rule(pair), name in required))
        further = self._further(names, additional, place)
        return f'"{{" ws {self._pairs(pairs, further)} "}}"'

    def _further(self, names: Sequence[str], additional: object, place: str) -> str | None:
        """A rule for a property that has no name in the schema; None if there are none."""
        if additional is None or additional is False:
            return None
        key = self._rule(other_than(names, self._rule)) if names else "string"
        value = self._value(additional, f"{place}/additionalProperties")
        return self._rule(f'{key} ":" ws {value} ws')

    def _pairs(self, pairs: Sequence[tuple[str, bool]], further: str | None) -> str:
        """Pairs in their order, of which those that are not required may be left out."""
        first = f'({further} ("," ws {further})*)?' if further else '""'
        after = f'("," ws {further})*' if further else '""'
        for pair, is_required in reversed(pairs):
            begun = f"{pair} {after}"
            first = self._rule(begun if is_required else f"{begun} | {first}")
            going_on = f'"," ws {pair}'
            after = self._rule(f"{going_on if is_required else f'({going_on})?'} {after}")
        return first

    def _array(self, schema: Schema, place: str) -> str:
        items = schema.get("items", True)
        fixed = schema.get("prefixItems", items if isinstance(items, list) else [])
        rest = schema.get("additionalItems", True) if isinstance(items, list) else items
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        if schema.get("uniqueItems") and (most is None or most > 1):
            self._fail(f"{place}/uniqueItems", "a grammar cannot express this")
        if fixed and "items" not in schema and len(fixed) >= least:
            rest = False
        if most is not None and least > most:
            self._fail(place, "minItems is more than maxItems")
        rules = [
            self._value(one, f"{place}/prefixItems/{index}")
            for index, one in enumerate(fixed[:most])
        ]
        if rest is False:
            if len(rules) < least:
                self._fail(place, "there are fewer items than minItems")
            return self._bracketed(rules)
        item = self._value(rest, f"{place}/items")
        return self._bracketed(rules, item, least, most)

    def _bracketed(
        self, fixed: Sequence[str], item: str = "", least: int = 0, most: int | None = 0
    ) -> str:
        """An array: fixed items first, then others up to the numbers of all."""
        begun = [f"{fixed[0]} ws"] if fixed else []
        begun += [f'"," ws {rule} ws' for rule in fixed[1:]]
        more = None if most is None else most - len(fixed)
        if item and more != 0:
            next_one = self._rule(f'"," ws {item} ws')
            if fixed:
                begun.append(self._times(next_one, max(0, least - len(fixed)), more))
            else:
                others = self._times(
                    next_one, max(0, least - 1), None if more is None else more - 1
                )
                begun.append(f"{item} ws {others}" if least else f"({item} ws {others})?")
        return f'"[" ws {" ".join(begun)} "]"'

    def _times(self, rule: str, least: int, most: int | None) -> str:
        """A rule several times; llama.cpp counts to 2,000, so beyond that it is by thousands."""
        if max(least, most or 0) <= MOST_REPETITIONS:
            return f"{rule}{{{least},{'' if most is None else most}}}"
        block = self._rule(f"{rule}{{{_BLOCK}}}")
        blocks, rest = divmod(least, _BLOCK)
        exactly = f"{block}{{{blocks}}} {rule}{{{rest}}}"
        if most is None:
            return f"{exactly} {rule}*"
        blocks, rest = divmod(most - least, _BLOCK)
        further = f"{block}{{{blocks}}} {rule}{{0,{rest}}}"
        if blocks:
            further = f"({block}{{0,{blocks - 1}}} {rule}{{0,{_BLOCK - 1}}} | {further})"
        return f"{exactly} {further}"

    def _string(self, schema: Schema, place: str) -> str:
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        form = FORMATS.get(schema.get("format", ""))
        pattern = schema.get("pattern")
        has_length = least > 0 or most is not None
        if has_length + (pattern is not None) + (form is not None) > 1:
            self._fail(place, "a grammar can only express one of length, pattern and format")
        if form:
            return f'"\\"" {form} "\\""'
        if pattern is not None:
            try:
                return f'"\\"" {pattern_to_gbnf(pattern, "char")} "\\""'
            except UnsupportedPattern as error:
                self._fail(f"{place}/pattern", f"a grammar cannot express {error}")
        if most is not None and least > most:
            self._fail(place, "minLength is more than maxLength")
        if has_length:
            return f'"\\"" {self._times("char", least, most)} "\\""'
        return "string"

    def _number(self, schema: Schema, place: str) -> str:
        bounds = _bounds(schema)
        if "fraction" in kinds(schema):
            text = decimals(bounds) if bounds.are_any else "number"
        else:
            text = integers(bounds) if bounds.are_any else "integer"
        if not text:
            self._fail(place, "no number is within these bounds")
        return text


def _bounds(schema: Schema) -> Bounds:
    ends: dict[str, tuple[Decimal | None, bool]] = {}
    for name, tighter in (("minimum", max), ("maximum", min)):
        inclusive = schema.get(name)
        exclusive = schema.get(f"exclusive{name.capitalize()}")
        given = [value for value in (inclusive, exclusive) if value is not None]
        end = tighter(given) if given else None
        ends[name] = (None if end is None else Decimal(str(end)), exclusive == end)
    (low, low_is_out), (high, high_is_out) = ends["minimum"], ends["maximum"]
    return Bounds(low, high, low_is_out, high_is_out)
