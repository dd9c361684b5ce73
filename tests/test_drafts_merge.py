"""What was accepted goes into a file that changed meanwhile only where its place is certain."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drafts import apply, hunks, merge

BASE = (
    "# Harbour\n\nTeh old crane has not been used since the war.\n\n"
    "It could be repaired, but nobody pays for it.\n\nThe ropes is rotten.\n"
)
REVISED = BASE.replace("Teh", "The").replace("is rotten", "are rotten").replace("pays", "will pay")
ACCEPTED = hunks(BASE, REVISED)


@pytest.mark.parametrize(
    ("before", "after", "applied", "present", "conflicts"),
    [
        ("", "", 3, 0, 0),
        ("since the war", "since the last war", 3, 0, 0),
        ("# Harbour\n\n", "", 2, 0, 1),
        ("# Harbour\n\n", "# Harbour\n\nA new paragraph.\n\n", 2, 0, 1),
        ("# Harbour", "---\ntitle: x\n---\n\n# Harbour", 3, 0, 0),
        ("Teh", "The", 2, 1, 0),
        ("Teh", "This", 2, 0, 1),
        ("Teh old", "Teh  old", 2, 0, 1),
        ("is rotten.\n", "is rotten.\n\nThe end.\n", 3, 0, 0),
        ("is rotten.\n", "is rotten. So are the sails.\n", 2, 0, 1),
        ("\n", "\r\n", 0, 0, 3),
    ],
)
def test_a_hunk_applies_where_its_surroundings_are_intact(
    before: str, after: str, applied: int, present: int, conflicts: int
) -> None:
    current = BASE.replace(before, after) if before else BASE
    merged = merge(BASE, current, ACCEPTED)
    counts = (len(merged.applied), len(merged.present), len(merged.conflicts))
    assert counts == (applied, present, conflicts)
    expected = current
    for hunk in merged.applied:
        expected = expected.replace(
            BASE[hunk.start - 2 : hunk.end + 4],
            BASE[hunk.start - 2 : hunk.start] + hunk.new + BASE[hunk.end : hunk.end + 4],
        )
    assert merged.text == expected


LONG = "The second paragraph says at some length that nobody pays for it, nor will they ever do so."


def test_a_paragraph_that_moved_takes_its_hunk_along() -> None:
    base, current = f"One.\n\n{LONG}\n\nThree.\n", f"Three.\n\nOne.\n\n{LONG}\n"
    accepted = hunks(base, base.replace("pays", "paid"))
    assert merge(base, current, accepted).text == current.replace("pays", "paid")


def test_a_place_that_is_there_twice_now_is_not_guessed() -> None:
    base = f"One.\n\n{LONG}\n\nThree.\n"
    accepted = hunks(base, base.replace("pays", "paid"))
    current = f"One.\n\n{LONG}\n\n{LONG}\n\nThree.\n"
    merged = merge(base, current, accepted)
    assert merged.conflicts == accepted
    assert merged.text == current


def test_the_right_one_of_several_like_places_is_found() -> None:
    base = "".join(f"Chapter {number}\n\n{'The same words again. ' * 5}\n\n" for number in range(9))
    place = base.index("again", base.index("Chapter 5"))
    [hunk] = hunks(base, base[:place] + "anew" + base[place + 5 :])
    current = base.replace("Chapter 2", "Chapter two")
    place = current.index("again", current.index("Chapter 5"))
    assert merge(base, current, [hunk]).text == current[:place] + "anew" + current[place + 5 :]


def test_equal_paragraphs_that_are_inserted_together_stay_two() -> None:
    base = "One is here.\n\nThree is here.\n"
    revised = "One is here.\n\nNew.\n\nNew.\n\nThree is here.\n"
    assert merge(base, base, hunks(base, revised)).text == revised


def test_hunks_of_another_text_are_refused() -> None:
    with pytest.raises(ValueError, match="not one of the base"):
        merge("Another text.", BASE, ACCEPTED)


words = st.sampled_from(["one ", "two ", "three. ", "four\n\n", "one two ", "Five, ", "語", "\r\n"])
texts = st.lists(words, max_size=60).map("".join)


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, str, str]:
    """A text, a revision of it, and what somebody else made of it meanwhile."""
    base = draw(texts)
    results = [base, base]
    for side in (0, 1):
        for _ in range(draw(st.integers(0, 4))):
            now = results[side]
            start = draw(st.integers(0, len(now)))
            end = draw(st.integers(start, min(len(now), start + 20)))
            results[side] = now[:start] + draw(words | st.just("")) + now[end:]
    return base, results[0], results[1]


def count(text: str, part: str) -> int:
    """How often a part is in a text, also where it overlaps itself."""
    return sum(text.startswith(part, start) for start in range(len(text) - len(part) + 1))


@settings(max_examples=300)
@given(edits())
@example(("", "New.", "Other."))
@example(("one two one two ", "one one two ", "one two one two one two "))
def test_nothing_is_applied_but_where_the_base_is_found_once(edit: tuple[str, str, str]) -> None:
    base, revised, current = edit
    merged = merge(base, current, hunks(base, revised))
    for hunk, placed in zip(merged.applied, merged.placed, strict=True):
        before = base[max(0, hunk.start - 24) : hunk.start]
        after = base[hunk.end : hunk.end + 24]
        assert current[: placed.start].endswith(before)
        assert current[placed.start :].startswith(hunk.old + after)
        if count(base, before + hunk.old + after) == 1:
            assert count(current, before + hunk.old + after) == 1


@settings(max_examples=300)
@given(edits())
def test_all_else_is_as_somebody_else_left_it(edit: tuple[str, str, str]) -> None:
    base, revised, current = edit
    accepted = hunks(base, revised)
    merged = merge(base, current, accepted)
    outcomes = [*merged.applied, *merged.present, *merged.conflicts]
    assert sorted(map(repr, outcomes)) == sorted(map(repr, accepted))
    expected, place = "", 0
    for hunk in merged.placed:
        assert place <= hunk.start
        expected += current[place : hunk.start] + hunk.new
        place = hunk.end
    assert merged.text == expected + current[place:]


@settings(max_examples=300)
@given(edits(), st.integers())
def test_an_unchanged_file_takes_every_hunk(edit: tuple[str, str, str], seed: int) -> None:
    base, revised, _ = edit
    accepted = hunks(base, revised)
    chance = random.Random(seed)
    taken = [number for number in range(len(accepted)) if chance.random() < 0.5]
    merged = merge(base, base, [accepted[number] for number in taken])
    assert merged.text == apply(base, accepted, taken)
    assert not merged.conflicts
