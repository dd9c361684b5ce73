"""The packaged library keeps its own rules: each prompt is whole, small, tested, and runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_gguf import tiny_gguf

from engine.client import WorkerEngine
from engine.load_options import LoadOptions
from engine.types import Event, Finished, Message, Piece, Request
from prompts import Example, Library, MissingVariables, Prompt, packaged_source
from prompts.render import Rendered, render
from tui.composed import answer_settings
from tui.config import Config
from tui.options import EngineOptions

LIBRARY = Library([packaged_source()])
NAMES = [entry.name for entry in LIBRARY.entries()]
TAGS = ("revise", "draft", "shorten", "judge", "transform")

TEXT = "At noon 3 boats left the harbour, and Ida counted them twice."

MOST_TOKENS = 1400
"""Of system text and examples: what is left of 2,048 is for a text and its answer."""


@pytest.fixture(params=NAMES)
def prompt(request: pytest.FixtureRequest) -> Prompt:
    return LIBRARY.load(request.param)


def fill(prompt: Prompt, text: str = "A text.", instruction: str = "Keep it plain.") -> Rendered:
    given = {"text": text, "instruction": instruction}
    return render(prompt, {}, {name: value for name, value in given.items() if value})


def messages_of(rendered: Rendered) -> tuple[Message, ...]:
    return (
        Message("system", rendered.system),
        *rendered.example_messages,
        Message("user", rendered.user),
    )


def examples_of(prompt: Prompt) -> list[Example]:
    return [example for example in prompt.examples if isinstance(example, Example)]


def test_each_prompt_is_whole(prompt: Prompt) -> None:
    assert prompt.tags[0] in TAGS
    assert len(prompt.tags) == 1
    assert prompt.title
    assert prompt.summary.strip()
    assert "\n" not in prompt.summary
    assert not prompt.summary.endswith(".")
    assert prompt.kind in ("edit", "generate")
    assert "temperature" in prompt.params
    assert len(prompt.examples) >= 2
    assert len(prompt.tests) >= 2


def test_each_prompt_revises_coolly_and_drafts_warmly(prompt: Prompt) -> None:
    temperature = prompt.params["temperature"]
    assert isinstance(temperature, float)
    if prompt.tags[0] in ("revise", "shorten", "transform"):
        assert temperature <= 0.3
    else:
        assert 0.2 <= temperature <= 0.9


def test_each_variable_says_what_it_is_and_has_a_default(prompt: Prompt) -> None:
    for variable in prompt.variables.values():
        assert variable.description, variable.name
        assert variable.default is not None, variable.name
        if variable.type == "int":
            assert None not in (variable.min, variable.max), variable.name


def test_each_example_is_put_as_a_text_is(prompt: Prompt) -> None:
    text = "The {{ quay }} was empty.\n\nNobody came."
    rendered = fill(prompt, text)
    assert "Return only" in rendered.system.splitlines()[-1]
    assert rendered.user.endswith(text)
    assert "Keep it plain." in rendered.user
    for (question, answer), example in zip(rendered.examples, examples_of(prompt), strict=True):
        assert question.content.endswith(example.input.strip())
        assert example.instruction in question.content
        assert answer.content == example.output.strip()
        assert not re.search(r"\{\{|\{%", question.content)


def test_each_example_has_the_values_that_it_was_written_for(prompt: Prompt) -> None:
    """Or a model would be asked for 80% and shown what 20% looks like."""
    for example in examples_of(prompt):
        assert set(example.variables) == set(prompt.variables), example.input


def test_the_percentage_of_tighten_reaches_the_model() -> None:
    rendered = render(LIBRARY.load("tighten"), {"percent": "35"}, {"text": "x"})
    assert "35%" in rendered.user
    assert not [question for question, _ in rendered.examples if "35%" in question.content]
    assert rendered.variables == {"percent": 35}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "editor"])
def test_each_prompt_but_the_editor_does_without_an_instruction(name: str) -> None:
    rendered = fill(LIBRARY.load(name), instruction="")
    assert rendered.user.endswith("A text.")
    assert "Keep it plain." not in rendered.user


def test_the_editor_cannot_do_without_an_instruction() -> None:
    with pytest.raises(MissingVariables) as caught:
        fill(LIBRARY.load("editor"), instruction="")
    assert caught.value.names == ("instruction",)


def test_no_test_can_be_passed_by_copying_an_example() -> None:
    prompts = [LIBRARY.load(name) for name in NAMES]
    shown = {
        text.strip(): prompt.name
        for prompt in prompts
        for example in examples_of(prompt)
        for text in (example.input, example.output)
    }
    asked = [(prompt.name, test.input.strip()) for prompt in prompts for test in prompt.tests]
    assert not [(name, shown[text]) for name, text in asked if text in shown]
    assert len({text for _, text in asked}) == len(asked)


def test_each_test_expects_something_of_the_answer(prompt: Prompt) -> None:
    for test in prompt.tests:
        assert test.name
        assert test.input.strip()
        expect = test.expect
        assert expect.contains or expect.regex or expect.max_changed is not None, test.name


def test_proofreading_is_greedy_and_shows_that_right_texts_stay() -> None:
    proofread = LIBRARY.load("proofread")
    assert proofread.params["temperature"] == 0
    kept = [e for e in examples_of(proofread) if e.input == e.output]
    assert len(kept) >= 2


def test_the_page_lists_each_prompt_under_its_tag() -> None:
    page = (Path(__file__).parent.parent / "docs" / "prompts.md").read_text("utf-8")
    library = page.split("## The packaged library")[1]
    parts = re.split(r"^\*\*`(\w+)`\*\*", library, flags=re.MULTILINE)
    listed = {
        (name, tag)
        for tag, rows in zip(parts[1::2], parts[2::2], strict=True)
        for name in re.findall(r"^\| `([a-z-]+)` \|", rows, flags=re.MULTILINE)
    }
    assert listed == {(name, LIBRARY.load(name).tags[0]) for name in NAMES}


def test_each_prompt_leaves_room_for_a_text(prompt: Prompt, starter_engine: WorkerEngine) -> None:
    assert starter_engine.count(messages_of(fill(prompt, TEXT))) <= MOST_TOKENS


@pytest.fixture(scope="module")
def quick_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerEngine]:
    """A model that reads a page in no time; for what it says any is as good."""
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    path.write_bytes(tiny_gguf(changed={"llama.context_length": 16384}))
    with closing(WorkerEngine(path, LoadOptions(n_ctx=16384))) as engine:
        yield engine


def test_the_params_of_each_prompt_work(prompt: Prompt, quick_engine: WorkerEngine) -> None:
    *_, finished = answer_of(quick_engine, prompt)
    assert isinstance(finished, Finished)
    assert finished.reason in ("end", "stop", "length")
    assert finished.usage.completion_tokens > 0


@pytest.mark.soak
def test_a_real_model_answers_each_prompt(prompt: Prompt, starter_engine: WorkerEngine) -> None:
    events = answer_of(starter_engine, prompt)
    assert "".join(event.text for event in events if isinstance(event, Piece)).strip()


def answer_of(engine: WorkerEngine, prompt: Prompt) -> list[Event]:
    """The beginning of an answer, with the params of a prompt."""
    rendered = fill(prompt, TEXT)
    # Reading all examples of all prompts would take minutes; whether the params work shows without.
    messages = messages_of(replace(rendered, examples=()))
    settings = answer_settings(EngineOptions(seed=1), rendered.params, Config())
    request = Request(
        messages,
        settings.sampling,
        max_tokens=8,
        stop=settings.stop,
        grammar=settings.grammar,
        schema=settings.schema,
        banned=settings.banned,
        aside=True,
    )
    return list(engine.stream(request))
