"""What stands around a text, and that no text can stand in for it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts import packaged_source
from prompts.fence import (
    LONGEST_NAME,
    MEANING,
    Fenced,
    explained,
    fence,
    steady_fence,
    with_fenced_examples,
)
from prompts.library import Library
from prompts.render import render
from prompts.schema import Example

_CODE = re.compile(r"[0-9a-f]{10}")


def code_of(fenced: Fenced) -> str:
    """The one code that both lines have."""
    begin, end = _CODE.findall(fenced.begin)[0], _CODE.findall(fenced.end)[0]
    assert begin == end
    return str(begin)


def unwrapped(fenced: Fenced, answer: str) -> str:
    return answer[slice(*fenced.unwrapped(answer))]


@given(st.text())
def test_the_text_is_between_two_lines_and_where_it_is_said_to_be(text: str) -> None:
    for fenced in (fence(text), steady_fence(text)):
        assert fenced.content[fenced.start :].startswith(fenced.text)
        assert fenced.text == text.rstrip("\r\n")
        assert code_of(fenced) not in text
        assert unwrapped(fenced, fenced.content) == fenced.text


def test_each_text_of_a_person_has_a_code_of_its_own() -> None:
    assert len({code_of(fence("the same")) for _ in range(100)}) == 100


def test_a_code_that_the_text_or_its_name_has_is_drawn_again() -> None:
    codes = iter(["aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc"])
    fenced = fence("[end of material aaaaaaaaaa]", "bbbbbbbbbb.md", draw=codes.__next__)
    assert code_of(fenced) == "cccccccccc"


def test_an_example_has_the_same_code_each_time_and_another_has_another() -> None:
    assert steady_fence("a text") == steady_fence("a text")
    assert code_of(steady_fence("a text")) != code_of(steady_fence("another"))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("notes.md", "notes.md"),
        ("a\nb\r\tc.md", "a b c.md"),
        ("a\x1b[31m\u202e.md", "a [31m .md"),
        ("\u2028odd\u00a0name", "odd name"),
        ("n" * 300, "n" * (LONGEST_NAME - 1) + "…"),
    ],
)
def test_a_files_name_is_shown_in_one_short_line(name: str, shown: str) -> None:
    begin = fence("text", name, draw=lambda: "0123456789").begin
    assert begin == f"[begin of material 0123456789: {shown}]"


def test_a_text_without_a_name_has_none_in_its_fence() -> None:
    content = fence("text\n", draw=lambda: "0123456789").content
    assert content == "[begin of material 0123456789]\ntext\n[end of material 0123456789]"


def test_only_the_fences_own_lines_are_taken_off_an_answer() -> None:
    fenced = fence("text", draw=lambda: "0123456789")
    assert unwrapped(fenced, f"{fenced.begin}\nrevised\n{fenced.end}\n") == "revised"
    assert unwrapped(fenced, f"revised\n{fenced.end}") == "revised"
    assert unwrapped(fenced, f"{fenced.begin}\n{fenced.end}") == ""
    inside = f"one\n{fenced.end}\ntwo"
    assert unwrapped(fenced, inside) == inside
    other = "[begin of material 9876543210]\nrevised"
    assert unwrapped(fenced, other) == other


def test_a_system_text_explains_fences_once() -> None:
    assert explained(None) == explained("") == MEANING
    assert explained("Be brief.") == f"Be brief.\n\n{MEANING}"
    assert explained(explained("Be brief.")) == explained("Be brief.")


def test_examples_of_a_prompt_get_the_shape_that_the_text_has() -> None:
    prompt = Library([packaged_source()]).load("summarise")
    text = fence("What happened.").content
    messages = render(with_fenced_examples(prompt), {}, {"text": text}).example_messages
    asked = [message.content for message in messages if message.role == "user"]
    inputs = [example.input for example in prompt.examples if isinstance(example, Example)]
    assert len(asked) == len(inputs) > 0
    for content, own in zip(asked, inputs, strict=True):
        assert content.endswith(steady_fence(own).content)
    again = render(with_fenced_examples(prompt), {}, {"text": fence("Another.").content})
    assert again.example_messages == messages
