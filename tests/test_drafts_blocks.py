"""Blocks, joined, are the draft; what they are called decides what a model may touch."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from textwrap import dedent

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pace import within

from drafts import (
    BadPattern,
    Block,
    NoSuchPart,
    batches,
    lines_range,
    matching,
    outline,
    put_back,
    section,
    sentence_pieces,
    sentences,
    split_blocks,
)

MARKS = [
    *("# ", "## ", "#", "===\n", "---\n", "- ", "* ", "+ ", "1. ", "2) ", "> ", ">", "    ", "\t"),
    *("```\n", "```", "~~~\n", "`", "|", "|---|---|\n", "| a | b |\n", "***\n", "+++\n", "...\n"),
    *("[a]: b\n", "[^1]: ", "[^1]", "[a](b)", "![a](b)", "<div>\n", "</div>\n", "<!-- ", "-->"),
    *("<!-- lock -->", "<!-- /lock -->", "$$\n", "$$", "$", "\\[", "\\]", "\\", "key: value\n"),
    *("Mr. ", "e.g. ", "He left. ", "“No!” ", "1.5 ", "終。", "Ende. ", "[ ] ", "a", "word ", "*"),
]
"""What Markdown is made of, so that random texts are more than one paragraph."""

NEWLINES = ["\n", "\r\n", "\r", "\n\n", "\n\n\n", "\f", "\v", "\x1c", "\x85", "\u2028", "\u2029"]
ODD = ["\ufeff", "\0", "\x1b", "\ud800", "\udfff", "\u200d", "é", "\U0001f9d1", "\xa0", " "]

anything = st.lists(
    st.sampled_from(MARKS) | st.sampled_from(NEWLINES) | st.sampled_from(ODD) | st.text(max_size=9),
    max_size=40,
).map("".join)


def joined(blocks: Sequence[Block]) -> str:
    return "".join(block.text for block in blocks)


def kinds(text: str) -> list[str]:
    return [block.kind for block in split_blocks(text, markdown=True)]


def words(text: str) -> list[tuple[str, str]]:
    return [(block.kind, block.words) for block in split_blocks(text, markdown=True)]


def check_everything_comes_back(text: str) -> None:
    for markdown in (True, False):
        blocks = split_blocks(text, markdown=markdown)
        assert joined(blocks) == text
        assert [text[block.start : block.end] for block in blocks] == [
            block.text for block in blocks
        ]
        for block in blocks:
            assert block.text
            assert block.text.startswith(block.marker + block.words)
            assert "".join(sentences(block.words)) == block.words
            assert 1 <= block.first_line <= block.last_line
        for pieces in (batches(blocks, cost=len, most=30), sentence_pieces(blocks)):
            assert put_back(text, [(piece, piece.text) for piece in pieces]) == text
            assert all(piece.text.rstrip() == piece.text != "" for piece in pieces)
    assert "".join(sentences(text)) == text


@settings(max_examples=400)
@given(text=anything)
@example(text="")
@example(text="\r")
@example(text="\ufeff# Title\r\n\r\nText\r\n")
@example(text="- \n- - \n>\n>>\n")
@example(text="[^1]:\n[^2]: a\n    \n    b\n[^1]:")
@example(text="---\na: b\n---")
def test_joined_the_blocks_are_the_text(text: str) -> None:
    check_everything_comes_back(text)


@pytest.mark.soak
@settings(max_examples=20_000)
@given(text=anything)
def test_joined_the_blocks_are_any_of_twenty_thousand_texts(text: str) -> None:
    check_everything_comes_back(text)


@settings(max_examples=150)
@given(text=anything, data=st.data())
def test_a_revision_of_some_pieces_leaves_every_other_character(
    text: str, data: st.DataObject
) -> None:
    pieces = sentence_pieces(split_blocks(text, markdown=True))
    chosen = [piece for piece in pieces if data.draw(st.booleans())]
    revised = put_back(text, [(piece, "\0") for piece in chosen])
    position, rest = 0, ""
    for piece in chosen:
        rest += text[position : piece.start] + "\0"
        position = piece.end
    assert revised == rest + text[position:]


def test_each_part_of_a_markdown_text_is_what_it_is() -> None:
    text = """\
        ---
        title: The lighthouse
        ---

        # Title

        First paragraph
        goes on.
        - item
          - nested

          more of the item
        1. number

        > quoted

        | a | b |
        |---|---|
        | c | d |

        ```py
        code
        ```
            indented
        <div>
        html
        </div>

        <!-- a remark -->
        [ref]: https://example.org
        [^1]: A note
            goes on.

            Its second paragraph.
        [^2]: Another.

        $$
        x = 1
        $$

        Under
        =====
        ***
    """
    assert kinds(dedent(text)) == [
        *("front_matter", "heading", "paragraph", "item", "item", "item", "item", "quote"),
        *("row", "rule", "row", "code", "code", "html", "comment", "definition"),
        *("footnote", "footnote", "footnote", "math", "heading", "rule"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Title #\n", [("heading", "Title")]),
        ("## Title {#id .class}\n\n", [("heading", "Title")]),
        ("Title\n=====\n\n", [("heading", "Title")]),
        ("> # Title\n>\n", [("heading", "Title")]),
        ("#\n", [("heading", "")]),
        ("# C#\n", [("heading", "C#")]),
        ("- [x] done\n", [("item", "done")]),
        ("10) ten\n    more\n", [("item", "ten\n    more")]),
        ("- > - a\n", [("item", "a")]),
        ("- a\n-\n- b\n", [("item", "a"), ("item", ""), ("item", "b")]),
        ("> one\n> two\n>\n> three\n", [("quote", "one\n> two"), ("quote", "three")]),
        ("> one\nlazy\n", [("quote", "one\nlazy")]),
        ("[^a]: note  \n\n", [("footnote", "note")]),
        ("*emphasis* first\n", [("paragraph", "*emphasis* first")]),
        ("  indented\n", [("paragraph", "indented")]),
        ("| a |\n|---|\n", [("row", "| a |"), ("rule", "|---|\n")]),
        ("\n \nText", [("blank", "\n \n"), ("paragraph", "Text")]),
        (" \n", [("blank", " \n")]),
        ("One.\r\n\r\nTwo.\r", [("paragraph", "One."), ("paragraph", "Two.")]),
    ],
)
def test_the_words_of_a_block_are_without_its_marks(
    text: str, expected: list[tuple[str, str]]
) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: x\n---\n",
        "---\n# a comment\ntitle: x\n...\nText\n",
        "---\n---\n",
        "---\n- a\n---",
        "+++\ntitle = 'x'\n+++\n\nText\n",
        "---\r\ntitle: x\r\n---\r\n",
    ],
)
def test_front_matter_is_found(text: str) -> None:
    assert kinds(text)[0] == "front_matter"


@pytest.mark.parametrize(
    "text",
    [
        "---\nIt was a dark night.\n---\n",
        "---\n\ntitle: x\n---\n",
        "---\ntitle: x\n",
        "\n---\ntitle: x\n---\n",
        "+++\nIt was a dark night.\n+++\n",
    ],
)
def test_prose_between_rules_is_no_front_matter(text: str) -> None:
    assert "front_matter" not in kinds(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Text\n$$\nx\n$$\nmore\n", ["paragraph", "math", "paragraph"]),
        ("$$ x = 1 $$\n", ["math"]),
        ("$$ x\n= 1 $$ {#eq:one}\n", ["math"]),
        ("\\[ x \\]\n", ["math"]),
        ("\\begin{align*}\nx\n\\end{align*}\n", ["math"]),
        ("- a\n\n  $$\n  x\n  $$\n", ["item", "math"]),
        ("$$x$$ is a formula\nand $$y$$\n", ["paragraph"]),
        ("$$\nnever ends\n\n$$\n", ["paragraph", "paragraph"]),
        ("    $$\n    x\n    $$\n", ["code"]),
    ],
)
def test_displayed_formulas_are_told_from_prose(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


def test_plain_text_is_parted_at_blank_lines_alone() -> None:
    blocks = split_blocks("# No heading\nsame\n\n\t\n- no list\n- same\r\rlast", markdown=False)
    assert [block.text for block in blocks] == [
        "# No heading\nsame\n\n\t\n",
        "- no list\n- same\r\r",
        "last",
    ]
    assert {block.kind for block in blocks} == {"paragraph"}


def test_only_prose_may_be_revised() -> None:
    text = "# T\n\na\n\n- i\n\n> q\n\n[^1]: f\n\n```\nc\n```\n\n<b>\n\n***\n\n[r]: x\n\n$$x$$\n"
    assert {block.kind for block in split_blocks(text, markdown=True) if block.is_prose} == {
        *("heading", "paragraph", "item", "quote", "footnote")
    }


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("a\n\n<!-- lock -->\nb\n\n# c\n\n<!-- /lock -->\n\nd\n", ["a", "d"]),
        ("a\n\n<!-- lock -->\n\nb\n\nc\n", ["a"]),
        ("a <!-- lock -->b<!-- /lock --> c\n\nd\n", ["a <!-- lock -->b<!-- /lock --> c", "d"]),
        ("a <!-- lock --> b\n\nc <!-- /lock --> d\n\ne\n", ["e"]),
        ("```\n<!-- lock -->\n```\n\na\n", ["a"]),
        ("Write `<!-- lock -->` there.\n\na\n", ["Write `<!-- lock -->` there.", "a"]),
    ],
)
def test_what_a_region_covers_is_locked(text: str, free: list[str]) -> None:
    blocks = split_blocks(text, markdown=True)
    assert [block.words for block in blocks if block.is_prose] == free


def test_a_region_locks_plain_text_too() -> None:
    blocks = split_blocks("a\n\n<!-- lock -->\n\nb\n\n<!-- /lock -->\n\nc", markdown=False)
    assert [block.words for block in blocks if block.is_prose] == ["a", "c"]


BOOK = """\
Preface

# Part *one*

## Summary

First.

# Part [two](https://example.org) {#two}

## Summary

Second.

### Detail

> # Not a section

Third.

# Afterword
"""


def test_blocks_know_the_sections_that_they_are_in() -> None:
    blocks = split_blocks(BOOK, markdown=True)
    paths = {block.words: block.path for block in blocks}
    assert paths["Preface"] == ()
    assert paths["Third."] == ("Part [two](https://example.org)", "Summary", "Detail")
    assert paths["Afterword"] == ("Afterword",)
    assert [(block.level, block.words) for block in outline(blocks)][:2] == [
        (1, "Part *one*"),
        (2, "Summary"),
    ]
    assert "Not a section" not in [block.words for block in outline(blocks)]


@pytest.mark.parametrize(
    ("heading", "first", "last"),
    [
        ("part ONE", "Part *one*", "First."),
        ("Part two", "Part [two](https://example.org)", "Third."),
        ("  ## detail", "Detail", "Third."),
        ("part two > summary", "Summary", "Third."),
        ("Part one > Summary", "Summary", "First."),
        ("after", "Afterword", "Afterword"),
    ],
)
def test_a_section_is_found_by_its_heading(heading: str, first: str, last: str) -> None:
    found = section(split_blocks(BOOK, markdown=True), heading)
    assert (found[0].words, found[-1].words) == (first, last)


@pytest.mark.parametrize(
    ("heading", "message"),
    [
        ("Afterwrod", "there is no section “Afterwrod”: is it “Afterword”?"),
        (
            "Summary",
            "2 sections are called “Summary” (lines 5, 11): name one with the heading above it, "
            "as in “Part *one* > Summary”, or by its lines",
        ),
        ("Part", "2 sections are called “Part” (lines 3, 9)"),
        ("Not a section", "there is no section “Not a section”"),
    ],
)
def test_a_section_that_is_not_there_or_not_alone_is_an_error(heading: str, message: str) -> None:
    with pytest.raises(NoSuchPart, match=re.escape(message)) as caught:
        section(split_blocks(BOOK, markdown=True), heading)
    assert "\n" not in str(caught.value)


def test_a_text_without_headings_says_so() -> None:
    with pytest.raises(NoSuchPart, match="there is no section “A”: the text has no headings"):
        section(split_blocks("Text.\n", markdown=True), "A")


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [(1, 1, ["a\nb"]), (2, 4, ["a\nb", "c"]), (4, 99, ["c", "d"]), (6, 6, ["d"])],
)
def test_lines_choose_the_blocks_that_have_words_in_them(
    first: int, last: int, found: list[str]
) -> None:
    blocks = split_blocks("a\nb\n\nc\n\nd\n", markdown=True)
    assert [block.words for block in lines_range(blocks, first, last)] == found


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        (3, 2, "lines 3:2 are no range: name the first and the last from 1"),
        (0, 2, "lines 0:2 are no range"),
        (9, 10, "there is no line 9: the text ends with line 4"),
        (2, 3, "lines 2 to 3 are blank"),
    ],
)
def test_lines_that_are_not_there_are_an_error(first: int, last: int, message: str) -> None:
    with pytest.raises(NoSuchPart, match=re.escape(message)):
        lines_range(split_blocks("a\n\n\nb\n", markdown=True), first, last)


def test_an_expression_chooses_the_prose_that_it_matches() -> None:
    blocks = split_blocks("# The sea\n\nthe ship\n\n```\nthe code\n```\n\nA port\n", markdown=True)
    assert [block.words for block in matching(blocks, "(?i)^the")] == ["The sea", "the ship"]
    with pytest.raises(NoSuchPart, match="no paragraph matches anchor"):
        matching(blocks, "anchor")


def test_an_expression_that_is_none_or_takes_years_is_an_error() -> None:
    blocks = split_blocks("a" * 60 + "b\n\nc\n", markdown=True)
    with pytest.raises(BadPattern, match=r"the regular expression \(a cannot be used: missing \)"):
        matching(blocks, "(a")
    with within(10), pytest.raises(BadPattern, match="it takes longer than 2 s"):
        matching(blocks, "^(a|aa|a?)+$")


@pytest.mark.parametrize(
    "text",
    [
        "Mr. Smith left.| He slept.",
        "See e.g. Table 5, p. 7, and No. 8.| Then rest.",
        "He said no.| Then he left.",
        "J. R. R. Tolkien wrote it.| The U.S. Army read it at 5 p.m.| Then all slept.",
        "It cost 3.14 dollars.| It was 1999.| All was well.",
        "“It rained.| We left,” he said.| “Why?” she asked.| “No!”| He ran.",
        "Am 3. Mai kam Dr. Weiß, z. B. aus Nr. 5.| Sie ging.",
        "1. First of all.| Second.",
        "Wait… what?| No!",
        "He stopped. . . and went.",
        "Use `a. B` here.| See [the. Page](https://example.org/a. B).",
        "End.[^1]| Next.[@a, p. 5]| Last.",
        "A formula $a. B$ here.| See https://example.org/a.B for it.",
        "(It is one. Really.) Yes.",
        "**Bold.**| *Thin.*| Plain.",
        "今日は晴れ。|明日は雨！|「はい。」と言った。|終わり",
        "Он пришёл.| Она ушла.",
        "هل تعلم؟| نعم.",
        "यह है।| वह है।",
        "What?!| No way.",
        "Line one\nline two.\n|Line three.",
        "One.\n\n|two",
        "No stop",
        "The fig. 3 shows it.| He ate a fig.| It was ripe.",
    ],
)
def test_sentences_end_where_readers_say_they_do(text: str) -> None:
    parts = [part.strip(" ") for part in text.split("|")]
    assert [part.strip(" ") for part in sentences(text.replace("|", ""))] == parts


def test_batches_are_as_large_as_they_may_be_and_stop_at_what_is_no_prose() -> None:
    text = "# A\n\nbbb\n\nccc\n\n```\nx\n```\n\nddd\n\neee\n"
    blocks = split_blocks(text, markdown=True)
    assert [piece.text for piece in batches(blocks, cost=len, most=100)] == [
        "# A\n\nbbb\n\nccc",
        "ddd\n\neee",
    ]
    assert [piece.text for piece in batches(blocks, cost=len, most=10)] == [
        "# A\n\nbbb",
        "ccc",
        "ddd\n\neee",
    ]


def test_blocks_that_were_not_chosen_are_in_no_batch() -> None:
    blocks = split_blocks("a\n\nb\n\nc\n", markdown=True)
    pieces = batches([blocks[0], blocks[2]], cost=len, most=100)
    assert [piece.text for piece in pieces] == ["a", "c"]


def test_a_block_that_is_too_large_is_parted_at_sentences_and_those_at_blanks() -> None:
    blocks = split_blocks(
        "- One two. Three four. Fiveandsixandsevenandeight nine.\n", markdown=True
    )
    pieces = batches(blocks, cost=len, most=22)
    assert [piece.text for piece in pieces] == [
        "One two. Three four.",
        "Fiveandsixandsevenandeight",
        "nine.",
    ]
    assert {piece.blocks for piece in pieces} == {blocks}


def test_sentences_come_without_the_marks_of_their_blocks() -> None:
    text = "# A title\n\n- One. Two.\n\n> Three.\n\n    code\n\n| a \\| b |c|\n|-|-|\n|| D. E. |\n"
    pieces = sentence_pieces(split_blocks(text, markdown=True))
    assert [piece.text for piece in pieces] == [
        *("A title", "One.", "Two.", "Three.", "a \\| b", "c", "D. E.")
    ]


def manuscript(count: int) -> str:
    paragraph = "The keeper went down to the water, because nobody else would. " * 6
    kinds = ["## A chapter", paragraph, f"- {paragraph}\n  - nested", f"> {paragraph}", paragraph]
    parts: list[str] = []
    length = 0
    while length < count:
        parts.append(kinds[len(parts) % len(kinds)])
        length += len(parts[-1].split())
    return "\n\n".join(parts)


def test_a_long_manuscript_is_split_in_no_time() -> None:
    text = manuscript(60_000)
    with within(1.5):
        blocks = split_blocks(text, markdown=True)
    assert joined(blocks) == text


NASTY: dict[str, Callable[[int], str]] = {
    "quotes": lambda n: ">" * n,
    "growing quotes": lambda n: "".join(">" * (i % 200) + " a\n" for i in range(n // 100)),
    "lists": lambda n: "- " * n + "a",
    "backticks": lambda n: "`" * n,
    "growing backticks": lambda n: " ".join("`" * i for i in range(int(n**0.5))),
    "brackets": lambda n: "[" * n,
    "link after link": lambda n: "](" * n,
    "definitions": lambda n: "[a]: b\n" * (n // 20),
    "formulas without end": lambda n: "$$a\n" * (n // 20),
    "comments without end": lambda n: "<!--\n\n" * n,
    "fences": lambda n: "```\na\n" * (n // 20),
    "table": lambda n: "|" * n + "\n" + "|-" * n,
    "stops": lambda n: ". " * n,
    "marks after a stop": lambda n: '."' * n,
    "blanks": lambda n: "# a" + " " * n + "b",
    "braces": lambda n: "# " + "{" * n,
    "newlines": lambda n: "\n" * n,
}


@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)
def test_no_text_takes_long(nasty: Callable[[int], str]) -> None:
    text = nasty(100_000)
    with within(10):
        blocks = split_blocks(text, markdown=True)
        pieces = sentence_pieces(blocks)
    assert joined(blocks) == text
    assert put_back(text, [(piece, piece.text) for piece in pieces]) == text
