"""The benchmark of proofreading: its errors are where it says, and its scores are right."""

from __future__ import annotations

import random

import pytest
from proofreading import SPLITS, paragraphs, spoilt_text
from seeded_errors import KINDS, Error, applied, has_codespell, misspellings_in, with_errors
from word_edits import Edit, Score, damage, edits, scored

_DICTIONARY = """\
recieve->receive
becuase->because
teh->the
wich->which, witch,
alot->a lot
harbuor->harbour
"""

_TEXT = (
    "We have taken the boat from the harbour because it was late. He walked to their house and "
    'asked for a lamp, which they gave him. "It were the harbour light," said Mr Receive, "as is."'
)

needs_codespell = pytest.mark.skipif(not has_codespell(), reason="codespell is not installed")


def test_the_dictionary_gives_the_words_that_a_misspelling_can_only_mean() -> None:
    assert misspellings_in(_DICTIONARY) == {
        "receive": ["recieve"],
        "because": ["becuase"],
        "harbour": ["harbuor"],
    }


def test_the_same_seed_makes_the_same_errors_and_another_one_others() -> None:
    known = misspellings_in(_DICTIONARY)
    first, second, third = (with_errors(_TEXT, random.Random(seed), known) for seed in (1, 1, 2))
    assert first == second
    assert first != third


@pytest.mark.parametrize("seed", range(30))
def test_a_text_has_its_errors_and_no_others(seed: int) -> None:
    wrong, errors = with_errors(_TEXT, random.Random(seed), misspellings_in(_DICTIONARY))
    assert wrong == applied(_TEXT, errors)
    assert 1 <= len(errors) <= 2
    assert all(error.kind in KINDS for error in errors)
    assert all(_TEXT[error.start : error.end] != error.wrong for error in errors)
    assert scored(wrong, _TEXT, _TEXT).wanted == len(errors)


def test_names_are_never_misspelt_and_speech_keeps_its_dialect() -> None:
    speech = _TEXT.index('"It were')
    for seed in range(200):
        _, errors = with_errors(_TEXT, random.Random(seed), misspellings_in(_DICTIONARY))
        assert all(_TEXT[error.start : error.end] != "Receive" for error in errors)
        said = [error for error in errors if error.start > speech]
        assert {error.kind for error in said} <= {"misspelling", "doubled"}


def test_errors_are_put_in_where_they_belong() -> None:
    errors = [Error("dropped", 0, 3, ""), Error("doubled", 9, 12, "was was")]
    assert applied("It seems was so.", errors) == "seems was was so."


@needs_codespell
@pytest.mark.parametrize("split", SPLITS)
def test_the_texts_have_three_to_six_errors_in_a_hundred_words(split: str) -> None:
    assert all(55 <= len(text.split()) <= 90 for text in paragraphs(split))
    spoilt = spoilt_text(split, seed=1)
    assert 3 <= 100 * len(spoilt.errors) / len(spoilt.right.split()) <= 6
    assert {error.kind for error in spoilt.errors} == set(KINDS)
    assert spoilt_text(split, seed=1) == spoilt
    # A word that is not there twice or at all is one edit, and so is one in place of another.
    score = scored(spoilt.wrong, spoilt.right, spoilt.right)
    assert score.right == score.wanted == len(spoilt.errors)
    assert scored(spoilt.wrong, spoilt.right, spoilt.wrong).made == 0


def test_edits_pair_words_that_are_alike() -> None:
    assert edits("They was hear, in teh end.", "They were here, in the end.") == [
        Edit(1, "was", "were"),
        Edit(2, "hear", "here"),
        Edit(5, "teh", "the"),
    ]
    assert edits("the the cat", "the cat") == edits("the the cat", "the cat!")[:1]
    assert edits("He went the house", "He went to the big house") == [
        Edit(2, "", "to"),
        Edit(3, "", "big"),
    ]
    assert edits("“No,” he said.", '"No," he said.') == []


def test_a_revision_is_scored_by_what_it_mended_missed_and_damaged() -> None:
    wrong = "They was late becuase the the boat left. Nobody minded it."
    right = "They were late because the boat left. Nobody minded it."
    revised = "They were late since the boat left. Nobody cared about it."
    score = scored(wrong, right, revised)
    assert (score.right, score.made, score.wanted) == (2, 5, 3)
    # "since" is no damage: that word was wrong before. "cared" and "about" are.
    assert score.damaged == 2
    assert score.words == 11
    assert score.precision == pytest.approx(2 / 5)
    assert score.recall == pytest.approx(2 / 3)
    assert score.f_half == pytest.approx(1.25 * 0.4 * (2 / 3) / (0.25 * 0.4 + 2 / 3))
    assert score.damaged_per_hundred == pytest.approx(100 * 2 / 11)


def test_marks_count_and_a_word_put_in_elsewhere_is_damage() -> None:
    assert damage("He was late, again.", "He was late, again.", "He was late again.") == [
        Edit(3, ",", "")
    ]
    wrong, right = "She went the house of glass.", "She went to the house of glass."
    assert damage(wrong, right, "She went into the house of glass.") == []
    assert damage(wrong, right, "She went the house of the glass.") == [Edit(5, "", "the")]


def test_scores_of_texts_add_up_and_nothing_to_do_is_done_well() -> None:
    assert Score(1, 2, 3, 4, 5) + Score(1, 1, 1, 1, 1) == Score(2, 3, 4, 5, 6)
    assert scored("All is well.", "All is well.", "All is well.").f_half == 1.0
    assert scored("All is wel.", "All is well.", "All is wel.").f_half == 0.0


def test_paragraphs_that_ran_together_are_scored_all_the_same() -> None:
    wrong, right = "It were so.\n\nNobody knew.", "It was so.\n\nNobody knew."
    assert scored(wrong, right, "It was so. Nobody knew.").right == 1
    assert scored(wrong, right, right).right == 1
