"""Reads examples, in a prompt's file or in files of their own, and a prompt's tests."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

from engine.types import Message
from prompts.errors import InvalidPrompt
from prompts.expectations import EXPECTATION_KEYS, KEPT, Expectations, Kept, PromptTest
from prompts.places import NumberedLine, TomlPlaces
from prompts.schema import (
    EXAMPLE_KEYS,
    MESSAGE_KEYS,
    TEST_KEYS,
    AnyExample,
    Dialogue,
    Example,
    Value,
)
from prompts.tables import Findings, Table, seen
from prompts.toml_text import parse_toml


def parse_examples(text: str, *, path: Path) -> tuple[AnyExample, ...]:
    """Read a file of examples: TOML, or JSON Lines where its name ends so.

    Raises:
        InvalidPrompt: If it is neither, or an example is wrong; the first mistake.
    """
    examples, problems = inspect_examples(text, path=path)
    if problems:
        raise problems[0]
    return examples


def inspect_examples(
    text: str, *, path: Path
) -> tuple[tuple[AnyExample, ...], list[InvalidPrompt]]:
    """Read a file of examples as far as it can be read, and say all that is wrong with it."""
    if path.suffix == ".jsonl":
        return _inspect_lines(text, path)
    findings = Findings(path, TomlPlaces(text))
    examples: tuple[AnyExample, ...] | None = ()
    with findings.noting():
        table = Table(parse_toml(text, path), (), findings)
        table.check_keys(("examples",))
        examples = read_examples(table)
    return examples or (), findings.problems


def _inspect_lines(text: str, path: Path) -> tuple[tuple[AnyExample, ...], list[InvalidPrompt]]:
    examples: list[AnyExample] = []
    problems: list[InvalidPrompt] = []
    for number, line in enumerate(text.split("\n"), start=1):
        findings = Findings(path, NumberedLine(number), problems)
        if line.strip():
            with findings.noting():
                examples.append(_example(Table(_json_object(line, findings), (), findings)))
    return tuple(examples), problems


def _json_object(line: str, findings: Findings) -> dict[str, Any]:
    try:
        values: object = json.loads(line)
    except json.JSONDecodeError as error:
        words = f"not JSON: {error.msg.removesuffix(' starting at')}"
        place = findings.error(words, ())
        raise InvalidPrompt(place.path, words, line=place.line, column=error.colno) from error
    except (ValueError, RecursionError) as error:
        raise findings.error("not JSON: values are too deep or too long", ()) from error
    if "\\u" in line and not _is_text(values):
        raise findings.error("has half of a surrogate pair, which is no text", ())
    if not isinstance(values, dict):
        raise findings.error(f"must be a JSON object, not {seen(values)}", ())
    return values


def _is_text(values: object) -> bool:
    """Whether all texts of a JSON value can be written."""
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def read_examples(table: Table) -> tuple[AnyExample, ...] | None:
    """The examples of a file, None where it does not speak of them; mistakes are noted."""
    tables = table.tables("examples")
    if tables is None:
        return None
    examples = []
    for each in tables:
        with each.findings.noting():
            examples.append(_example(each))
    return tuple(examples)


def _example(table: Table) -> AnyExample:
    if "messages" in table.values:
        beside = "does not go with messages, which are a whole example"
        table.check_keys(("messages",), dict.fromkeys(EXAMPLE_KEYS, beside))
        return Dialogue(_messages(table))
    table.check_keys((*EXAMPLE_KEYS, "messages"))
    texts = {key: table.get(key, str) for key in ("input", "output", "instruction")}
    for key in ("input", "output"):
        if not (texts[key] or "").strip():
            table.fail(f"{key} is missing or empty")
    return Example(
        input=texts["input"] or "",
        output=texts["output"] or "",
        instruction=texts["instruction"] or "",
        variables=_own_values(table),
    )


def _own_values(table: Table) -> dict[str, Value]:
    values = table.table("variables")
    if values is None:
        return {}
    for name, value in values.values.items():
        if not isinstance(value, str | int | float | bool):
            values.fail(f"must be a text, a number, true or false, not {seen(value)}", name)
    return dict(values.values)


def _messages(table: Table) -> tuple[Message, ...]:
    messages = []
    for number, each in enumerate(table.tables("messages") or []):
        each.check_keys(MESSAGE_KEYS)
        wanted = ("user", "assistant")[number % 2]
        if each.word("role", ("user", "assistant")) != wanted:
            each.fail(f'role must be "{wanted}" here: user and assistant take turns')
        content = each.get("content", str)
        if not (content or "").strip():
            each.fail("content is missing or empty")
        messages.append(Message(cast("Any", wanted), content or ""))
    if not messages:
        table.fail("is empty", "messages")
    if len(messages) % 2:
        table.fail("must end with a message of the assistant", "messages")
    return tuple(messages)


def read_tests(table: Table) -> tuple[PromptTest, ...] | None:
    """The tests of a file, None where it does not speak of them; mistakes are noted."""
    tables = table.tables("tests")
    if tables is None:
        return None
    tests = []
    for each in tables:
        with each.findings.noting():
            tests.append(_test(each))
    return tuple(tests)


def _test(table: Table) -> PromptTest:
    table.check_keys(TEST_KEYS)
    expected = table.table("expect")
    if expected is None or not expected.values:
        table.fail("a test needs an expectation")
    seed = table.whole("seed", 0, 2**32 - 2)
    return PromptTest(
        name=table.get("name", str) or "",
        input=table.get("input", str) or "",
        instruction=table.get("instruction", str) or "",
        variables=_own_values(table),
        seed=1 if seed is None else seed,
        expect=_expectations(expected),
    )


def _expectations(table: Table) -> Expectations:
    table.check_keys(EXPECTATION_KEYS)
    similarity = table.number("min_similarity", 0, 1)
    found = Expectations(
        contains=table.text_or_texts("contains") or (),
        excludes=table.text_or_texts("excludes") or (),
        regex=_patterns(table),
        min_words=table.whole("min_words", 0),
        max_words=table.whole("max_words", 0),
        min_ratio=table.number("min_ratio", 0),
        max_ratio=table.number("max_ratio", 0),
        keeps=cast("tuple[Kept, ...]", table.words("keeps", KEPT) or ()),
        same_language=table.get("same_language", bool) or False,
        valid_schema=table.get("valid_schema", bool) or False,
        similar_to=table.text("similar_to"),
        min_similarity=0.8 if similarity is None else similarity,
        min_changed=table.number("min_changed", 0, 1),
        max_changed=table.number("max_changed", 0, 1),
    )
    _check_order(table, found)
    return found


def _check_order(table: Table, found: Expectations) -> None:
    for what in ("words", "ratio", "changed"):
        low, high = getattr(found, f"min_{what}"), getattr(found, f"max_{what}")
        if low is not None and high is not None and low > high:
            table.fail(f"must not be more than max_{what}", f"min_{what}")
    if "min_similarity" in table.values and found.similar_to is None:
        table.fail("goes with similar_to", "min_similarity")


def _patterns(table: Table) -> tuple[str, ...]:
    patterns = table.text_or_texts("regex") or ()
    for pattern in patterns:
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            table.fail(f"{pattern!r} is no regular expression: {error}", "regex")
    return patterns
