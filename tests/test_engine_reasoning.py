"""Reasoning is parted from the answer by each family's own markers, however the stream is cut."""

from __future__ import annotations

import pytest
from chat_templates import (
    CHATML,
    COMMAND_R,
    FAMILIES,
    GEMMA4,
    GRANITE,
    HARMONY,
    MAGISTRAL,
    QWEN3,
    SEED,
    FakeVocabulary,
    Family,
)

from engine.formatting.chatformat import ChatFormat
from engine.formatting.reasoning import THINK, Markers, ReasoningSplitter, markers_of


def markers(template: str) -> Markers:
    return markers_of(template, lambda _: False)


def split(
    pieces: list[str], family: Markers = THINK, *, is_open: bool = False, has_begun: bool = False
) -> tuple[str, str]:
    """The reasoning and the answer of a stream; a piece that begins with # is a control token."""
    splitter = ReasoningSplitter(family, is_open=is_open, has_begun=has_begun)
    parts = [
        splitter.control(piece[1:]) if piece.startswith("#") else splitter.feed(piece)
        for piece in pieces
    ]
    parts.append(splitter.flush())
    return "".join(part[0] for part in parts), "".join(part[1] for part in parts)


def cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


sizes = pytest.mark.parametrize("size", [1, 2, 3, 5, 100])


@sizes
@pytest.mark.parametrize(
    ("text", "is_open", "expected"),
    [
        ("<think>a < b</think>\n\nYes.\n", False, ("a < b", "Yes.\n")),
        ("\n<think>\nhm\n</think>Yes", False, ("\nhm\n", "Yes")),
        ("hm</think>\nYes", True, ("hm", "Yes")),
        ("hm </thin", True, ("hm </thin", "")),
        ("<think>never closed", False, ("never closed", "")),
        ("<thinly> said", False, ("", "<thinly> said")),
        ("  indented <think>no</think>", False, ("", "  indented <think>no</think>")),
        ("<think>a</think>b <think>c</think>", False, ("a", "b <think>c</think>")),
        ("<thi", False, ("", "<thi")),
        ("", False, ("", "")),
    ],
)
def test_reasoning_is_parted_from_the_answer_wherever_the_pieces_are_cut(
    text: str, is_open: bool, expected: tuple[str, str], size: int
) -> None:
    assert split(cut(text, size), is_open=is_open) == expected


@sizes
@pytest.mark.parametrize(
    ("template", "text"),
    [
        (MAGISTRAL.template, "[THINK]hm[/THINK]Yes"),
        (SEED.template, "<seed:think>hm</seed:think>\nYes"),
        (GEMMA4.template, "<|channel>thought\nhm<channel|>Yes"),
        (COMMAND_R.template, "<|START_THINKING|>hm<|END_THINKING|>"
                             "<|START_RESPONSE|>Yes<|END_RESPONSE|>"),
        (GRANITE.template, "<think>hm</think>\n\n<response>\nYes</response>\n"),
        ("<|inner_prefix|> <|inner_suffix|>", "<|inner_prefix|>hm<|inner_suffix|>Yes"),
        ("[BEGIN FINAL RESPONSE]", "Here are my reasoning steps:\nhm[BEGIN FINAL RESPONSE]\nYes"),
    ],
)  # fmt: skip
def test_markers_spelled_in_text_count_at_the_beginning(
    template: str, text: str, size: int
) -> None:
    family = markers(template)
    assert split(cut(text, size), family) == ("hm", "Yes")
    assert split(["So: ", *cut(text, size)], family) == ("", f"So: {text}")


@pytest.mark.parametrize(
    ("template", "pieces"),
    [
        (QWEN3.template, ["#<think>", "hm", "#</think>", "\n\nYes"]),
        (MAGISTRAL.template, ["#[THINK]", "h", "m", "#[/THINK]", "Yes"]),
        (GEMMA4.template, ["#<|channel>", "thou", "ght\nhm", "#<channel|>", "Yes"]),
        (COMMAND_R.template, ["#<|START_THINKING|>", "hm", "#<|END_THINKING|>",
                              "#<|START_RESPONSE|>", "Yes", "#<|END_RESPONSE|>"]),
        (HARMONY.template, ["#<|channel|>", "analysis", "#<|message|>", "hm", "#<|end|>",
                            "#<|start|>", "assistant", "#<|channel|>", "final", "#<|message|>",
                            "Yes"]),
        (HARMONY.template, ["#<|channel|>", "comm", "entary to=x ", "#<|constrain|>", "json",
                            "#<|message|>", "hm", "#<|end|>", "#<|start|>", "assistant",
                            "#<|message|>", "Yes"]),
        ("<|begin|> <|think|> <|content|>",
         ["#<|think|>", "hm", "#<|end|>", "#<|begin|>", "assistant", "#<|content|>", "Yes"]),
        ("<|open|> <|sep|> <|close|>",
         ["#<|open|>", "think", "#<|sep|>", "hm", "#<|close|>", "think", "#<|sep|>",
          "#<|open|>", "response", "#<|sep|>", "Yes", "#<|close|>", "response", "#<|sep|>"]),
    ],
)  # fmt: skip
def test_markers_that_are_control_tokens_part_the_stream(template: str, pieces: list[str]) -> None:
    assert split(pieces, markers(template)) == ("hm", "Yes")


@pytest.mark.parametrize(
    ("template", "pieces"),
    [
        (COMMAND_R.template, ["#<|START_RESPONSE|>", "Yes", "#<|END_RESPONSE|>"]),
        (HARMONY.template, ["#<|channel|>", "final", "#<|message|>", "Yes"]),
        (HARMONY.template, ["Yes"]),
        (CHATML.template, ["Ye", "#<|unknown|>", "s"]),
    ],
)
def test_an_answer_without_reasoning_is_all_answer(template: str, pieces: list[str]) -> None:
    assert split(pieces, markers(template)) == ("", "Yes")


def test_control_tokens_count_wherever_they_come() -> None:
    pieces = [
        "Well. ",
        "#[THINK]",
        "hm",
        "#[/THINK]",
        "\nYes ",
        "#[THINK]",
        "oh",
        "#[/THINK]",
        "no",
    ]
    assert split(pieces, markers(MAGISTRAL.template)) == ("hmoh", "Well. Yes no")


def test_a_closing_token_without_an_opening_one_is_nothing() -> None:
    assert split(["#</think>", "Yes ", "#</think>", "\nno"]) == ("", "Yes \nno")


@pytest.mark.parametrize("family", [QWEN3, MAGISTRAL, GEMMA4, COMMAND_R, HARMONY])
def test_reasoning_that_the_prompt_opened_goes_on(family: Family) -> None:
    found = markers(family.template)
    closing = [f"#{found.close}"]
    assert split(["hm", *closing, "Yes"], found, is_open=True) == ("hm", "Yes")
    assert split(["hm"], found, is_open=True) == ("hm", "")


def test_nothing_stands_first_in_an_answer_that_has_begun() -> None:
    assert split(["<think>no</think>"], has_begun=True) == ("", "<think>no</think>")


def test_what_looks_like_a_header_and_never_ends_is_not_lost() -> None:
    said = "word " * 60
    pieces = ["#<|channel|>", *cut(said, 7)]
    assert split(pieces, markers(HARMONY.template)) == ("", said)


def test_a_wrapper_counts_only_at_the_end_of_the_answer() -> None:
    pieces = ["<think>hm</think><response>a</response> b", "</response>"]
    assert split(pieces, markers(GRANITE.template)) == ("hm", "a</response> b")


def test_what_is_certain_comes_at_once() -> None:
    splitter = ReasoningSplitter(THINK, is_open=False)
    assert splitter.feed("<think>one ") == ("one ", "")
    assert splitter.feed("two </th") == ("two ", "")
    assert splitter.feed("ree</think>Yes") == ("</three", "Yes")
    assert splitter.feed(" no") == ("", " no")


@pytest.mark.parametrize(
    ("name", "opening"),
    [
        ("qwen3", "<think>"),
        ("deepseek", "<think>"),
        ("glm", "<think>"),
        ("smollm3", "<think>"),
        ("granite", "<think>"),
        ("magistral", "[THINK]"),
        ("command_r", "<|START_THINKING|>"),
        ("harmony", "<|channel|>analysis<|message|>"),
        ("gemma4", "<|channel>"),
        ("seed", "<seed:think>"),
    ],
)
def test_the_template_tells_the_markers_of_its_family(name: str, opening: str) -> None:
    family = FAMILIES[name]
    assert ChatFormat(family.template, family.vocabulary).markers.open == opening


def test_the_vocabulary_tells_the_markers_where_the_template_does_not() -> None:
    vocabulary = FakeVocabulary("<end> [THINK] [/THINK]")
    chat = ChatFormat("{{ messages[0].content }}", vocabulary)
    assert chat.markers.open == "[THINK]"
    assert ChatFormat("{{ messages[0].content }}", CHATML.vocabulary).markers == THINK
