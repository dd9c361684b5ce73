"""Answers in Markdown while they are written: their blocks, their lines, and what is painted."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from screen import Screen

from tui.repl.answers import MarkdownPage
from tui.repl.markdown import Block, MarkdownSplitter

SAMPLE = """\
# A *title*
Words
in two lines

- one
- two
  - three

    more
7) seven
> quoted
lazy
>
> - inside
```py
x = 1

y = 2
```
| a | b |
|---|--:|
| 1 | 2 |

-
[link]: http://example.org
<div>
***
end"""

LINE = st.one_of(
    st.sampled_from(SAMPLE.split("\n")),
    st.text(st.sampled_from("ab-+*_>#|`~=:1.) \t\\\\[]()<!\\r\\f\\x0b\\x85"), max_size=8),
)
TEXT = st.lists(LINE, max_size=14).map("\n".join)


def pieces_of(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def given_out(pieces: list[str]) -> list[Block]:
    splitter = MarkdownSplitter()
    finished = [block for piece in pieces for block in splitter.feed(piece)]
    return finished + splitter.finish()


@settings(max_examples=150)
@given(TEXT, st.integers(1, 9))
def test_a_text_that_comes_in_pieces_has_the_blocks_of_the_whole(text: str, size: int) -> None:
    assert given_out(pieces_of(text, size)) == given_out([text])


@pytest.mark.parametrize("answer", ["1999.", "1999)", "#", "##", "The year:\n\n1999.", "7.\n8."])
def test_an_answer_without_a_word_beside_the_signs_of_markdown_can_be_seen(answer: str) -> None:
    assert shown(list(answer)).split() == answer.split()


class Painted:
    """A page on a terminal, painted each time that something is written."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.screen = Screen(columns, rows)
        self.page = MarkdownPage(
            self.screen,
            {"TERM": "xterm-256color"},
            lambda: (self.screen.columns, self.screen.rows),
            clock=lambda: self._now,
        )
        self._now = 0.0

    def write(self, text: str) -> None:
        self._now += 1
        self.page.write(text)

    @property
    def text(self) -> str:
        return self.screen.text.rstrip("\n")


def shown(pieces: list[str], columns: int = 80, rows: int = 24) -> str:
    """What a person finds on the terminal when an answer has come in these pieces."""
    painted = Painted(columns, rows)
    for piece in pieces:
        painted.write(piece)
    painted.page.end()
    return painted.text


def letters(text: str) -> list[str]:
    return re.findall(r"[^\W_]", text)


def is_within(some: list[str], all_of_them: list[str]) -> bool:
    rest = iter(all_of_them)
    return all(each in rest for each in some)


@settings(max_examples=50)
@given(TEXT, st.sampled_from([20, 33, 80]))
def test_what_is_painted_ends_as_if_the_answer_had_come_at_once(text: str, columns: int) -> None:
    assert shown(list(text), columns, 400) == shown([text], columns, 400)


@settings(max_examples=50)
@given(TEXT, st.sampled_from([12, 20, 33]), st.sampled_from([2, 3, 6]))
def test_no_word_is_lost_where_an_answer_outgrows_the_terminal(
    text: str, columns: int, rows: int
) -> None:
    assert is_within(
        letters(shown([text], 400, 400)),
        letters(shown(list(text), columns, rows)),
    )


@settings(max_examples=50)
@given(TEXT, st.sampled_from([12, 33]), st.sampled_from([3, 6]))
def test_no_word_is_painted_twice_either(text: str, columns: int, rows: int) -> None:
    # What outgrew the terminal and only then turns out to be a table is printed again.
    text = text.replace("|", "")
    assert letters(shown(list(text), columns, rows)) == letters(shown([text], 400, 400))


def test_a_line_of_code_that_is_taller_than_the_terminal_is_printed_once() -> None:
    code = "".join(str(number) for number in range(60))
    assert "".join(shown(list(f"```\n{code}\n```"), 12, 4).split()) == code


def test_an_answer_looks_like_this() -> None:
    answer = """\
# The *lamp*
It **burns**, as `lit()` says: [why](https://example.org).
Verse stays verse.

1. Oil
2. Wick
   - cotton

> Quoted
> twice

| name | use | n |
|:--|:-:|--:|
| lamp | light | 10 |
| wick | a\\|b | 2 |
---
![a picture](lamp.png) <https://example.org> &amp; &#27;[31m"""
    assert (
        shown([answer])
        == """\
The lamp

It burns, as lit() says: why (https://example.org).
Verse stays verse.

1. Oil
2. Wick
   • cotton

│ Quoted
│ twice

name   use    n
───────────────
lamp  light  10
wick   a|b    2

────────────

a picture (lamp.png) https://example.org & \ufffd[31m"""
    )


def test_code_can_be_copied_as_it_is() -> None:
    code = "def keep(lamp):\n\n    return '" + "x" * 90 + "'\n\tlit()"
    painted = Painted(120, 24)
    for piece in (f"```python\n{code}", "\n```\n", "over"):
        painted.write(piece)
    painted.page.end()
    assert painted.text == f"{code}\n\nover"


def test_a_wide_table_is_a_line_for_each_cell() -> None:
    table = "|first|second|third|\n|-|-|-|\n|one|two words|a longer cell|\n|1|2|3|\n"
    assert shown([table], 20) == (
        "first: one\nsecond: two words\nthird: a longer cell\n\nfirst: 1\nsecond: 2\nthird: 3"
    )


def test_only_the_block_that_is_written_is_painted_again() -> None:
    painted = Painted(80, 24)
    painted.write("One **finished** paragraph.\n\nTwo")
    before = painted.text
    painted.screen.written = ""
    painted.write(" words")
    assert before == "One finished paragraph.\n\nTwo"
    assert "finished" not in painted.screen.written
    assert painted.text == "One finished paragraph.\n\nTwo words"


def test_a_narrower_terminal_does_not_spoil_what_is_above() -> None:
    painted = Painted(40, 24)
    painted.screen.write("above\n")
    painted.write("one two three four five six seven")
    painted.screen.reflow(20)
    painted.write(" eight")
    painted.page.end()
    assert painted.text == "above\none two three four\nfive six seven eight"


def test_a_line_of_somebody_else_comes_before_what_may_change() -> None:
    painted = Painted(40, 24)
    painted.write("half a")
    painted.page.pause()
    painted.screen.write("chat: something happened\n")
    painted.write(" sentence.")
    painted.page.end()
    assert painted.text == "chat: something happened\nhalf a sentence."
