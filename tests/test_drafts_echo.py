"""What an answer repeats of its question is found at both ends, and the text itself never is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drafts.echo import without_echo

ORIGINAL = "Their is a light. It have burned all night."
REVISED = "There is a light. It has burned all night."

BEFORE = "The harbour was dark when they came. Nobody had been waiting there for them."
AFTER = "In the morning the boats\nwent out again, one by one."

AROUND = f"""\
[begin of context 00112233aa]
The headings of the whole text:
- The harbour
  - Morning
The material is in: The harbour > Morning
Before the material comes:
{BEFORE}
After the material comes:
{AFTER}
[end of context 00112233aa]

Take out about 20% of the words:

[begin of material 0123456789: draft.md]

[end of material 0123456789]"""


def left(answer: str, original: str = ORIGINAL, around: str = AROUND) -> str:
    return answer[slice(*without_echo(original, answer, around))].strip()


@pytest.mark.parametrize(
    "form",
    [
        "{0}",
        "\n{0}\n\n",
        "{before}\n\n{0}",
        "{before} {0}",
        "{0}\n\n{after}",
        "{0} {after}",
        "{before}\n\n{0}\n\n{after}\n",
        "{around}\n{0}",
        "## Morning\n\n{0}",
        "The material is in: The harbour > Morning\n{0}",
        "[begin of material 0123456789: draft.md]\n{0}\n[end of material 0123456789]",
        "{0}\n[end of material 0123456789]",
        "Take out about 20% of the words:\n{0}",
    ],
)
def test_what_stood_around_the_text_is_left_out(form: str) -> None:
    assert left(form.format(REVISED, before=BEFORE, after=AFTER, around=AROUND)) == REVISED


def test_what_is_repeated_with_corrections_or_wrapped_anew_is_left_out_too() -> None:
    corrected = BEFORE.replace("waiting", "expecting").replace("dark", "dim")
    wrapped = AFTER.replace("\n", " ").replace("one by", "one\nby")
    assert left(f"{corrected}\n\n{REVISED}\n\n{wrapped}") == REVISED


@pytest.mark.parametrize("answer", [BEFORE, AFTER, f"{BEFORE}\n\n{AFTER}", AROUND])
def test_of_an_answer_that_repeats_nothing_else_nothing_is_left(answer: str) -> None:
    assert left(answer) == ""


@pytest.mark.parametrize(
    "original",
    [
        BEFORE,
        f"{BEFORE} And so it went on.",
        "[end of material 0123456789]",
        "The harbour\n\nMorning",
        "Nobody had been there. Nobody had been waiting there for them.",
        "---\n\nA light.\n\n---",
        "",
    ],
)
def test_a_text_that_says_what_stands_around_it_stays_whole(original: str) -> None:
    assert left(original, original) == original


@pytest.mark.parametrize("answer", [f"---\n\n{REVISED}\n\n***", "***", " \n", ""])
def test_what_has_no_words_is_no_echo(answer: str) -> None:
    assert left(answer) == answer.strip()


def test_new_words_at_the_ends_are_no_echo() -> None:
    longer = f"It was late and the house was cold. {REVISED} Nobody knew who had lit it."
    assert left(longer) == longer


@given(st.text(), st.text(), st.text())
def test_it_is_always_a_stretch_of_the_answer(original: str, answer: str, around: str) -> None:
    start, end = without_echo(original, answer, around)
    assert 0 <= start <= end <= len(answer)


@given(st.text(alphabet="abc .\n", min_size=1))
def test_the_text_itself_is_never_an_echo(text: str) -> None:
    assert left(text, text, f"{text}\n{text}") == text.strip()
