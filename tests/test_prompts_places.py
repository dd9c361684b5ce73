"""Where the keys of a TOML text are, whatever it takes to write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.places import KeyPath, NumberedLine, Place, TomlPlaces, spelled
from prompts.plain_words import template_complaint, toml_complaint

PLACES: dict[str, tuple[str, KeyPath, tuple[int, int]]] = {
    "a key": ('title = "a"', ("title",), (1, 1)),
    "after spaces": ("[params]\n  top_k = 1", ("params", "top_k"), (2, 3)),
    "after a tab": ("[params]\n\ttop_k = 1", ("params", "top_k"), (2, 2)),
    "after windows lines": ("a = 1\r\n\r\nb = 2\r\n", ("b",), (3, 1)),
    "after characters of several bytes": ('x = { s = "日本é", y = 1 }', ("x", "y"), (1, 18)),
    "after characters outside the first plane": ('x = { s = "👩‍👧", y = 1 }', ("x", "y"), (1, 18)),
    "a text that has the key in it": ('a = """\nb = 1\n"""\nb = 2', ("b",), (4, 1)),
    "a comment that has the key in it": ("# b = 1\na = 1 # b = 1\nb = 2", ("b",), (3, 1)),
    "escaped quotation marks before it": ('a = "x \\" \\\\"\nb = 2', ("b",), (2, 1)),
    "a dotted key": ("a.b.c = 1", ("a", "b", "c"), (1, 1)),
    "a part of a dotted key": ("a.b.c = 1", ("a", "b"), (1, 1)),
    "a dotted key with spaces": ("a . b = 1", ("a", "b"), (1, 1)),
    "a key in quotation marks": ('"a b" = 1', ("a b",), (1, 1)),
    "a quoted key with a dot": ('"a.b" = 1', ("a.b",), (1, 1)),
    "a quoted key with quotation marks at its ends": ('[t]\n"\\"a\'" = 1', ("t", "\"a'"), (2, 1)),
    "a quoted key with an escape": ('[t]\n"\\u00e9" = 1', ("t", "é"), (2, 1)),
    "a literal key": ("'a\"b' = 1", ('a"b',), (1, 1)),
    "a table": ("\n[a.b]\nc = 1", ("a", "b"), (2, 2)),
    "a table around it": ("\n[a.b]\nc = 1", ("a", "b", "missing", "deeper"), (2, 2)),
    "a table that only a table within it names": ("\n[a.b]\nc = 1", ("a",), (2, 2)),
    "a table after one within it": ("[a.b]\nc = 1\n[a]\nd = 1", ("a",), (3, 2)),
    "an inline table": ("a = { b = { c = 1 } }", ("a", "b", "c"), (1, 13)),
    "an element of an array": ("a = [1, [2, 3]]", ("a", "1", "1"), (1, 13)),
    "an array over lines with comments": (
        "a = [\n # one\n 1,\n # two\n 2,\n]",
        *(("a", "1"), (5, 2)),
    ),
    "a table in an array": ("a = [\n { b = 1 },\n { b = 2 },\n]", ("a", "1", "b"), (3, 4)),
    "the first table of an array": ("[[a]]\nb = 1\n[[a]]\nb = 2", ("a", "0", "b"), (2, 1)),
    "the second table of an array": ("[[a]]\nb = 1\n[[a]]\nb = 2", ("a", "1", "b"), (4, 1)),
    "a table within the second of an array": (
        "[[a]]\n[a.b]\nc = 1\n[[a]]\n[a.b]\nc = 2",
        *(("a", "1", "b", "c"), (6, 1)),
    ),
    "an array within the second of an array": (
        "[[a]]\n[[a.b]]\n[[a]]\n[[a.b]]\n[[a.b]]\nc = 2",
        *(("a", "1", "b", "1", "c"), (6, 1)),
    ),
}


@pytest.mark.parametrize("case", PLACES)
def test_a_key_is_found_at_its_line_and_column(case: str) -> None:
    text, path, (line, column) = PLACES[case]
    assert TomlPlaces(text).of(path) == Place(line, column)


def test_what_is_nowhere_has_no_place() -> None:
    assert TomlPlaces("a = 1").of(("b",)) is None
    assert TomlPlaces("").of(()) is None


def test_in_a_file_of_lines_everything_is_on_its_line() -> None:
    assert NumberedLine(7).of(("messages", "0")) == Place(7)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a = "x"', 1),
        ('\na = """x"""', 2),
        ('\na = """\nx"""', 3),
        ('\r\na = """\r\nx"""', 3),
        ("a = '''\nx'''", 2),
        ("a = ''''x'''", 1),
    ],
)
def test_a_text_begins_on_the_line_of_its_first_character(text: str, line: int) -> None:
    assert TomlPlaces(text).first_line(("a",)) == line


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\\\"'", min_codepoint=32)))
def test_columns_count_characters_whatever_stands_before(before: str) -> None:
    clean = before.replace("\x7f", "")
    place = TomlPlaces(f'a = {{ s = "{clean}", y = 1 }}').of(("a", "y"))
    assert place == Place(1, len(f'a = {{ s = "{clean}", ') + 1)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("params", "top_k"), "params.top_k"),
        (("examples", "0", "input"), "examples.0.input"),
        (("params", "logit_bias", "e.g."), 'params.logit_bias."e.g."'),
        (("a", 'b"c'), 'a."b\\"c"'),
        ((), ""),
    ],
)
def test_a_key_is_spelled_as_a_person_writes_it(path: KeyPath, words: str) -> None:
    assert spelled(path) == words


@pytest.mark.parametrize(
    ("complaint", "words"),
    [
        # Parsers of TOML 1.1 take this one; the others are all in `broken_prompts/`.
        ("Invalid initial character for a key part", "a {…} table takes one line"),
        ("Cannot mutate immutable namespace ('a', 'b')", "[a.b] is already complete"),
        ("Cannot redefine namespace ('a',)", "[a] is already complete"),
        ("Invalid date or datetime", "this date or time does not exist"),
    ],
)
def test_complaints_of_toml_parsers_become_a_writers_words(complaint: str, words: str) -> None:
    assert words in toml_complaint(complaint)


def test_complaints_that_nobody_has_words_for_stay_as_they_are() -> None:
    assert toml_complaint("Something new") == "Something new"
    assert template_complaint("something new.") == "something new"
