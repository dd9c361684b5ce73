"""Following a draft while an answer copies and changes it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.cursor import Cursor

_TOKEN = re.compile(r" ?\w+|\W")
_vocabulary: list[str] = []


def tokens(text: str) -> list[int]:
    """Words with the space before them, and single other characters."""
    found = _TOKEN.findall(text)
    _vocabulary.extend(token for token in found if token not in _vocabulary)
    return [_vocabulary.index(token) for token in found]


def text(tokens: Sequence[int]) -> str:
    return "".join(_vocabulary[token] for token in tokens)


def cursor(draft: str) -> Cursor:
    return Cursor(tokens(draft), lambda token: _vocabulary[token].encode())


def guesses(draft: str, answer: str, count: int = 6) -> str:
    """What is guessed after an answer."""
    following = cursor(draft)
    for token in tokens(answer):
        following.follow(token)
    return text(following.guess(count))


def right(draft: str, answer: str) -> int:
    """How many tokens of an answer were guessed, one at a time."""
    following, count = cursor(draft), 0
    for token in tokens(answer):
        count += list(following.guess(1)) == [token]
        following.follow(token)
    return count


def test_a_copy_is_guessed_from_its_beginning_to_its_end() -> None:
    draft = "the sea is calm, and so are we"
    assert right(draft, draft) == len(tokens(draft))
    assert guesses(draft, draft) == ""


def test_the_place_is_found_again_after_a_change() -> None:
    draft = "we saw teh sea and the sky"
    assert guesses(draft, "we saw the sea") == " and the sky"
    assert guesses(draft, "we saw and the") == " sky"
    assert guesses(draft, "we saw teh, sea") == " and the sky"
    assert guesses(draft, "we saw teh,") == " sea and the sky"


def test_a_change_is_expected_where_the_same_tokens_come_again() -> None:
    draft = "one; two; three; four; five"
    assert guesses(draft, "one. two") == ". three. four. five"
    assert right(draft, "one. two. three. four. five") == len(tokens(draft)) - 1


def test_a_change_of_several_tokens_is_expected_too() -> None:
    draft = "grey -- so grey -- and wet -- but warm"
    assert guesses(draft, "grey – so", 8) == " grey – and wet – but"


def test_what_was_kept_before_is_not_expected_to_change() -> None:
    draft = "a; b; c; d; e; f"
    assert guesses(draft, "a; b; c. d") == "; e; f"


def test_a_change_that_is_not_made_again_is_not_expected_any_more() -> None:
    draft = "one; two; three; four; five"
    assert guesses(draft, "one. two; three") == "; four; five"


def test_an_answer_that_goes_its_own_way_is_left_alone() -> None:
    following = cursor("the sea is calm")
    for token in tokens("something else entirely, in other words"):
        following.follow(token)
    assert following.run == 0


def test_a_draft_is_followed_until_something_else_is_written() -> None:
    following = cursor("we saw teh sea")
    states = []
    for token in tokens("we saw the sea"):
        states.append((following.is_followed, text([following.next_token or 0])))
        following.follow(token)
    assert states == [(True, "we"), (True, " saw"), (True, " teh"), (False, " sea")]
    assert (following.is_followed, following.next_token) == (True, None)


def test_what_was_said_before_is_behind_the_cursor_and_stays_so() -> None:
    draft = tokens("we saw the sea and the sky")
    following = Cursor(
        draft, lambda token: _vocabulary[token].encode(), said=tokens("we saw the sea")
    )
    assert text(following.guess(9)) == " and the sky"
    following.follow(tokens(" or")[0])
    after_another_word = following.is_followed
    following.restart(tokens(" and the"))
    assert (after_another_word, following.is_followed) == (False, True)
    assert text(following.guess(9)) == " sky"
