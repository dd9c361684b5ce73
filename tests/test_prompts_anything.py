"""Whatever a file of TOML says, it is read, or its mistakes are told at their places."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prompts import EXPECTATION_KEYS, InvalidPrompt
from prompts.jsonschema import schema
from prompts.reading import inspect_prompt
from prompts.reading_examples import parse_examples
from prompts.schema import (
    EXAMPLE_KEYS,
    FILE_KEYS,
    MESSAGE_KEYS,
    PARAM_KEYS,
    TEST_KEYS,
    VARIABLE_KEYS,
)
from prompts.toml_text import parse_toml

PATH = Path("mine.toml")
VALIDATOR = jsonschema.Draft7Validator(schema())

KEYS = st.sampled_from(
    sorted(
        {*FILE_KEYS, *VARIABLE_KEYS, *EXAMPLE_KEYS, *MESSAGE_KEYS, *PARAM_KEYS, *TEST_KEYS}
        | {*EXPECTATION_KEYS, "messages", "a", "e.g.", "", 'b"c'}
    )
)
WORDS = st.sampled_from(
    ["", " ", "a", "user", "assistant", "choice", "int", "file", "edit", "(", "é"]
)
NUMBERS = st.sampled_from(["0", "1", "-1", "0.5", "1e99", "nan", "-inf", "99999999999999999999"])
SCALARS = st.one_of(WORDS.map(json.dumps), NUMBERS, st.sampled_from(["true", "2026-01-01"]))


def tables(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.dictionaries(KEYS, values, max_size=4).map(
        lambda pairs: f"{{{', '.join(f'{json.dumps(key)} = {pairs[key]}' for key in pairs)}}}"
    )


def lists(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=3).map(lambda values: f"[{', '.join(values)}]")


VALUES = st.recursive(SCALARS, lambda inner: st.one_of(tables(inner), lists(inner)), max_leaves=8)
FILES = st.dictionaries(KEYS, VALUES, max_size=5).map(
    lambda pairs: "\n".join(f"{json.dumps(key)} = {pairs[key]}" for key in pairs)
)


@settings(max_examples=300)
@given(FILES)
@example("include = 1\nvariables = { a = {} }")
@example('examples = [{ messages = [{ role = "user" }] }]')
def test_every_file_is_read_or_its_mistakes_are_told(text: str) -> None:
    prompt, problems = inspect_prompt(text, name="mine", path=PATH)
    assert (prompt is None) == bool(problems)
    last = text.count("\n") + 1
    for problem in problems:
        assert "\n" not in str(problem)
        assert problem.line is not None
        assert problem.column is not None
        assert 1 <= problem.line <= last
    assert problems == sorted(problems, key=lambda each: (each.line or 0, each.column or 0))


@settings(max_examples=200)
@given(FILES)
def test_what_the_reader_takes_fits_the_schema(text: str) -> None:
    prompt, _ = inspect_prompt(text, name="mine", path=PATH)
    if prompt is not None:
        assert list(VALIDATOR.iter_errors(parse_toml(text, PATH))) == []


JSON_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3))
JSON_KEYS = st.sampled_from([*EXAMPLE_KEYS, *MESSAGE_KEYS, "messages", "x"])
JSON = st.recursive(
    JSON_SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(JSON_KEYS, inner, max_size=4)
    ),
)


def complaint(line: str) -> InvalidPrompt | None:
    """What is wrong with the second line of a file of examples."""
    try:
        parse_examples(f"\n{line}\n", path=Path("x.jsonl"))
    except InvalidPrompt as error:
        return error
    return None


@settings(max_examples=200)
@given(st.one_of(JSON.map(json.dumps), st.text(st.characters(exclude_characters="\n"))))
def test_every_line_of_json_is_an_example_or_its_mistake_is_told(line: str) -> None:
    error = complaint(line)
    if error is not None:
        assert error.line == 2
        assert "\n" not in str(error)
