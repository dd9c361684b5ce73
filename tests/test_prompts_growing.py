"""What was found good becomes candidates: taken apart, told from what is there, counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from itertools import product
from pathlib import Path

import pytest

from engine.types import Message
from prompts import Library, Source, packaged_source
from prompts.growing import Candidate, Growth, Judged, LeftOut, Origin
from prompts.inherit import Prompt
from prompts.recovery import Recovered, Recovery
from prompts.render import render
from prompts.schema import Example, Value

FROM = Origin("01SESSION", "letter.md", "01TURN", datetime(2026, 5, 4, tzinfo=timezone.utc))

WITH_PLACE = """
user = '''
{% if instruction %}
{{ instruction }}

{% endif %}
Shorten by {{ percent }}%{% if file %} ({{ file }}){% endif %}:

{{ text }}
'''
[variables.percent]
type = "int"
default = 20
"""


def words(messages: Sequence[Message]) -> int:
    """A token is a word."""
    return sum(len(message.content.split()) for message in messages)


class Shelf:
    """One folder of prompts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.library = Library([Source("user", folder), packaged_source()])

    def prompt(self, text: str, name: str = "mine") -> Prompt:
        (self.folder / f"{name}.toml").write_text(text)
        return self.library.load(name)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def question(prompt: Prompt, text: str, values: Mapping[str, str] = {}, **builtins: str) -> str:
    """What the model got."""
    return render(prompt, values, {"text": text, **builtins}).user


def judged(
    asked: str,
    output: str,
    text: str | None = None,
    **variables: Value,
) -> Judged:
    return Judged(asked, text, variables, output, FROM)


def offered(growth: Growth, one: Judged) -> Example:
    candidate = growth.offer(one)
    assert isinstance(candidate, Candidate), candidate
    return candidate.example


def refused(growth: Growth, one: Judged) -> LeftOut:
    left_out = growth.offer(one)
    assert isinstance(left_out, LeftOut)
    return left_out


# What a question was made of


def test_a_question_is_taken_apart(shelf: Shelf) -> None:
    prompt = shelf.prompt(WITH_PLACE)
    recovery = Recovery(prompt)
    long = "The lamp was lit.\n\n" * 20_000
    texts = ("One line", "One.\n\nTwo.\n\nThree (a.b*)", "(letter.md):\n\nHm", long.strip())
    instructions = ("", "Drily.", "Two\n\nparagraphs, with {{ text }}")
    for text, instruction, file in product(texts, instructions, ("", "letter.md")):
        given = {"instruction": instruction, "file": file}
        builtins = {name: value for name, value in given.items() if value}
        asked = question(prompt, text, {"percent": "30"}, **builtins)
        assert recovery.of(asked, {"percent": "30"}, text) == Recovered(text, instruction)


def test_words_that_were_the_text_are_found_without_an_attachment(shelf: Shelf) -> None:
    prompt = shelf.prompt(WITH_PLACE)
    text = "Their is a light.\n\nIt is far."
    found = Recovery(prompt).of(question(prompt, text), {"percent": "20"}, None)
    assert found == Recovered(text, "")


def test_an_instruction_of_a_line_is_found_where_there_must_be_one(shelf: Shelf) -> None:
    editor = shelf.library.load("editor")
    asked = question(editor, "One.\n\nTwo.", instruction="Use the past tense.")
    assert Recovery(editor).of(asked, {}, None) == Recovered("One.\n\nTwo.", "Use the past tense.")


def test_an_example_is_what_rendering_would_make_of_it(shelf: Shelf) -> None:
    prompt = shelf.prompt(WITH_PLACE)
    recovery = Recovery(prompt)
    for text, instruction in product(("One.", "{{ a }}\n\nb"), ("", "Drily.")):
        example = Example(text, "1.", instruction, {"percent": 30})
        rendered = render(replace(prompt, examples=(example,)), {}, {"text": "x", "file": "f"})
        made = recovery.example({"percent": "30"}, text, instruction)
        assert made == rendered.examples[0][0].content
    needy = Recovery(shelf.prompt('user = "{{ file }}: {{ text }}"'))
    assert needy.example({}, "One.", "") is None


def test_a_text_that_stands_twice_is_one_text(shelf: Shelf) -> None:
    prompt = shelf.prompt('user = "{{ text }} / {{ text }}"')
    assert Recovery(prompt).of("a / b / a / b", {}, None) == Recovered("a / b", "")
    assert Recovery(prompt).of("a / b", {}, None) is None


def test_a_question_of_another_prompt_is_not_taken_apart(shelf: Shelf) -> None:
    prompt = shelf.prompt(WITH_PLACE)
    asked = question(prompt, "One.", {"percent": "30"})
    assert Recovery(prompt).of(asked, {"percent": "20"}, "One.") is None


# Candidates


def test_an_answer_becomes_an_example_with_its_instruction_and_values(shelf: Shelf) -> None:
    prompt = shelf.prompt(WITH_PLACE)
    asked = question(prompt, "A long\r\nletter.\n", {"percent": "30"}, instruction="Drily.")
    text = "A long\r\nletter."
    one = judged(asked, " A letter.\n", text, percent=30)
    assert offered(Growth(prompt, words), one) == Example(
        "A long\nletter.", "A letter.", "Drily.", {"percent": 30}
    )


def test_an_example_has_no_values_that_its_template_does_not_use(shelf: Shelf) -> None:
    prompt = shelf.prompt('system = "{{ tone }}"\n[variables.tone]\ndefault = "dry"\n')
    assert offered(Growth(prompt, words), judged("One.", "1.", tone="warm")).variables == {}


def test_the_same_text_is_offered_once(shelf: Shelf) -> None:
    prompt = shelf.prompt('[[examples]]\ninput = "It  is\\nhere."\noutput = "Here."\n')
    growth = Growth(prompt, words)
    assert refused(growth, judged("It is here.", "It's here.")).cause == "there already"
    assert offered(growth, judged("It is there.", "There."))
    assert refused(growth, judged("It is\nthere.", "It's there.")).cause == "there already"


def test_inherited_examples_are_there_already(shelf: Shelf) -> None:
    shelf.prompt('[[examples]]\ninput = "It is here."\noutput = "Here."\n', "base")
    prompt = shelf.prompt('extends = "base"\n')
    assert refused(Growth(prompt, words), judged("It is here.", "So.")).cause == "there already"


def test_nearly_the_same_text_teaches_nothing_new(shelf: Shelf) -> None:
    growth = Growth(shelf.prompt(""), words)
    text = " ".join(f"word{number}" for number in range(20))
    assert offered(growth, judged(text, "So."))
    assert refused(growth, judged(f"{text} more", "So.")).cause == "much like another"
    assert offered(growth, judged(" ".join(reversed(text.split())), "So."))


def test_the_same_text_with_another_task_is_another_example(shelf: Shelf) -> None:
    prompt = shelf.prompt(WITH_PLACE)
    growth = Growth(prompt, words)
    for percent in (20, 30):
        asked = question(prompt, "It is here.", {"percent": str(percent)})
        assert offered(growth, judged(asked, "Here.", "It is here.", percent=percent))
    asked = question(prompt, "It is here.", instruction="Drily.")
    assert offered(growth, judged(asked, "Here.", "It is here.", percent=20))


def test_the_values_that_a_prompt_gives_by_default_are_those_of_its_examples(
    shelf: Shelf,
) -> None:
    prompt = shelf.prompt(WITH_PLACE + '[[examples]]\ninput = "It is here."\noutput = "Here."\n')
    asked = question(prompt, "It is here.")
    same = judged(asked, "So.", "It is here.", percent=20)
    assert refused(Growth(prompt, words), same).cause == "there already"


def test_a_changed_prompt_keeps_what_needs_no_instruction(shelf: Shelf) -> None:
    plain = shelf.prompt('user = "Another one: {{ text }}"')
    assert offered(Growth(plain, words), judged("Shorten: One.", "1.", "One.")).input == "One."
    asking = shelf.prompt('user = "{{ instruction }}: {{ text }}"')
    left_out = refused(Growth(asking, words), judged("Shorten\n\nOne.", "1.", "One."))
    assert "its instruction cannot be reconstructed" in left_out.detail
    unknown = refused(Growth(plain, words), judged("Shorten: One.", "1."))
    assert "the text cannot be reconstructed" in unknown.detail


def test_an_answer_to_an_instruction_in_front_is_no_example(shelf: Shelf) -> None:
    prompt = shelf.prompt('user = "Shorten: {{ text }}"')
    left_out = refused(Growth(prompt, words), judged("Drily.\n\nShorten: One.", "1.", "One."))
    assert "but the prompt has no place" in left_out.detail


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (judged("One.", " \n"), "needs both"),
        (judged("One.", "\ud83d"), "broken characters"),
        (judged("One.", "1.", percent=99), "must be at most 50"),
    ],
)
def test_what_cannot_be_an_example_says_why(shelf: Shelf, one: Judged, reason: str) -> None:
    prompt = shelf.prompt('[variables.percent]\ntype = "int"\nmax = 50\n')
    left_out = refused(Growth(prompt, words), one)
    assert left_out.cause == "not to be told"
    assert reason in left_out.detail


def test_values_that_a_prompt_has_no_more_are_left_out(shelf: Shelf) -> None:
    assert (
        offered(Growth(shelf.prompt(""), words), judged("One.", "1.", tone="dry")).variables == {}
    )


def test_a_value_that_a_prompt_needs_by_now_is_named(shelf: Shelf) -> None:
    prompt = shelf.prompt("[variables.tone]\nrequired = true\n")
    assert "tone" in refused(Growth(prompt, words), judged("One.", "1.")).detail


# The budget


def long(count: int, first: str = "w") -> str:
    return " ".join(f"{first}{number}" for number in range(count))


def test_examples_stay_within_the_prompts_own_budget(shelf: Shelf) -> None:
    prompt = shelf.prompt(
        'max_example_tokens = 90\n[[examples]]\ninput = "a b c"\noutput = "d e"\n'
    )
    growth = Growth(prompt, words)
    first = growth.offer(judged(long(25), "Short."))
    assert isinstance(first, Candidate)
    assert (first.tokens, growth.used, growth.budget) == (26, 5, 90)
    assert growth.with_it(first) == 31
    growth.add(first)
    for start in ("x", "y"):
        more = growth.offer(judged(long(25, start), "Short."))
        assert isinstance(more, Candidate)
        growth.add(more)
    assert growth.used == 83
    left_out = refused(growth, judged(long(25, "z"), "Short."))
    assert (left_out.cause, left_out.detail) == ("no room", "no room: 7 tokens are left of 90")
    assert offered(growth, judged("One two", "Three four"))


def test_one_example_does_not_take_the_place_of_all(shelf: Shelf) -> None:
    growth = Growth(shelf.prompt("max_example_tokens = 90\n"), words)
    left_out = refused(growth, judged(long(30), "Short."))
    assert (left_out.cause, left_out.tokens) == ("too long", 31)
    assert left_out.detail == "too long: one example may have 30 tokens"


def test_what_is_far_too_long_is_not_even_counted(shelf: Shelf) -> None:
    counted: list[int] = []

    def count(messages: Sequence[Message]) -> int:
        counted.append(max(len(message.content) for message in messages))
        return words(messages)

    growth = Growth(shelf.prompt(""), count)
    text = "The lamp was lit. " * 10_000
    left_out = refused(growth, judged(text, "It was lit.", text))
    assert (left_out.cause, left_out.tokens) == ("too long", None)
    assert refused(growth, judged(text, "It was lit.")).detail == "too long to compare"
    assert max(counted) < 1_000


def test_without_a_budget_of_its_own_prompt_and_examples_have_one(shelf: Shelf) -> None:
    prompt = shelf.prompt(f'system = "{long(400)}"\n')
    growth = Growth(prompt, words)
    assert offered(growth, judged("One.", "1."))
    assert growth.budget == 1400 - 401


def test_an_example_that_would_never_be_shown_is_not_offered(shelf: Shelf) -> None:
    prompt = shelf.prompt('max_examples = 1\n[[examples]]\ninput = "a"\noutput = "b"\n')
    left_out = refused(Growth(prompt, words), judged("One.", "1."))
    assert (left_out.cause, "raise max_examples" in left_out.detail) == ("not shown", True)


def test_of_examples_that_are_chosen_by_likeness_only_those_shown_count(shelf: Shelf) -> None:
    several = "".join(f'[[examples]]\ninput = "{long(20, s)}"\noutput = "b"\n' for s in "abcdef")
    prompt = shelf.prompt(
        f'select = "nearest"\nmax_examples = 2\nmax_example_tokens = 70\n{several}'
    )
    growth = Growth(prompt, words)
    assert offered(growth, judged(long(20), "Short."))
    assert growth.used == 42


def test_an_example_costs_what_the_template_around_it_costs(shelf: Shelf) -> None:
    prompt = shelf.prompt(WITH_PLACE)
    asked = question(prompt, "One two.")
    candidate = Growth(prompt, words).offer(judged(asked, "3.", "One two.", percent=20))
    assert isinstance(candidate, Candidate)
    assert candidate.tokens == len(["Shorten", "by", "20%:", "One", "two.", "3."])
