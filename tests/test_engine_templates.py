"""Chat templates of every shape: what they render, what is repaired, how thinking is switched."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import pytest
from chat_templates import (
    CHATML,
    COMMAND_R,
    DEEPSEEK,
    FAMILIES,
    GEMMA2,
    GEMMA4,
    GLM,
    HARMONY,
    LLAMA2,
    LLAMA3,
    MAGISTRAL,
    MISTRAL_V3,
    MISTRAL_V7,
    PHI3,
    QWEN3,
    SEED,
    SMOLLM3,
    SYSTEM,
    THINKING_ALWAYS,
    TURNS,
    FakeVocabulary,
    Family,
)

from engine.errors import TemplateFailed
from engine.formatting.chatformat import ChatFormat, Formatted, plain
from engine.types import Message

WORDS = FakeVocabulary("<end>")
ASK = (Message("user", "Why?"),)


def formatted(
    family: Family, messages: Sequence[Message], *, prefill: str = "", think: bool | None = None
) -> Formatted:
    return ChatFormat(family.template, family.vocabulary).format(
        messages, prefill=prefill, think=think
    )


def rendered(
    family: Family, messages: Sequence[Message], *, prefill: str = "", think: bool | None = None
) -> str:
    found = formatted(family, messages, prefill=prefill, think=think)
    return family.vocabulary.text(found.tokens)


def render(template: str, messages: Sequence[Message] = ASK) -> str:
    return WORDS.text(ChatFormat(template, WORDS).format(messages).tokens)


def user(*contents: str) -> list[Message]:
    return [Message("user", content) for content in contents]


everything = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)


# What every family gets


@everything
def test_a_conversation_renders_as_the_family_wants_it(family: Family) -> None:
    assert rendered(family, TURNS) == family.rendering


@everything
def test_the_beginning_of_a_sequence_is_never_doubled(family: Family) -> None:
    bos = family.vocabulary.special_text("bos")
    text = rendered(family, TURNS[1:2])
    assert not bos or (text.startswith(bos) and not text.startswith(bos + bos))


@everything
@pytest.mark.parametrize("at", range(4))
def test_every_marker_in_a_content_is_prose(family: Family, at: int) -> None:
    vocabulary = family.vocabulary
    markers = vocabulary.markers(list(range(50)))
    content = f"a {' b '.join(markers)}{''.join(markers)} <unknown> c"
    turns = list(TURNS)
    turns[at] = Message(turns[at].role, content)
    tokens = formatted(family, turns).tokens
    assert vocabulary.markers(tokens) == vocabulary.markers(formatted(family, TURNS).tokens)
    assert content in vocabulary.text(tokens)


@everything
def test_ordinary_text_has_the_tokens_of_the_plain_rendering(family: Family) -> None:
    content = "if a < b: c[INS] | naïve 漢字 <b>bold</b> [/1] \\n"
    turns = [SYSTEM, Message("user", content)]
    tokens = formatted(family, turns).tokens
    text = family.vocabulary.text(tokens)
    assert content in text
    assert tokens == family.vocabulary.tokenize(text, special=True)


@everything
def test_an_answer_that_has_begun_goes_on_as_prose(family: Family) -> None:
    vocabulary = family.vocabulary
    begun = "Because <|im_end|></s> it"
    prompt = formatted(family, TURNS, prefill=begun)
    assert vocabulary.text(prompt.tokens).endswith(begun)
    prose = vocabulary.tokenize(begun, special=False)
    assert prompt.tokens[-len(prose) :] == prose
    assert not prompt.reasoning_open


# What templates find


def test_templates_find_a_date_and_no_tools() -> None:
    today = datetime.now().strftime("%d %B %Y")
    template = "{{ strftime_now('%d %B %Y') }}{{ tools is none }}{{ documents is none }}"
    assert render(template + "{{ messages[0].content }}") == f"{today}TrueTrueWhy?"


def test_templates_that_know_tools_only_as_absent_get_them_absent() -> None:
    template = "{% if tools is defined %}{{ tools | length }}{% endif %}{{ messages[0].content }}"
    assert render(template) == "Why?"


def test_templates_that_insist_on_a_date_get_one() -> None:
    text = render("{{ 'Today is ' + datetime + functions + '. ' }}{{ messages[0].content }}")
    assert text.startswith(f"Today is {datetime.now().year}")


def test_json_is_as_a_model_reads_it() -> None:
    value = {"b": "<é>", "a": [1, None]}
    template = "{{ value | tojson }}{{ value | tojson(indent=2) }}{{ messages[0].content }}"
    source = f"{{% set value = {{'b': '<é>', 'a': [1, none]}} %}}{template}"
    expected = json.dumps(value, ensure_ascii=False) + json.dumps(
        value, ensure_ascii=False, indent=2
    )
    assert render(source) == f"{expected}Why?"


def test_blocks_leave_no_line_of_their_own() -> None:
    template = "{% for m in messages %}\n    {% if true %}\n{{ m.content }}\n    {% endif %}\n"
    assert render(template + "{% endfor %}") == "Why?\n"


def test_what_a_generation_block_sets_stays_in_it() -> None:
    template = "{% set x = 'a' %}{% generation %}{% set x = 'b' %}{{ x }}{% endgeneration %}{{ x }}"
    assert render(template + "{{ messages[0].content }}") == "baWhy?"


def test_fields_that_messages_do_not_have_are_undefined() -> None:
    template = (
        "{% for m in messages %}{% if m.tool_calls or m['reasoning_content'] or m.get('thinking') "
        "%}tool{% endif %}{{ m.content }}{% if loop.first %}{% continue %}{% endif %}{% endfor %}"
    )
    assert render(template) == "Why?"


def test_contents_are_lists_where_a_template_knows_only_lists() -> None:
    template = "{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}"
    assert render(template) == "Why?"


@pytest.mark.parametrize(
    "template", ["{{ 9 ** 999999999 }}", "{{ 'x' * 10 ** 9 }}", "{{ [0] * 99999999 }}"]
)
def test_arithmetic_that_never_ends_is_refused(template: str) -> None:
    with pytest.raises(TemplateFailed, match="too large"):
        render(template + "{{ messages[0].content }}")


def test_what_a_template_raises_is_shown_in_one_line() -> None:
    with pytest.raises(TemplateFailed) as caught:
        render("{{ raise_exception('one\n two ' + 'x' * 1000) }}")
    assert "failed: one two x" in str(caught.value)
    assert len(str(caught.value)) < 400


# Repairs


@pytest.mark.parametrize("family", [GEMMA2, PHI3], ids=["refused", "dropped"])
def test_a_system_text_without_a_turn_of_its_own_is_in_the_first_question(family: Family) -> None:
    found = formatted(family, TURNS)
    assert "Be brief.\n\nHi" in family.vocabulary.text(found.tokens)
    assert found.notices == (
        "the model's template has no system turn: the system text is put into the first question",
    )


def test_a_system_text_without_a_question_becomes_one() -> None:
    text = rendered(GEMMA2, [SYSTEM, Message("assistant", "Hello."), *user("Hi")])
    assert "user\nBe brief.<end_of_turn>\n<start_of_turn>model\nHello." in text


def test_a_later_system_text_is_in_the_next_question_and_the_first_stays() -> None:
    found = formatted(LLAMA3, [*TURNS[:3], Message("system", "Be long."), TURNS[3]])
    assert found.notices == ()
    harmony = formatted(HARMONY, [*TURNS[:3], Message("system", "Be long."), TURNS[3]])
    text = HARMONY.vocabulary.text(harmony.tokens)
    assert "developer<|message|>Be brief.<|end|>" in text
    assert "user<|message|>Be long.\n\nBye<|end|>" in text
    assert harmony.notices == (
        "the model's template allows no later system turn: the text is put into the next question",
    )


@pytest.mark.parametrize("family", [LLAMA2, MISTRAL_V3, GEMMA2])
def test_neighbours_of_the_same_role_are_joined_where_roles_must_alternate(family: Family) -> None:
    found = formatted(family, user("One.", "Two.", "Three."))
    assert "One.\n\nTwo.\n\nThree." in family.vocabulary.text(found.tokens)
    assert found.notices == (
        "user turns in a row were joined: the model's template requires alternating roles",
    )


def test_neighbours_stay_apart_where_the_template_takes_them() -> None:
    found = formatted(CHATML, user("One.", "Two."))
    assert "One.<|im_end|>\n<|im_start|>user\nTwo." in CHATML.vocabulary.text(found.tokens)
    assert found.notices == ()


def test_an_empty_question_stands_before_an_answer_that_comes_first() -> None:
    found = formatted(MISTRAL_V3, [Message("assistant", "Hello."), *user("Hi")])
    assert MISTRAL_V3.vocabulary.text(found.tokens) == "<s>[INST][/INST]Hello.</s>[INST]Hi[/INST]"
    assert found.notices == (
        "an empty question was put first: the model's template requires the user to begin",
    )


def test_repairs_come_together_and_each_is_told() -> None:
    found = formatted(GEMMA2, [SYSTEM, *user("One.", "Two.")])
    assert "Be brief.\n\nOne.\n\nTwo." in GEMMA2.vocabulary.text(found.tokens)
    assert len(found.notices) == 2


def test_a_template_that_leaves_a_turn_out_is_refused() -> None:
    with pytest.raises(
        TemplateFailed, match=r"leaves out a text of the assistant.*--chat-template FILE"
    ):
        render("{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}", TURNS[1:])


def test_a_template_that_shortens_a_text_is_told_of() -> None:
    found = ChatFormat("{{ messages[0].content[:40] }}", WORDS).format(user("word " * 20))
    assert found.notices == ("the model's template changes the words of a message",)


def test_a_message_of_nothing_but_spaces_is_no_loss() -> None:
    assert formatted(LLAMA3, user(" ")).notices == ()
    assert formatted(GLM, [*TURNS[:2], Message("assistant", ""), TURNS[3]]).notices == ()


# Reasoning


@pytest.mark.parametrize("family", [QWEN3, THINKING_ALWAYS, GLM, DEEPSEEK])
def test_reasoning_in_an_answer_is_taken_out_as_the_template_does(family: Family) -> None:
    turns = [
        *TURNS[:2],
        Message("assistant", "<think>\n<|im_end|> hm\n</think>\n\nHello."),
        TURNS[3],
    ]
    text = rendered(family, turns)
    assert "hm" not in text
    assert text.replace("\n\nHello.", "Hello.") == family.rendering


def test_reasoning_in_an_answer_stays_as_prose_where_the_template_keeps_it() -> None:
    content = "<think>hm</think>Hello."
    tokens = formatted(THINKING_ALWAYS, [*TURNS[:2], Message("user", content)]).tokens
    assert content in THINKING_ALWAYS.vocabulary.text(tokens)
    assert "<think>hm</think>" in rendered(LLAMA3, [*TURNS[:2], Message("assistant", content)])


@pytest.mark.parametrize("family", [QWEN3, THINKING_ALWAYS, GLM, DEEPSEEK])
def test_words_about_a_reasoning_marker_are_not_lost(family: Family) -> None:
    said = Message("assistant", "It ends with </think> there.")
    found = formatted(family, [*TURNS[:2], said, TURNS[3]])
    assert said.content in family.vocabulary.text(found.tokens)


def test_words_that_a_template_refuses_for_their_markers_are_prose() -> None:
    said = Message("assistant", "It begins with <|channel|>final<|message|> there.")
    assert said.content in rendered(HARMONY, [*TURNS[:2], said, TURNS[3]])


@pytest.mark.parametrize(
    ("family", "on", "off"),
    [
        (QWEN3, "assistant\n", "assistant\n<think>\n\n</think>\n\n"),
        (GLM, "<|assistant|>\n", "<|assistant|>\n<think></think>"),
        (SMOLLM3, "assistant\n", "<think>\n\n</think>\n"),
        (DEEPSEEK, "<think>", "</think>"),
        (GEMMA4, "<|turn>model\n", "<|channel>thought\n<channel|>"),
        (COMMAND_R, "<|CHATBOT_TOKEN|>", "<|START_THINKING|><|END_THINKING|>"),
        (SEED, "assistant\n", "<seed:think></seed:think>"),
    ],
)
def test_thinking_follows_the_switch_of_the_template(family: Family, on: str, off: str) -> None:
    assert rendered(family, TURNS, think=True).endswith(on)
    assert rendered(family, TURNS, think=False).endswith(off)
    assert formatted(family, TURNS, think=False).notices == ()


def test_thinking_in_degrees_follows_the_switch_too() -> None:
    assert "Reasoning: high" in rendered(HARMONY, TURNS, think=True)
    assert "Reasoning: low" in rendered(HARMONY, TURNS, think=False)


@pytest.mark.parametrize("think", [True, False])
@pytest.mark.parametrize("family", [CHATML, THINKING_ALWAYS])
def test_a_template_without_a_switch_is_told_of(family: Family, think: bool) -> None:
    found = formatted(family, TURNS, think=think)
    assert found.tokens == formatted(family, TURNS).tokens
    assert found.notices == (
        "the model's template has no switch for thinking: it is used unchanged",
    )


def test_a_prompt_that_ends_inside_reasoning_says_so() -> None:
    assert formatted(THINKING_ALWAYS, TURNS).reasoning_open
    assert formatted(DEEPSEEK, TURNS, think=True).reasoning_open
    for family in (CHATML, QWEN3, DEEPSEEK, GEMMA4, COMMAND_R, HARMONY):
        assert not formatted(family, TURNS).reasoning_open


def test_a_default_system_text_that_explains_reasoning_does_not_open_it() -> None:
    assert not formatted(MAGISTRAL, TURNS[1:]).reasoning_open


def test_a_question_that_ends_with_a_marker_does_not_open_reasoning() -> None:
    found = formatted(MISTRAL_V7, user("What is <think>"))
    assert not found.reasoning_open


@pytest.mark.parametrize(
    ("family", "think", "before"),
    [
        (CHATML, None, "<|im_start|>assistant\n"),
        (LLAMA2, None, "[INST] Bye [/INST] "),
        (QWEN3, True, "assistant\n<think>\n\n</think>\n\n"),
        (QWEN3, False, "assistant\n<think>\n\n</think>\n\n"),
        (THINKING_ALWAYS, None, "assistant\n<think>\n\n</think>\n\n"),
        (DEEPSEEK, True, "<｜Assistant｜><think></think>"),
        (DEEPSEEK, False, "<｜Assistant｜></think>"),
        (GEMMA4, None, "<|turn>model\n<|channel>thought\n<channel|>"),
        (COMMAND_R, True, "<|CHATBOT_TOKEN|><|START_RESPONSE|>"),
        (COMMAND_R, False, "<|START_THINKING|><|END_THINKING|><|START_RESPONSE|>"),
        (HARMONY, None, "<|start|>assistant<|channel|>final<|message|>"),
    ],
)
def test_an_answer_goes_on_where_the_family_has_its_answers(
    family: Family, think: bool | None, before: str
) -> None:
    assert rendered(family, TURNS, prefill="Well", think=think).endswith(f"{before}Well")


def test_an_answer_goes_on_in_the_spaces_it_was_left_with() -> None:
    assert rendered(CHATML, TURNS, prefill=" a \n").endswith("assistant\n a \n")


# Without a template


def test_plain_text_needs_no_template_and_its_markers_are_prose() -> None:
    vocabulary = FakeVocabulary("</s>", bos="<s>", wants_bos=True)
    prompt = plain("<s>Once </s> upon", vocabulary)
    assert vocabulary.markers(prompt.tokens) == ["<s>"]
    assert vocabulary.text(prompt.tokens) == "<s><s>Once </s> upon"
    assert prompt.notices == ()
    assert not prompt.reasoning_open


def test_user_defined_tokens_that_are_no_markers_of_the_template_stay_whole() -> None:
    vocabulary = FakeVocabulary("<end>", user_defined="<b> </think>")
    template = "{{ messages[0].content }}<end>{# </think> #}"
    tokens = ChatFormat(template, vocabulary).format(user("a <b> </think> <end>")).tokens
    assert vocabulary.markers(tokens) == ["<b>", "<end>"]
    assert vocabulary.text(tokens) == "a <b> </think> <end><end>"
