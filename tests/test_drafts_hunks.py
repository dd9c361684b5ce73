"""What a person sees of a revision is its single changes, and what they take is all that changes."""

from __future__ import annotations

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drafts import Hunk, apply, hunks

MARKS = {"kept": "{}", "deleted": "[-{}-]", "inserted": "{{+{}+}}"}


def shown(hunk: Hunk) -> str:
    return "".join(MARKS[piece.fate].format(piece.text) for piece in hunk.pieces)


ODD = "aab .,!?\"'“’-*_#\n\n\r\t\u00a0\u0301\u0308\u200d\u200b\ufe0f\u2028\x85\ud83d\udc68é語。ไทย👨👩🏽🇩🇪ﬀßİ"
"""Characters that some notion of a word, a sentence or a paragraph treats in a special way."""

fragments = st.sampled_from(
    [
        "One two three.",
        " ",
        "\n\n",
        "\r\n\r\n",
        "\r",
        "- item\n",
        "# Head\n",
        "```\n",
        "He said it. ",
    ]
)
texts = st.lists(fragments | st.text(alphabet=st.sampled_from(ODD), max_size=12), max_size=9).map(
    "".join
)


@st.composite
def revisions(draw: st.DrawFn) -> tuple[str, str]:
    """A text and another that has parts of it."""
    parts = draw(st.lists(texts, max_size=5))
    others = [draw(st.just(part) | texts) for part in parts if draw(st.booleans()) or part]
    return "".join(parts), "".join(draw(st.permutations(others)) if draw(st.booleans()) else others)


pairs = revisions() | st.tuples(texts, texts) | st.tuples(st.text(), st.text())


@settings(max_examples=600, deadline=None)
@given(pairs)
def test_all_hunks_give_the_revision_and_none_the_draft(pair: tuple[str, str]) -> None:
    old, new = pair
    found = hunks(old, new)
    assert apply(old, found, range(len(found))) == new
    assert apply(old, found, []) == old
    assert (not found) == (old == new)


@settings(max_examples=400, deadline=None)
@given(pairs, st.randoms(use_true_random=False))
def test_all_that_was_not_taken_is_the_drafts_own(pair: tuple[str, str], chance: object) -> None:
    old, new = pair
    found = hunks(old, new)
    ends = [0, *(hunk.end for hunk in found)]
    assert all(end <= hunk.start <= hunk.end for end, hunk in zip(ends, found, strict=False))
    import random

    assert isinstance(chance, random.Random)
    taken = {number for number in range(len(found)) if chance.random() < 0.5}
    expected = ""
    for number, hunk in enumerate(found):
        expected += old[ends[number] : hunk.start] + (hunk.new if number in taken else hunk.old)
    assert apply(old, found, taken) == expected + old[ends[-1] :]


@settings(max_examples=400, deadline=None)
@given(pairs)
def test_pieces_are_the_hunk(pair: tuple[str, str]) -> None:
    old, new = pair
    for hunk in hunks(old, new):
        assert old[hunk.start : hunk.end] == hunk.old != hunk.new
        assert "".join(p.text for p in hunk.pieces if p.fate != "inserted") == hunk.old
        assert "".join(p.text for p in hunk.pieces if p.fate != "deleted") == hunk.new


@settings(max_examples=600, deadline=None)
@given(pairs)
def test_no_character_is_torn(pair: tuple[str, str]) -> None:
    old, new = pair
    whole = {match.start() for match in regex.finditer(r"\X", old)} | {len(old)}
    for hunk in hunks(old, new):
        assert {hunk.start, hunk.end} <= whole
