"""Grammars and JSON Schemas: what they let through, and what is said of unusable ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from native import Native, native
from pace import within

from engine.errors import GrammarFailed
from engine.grammars.grammar import Grammar, GrammarState
from engine.sampling_params import Sampling


@pytest.fixture
def model(starter_path: Path) -> Native:
    return native(starter_path)


def accepts(model: Native, grammar: Grammar, text: str) -> bool:
    """Whether the text can be written, and the answer end with it."""
    weights = model.weights
    end = next(token for token in range(weights.n_vocab) if weights.is_end(token))
    state = GrammarState(grammar, weights, ())
    try:
        for token in [*weights.tokenize(text, special=False), end]:
            if not state.allows(token):
                return False
            state.accept(token)
        return True
    finally:
        state.close()


MISTAKES = {
    "not a rule": ("root = 'a'", 1, 6, "expected '::='"),
    "no name": ("root ::= a\n::= b", 2, 1, "the name of a rule"),
    "underscore in a name": ('root ::= a_b\na-b ::= "x"', 1, 11, "end of the line"),
    "alternative on its own line": ('root ::= "a"\n  | "b"', 2, 3, "'|' at the line's end"),
    "open literal": ('root ::= "a', 1, 10, "before the end"),
    "open class": ("root ::= [a-z", 1, 10, "before the end"),
    "open group": ('root ::= ("a" | ', 1, 17, "expected ')'"),
    "unknown escape": ('root ::= "a\\q"', 1, 12, "no escape \\q"),
    "too few digits": ('root ::= "\\x4"', 1, 11, "2 hexadecimal digits"),
    "nothing to repeat": ("root ::= * ", 1, 10, "nothing before '*'"),
    "bounds the wrong way round": ('root ::= "a"{5,2}', 1, 13, "second number is smaller"),
    "open bounds": ('root ::= "a"{5', 1, 15, "expected '}'"),
    "range the wrong way round": ("root ::= [z-a]", 1, 11, "ends before it begins"),
    "empty class": ("root ::= []", 1, 10, "no characters"),
    "undefined rule": ('root ::= "a" |\n  nmae\nname ::= "b"', 2, 3, "did you mean 'name'?"),
    "rule given twice": ('root ::= a\na ::= "x"\na ::= "y"', 3, 1, "there already"),
    "left recursion": ('root ::= expr\nexpr ::= expr "+" "1" | "1"', 2, 1, "begin with itself"),
    "hidden left recursion": (
        'root ::= a\na ::= empty a "b" | "c"\nempty ::= none\nnone ::= ""',
        *(2, 1, "begin with itself"),
    ),
    "endless nothing": ('root ::= ("a" | "")*', 1, 20, "may be empty"),
    "no end": ('root ::= "a" root', 1, 1, "never ends"),
    "many repetitions": ("root ::= [a-z]{1,99999}", 1, 18, "no more than 2,000"),
    "repeated repetitions": ("root ::= ([a-z]{100}){1,99}{30}", 1, 28, "no more than 2,000"),
    "large repetition": (f'root ::= "{"a" * 5000}"{{1500}}', 1, 5012, "too large"),
    "nested groups": (f"root ::= {'(' * 5000}", 1, 110, "nested deeper"),
    "many ways": (
        "root ::= a0\n"
        + "".join(f'a{n} ::= a{n + 1} | a{n + 1} "x"\n' for n in range(40))
        + 'a40 ::= "y"',
        *(29, 1, "too many possible"),
    ),
    "NUL": ('root ::= "\0"', 1, 11, "cannot occur in a text"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_grammar_that_cannot_be_used_is_one_line_with_the_place(mistake: str) -> None:
    text, line, column, words = MISTAKES[mistake]
    with within(2), pytest.raises(GrammarFailed) as caught:
        Grammar.from_gbnf(text)
    assert str(caught.value).startswith(f"line {line}, column {column}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_grammar_begins_with_root() -> None:
    with pytest.raises(GrammarFailed, match="no rule 'root'"):
        Grammar.from_gbnf('rot ::= "a"')


def test_what_llama_cpp_can_do_is_let_through(model: Native) -> None:
    grammar = Grammar.from_gbnf(
        "# moves\r\nroot ::= (move | # either\n  pause)+ end?\n"
        'move ::= [a-h] [1-8]{1,2} "\\x2b"{,1} | "\\u00e9" .\n'.replace("{,1}", "{0,1}")
        + 'pause ::= ("." ".")? "\\n"{2}\nend ::= !<[1]> | "" \n'
    )
    assert accepts(model, grammar, "a1+b22éx..\n\n")
    assert not accepts(model, grammar, "a1+b22éx.\n\n")
    assert accepts(model, Grammar.from_gbnf('root ::= ("a"? "b"?)* "c"'), "aabbac")
    assert accepts(model, Grammar.from_gbnf('root ::= "a"{1999}'), "a" * 1999)


VALUES = {
    "integer in a range": (
        {"type": "integer", "minimum": -5, "maximum": 120},
        ["-5", "-1", "0", "9", "10", "99", "100", "120"],
        ["-6", "121", "200", "-0", "05", "1.0", "1000", ""],
    ),
    "number in a range": (
        {"type": "number", "minimum": 0.25, "exclusiveMaximum": 1.5},
        ["0.25", "1", "1.49", "0.3000"],
        ["0.24", "1.5", "1.50", "2", "-1"],
    ),
    "number": ({"type": "number"}, ["0", "-1.5e10", "0.25"], ["01", ".5", "1.", "NaN", "+1"]),
    "short string": (
        {"type": "string", "minLength": 1, "maxLength": 3},
        ['"é\\"\\n"', '"\\u00e9ab"'],
        ['""', '"abcd"', '"\\ud800"', '"a\nb"', "'a'"],
    ),
    "long string": (
        {"type": "string", "minLength": 2200, "maxLength": 4500},
        [json.dumps("a" * length) for length in (2200, 3210, 4500)],
        [json.dumps("a" * length) for length in (2199, 4501)],
    ),
    "values": (
        {"enum": ['a"b\\c', 3, None, [1, {"x": True}]]},
        ['"a\\"b\\\\c"', "3", "null", '[1, {"x": true}]'],
        ["4", '"a"', ""],
    ),
    "optional properties": (
        {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "required": ["b"]},
        ['{"b":1}', '{"a": {"x": [1]}, "b": "y"}', '{"b":1,"c":null}'],
        ["{}", '{"a":1}', '{"b":1,}', '{,"b":1}', '{"b":1 "c":2}', '{"b":1,"d":2}'],
    ),
    "other properties": (
        {
            "properties": {"a": {"type": "integer"}, "ab": {"type": "integer"}},
            "additionalProperties": {"type": "boolean"},
        },
        ['{"a":1,"abc":true}', "{}", '{"b":true,"":false}'],
        ['{"a":true}', '{"ab":true}', '{"\\u0061":true}', '{"b":1}'],
    ),
    "items": (
        {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3},
        ["[1]", "[1, 2,3]"],
        ["[]", "[1,2,3,4]", "[1,]", "[,1]", "[1"],
    ),
    "first items": (
        {"type": "array", "prefixItems": [{"type": "integer"}], "items": {}, "minItems": 2},
        ["[1,2]", '[1,"a",[]]'],
        ["[1]", '["a",2]'],
    ),
    "blank space": (
        {"type": "object"},
        ['{ "a":\n   1 }'],
        ["{" + " " * 40 + "}", "{\n\n}", " {}"],
    ),
    "pattern": (
        {"type": "string", "pattern": r"^[A-Z]{2}-\d+(\.\d)?[^\s\"]$|x[\"\\]"},
        ['"AB-1!"', '"AB-12.3é"', '"ax\\"b"', '"x\\\\"'],
        ['"AB-1"', '"ab-1!"', '"x"', '"AB-1\\""'],
    ),
    "several types": (
        {"type": ["integer", "string", "null"], "minimum": 10, "maxLength": 2},
        ["10", '"ab"', "null"],
        ["9", '"abc"', "true"],
    ),
    "one of two": (
        {
            "oneOf": [
                {"properties": {"kind": {"const": "a"}}, "required": ["kind"], "type": "object"},
                {"properties": {"kind": {"const": "b"}}, "required": ["kind"], "type": "object"},
            ]
        },
        ['{"kind":"a"}', '{"kind":"b"}'],
        ['{"kind":"c"}', "{}"],
    ),
    "all of two": (
        {
            "allOf": [{"$ref": "#/$defs/named"}, {"properties": {"age": {"type": "integer"}}}],
            "required": ["age"],
            "$defs": {"named": {"type": "object", "properties": {"name": {"type": "string"}}}},
        },
        ['{"age":3}', '{"name":"x","age":3}'],
        ['{"name":"x"}', '{"age":"3"}'],
    ),
    "recursion": (
        {
            "$ref": "#/$defs/list",
            "$defs": {"list": {"type": "array", "items": {"$ref": "#/$defs/list"}}},
        },
        ["[]", "[[],[[]]]"],
        ["[1]", "[[]"],
    ),
    "recursion by the way": (
        {
            "properties": {"sub": {"allOf": [{"$ref": "#"}], "description": "below"}},
            "allOf": [{"type": "object"}],
        },
        ["{}", '{"sub":{"sub":{}}}'],
        ['{"sub":1}', '{"sub":{"sub":[]}}'],
    ),
    "one of several kinds": (
        {"oneOf": [{"const": None}, {"enum": ["a", 1]}, {"type": "array"}, {"type": "boolean"}]},
        ["null", '"a"', "1", "[]", "true"],
        ["2", '"b"'],
    ),
    "one of two beside the rest": (
        {
            "type": "object",
            "properties": {"x": {"type": "null"}},
            "oneOf": [
                {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
                {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
            ],
        },
        ['{"x":null,"a":1}', '{"b":1}'],
        ['{"a":1,"b":1}', "{}"],
    ),
    "email": ({"format": "email"}, ['"a.b@example.org"'], ['"a b@example.org"', '"a@b"']),
    "leap day": ({"type": "string", "format": "date"}, ['"2026-02-28"'], ['"2026-02-30"']),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_schema_lets_through_what_fits_it(model: Native, name: str) -> None:
    schema, fitting, others = VALUES[name]
    grammar = Grammar.from_schema(json.dumps(schema))
    for text in fitting:
        assert accepts(model, grammar, text), text
        jsonschema.validate(json.loads(text), schema)
    for text in others:
        assert not accepts(model, grammar, text), text


REFUSED = {
    "not": ({"not": {}}, "/not"),
    "in a property": ({"properties": {"a": {"uniqueItems": True}}}, "/properties/a/uniqueItems"),
    "multipleOf": ({"type": "integer", "multipleOf": 5}, "/multipleOf"),
    "unknown type": ({"type": "strng"}, "/type"),
    "wrong shape": ({"properties": []}, "/properties"),
    "huge bound": ({"maximum": 1e300}, "/maximum"),
    "look-ahead": ({"pattern": "(?=a)"}, "/pattern"),
    "back-reference": ({"pattern": r"(a)\1"}, "/pattern"),
    "pattern with a length": ({"pattern": "a", "maxLength": 3}, "at its top"),
    "foreign reference": ({"$ref": "https://example.org/x"}, "/$ref"),
    "missing reference": ({"items": {"$ref": "#/$defs/x"}}, "/items/$ref"),
    "overlapping oneOf": ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "/oneOf"),
    "types that exclude each other": (
        {"allOf": [{"type": "integer"}, {"type": "string"}]},
        "exclude each other",
    ),
    "forbidden and required": (
        {"required": ["a"], "additionalProperties": False},
        "'a' may not be there",
    ),
    "no number": ({"type": "integer", "minimum": 5, "maximum": 3}, "no number"),
    "false": (False, "nothing fits false"),
    "itself": ({"$ref": "#"}, "never ends"),
    "itself in a circle": ({"allOf": [{"$ref": "#"}]}, "never ends"),
    "itself among others": ({"type": "object", "allOf": [{"$ref": "#"}]}, "never end"),
    "doubling": (
        {
            "$defs": {
                str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}] * 2, "minimum": n}
                for n in range(30)
            },
            "$ref": "#/$defs/0",
        },
        "never end",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_grammar_cannot_keep_to_is_named(name: str) -> None:
    schema, words = REFUSED[name]
    with pytest.raises(GrammarFailed) as caught:
        Grammar.from_schema(json.dumps(schema))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"type": "object",}', "line 1, column 19: "),
        ('{\n  "type": strin\n}', "line 2, column 11: "),
        ("", "line 1, column 1: "),
        ('{"minimum": NaN}', "NaN is not a JSON number"),
        ("[" * 100_000, "nested too deeply"),
        ('{"maximum": ' + "1" * 5000 + "}", "not JSON"),
    ],
    ids=["comma", "bare word", "empty", "NaN", "nested", "digits"],
)
def test_a_schema_that_is_not_json_is_reported_with_the_place(text: str, words: str) -> None:
    with pytest.raises(GrammarFailed) as caught:
        Grammar.from_schema(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def record(*required: str, **properties: object) -> dict[str, Any]:
    """The schema of an object."""
    return {"type": "object", "properties": properties, "required": list(required)}


def items(schema: object, least: int, most: int) -> dict[str, Any]:
    """The schema of an array."""
    return {"type": "array", "items": schema, "minItems": least, "maxItems": most}


WORD = {"type": "string", "maxLength": 12}
NUMBER = {"type": "integer"}
FLAG = {"type": "boolean"}
POINT = record("x", x={"type": "integer", "minimum": 0, "maximum": 9})

WRITTEN: list[dict[str, Any]] = [
    WORD,
    NUMBER,
    FLAG,
    {"type": "number", "minimum": 0, "maximum": 1},
    {"type": ["null", "boolean"]},
    {"enum": ["calm", "stormy", None, 7]},
    {"const": {"a": ["b", 1]}},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "time"},
    {"type": "string", "format": "uuid"},
    {"type": "string", "format": "ipv4"},
    {"type": "string", "pattern": "^(red|green|blue)( sky)?$"},
    {"type": "string", "pattern": r"^\+\d{2} \d{3,5}$"},
    {"type": "string", "minLength": 4, "maxLength": 9},
    items(NUMBER, 2, 4),
    items(WORD, 0, 2),
    items({"enum": ["a", "b"]}, 3, 3),
    items(items(FLAG, 0, 1), 0, 2),
    {"type": "array", "prefixItems": [WORD, NUMBER], "items": False},
    record("name", name=WORD, age=NUMBER),
    record("mood", "why", mood={"enum": ["good", "bad"]}, why=WORD),
    record("on", "x", on=FLAG) | {"additionalProperties": NUMBER},
    record(a=NUMBER, b={"type": "null"}) | {"additionalProperties": False},
    record("at", at={"$ref": "#/$defs/p"}) | {"$defs": {"p": POINT}},
    record('q"uote', **{'q"uote': FLAG, "é": NUMBER}),
    {"anyOf": [{"type": "integer", "maximum": -1}, record("n", n=NUMBER)]},
    {"oneOf": [FLAG, WORD]},
    {"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 12}]},
    {"type": "integer", "exclusiveMinimum": 99, "maximum": 12345},
    {"type": "number", "exclusiveMinimum": -1, "exclusiveMaximum": 0},
]


def test_what_a_model_writes_under_a_schema_fits_it(model: Native) -> None:
    ended = 0
    for index, schema in enumerate(WRITTEN):
        grammar = Grammar.from_schema(json.dumps(schema))
        sampling = Sampling(temperature=index % 2 * 1.2, seed=index)
        tokens = model.tokens("Answer in JSON.", sampling, 32, grammar)
        if model.weights.is_end(tokens[-1]):
            ended += 1
            jsonschema.validate(json.loads(model.text(tokens)), schema)
    assert ended >= 0.9 * len(WRITTEN)
