"""Examples put into a prompt file: nothing else in it moves, and the model sees what was meant."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.types import Message
from prompts.append import with_examples
from prompts.schema import AnyExample, Dialogue, Example

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LETTER = Example("Their is a light.", "There is a light.")
LONG = Example(
    'She said """no""" and \\left.\n\n# It is a heading\n\tindented\n',
    'It ends in a quotation mark\nas here: "',
    "Mend it.",
    {"percent": 20, "strict": True, "ratio": 0.5, "tone": 'dry "and" short'},
)
TALK = Dialogue((Message("user", "Hi\nthere"), Message("assistant", 'Hello "you"')))


EXAMPLE = '[[examples]]\ninput = "a"\noutput = "b"'


def added(text: str, *examples: AnyExample) -> tuple[str, dict[str, Any]]:
    """What was put in, and all that the file says then; the rest of it must not have moved."""
    new = with_examples(text, examples)
    start = next(
        (at for at, pair in enumerate(zip(text, new, strict=False)) if len(set(pair)) > 1),
        len(text),
    )
    length = len(new) - len(text)
    places = [at for at in range(start + 1) if new[:at] + new[at + length :] == text]
    assert places, "something was put in at one place"
    return new[places[0] : places[0] + length], tomllib.loads(new)


def without_edges(value: Any) -> Any:
    """The value with its texts as rendering cuts them."""
    if isinstance(value, list):
        return list(map(without_edges, value))
    if isinstance(value, dict):
        return {key: without_edges(each) for key, each in value.items()}
    return value.strip(" \t\r\n") if isinstance(value, str) else value


def as_toml(example: AnyExample) -> dict[str, Any]:
    if isinstance(example, Dialogue):
        said = [{"role": each.role, "content": each.content} for each in example.messages]
        return {"messages": said}
    texts = {"instruction": example.instruction, "input": example.input, "output": example.output}
    own: Mapping[str, object] = {"variables": dict(example.variables)}
    return {key: value for key, value in ({**texts, **own}).items() if value}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Mine\n",
        'title = "A"',
        'title = "A"\n\n\n',
        'title = "A"\r\n[params]\r\ntemperature = 1\r\n',
        '[[examples]]\ninput = "a"\noutput = "b"',
        f'{EXAMPLE} # why\n# about the tests\n[[tests]]\ninput = "x"\n',
        '[[examples]]\ninput = "a"\noutput = """b\n# not a comment"""\n\n[params]\ntop_k = 3\n',
        '[[examples]]\ninput = "a"\noutput = "b"\n[examples.variables]\np = 1\n\n# c\n[params]\n',
        f'{EXAMPLE}\n[params]\n[[examples]]\ninput = "c"\noutput = "d"\n',
        '[["examples"]]\ninput = "a"\noutput = "b"\n',
        '[params] # of mine\ntemperature = 0.30\n  [variables.x]   \n    type =   "int"\n',
    ],
)
def test_what_is_there_stays_as_it_is(text: str) -> None:
    before = tomllib.loads(text)
    examples: list[AnyExample] = [LONG, TALK, LETTER]
    _, after = added(text, *examples)
    after["examples"] = list(map(without_edges, after["examples"]))
    own = [without_edges(as_toml(each)) for each in examples]
    assert after == {**before, "examples": [*before.get("examples", []), *own]}


def test_a_new_example_comes_after_the_last_and_before_what_is_about_other_things() -> None:
    text = (
        '# first\n[[examples]]\ninput = "a"\noutput = "b"\n\n# the tests\n[[tests]]\ninput = "x"\n'
    )
    new = with_examples(text, [LETTER])
    assert new == (
        '# first\n[[examples]]\ninput = "a"\noutput = "b"\n\n'
        '[[examples]]\ninput = "Their is a light."\noutput = "There is a light."\n'
        '\n# the tests\n[[tests]]\ninput = "x"\n'
    )


def test_texts_of_several_lines_are_written_as_they_read() -> None:
    new = with_examples("", [Example("One.\n\nTwo, and a tab\there.", "x" * 100)])
    assert new == (
        f'[[examples]]\ninput = """\nOne.\n\nTwo, and a tab\there.\n"""\noutput = "{"x" * 100}"\n'
    )


def test_a_file_with_windows_newlines_gets_no_others() -> None:
    part, _ = added('title = "A"\r\n', LONG)
    assert part.count("\n") == part.count("\r\n") > 3


@pytest.mark.parametrize("text", ['examples = [{ input = "a", output = "b" }]\n', "examples = 3\n"])
def test_examples_in_a_list_are_left_to_the_person(text: str) -> None:
    with pytest.raises(ValueError, match="examples"):
        with_examples(text, [LETTER])


def test_what_is_not_toml_is_refused() -> None:
    with pytest.raises(ValueError, match="not TOML"):
        with_examples("title = \n", [LETTER])


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1)


@settings(max_examples=200)
@given(
    TEXTS, TEXTS, st.sampled_from(["", '[[examples]]\ninput = "a"\noutput = "b"\n# c\n[params]\n'])
)
def test_every_text_comes_back(given_text: str, output: str, before: str) -> None:
    new = with_examples(before, [Example(given_text, output, given_text)])
    last = tomllib.loads(new)["examples"][-1]
    edges = " \t\r\n"
    words = {"input": given_text.strip(edges), "output": output.strip(edges)}
    assert {key: last.get(key, "").strip(edges) for key in words} == words
