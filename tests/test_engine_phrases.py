"""Phrases that must not appear: what is held back, what is taken back, what gets through."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from engine.phrases import PhraseGuard


def run(guard: PhraseGuard[str], tokens: Sequence[str]) -> tuple[str, list[tuple[str, ...]]]:
    """Feeds tokens as a model would that, taken back, says something else: the token in angles.

    Returns what was shown, and the tokens that were taken back.
    """
    shown, taken, said = "", [], []
    for token in tokens:
        said.append(token)
        released, back = guard.feed(token, token.encode())
        shown += "".join(released)
        if back:
            taken.append(tuple(said[-back:]))
            del said[-back:]
    return shown + "".join(guard.flush()), taken


def test_without_phrases_everything_passes_at_once() -> None:
    assert PhraseGuard[str]([]).feed("delve", b"delve") == (["delve"], 0)


def test_a_phrase_is_taken_back_whole() -> None:
    guard = PhraseGuard[str](["rich tapestry"])
    assert run(guard, ["A", " rich", " tap", "estry", " x"]) == (
        "A x",
        [(" rich", " tap", "estry")],
    )


def test_case_does_not_matter() -> None:
    assert run(PhraseGuard[str](["delve"]), ["Del", "VE", "!"]) == ("!", [("Del", "VE")])


def test_a_beginning_that_comes_to_nothing_is_shown() -> None:
    shown, taken = run(PhraseGuard[str](["delve into"]), ["We", " delve", " in", " it"])
    assert (shown, taken) == ("We delve in it", [])


def test_what_may_become_a_phrase_is_held_back() -> None:
    guard = PhraseGuard[str](["delve"])
    assert guard.feed("so del", b"so del") == ([], 0)
    assert guard.feed("ta", b"ta") == (["so del", "ta"], 0)


def test_a_phrase_that_overlaps_its_own_beginning_is_found() -> None:
    assert run(PhraseGuard[str](["aab"]), ["a", "a", "a", "b"])[1] == [("a", "a", "b")]


def test_a_phrase_that_begins_within_a_token_is_found() -> None:
    guard = PhraseGuard[bytes](["é!"])
    first, second = "é".encode()[:1], "é".encode()[1:]
    assert guard.feed(first, first) == ([], 0)
    assert guard.feed(second, second) == ([], 0)
    assert guard.feed(b"!", b"!") == ([], 3)


def test_a_phrase_is_not_built_from_what_was_shown_before_the_other_was_taken_back() -> None:
    assert "bbb" not in run(PhraseGuard[str](["bbb"]), ["b", "ab", "bb", "bb"])[0]


words = st.lists(st.text("ab", min_size=1, max_size=3), max_size=20)


@given(words, st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=3))
def test_no_phrase_is_ever_shown(tokens: list[str], phrases: list[str]) -> None:
    shown, _ = run(PhraseGuard[str](phrases), tokens)
    assert not any(phrase in shown for phrase in phrases)


@given(words)
def test_nothing_is_lost_where_no_phrase_comes(tokens: list[str]) -> None:
    assert run(PhraseGuard[str](["abac", "c"]), tokens) == ("".join(tokens), [])
