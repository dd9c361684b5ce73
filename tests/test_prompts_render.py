"""Filling prompts in: values, examples, and templates that try what they must not."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from prompts import (
    InvalidVariable,
    Library,
    MissingVariables,
    Prompt,
    RenderFailed,
    Source,
)
from prompts.render import Rendered, render

Load = Callable[[str], Prompt]

ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Makes a prompt of the text of a file."""

    def write(toml: str) -> Prompt:
        (tmp_path / "mine.toml").write_text(toml, "utf-8")
        return Library([Source("near", tmp_path)]).load("mine")

    return write


@pytest.fixture
def fill(load: Load) -> Callable[..., str]:
    """Renders a user template with built-in values."""

    def rendered(user: str, **builtins: str) -> str:
        return render(load(f"user = '''\n{user}\n'''"), {}, builtins).user

    return rendered


def test_examples_are_literal_and_have_the_shape_of_the_question(load: Load) -> None:
    prompt = load("""
user = "[{{ instruction }}|{{ text }}|{{ file }}]"
[[examples]]
input = "in {{ text }} {% if %}"
output = "\\n out {{ text }} \\n"
instruction = "do"
[[examples]]
input = "second"
output = "2"
""")
    rendered = render(prompt, {}, {"text": "mine", "instruction": "say", "file": "a.md"})
    assert rendered.user == "[say|mine|a.md]"
    assert [message.content for message in rendered.example_messages] == [
        "[do|in {{ text }} {% if %}|]",
        "out {{ text }}",
        "[|second|]",
        "2",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{{ text }} {% if %} {# no #} {{ ''.__class__ }}",
        "<b>&amp;</b> \"quotes\" 'and' \\n",
        "a\r\n\tb\x00\x1b[31m\u2028\ufeff\ud800 é",
        "{% raw %}",
    ],
)
def test_inserted_text_comes_through_unchanged(fill: Callable[..., str], text: str) -> None:
    assert fill("<{{ text }}>\n{{ instruction }}", text=text, instruction="{{ x }}") == (
        f"<{text}>\n{{{{ x }}}}"
    )


def test_blank_space_is_cut_at_both_ends_only(fill: Callable[..., str]) -> None:
    assert fill("\n  {{ text }}\n\n\n{{ text }} \n", text="  a  ") == "a  \n\n\n  a"


TYPES = """
user = "{{ word }} {{ count }} {{ share }} {{ 'yes' if loud else 'no' }} {{ tone }}"
[variables]
word = { default = "w" }
count = { type = "int", default = 2, min = 1, max = 9 }
share = { type = "float", default = 0.5, min = 0 }
loud = { type = "bool", default = false }
tone = { type = "choice", choices = ["warm", "cool"], default = "cool" }
"""


def test_values_are_converted_to_the_type_of_their_variable(load: Load) -> None:
    prompt = load(TYPES)
    assert render(prompt, {}, {}).user == "w 2 0.5 no cool"
    given = {"word": "{{ 7 }}", "count": "9", "share": "1e3", "loud": "Yes", "tone": "warm"}
    rendered = render(prompt, given, {})
    assert rendered.user == "{{ 7 }} 9 1000.0 yes warm"
    assert rendered.variables == {
        "word": "{{ 7 }}",
        "count": 9,
        "share": 1000.0,
        "loud": True,
        "tone": "warm",
    }


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("count", "many", "count must be a whole number, not 'many'"),
        ("count", "2.5", "count must be a whole number"),
        ("count", "0", "count must be from 1 to 9, not 0"),
        ("count", "10", "count must be from 1 to 9, not 10"),
        ("share", "half", "share must be a number"),
        ("share", "nan", "share must be a finite number"),
        ("share", "-1", "share must be at least 0"),
        ("loud", "perhaps", "loud must be true or false"),
        ("tone", "wram", "tone must be one of warm, cool, not 'wram'; did you mean 'warm'?"),
        ("cuont", "3", "cuont is not a variable of the prompt 'mine'; did you mean 'count'?"),
        ("text", "x", "text is not a variable"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_words(
    load: Load, name: str, text: str, words: str
) -> None:
    with pytest.raises(InvalidVariable) as caught:
        render(load(TYPES), {name: text}, {})
    assert str(caught.value).startswith(words)
    assert caught.value.name == name


def test_all_that_is_missing_is_named_at_once(load: Load) -> None:
    prompt = load("""
system = "For {{ reader }}"
user = "{{ text|trim }} {{ size + 1 }} {{ given }} {% if note %}{{ note }}{% endif %}"
[variables]
reader = { required = true }
unprinted = { required = true }
size = { type = "int" }
given = { required = true }
note = { description = "may be left out" }
""")
    with pytest.raises(MissingVariables) as caught:
        render(prompt, {"given": "x"}, {})
    assert caught.value.names == ("reader", "unprinted", "size", "text")
    assert "reader, unprinted, size, text" in str(caught.value)


def test_an_empty_text_is_not_a_missing_one(fill: Callable[..., str]) -> None:
    assert fill("<{{ text }}>", text="") == "<>"


@pytest.mark.parametrize(
    ("user", "line", "words"),
    [
        ("one\n{{ instuction }}", 3, "did you mean 'instruction'?"),
        ("{% if text %}{% if txet %}{% endif %}{% endif %}", 2, "did you mean 'text'?"),
        ("one\n\n{% if %}", 4, "Expected an expression"),
        ("one\n{{ 1 / 0 }}", 3, "division by zero"),
        ("{{ text.titel }}", 2, "no attribute 'titel'"),
        ("{% if text.file %}{% endif %}", 2, "no attribute 'file'"),
    ],
)
def test_a_mistake_in_a_template_is_reported_with_its_line(
    fill: Callable[..., str], tmp_path: Path, user: str, line: int, words: str
) -> None:
    with pytest.raises(RenderFailed, match=words.replace("?", r"\?")) as caught:
        fill(user, text="x")
    assert (caught.value.path, caught.value.line) == (tmp_path / "mine.toml", line)
    assert "\n" not in str(caught.value)


def test_a_mistake_in_an_inherited_template_is_reported_where_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('title = "Base"\nsystem = "{{ wrong }}"')
    (tmp_path / "mine.toml").write_text('extends = "base"')
    with pytest.raises(RenderFailed, match=r"base\.toml:2: 'wrong' is neither"):
        render(Library([Source("near", tmp_path)]).load("mine"), {}, {"text": "x"})


@pytest.mark.parametrize(
    "user",
    [
        "{{ ''.__class__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ text.__init__.__globals__ }}",
        "{{ range.__self__ }}",
        "{{ cycler.__init__.__globals__.os.environ }}",
        "{{ ('{0.__class__.__mro__}').format(text) }}",
        "{{ (text|attr('__class__')) }}",
        "{{ [].append(1) }}",
        "{{ open('/etc/passwd').read() }}",
        "{{ environ }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os.environ }}",
        "{% extends 'editor' %}",
    ],
)
def test_a_template_cannot_get_out(fill: Callable[..., str], user: str) -> None:
    with pytest.raises(RenderFailed):
        fill(user, text="x")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not limit a process's memory")
@pytest.mark.parametrize(
    "user",
    [
        "{{ ('a' * 99999999999)|length }}",
        "{% set x = 'aaaaaaaa' %}" + "{% set x = x ~ x %}" * 40 + "{{ x }}",
        "{{ '%99999999999d' % 1 }}",
        "{{ text.center(99999999999) }}",
    ],
)
def test_a_template_cannot_eat_the_memory(fill: Callable[..., str], user: str) -> None:
    with pytest.raises(RenderFailed, match="more than 512 MiB"):
        fill(user, text="x")


@pytest.mark.parametrize("user", [ENDLESS, "{{ 9 ** (9 ** 9) }}"])
def test_a_template_without_end_is_stopped(fill: Callable[..., str], user: str) -> None:
    began = time.monotonic()
    with pytest.raises(RenderFailed, match="took longer than 2 s"):
        fill(user)
    assert 1.5 < time.monotonic() - began < 60


def test_a_template_without_end_is_stopped_in_any_thread(load: Load) -> None:
    prompt = load(f'user = "{ENDLESS}"')
    outcomes: list[Rendered | Exception] = []

    def run() -> None:
        try:
            outcomes.append(render(prompt, {}, {}))
        except RenderFailed as error:
            outcomes.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert "took longer than 2 s" in str(outcomes[0])


def test_a_file_in_the_working_directory_is_not_taken_for_a_library(
    fill: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jinja2.py").write_text("raise SystemExit('not the real one')")
    monkeypatch.chdir(tmp_path)
    assert fill("{{ text }}", text="x") == "x"


def test_rendering_does_not_change_what_it_is_given(load: Load) -> None:
    values: Mapping[str, str] = {"word": "x"}
    builtins = {"text": "y"}
    prompt = load(TYPES)
    assert render(prompt, values, builtins) == render(prompt, values, builtins)
    assert (values, builtins) == ({"word": "x"}, {"text": "y"})
