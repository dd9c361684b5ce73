"""How far two token lists say the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.prefix import agreement

PIECES = {1: b"a", 2: b"b", 3: b"ab", 4: b"c", 5: b"bc", 6: b"abc", 9: b""}
"""Tokens and their bytes; 9 is a control token."""


def spelled(tokens: list[int]) -> bytes:
    return b"".join(PIECES[token] for token in tokens)


def agree(cached: list[int], prompt: list[int]) -> tuple[int, int]:
    return agreement(cached, prompt, PIECES.__getitem__)


def test_equal_tokens_agree() -> None:
    assert agree([1, 2, 4], [1, 2, 5]) == (2, 2)


def test_other_tokens_for_the_same_bytes_agree() -> None:
    assert agree([9, 1, 2, 4, 1], [9, 3, 4, 1, 2]) == (5, 4)
    assert agree([6, 9, 1], [1, 5, 9, 1]) == (3, 4)


def test_a_spelling_that_ends_in_the_middle_does_not_count() -> None:
    assert agree([1], [3, 4]) == (0, 0)
    assert agree([9, 1, 2, 1], [9, 3, 3]) == (3, 2)


def test_control_tokens_agree_only_with_themselves() -> None:
    assert agree([1, 9, 2], [1, 2]) == (1, 1)
    assert agree([1, 2, 9], [3, 9]) == (3, 2)
    assert agree([1, 9, 2], [3, 9]) == (0, 0)


tokens = st.lists(st.sampled_from(sorted(PIECES)), max_size=12)


@given(tokens, tokens)
def test_what_agrees_has_the_same_bytes_and_control_tokens(
    cached: list[int], prompt: list[int]
) -> None:
    ours, theirs = agree(cached, prompt)
    assert spelled(cached[:ours]) == spelled(prompt[:theirs])
    assert cached[:ours].count(9) == prompt[:theirs].count(9)


@given(tokens, tokens, tokens)
def test_a_common_beginning_is_found(common: list[int], one: list[int], other: list[int]) -> None:
    ours, theirs = agree([*common, *one], [*common, *other])
    assert ours >= len(common)
    assert theirs >= len(common)
