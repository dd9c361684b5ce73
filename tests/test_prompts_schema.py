"""What a prompt file may say, and how well a mistake in one is pointed out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from prompts.errors import InvalidPrompt
from prompts.reading import parse_prompt
from prompts.schema import Example, PromptFile

PATH = Path("library/mine.toml")


def parse(text: str) -> PromptFile:
    return parse_prompt(text, name="mine", path=PATH)


def test_everything_a_file_may_say_is_read() -> None:
    prompt = parse("""
title = "Mine"
summary = "What I do"
tags = ["revise", "short"]
kind = "edit"
extends = "editor"
system = "Be brief."
user = "{{ tone }}: {{ text }}"
[variables.tone]
type = "choice"
choices = ["warm", "cool"]
default = "cool"
description = "How it sounds"
[variables.percent]
type = "int"
min = 1
max = 90
required = true
[params]
temperature = 1
top_k = 20
max_tokens = 300
stop = ["END"]
samplers = ["top_k", "temperature"]
logit_bias = { delve = -100 }
[[examples]]
input = "a"
output = "b"
instruction = "c"
""")
    assert (prompt.title, prompt.summary, prompt.tags) == ("Mine", "What I do", ("revise", "short"))
    assert (prompt.kind, prompt.extends) == ("edit", ("editor",))
    assert prompt.system is not None
    assert prompt.system.source == "Be brief."
    assert prompt.variables["tone"].choices == ("warm", "cool")
    assert prompt.variables["tone"].default == "cool"
    assert prompt.variables["percent"].required
    assert (prompt.variables["percent"].min, prompt.variables["percent"].max) == (1, 90)
    assert prompt.params == {
        "temperature": 1,
        "top_k": 20,
        "max_tokens": 300,
        "stop": ("END",),
        "samplers": ("top_k", "temperature"),
        "logit_bias": {"delve": -100},
    }
    assert prompt.examples is not None
    assert prompt.examples == (Example("a", "b", "c"),)


def test_a_key_that_is_not_given_differs_from_an_empty_one() -> None:
    assert parse("").tags is None
    assert parse("").examples is None
    assert parse("tags = []").tags == ()
    assert parse("examples = []").examples == ()


MISTAKES = {
    "unknown key": ('title = "x"\nsytem = "y"', 2, "sytem", "system"),
    "unknown key of a variable": ("[variables.a]\nmim = 1", 2, "variables.a.mim", "min"),
    "unknown parameter": ("[params]\n\ntemprature = 1", 3, "params.temprature", "temperature"),
    "unknown key of the second example": (
        '[[examples]]\ninput = "a"\noutput = "b"\n[[examples]]\ninput = "a"\nouput = "b"',
        *(6, "examples.1.ouput", "output"),
    ),
    "key that a text only mentions": ('system = """\nkind = "x"\n"""\nkind = "y"', 4, "kind", None),
    "key after a text in single quotes": (
        "user = '''\n[params]\n'''\nuzer = ''",
        4,
        "uzer",
        "user",
    ),
    "dotted key": ('variables.a.type = "bol"', 1, "variables.a.type", "bool"),
    "inline table": ("\nparams = { top_k = true }", 2, "params.top_k", None),
    "misspelt kind": ('kind = "edti"', 1, "kind", "edit"),
    "misspelt type": ('[variables.a]\ntype = "flaot"', 2, "variables.a.type", "float"),
    "number for a text": ("title = 3", 1, "title", None),
    "text for a list": ('tags = "revise"', 1, "tags", None),
    "list with a number in it": ("tags = [1]", 1, "tags.0", None),
    "variable that is no table": ("[variables]\na = 3", 2, "variables.a", None),
    "variable with a dash": ("[variables.a-b]", 1, "variables.a-b", None),
    "variable called like a built-in": ("\n[variables.text]", 2, "variables.text", None),
    "choice without choices": ('[variables.a]\ntype = "choice"', 1, "variables.a.choices", None),
    "choices without choice": ('[variables.a]\nchoices = ["b"]', 2, "variables.a.choices", None),
    "bounds of a text": ("[variables.a]\nmax = 3", 2, "variables.a.max", None),
    "bounds the wrong way round": (
        '[variables.a]\ntype = "int"\nmin = 3\nmax = 2',
        *(3, "variables.a.min", None),
    ),
    "default of another type": (
        '[variables.a]\ntype = "int"\ndefault = "3"',
        *(3, "variables.a.default", None),
    ),
    "truth for a number": (
        '[variables.a]\ntype = "float"\ndefault = true',
        *(3, "variables.a.default", None),
    ),
    "default out of bounds": (
        '[variables.a]\ntype = "int"\nmax = 2\ndefault = 3',
        *(4, "variables.a.default", None),
    ),
    "required with a default": (
        '[variables.a]\nrequired = true\ndefault = "x"',
        *(3, "variables.a.default", None),
    ),
    "parameter out of range": ("[params]\ntop_p = 1.5", 2, "params.top_p", None),
    "bias out of range": (
        '[params.logit_bias]\nsea = 1\n"in order to" = -200',
        *(3, 'params.logit_bias."in order to"', None),
    ),
    "text for a bias": ('[params]\nlogit_bias = "sea"', 2, "params.logit_bias", None),
    "unknown sampler": ('[params]\nsamplers = ["topk"]', 2, "params.samplers.0", "top_k"),
    "one sampler": ('[params]\nsamplers = "top_k"', 2, "params.samplers", None),
    "fraction of a beam": ("[params]\nbeams = 1.5", 2, "params.beams", None),
    "not a number": ("[params]\ntemperature = nan", 2, "params.temperature", None),
    "fraction of a token": ("[params]\nmax_tokens = 1.5", 2, "params.max_tokens", None),
    "no tokens at all": ("[params]\nmax_tokens = 0", 2, "params.max_tokens", None),
    "example without an output": ('\n[[examples]]\ninput = "a"', 2, "examples.0", None),
    "example that is no table": ('examples = ["a"]', 1, "examples.0", None),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_reported_with_file_line_key_and_the_nearest_word(mistake: str) -> None:
    text, line, key, nearest = MISTAKES[mistake]
    with pytest.raises(InvalidPrompt) as caught:
        parse(text)
    error = caught.value
    assert (error.path, error.line, error.key, error.nearest) == (PATH, line, key, nearest)
    assert error.column is not None
    assert str(error).startswith(f"{PATH}:{line}:{error.column}: {key}: ")
    assert nearest is None or str(error).endswith(f"; did you mean {nearest!r}?")
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('title = "a"\nsummary = "b', 2),
        ("a = 1\na = 2", 2),
        ('a = "\\q"', 1),
        ('a = 1\nx = """\n\n', 2),
    ],
)
def test_what_is_not_toml_is_reported_with_its_line(text: str, line: int) -> None:
    with pytest.raises(InvalidPrompt, match="not TOML") as caught:
        parse(text)
    assert caught.value.line == line


def test_tables_nested_without_end_are_an_error_and_not_a_crash() -> None:
    with pytest.raises(InvalidPrompt, match="nested too deeply"):
        parse("x = " + "[" * 100_000)


def test_a_bound_is_named_in_words() -> None:
    with pytest.raises(InvalidPrompt, match="must be from 5 to 80, not 90"):
        parse('[variables.a]\ntype = "int"\nmin = 5\nmax = 80\ndefault = 90')


def test_importing_prompts_imports_neither_jinja_nor_a_terminal_toolkit() -> None:
    code = (
        "import sys, prompts, prompts.render; print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "prompts" in loaded
    assert not loaded & {"jinja2", "textual", "rich", "prompt_toolkit", "click", "llama_cpp"}


def test_a_number_too_long_for_the_parser_is_a_mistake_in_the_file() -> None:
    with pytest.raises(InvalidPrompt, match="not TOML"):
        parse("x = " + "1" * 5000)
