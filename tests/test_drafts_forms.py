"""Hunks that are written down say what changed, and where."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drafts import MarksInText, as_critic, as_json, as_words, critic_text, hunks

OLD = "# Harbour\n\nTeh old crane stands.\nIt is red.\n\n1\n\n2\n\n3\n\n4\n\nThe end, at last.\n"
NEW = "# Harbour\n\nThe old crane stands.\nIt is red.\n\n1\n\n2\n\n3\n\n4\n\nThe end.\n\nA coda.\n"

LINES = st.text(st.sampled_from("{}+-~>=<ab \n"), max_size=20)


def test_critic_markup_is_the_whole_text_with_marks() -> None:
    assert as_critic(OLD, hunks(OLD, NEW)) == (
        "# Harbour\n\n{~~Teh~>The~~} old crane stands.\nIt is red.\n\n1\n\n2\n\n3\n\n4\n\n"
        "The end{--, at last--}.{++\n\nA coda.++}\n"
    )


@settings(max_examples=300)
@given(LINES, LINES)
@example("a}", "{+a}")
@example("-}", "")
@example("{++a++}", "b")
def test_critic_markup_is_read_as_both_texts_or_refused(old: str, new: str) -> None:
    try:
        written = as_critic(old, hunks(old, new))
    except MarksInText:
        assert any(mark in old + new for mark in "{}~")
    else:
        assert critic_text(written, accepted=False) == old
        assert critic_text(written, accepted=True) == new


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("a\n{++b++}\n", "a\n{++b++} c\n", "in line 2"),
        ("a {>>note<<} teh", "a {>>note<<} the", "in line 1"),
        ("a {==b==} teh", "a {==b==} the", "in line 1"),
        ("one", "one\r\n\r\n{--two--}", "in line 3"),
    ],
)
def test_a_text_with_critic_markup_of_its_own_is_refused(old: str, new: str, reason: str) -> None:
    with pytest.raises(MarksInText, match=reason):
        as_critic(old, hunks(old, new))


def test_changed_words_are_shown_in_their_lines() -> None:
    assert as_words(OLD, hunks(OLD, NEW), "draft.md") == (
        "--- a/draft.md\n+++ b/draft.md\n"
        "@@ -1,6 +1,6 @@\n"
        "# Harbour\n\n[-Teh-]{+The+} old crane stands.\nIt is red.\n\n1\n"
        "@@ -11,4 +11,6 @@\n"
        "\n4\n\nThe end[-, at last-].\n\n{+A coda.+}\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "New.\n", "@@ -0,0 +1 @@\n{+New.+}\n"),
        ("Old.\n", "", "@@ -1 +0,0 @@\n[-Old.-]\n"),
        ("One.\n\nTwo.\n", "One. Two.", "@@ -1,3 +1 @@\nOne.\n\n{+ +}Two.\n"),
        ("a b", "a c", "@@ -1 +1 @@\na [-b-]{+c+}\n"),
        ("One. Two.\n", "One.\n\nTwo.\n", "@@ -1 +1,3 @@\nOne.[- -]\n\nTwo.\n"),
        ("a\r\nb\r\n", "a\r\nc\r\n", "@@ -1,2 +1,2 @@\na\n[-b-]{+c+}\n"),
    ],
)
def test_lines_are_counted_in_both_texts(old: str, new: str, expected: str) -> None:
    assert as_words(old, hunks(old, new), "x") == f"--- a/x\n+++ b/x\n{expected}"


def test_equal_texts_have_nothing_to_show() -> None:
    assert as_words(OLD, (), "x") == ""
    assert as_critic(OLD, ()) == OLD
    assert as_json(OLD, ()) == []


def test_json_says_where_each_hunk_is() -> None:
    old = "One.\r\nTwo.\rTree.\n\nFour.\n\nFive.\n"
    new = "One.\r\nTwo.\rThree.\n\nFive.\n"
    written = json.dumps(as_json(old, hunks(old, new)))
    assert json.loads(written) == [
        {
            "start": 11,
            "end": 15,
            "line": 3,
            "end_line": 3,
            "kind": "words",
            "old": "Tree",
            "new": "Three",
            "pieces": [
                {"fate": "deleted", "text": "Tree"},
                {"fate": "inserted", "text": "Three"},
            ],
        },
        {
            "start": 18,
            "end": 25,
            "line": 5,
            "end_line": 6,
            "kind": "paragraph",
            "old": "Four.\n\n",
            "new": "",
            "pieces": [{"fate": "deleted", "text": "Four.\n\n"}],
        },
    ]
