"""What prompts take from several others and when stacked, and what never comes along."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompts import ExtendsCycle, InvalidPrompt, Library, Prompt, Source, stacked
from prompts.render import render


class Shelves:
    """Three sources to write prompts into, nearest first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.library = Library([Source(name, root / name) for name in ("near", "far", "farther")])

    def write(self, name: str, text: str) -> None:
        """Write a file; the name begins with the source's."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def prompt(self, text: str) -> Prompt:
        """What the library makes of a text."""
        self.write("near/mine.toml", text)
        return self.library.load("mine")


@pytest.fixture
def shelves(tmp_path: Path) -> Shelves:
    made = Shelves(tmp_path)
    made.write("far/short.toml", 'title = "Short"\nsystem = "Be short."\nparams = { top_k = 1 }')
    made.write("far/kind.toml", 'summary = "Kind"\nsystem = "Be kind."\nparams = { top_k = 2 }')
    return made


def test_of_several_parents_the_last_one_counts_and_own_keys_over_all(shelves: Shelves) -> None:
    prompt = shelves.prompt('extends = ["short", "kind"]\nparams = { min_p = 0.1 }')
    assert (prompt.title, prompt.summary) == ("Short", "Kind")
    assert [system.source for system in prompt.systems] == ["Be kind."]
    assert prompt.params == {"top_k": 2, "min_p": 0.1}
    other = shelves.prompt('extends = ["kind", "short"]\nparams = { top_k = 9 }')
    assert [system.source for system in other.systems] == ["Be short."]
    assert other.params == {"top_k": 9}


def test_two_parents_may_share_one(shelves: Shelves) -> None:
    shelves.write("far/base.toml", 'user = "{{ text }}!"\n[variables.a]\ndefault = "base"')
    shelves.write("far/left.toml", 'extends = "base"\n[variables.a]\ndefault = "left"')
    shelves.write("far/right.toml", 'extends = "base"\n[variables.b]\ndefault = "right"')
    prompt = shelves.prompt('extends = ["left", "right"]')
    assert prompt.user.source == "{{ text }}!"
    # What both inherit comes after what either says itself.
    assert {name: one.default for name, one in prompt.variables.items()} == {
        "a": "left",
        "b": "right",
    }


def test_a_wide_family_is_read_in_no_time(shelves: Shelves) -> None:
    for depth in range(40):
        parents = f'extends = ["p{depth + 1}", "q{depth + 1}"]' if depth < 39 else ""
        shelves.write(f"far/p{depth}.toml", parents)
        shelves.write(f"far/q{depth}.toml", parents)
    shelves.write("far/q39.toml", 'summary = "the last of 2^39 ways"')
    assert shelves.prompt('extends = ["p0", "q0"]').summary == "the last of 2^39 ways"


def test_a_circle_through_the_second_parent_is_found_with_its_way_and_line(
    shelves: Shelves,
) -> None:
    shelves.write("far/back.toml", 'title = "Back"\nextends = [\n  "short",\n  "mine",\n]')
    with pytest.raises(ExtendsCycle, match="mine → back → mine") as caught:
        shelves.prompt('extends = ["kind", "back"]')
    assert (caught.value.path.name, caught.value.line) == ("back.toml", 4)


def test_one_parent_twice_is_no_circle(shelves: Shelves) -> None:
    assert shelves.prompt('extends = ["short", "kind", "short"]').systems[0].source == "Be short."


def test_a_shadowing_prompt_inherits_tests_and_another_does_not(shelves: Shelves) -> None:
    tests = 'min_pass = 0.5\n[[tests]]\ninput = "a"\nexpect = { contains = "a" }'
    shelves.write("farther/mine.toml", f'system = "Farther."\n{tests}')
    shelves.write("far/mine.toml", 'extends = "mine"\nuser = "far {{ text }}"')
    prompt = shelves.prompt('extends = ["short", "mine"]')
    assert (prompt.systems[0].source, prompt.user.source) == ("Farther.", "far {{ text }}")
    assert [test.input for test in prompt.tests] == ["a"]
    assert prompt.min_pass == 0.5
    shelves.write("near/other.toml", 'extends = "mine"')
    other = shelves.library.load("other")
    assert (other.tests, other.min_pass) == ((), 1.0)


def test_own_tests_replace_those_of_the_prompt_that_is_shadowed(shelves: Shelves) -> None:
    shelves.write("far/mine.toml", '[[tests]]\ninput = "a"\nexpect = { contains = "a" }')
    prompt = shelves.prompt('extends = "mine"\n[[tests]]\ninput = "b"\nexpect = { contains = "b" }')
    assert [test.input for test in prompt.tests] == ["b"]


@pytest.mark.parametrize(("own", "other"), [("grammar", "schema"), ("schema", "grammar")])
def test_a_grammar_and_a_schema_drive_each_other_out(
    shelves: Shelves, own: str, other: str
) -> None:
    values = {"grammar": "'root ::= \"yes\"'", "schema": "{ type = 'string' }"}
    shelves.write("far/rules.toml", f"[params]\ntop_k = 3\n{other} = {values[other]}")
    prompt = shelves.prompt(f"extends = 'rules'\n[params]\n{own} = {values[own]}")
    assert prompt.params.keys() == {"top_k", own}
    rules = shelves.library.load("rules")
    assert stacked([rules, prompt]).params.keys() == {"top_k", own}
    assert stacked([prompt, rules]).params.keys() == {"top_k", other}


def test_files_come_from_the_folder_of_the_prompt_that_names_them(shelves: Shelves) -> None:
    shelves.write("far/style.md", "Far style.")
    shelves.write("far/house.md", "Far house.")
    shelves.write("far/shots.jsonl", '{"input": "far", "output": "x"}')
    shelves.write(
        "far/base.toml",
        'system = "{{ style }} {{ house }}"\nexamples_from = "shots.jsonl"\n'
        'include = { style = "style.md" }\n[variables.house]\ntype = "file"\ndefault = "house.md"',
    )
    shelves.write("near/style.md", "Near style.")
    shelves.write("near/house.md", "Near house.")
    prompt = shelves.prompt('extends = "base"')
    rendered = render(prompt, {}, {"text": "t"})
    assert rendered.system == "Far style. Far house."
    assert [example.input for example in prompt.examples] == ["far"]
    own = shelves.prompt('extends = "base"\ninclude = { style = "style.md" }')
    assert render(own, {}, {"text": "t"}).system == "Near style. Far house."


def test_a_default_file_of_a_stacked_prompt_is_its_own_folders(shelves: Shelves) -> None:
    shelves.write("far/house.md", "Far house.")
    variable = '[variables.house]\ntype = "file"\ndefault = "house.md"'
    shelves.write("far/base.toml", f'system = "{{{{ house }}}}"\n{variable}')
    both = stacked([shelves.library.load("base"), shelves.prompt('system = "Mine."')])
    assert render(both, {}, {"text": "t"}).system == "Far house.\n\nMine."


def test_stacked_prompts_look_twice_only_if_all_of_them_do(shelves: Shelves) -> None:
    plain = shelves.prompt('system = "Mine."')
    closely, widely = (shelves.prompt(f"near = {nats}") for nats in (1, 3))
    assert stacked([closely, widely]).near == 1
    assert stacked([closely, plain]).near is None


def test_stacked_prompts_want_the_gain_that_all_of_them_ask_for(shelves: Shelves) -> None:
    plain = shelves.prompt('system = "Mine."')
    low, high = (shelves.prompt(f"min_gain = {gain}") for gain in (1, 4.5))
    assert (plain.min_gain, high.min_gain) == (None, 4.5)
    assert stacked([high, low]).min_gain == stacked([low, high]).min_gain == 1
    assert stacked([high, plain]).min_gain is stacked([plain, low]).min_gain is None
    shelves.write("far/strict.toml", "min_gain = 3")
    assert shelves.prompt('extends = "strict"').min_gain == 3


def test_stacked_prompts_join_systems_examples_and_budgets(shelves: Shelves) -> None:
    example = '[[examples]]\ninput = "a"\noutput = "b"'
    shelves.write("near/one.toml", f'system = "One."\nmax_examples = 2\nkind = "edit"\n{example}')
    shelves.write("near/two.toml", f'user = "Two: {{{{ text }}}}"\nmax_examples = 3\n{example}')
    shelves.write("near/three.toml", 'system = "Three."\nselect = "nearest"\nparams.top_k = 3')
    one, two, three = (shelves.library.load(name) for name in ("one", "two", "three"))
    both = stacked([one, two])
    assert (both.user.source, both.max_examples, both.kind) == ("Two: {{ text }}", 5, "edit")
    assert [example.input for example in both.examples] == ["a"]
    all_three = stacked([one, two, three])
    assert [system.source for system in all_three.systems] == ["One.", "Three."]
    assert (all_three.user.source, all_three.select) == ("Two: {{ text }}", "nearest")
    assert (all_three.max_examples, all_three.params) == (5, {"top_k": 3})
    assert stacked([one]) == one


def test_a_prompt_without_examples_lifts_no_limit_of_another(
    shelves: Shelves,
) -> None:
    shelves.write("near/style.toml", 'system = "Plain words."')
    shelves.write("near/shots.toml", 'max_examples = 1\n[[examples]]\ninput = "a"\noutput = "b"\n')
    style, shots = shelves.library.load("style"), shelves.library.load("shots")
    shelves.write("near/more.toml", '[[examples]]\ninput = "c"\noutput = "d"\n')
    assert stacked([shots, shelves.library.load("more")]).max_examples == 2
    assert stacked([shots, style]).max_examples == 1
    assert stacked([style, shots]).max_examples == 1


def test_a_missing_file_is_reported_where_it_is_named(shelves: Shelves) -> None:
    with pytest.raises(InvalidPrompt, match="there is no file 'nothing") as caught:
        shelves.prompt('title = "x"\n[include]\nhouse = "nothing.md"')
    assert (caught.value.line, caught.value.key) == (3, "include.house")


def test_links_of_named_files_are_followed_within_the_folder_only(shelves: Shelves) -> None:
    shelves.write("far/secret.md", "secret")
    shelves.write("near/real.md", "real")
    (shelves.root / "near" / "inside.md").symlink_to("real.md")
    (shelves.root / "near" / "outside.md").symlink_to(shelves.root / "far" / "secret.md")
    (shelves.root / "near" / "out").symlink_to(shelves.root / "far")
    inside = shelves.prompt('system = "{{ house }}"\n[include]\nhouse = "inside.md"')
    assert inside.included == {"house": "real"}
    for name in ("outside.md", "out/secret.md"):
        with pytest.raises(InvalidPrompt, match="outside"):
            shelves.prompt(f'[include]\nhouse = "{name}"')
        with pytest.raises(InvalidPrompt, match="outside"):
            shelves.prompt(f'[variables.house]\ntype = "file"\ndefault = "{name}"')
    shelves.write("far/shots.jsonl", '{"input": "a", "output": "b"}')
    for name in ("out/shots.jsonl", "out/*.jsonl", "*/shots.jsonl"):
        with pytest.raises(InvalidPrompt, match="outside"):
            shelves.prompt(f'examples_from = "{name}"')
