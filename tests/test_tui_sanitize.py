"""Nothing that reaches a terminal can act there."""

from __future__ import annotations

import pytest

from tui.sanitize import sanitize, sanitize_line

HARMFUL = [
    *(
        "\x1b[2J",
        "\x1b]0;title\x07",
        "\x1b]52;c;aGk=\x07",
        "\x1bP1$r\x1b\\",
        "\x9b31m",
        "\x9d0;t\x9c",
    ),
    *("\r", "\x08", "\x00", "\x7f", "\x0e", "\u202e", "\u2066", "\U000e0041", "\u200f", "\ud800"),
]


@pytest.mark.parametrize("text", HARMFUL)
def test_what_could_act_becomes_a_mark(text: str) -> None:
    for clean in (sanitize(f"a{text}b"), sanitize_line(f"a{text}b")):
        assert clean.isprintable()
        assert clean[0] + clean[-1] == "ab"
        assert len(clean) > 2


@pytest.mark.parametrize("text", ["naïve 漢字", "👩‍👩‍👧 ok", "a\tb\nc", "שלום", "e\u0301"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert sanitize(text) == text


def test_a_title_stays_on_its_line() -> None:
    assert sanitize_line("a\nb\tc") == "a␊b␉c"
