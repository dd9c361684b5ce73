"""Examples: where they are read from, which are shown with a text, and what they may cost."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from engine.types import Message
from prompts import Dialogue, Example, InvalidPrompt, InvalidVariable, Library, Prompt, Source
from prompts.examples import MOST_WORDS, with_chosen_examples, within_budget
from prompts.render import Rendered, render

Write = Callable[..., Prompt]

MESSAGES = (
    '[{ role = "user", content = "Who or {{ whom }}?" }, '
    '{ role = "assistant", content = "Which one?" }, '
    '{ role = "user", content = "This one." }, '
    '{ role = "assistant", content = " *Whom*. " }]'
)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Makes a prompt of the text of a file, with other files beside it."""

    def written(toml: str, **files: str) -> Prompt:
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        (tmp_path / "mine.toml").write_text(toml, "utf-8")
        return Library([Source("near", tmp_path)]).load("mine")

    return written


def lines(*pairs: tuple[str, str]) -> str:
    """JSON Lines."""
    return "\n".join(json.dumps({"input": one, "output": other}) for one, other in pairs)


def inputs(prompt: Prompt) -> list[str]:
    return [example.input for example in prompt.examples]


def test_examples_of_files_follow_those_of_the_prompt_in_the_order_of_names(write: Write) -> None:
    prompt = write(
        'examples_from = ["b.jsonl", "shots/*.toml"]\n[[examples]]\ninput = "own"\noutput = "x"',
        b_jsonl="\n" + lines(("b1", "x"), ("b2", "x")) + "\n\n",
        shots__2_toml='[[examples]]\ninput = "s2"\noutput = "x"',
        shots__1_toml='[[examples]]\ninput = "s1"\noutput = "x"\ninstruction = "i"',
        shots__3_md="no example",
    )
    assert inputs(prompt) == ["own", "b1", "b2", "s1", "s2"]
    assert prompt.examples[3] == Example("s1", "x", "i")


def test_a_line_of_json_may_have_all_that_an_example_may_have(write: Write) -> None:
    example = {"input": "a", "output": "b", "instruction": "c", "variables": {"n": 3}}
    messages = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    prompt = write(
        'examples_from = "x.jsonl"\n[variables.n]\ntype = "int"\ndefault = 1',
        x_jsonl=f"{json.dumps(example)}\r\n{json.dumps({'messages': messages})}",
    )
    assert prompt.examples == (
        Example("a", "b", "c", {"n": 3}),
        Dialogue((Message("user", "q"), Message("assistant", "a"))),
    )


def test_line_separators_within_json_do_not_end_its_line(write: Write) -> None:
    text = '{"input": "a\u2028b\u0085c", "output": "d"}'
    assert inputs(write('examples_from = "x.jsonl"', x_jsonl=text)) == ["a\u2028b\u0085c"]


def test_half_a_surrogate_pair_is_no_text(write: Write) -> None:
    with pytest.raises(InvalidPrompt, match="half of a surrogate pair") as caught:
        write('examples_from = "x.jsonl"', x_jsonl='{"input": "\\ud83d", "output": "b"}')
    assert caught.value.line == 1
    whole = write('examples_from = "x.jsonl"', x_jsonl='{"input": "\\ud83d\\ude00", "output": "b"}')
    assert inputs(whole) == ["😀"]


def test_an_example_that_is_wrong_is_reported_in_its_own_file(write: Write) -> None:
    with pytest.raises(InvalidPrompt) as caught:
        write('examples_from = "x.jsonl"', x_jsonl=lines(("a", "b")) + '\n\n{"input": "a"}')
    assert (caught.value.path.name, caught.value.line) == ("x.jsonl", 3)
    with pytest.raises(InvalidPrompt) as caught:
        write('examples_from = "x.toml"', x_toml='[[examples]]\ninput = "a"\nouput = "b"')
    assert (caught.value.path.name, caught.value.line) == ("x.toml", 3)
    assert caught.value.nearest == "output"


def test_a_dialogue_is_literal_and_keeps_its_turns(write: Write) -> None:
    prompt = write(f'user = "[{{{{ text }}}}]"\n[[examples]]\nmessages = {MESSAGES}')
    rendered = render(prompt, {}, {"text": "t"})
    said = [(message.role, message.content) for message in rendered.example_messages]
    assert [role for role, _ in said] == ["user", "assistant", "user", "assistant"]
    assert said[0][1] == "Who or {{ whom }}?"
    assert rendered.user == "[t]"


def test_values_of_an_example_count_for_it_alone(write: Write) -> None:
    prompt = write("""
user = "{{ percent }}% {{ tone }}: {{ text }}"
[variables.percent]
type = "int"
default = 20
[variables.tone]
required = true
[[examples]]
input = "a"
output = "b"
variables = { percent = 30 }
[[examples]]
input = "c"
output = "{{ d }}"
variables = { percent = 40, tone = "{{ text }}" }
""")
    rendered = render(prompt, {"percent": "50", "tone": "warm"}, {"text": "t"})
    assert rendered.user == "50% warm: t"
    assert [message.content for message in rendered.example_messages] == [
        *("30% warm: a", "b", "40% {{ text }}: c", "{{ d }}"),
    ]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ("{ percnt = 3 }", "percnt is not a variable of the prompt 'mine'; did you mean 'percent'"),
        ('{ percent = "some" }', "percent must be a whole number, not 'some'"),
        ("{ percent = 95 }", "percent must be at most 90, not 95"),
    ],
)
def test_values_of_an_example_must_be_what_the_variables_take(
    write: Write, values: str, words: str
) -> None:
    prompt = write(
        'user = "{{ percent }} {{ text }}"\n[variables.percent]\ntype = "int"\nmax = 90\n'
        f'default = 1\n[[examples]]\ninput = "a"\noutput = "b"\nvariables = {values}'
    )
    with pytest.raises(InvalidVariable, match=words):
        render(prompt, {}, {"text": "t"})


def test_the_first_examples_are_shown_whatever_the_text_is(write: Write) -> None:
    prompt = write(
        'examples_from = "x.jsonl"\nmax_examples = 2',
        x_jsonl=lines(("one", "1"), ("two", "2"), ("three", "3")),
    )
    assert inputs(with_chosen_examples(prompt, "three")) == ["one", "two"]
    assert inputs(with_chosen_examples(write("max_examples = 0"), "x")) == []


NEAR = lines(
    ("The harbour was closed all winter.", "1"),
    ("Bread needs flour, water and salt.", "2"),
    ("Ships wait outside the harbour.", "3"),
    ("She baked the bread in winter.", "4"),
    ("日本の港は冬に閉まる。", "5"),
    ('He said: "AND, OR, NOT, NEAR(a b)" and left*.', "6"),
)


@pytest.mark.parametrize(
    ("text", "outputs"),
    [
        ("ship, harbour", ["1", "3"]),
        ("HARBOURS SHIPS", ["1", "3"]),
        ("baking bread", ["2", "4"]),
        ("salt", ["1", "2"]),
        ("冬が来た", ["1", "5"]),
        ("日本へ、塩", ["1", "5"]),
        ("__ bread __ *_*", ["2", "4"]),
        ('NEAR("a" b) OR left*', ["1", "6"]),
        ('" OR input : ( * ^ - + {', ["1", "6"]),
        ("nothing alike here", ["1", "2"]),
        ("", ["1", "2"]),
        ("?! …", ["1", "2"]),
        ("a\x00b \ud800", ["1", "6"]),
    ],
)
def test_the_nearest_examples_are_shown_in_the_order_of_the_file(
    write: Write, text: str, outputs: list[str]
) -> None:
    prompt = write('examples_from = "x.jsonl"\nselect = "nearest"\nmax_examples = 2', x_jsonl=NEAR)
    chosen = with_chosen_examples(prompt, text).examples
    assert [example.output for example in chosen if isinstance(example, Example)] == outputs


def test_the_nearest_of_conversations_is_found_by_how_it_begins(write: Write) -> None:
    prompt = write(
        'select = "nearest"\nmax_examples = 1\n[[examples]]\ninput = "bread"\noutput = "x"\n'
        f"[[examples]]\nmessages = {MESSAGES}"
    )
    assert isinstance(with_chosen_examples(prompt, "whom?").examples[0], Dialogue)


def test_a_very_long_text_is_compared_by_its_beginning(write: Write) -> None:
    prompt = write('examples_from = "x.jsonl"\nselect = "nearest"\nmax_examples = 1', x_jsonl=NEAR)
    filler = " ".join(f"w{number}" for number in range(100_000))
    (near,) = with_chosen_examples(prompt, f"salt {filler}").examples
    assert near.input == "Bread needs flour, water and salt."
    (far,) = with_chosen_examples(prompt, f"{filler} salt").examples
    assert (far.input, MOST_WORDS < 100_000) == ("The harbour was closed all winter.", True)


def count(messages: Sequence[Message]) -> int:
    """As an engine counts: something for each message, and the words."""
    return 5 + sum(4 + len(message.content.split()) for message in messages)


@pytest.fixture
def three(write: Write) -> Rendered:
    """Examples of 8 + 2, 8 + 4 and 8 + 2 tokens."""
    text = lines(("a", "b"), ("a a", "b b"), ("a", "b"))
    return render(write('examples_from = "x.jsonl"', x_jsonl=text), {}, {"text": "t"})


@pytest.mark.parametrize(
    ("budget", "kept", "tokens"),
    [(None, 3, 0), (9, 0, 0), (10, 1, 10), (21, 1, 10), (22, 2, 22), (32, 3, 32), (0, 0, 0)],
)
def test_examples_are_kept_from_the_first_as_far_as_the_budget_goes(
    three: Rendered, budget: int | None, kept: int, tokens: int
) -> None:
    within, cost = within_budget(three, budget, count)
    assert (within.examples, cost) == (three.examples[:kept], tokens)


def test_an_example_too_large_ends_the_list_and_none_is_skipped(three: Rendered) -> None:
    within, cost = within_budget(three, 21, count)
    assert (len(within.examples), cost) == (1, 10)
