"""What stands around a text, and that no text can stand in for it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts import packaged_source
from prompts.fence import (
    CONTEXT_MEANING,
    LONGEST_NAME,
    MEANING,
    Fenced,
    explained,
    fence,
    steady_fence,
    unwrapped,
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


@given(st.text())
def test_the_text_is_between_two_lines_and_where_it_is_said_to_be(text: str) -> None:
    for fenced in (fence(text), steady_fence(text)):
        assert fenced.content[fenced.start :].startswith(fenced.text)
        assert fenced.text == text.rstrip("\r\n")
        assert code_of(fenced) not in text


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


QUESTION = f"""\
{fence("Around it.", kind="context", draw=lambda: "0011223344").content}

{fence("text", "a.md", draw=lambda: "0123456789").content}"""

CONTEXT = "[begin of context 0011223344]\nAround it.\n[end of context 0011223344]"
BEGIN, END = "[begin of material 0123456789: a.md]", "[end of material 0123456789]"


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ("revised", "revised"),
        (f"{BEGIN}\nrevised\n{END}\n", "revised"),
        (f"revised\n{END}", "revised"),
        (f"{END}\nrevised", "revised"),
        (f"{BEGIN}\n{END}", ""),
        (f"{CONTEXT}\n\n{BEGIN}\nrevised\n{END}", "revised"),
        (f"{CONTEXT}\nrevised", "revised"),
        (f"revised\n{CONTEXT}", "revised"),
        (f"{CONTEXT}\nrevised\n{CONTEXT}", "revised"),
        (f"{BEGIN}\nrevised\n{END}\nI changed a word.", "revised"),
        (f"one\nsays {END}\ntwo", f"one\nsays {END}\ntwo"),
        ("[begin of material 9876543210]\nrevised", "[begin of material 9876543210]\nrevised"),
    ],
)
def test_only_the_fences_own_lines_are_taken_off_an_answer(answer: str, left: str) -> None:
    assert answer[slice(*unwrapped(QUESTION, answer))].strip() == left


@given(st.text(), st.text())
def test_what_is_taken_off_is_at_the_ends(before: str, after: str) -> None:
    answer = f"{before}\n{END}\n{after}\n{BEGIN}"
    start, end = unwrapped(QUESTION, answer)
    assert 0 <= start <= end <= len(answer)


def test_a_system_text_explains_fences_once() -> None:
    assert explained(None) == explained("") == MEANING
    assert explained("Be brief.") == f"Be brief.\n\n{MEANING}"
    assert explained(explained("Be brief.")) == explained("Be brief.")
    both = f"Be brief.\n\n{MEANING}\n\n{CONTEXT_MEANING}"
    assert explained("Be brief.", has_context=True) == both
    assert explained(both, has_context=True) == explained(both) == both


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
