"""``chat prompts``: listing, showing, checking and making prompts, and their schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from prompt_library import POSTCARD, of_project, own
from scripted_chat import Chat

from prompts import InvalidPrompt, packaged_source
from prompts.jsonschema import SCHEMA_COMMENT, SCHEMA_FILE
from prompts.jsonschema import schema as prompt_schema
from prompts.toml_text import parse_toml

BROKEN = Path(__file__).parent / "broken_prompts"

VALIDATOR = jsonschema.Draft7Validator(prompt_schema())

BEYOND_THE_SCHEMA = (
    *("bounds-", "choice", "default-", "example-variable-", "example-with-empty-output"),
    *("examples-file-", "examples-from-", "examples-line-", "examples-not-utf-8", "extends-"),
    *("expect-changed-the-", "expect-ratio-the-", "expect-regex-", "expect-similarity-to-"),
    *("expect-words-the-", "grammar-", "beams-in-groups-", "include-", "messages-", "schema-"),
    *("min-pass-not-finite", "empty-name-of-examples", "several-", "template-", "test-variable-"),
    *("Capital-Name",),
)
"""Mistakes that show only by two keys together, by other files, or in a text."""


def rows(chat: Chat) -> list[list[str]]:
    return [line.split("\t") for line in chat.out.splitlines()]


def schema(chat: Chat) -> dict[str, Any]:
    assert chat("prompts", "schema") == 0
    printed: dict[str, Any] = json.loads(chat.out)
    return printed


def fits(chat: Chat, text: str) -> bool:
    """Whether an editor would find nothing wrong with a prompt."""
    validator = jsonschema.Draft7Validator(schema(chat))
    return bool(validator.is_valid(parse_toml(text, Path("x.toml"))))


def is_accepted(path: Path) -> bool:
    """Whether a broken prompt is TOML in which an editor finds nothing wrong."""
    try:
        values = parse_toml(path.read_bytes().decode("utf-8-sig"), path)
    except (InvalidPrompt, UnicodeDecodeError):
        return False
    return bool(VALIDATOR.is_valid(values))


def test_the_list_can_be_narrowed_to_a_tag(chat: Chat) -> None:
    own(chat, "postcard.toml", POSTCARD)
    own(chat, "broken.toml", 'tags = ["short"]\nkind = "poem"')
    assert chat("prompts", "list", "--tag", "short") == 0
    assert ["postcard", "Turn notes into a postcard", "draft, short", "user"] in rows(chat)
    assert "broken" not in chat.out
    assert chat("prompts", "list", "--tag", "nobody-has-this") == 0
    assert chat.out == ""
    assert chat("prompts", "list", "--json") == 0
    entries = {entry["name"]: entry for entry in json.loads(chat.out)}
    assert entries["postcard"]["tags"] == ["draft", "short"]
    assert "must be one of chat, edit, generate" in entries["broken"]["error"]


def test_a_prompt_is_shown_with_all_that_it_inherits(chat: Chat) -> None:
    own(chat, "postcard.toml", POSTCARD)
    own(chat, "mine.toml", 'extends = "postcard"\nuser = "Mine: {{ text }}"')
    assert chat("prompts", "show", "mine") == 0
    assert chat.out.split("\n\n") == [
        "mine: Turn notes into a postcard",
        "[variable] to (str) Who gets the card",
        "[variable] words (int), 40 unless given",
        "[variable] tone (choice), warm unless given",
        "[params] temperature=0.8",
        "[system]\nYou write postcards to {{ to }}.",
        "[example]\nrain\n→\nIt rains.",
        "[user]\nMine: {{ text }}\n",
    ]
    assert chat("prompts", "show", "mine", "--json") == 0
    shown = json.loads(chat.out)
    assert (shown["name"], shown["system"]) == ("mine", "You write postcards to {{ to }}.")
    assert chat("prompts", "show", "postcrd") == 2
    assert "did you mean 'postcard'" in chat.err


def test_the_messages_shown_are_the_ones_that_the_engine_gets(chat: Chat) -> None:
    own(chat, "postcard.toml", POSTCARD.replace("{{ text }}", "{{ text }} ({{ date }})"))
    shots = "\n".join(json.dumps({"input": f"n{n}", "output": "o"}) for n in range(9))
    own(chat, "shots.jsonl", shots)
    own(chat, "plain.toml", 'system = "Plain."\nexamples_from = "shots.jsonl"\nmax_examples = 2')
    arguments = ("-p", "to", "Nora {{ text }}", "-p", "words", "60")
    assert chat("prompts", "show", "plain", "postcard", *arguments, "--messages", stdin="sun") == 0
    plain = chat.out
    shown = ("prompts", "show", "plain", "postcard", *arguments, "--messages", "--json")
    assert chat(*shown, stdin="sun") == 0
    messages = [(each["role"], each["content"]) for each in json.loads(chat.out)]
    assert chat("-t", "plain", "-t", "postcard", *arguments, "--seed", "1", stdin="sun") == 0
    assert messages == chat.asked
    assert plain == "\n\n".join(f"[{role}]\n{words}" for role, words in chat.asked) + "\n"
    assert messages[0][1].startswith("Plain.\n\nYou write postcards to Nora {{ text }}.")
    assert len(messages) == 1 + 2 * 3 + 1


def test_the_messages_shown_keep_to_the_budget_of_examples(chat: Chat) -> None:
    shots = "\n".join(json.dumps({"input": f"n{n}", "output": "o"}) for n in range(9))
    own(chat, "shots.jsonl", shots)
    own(chat, "few.toml", 'examples_from = "shots.jsonl"\nmax_example_tokens = 40')
    assert chat("prompts", "show", "few", "--messages", "--json", stdin="sun") == 0
    messages = [(each["role"], each["content"]) for each in json.loads(chat.out)]
    assert chat("-t", "few", "--seed", "1", stdin="sun") == 0
    assert messages == chat.asked
    assert 1 < len(messages) < 1 + 2 * 9
    assert f"{len(messages) // 2 - 1} of 9 examples" in chat.err
    assert "max_example_tokens of few is 40" in chat.err


def test_what_is_not_given_stands_in_braces(chat: Chat) -> None:
    own(chat, "postcard.toml", POSTCARD)
    assert chat("prompts", "show", "postcard", "--messages") == 0
    assert "You write postcards to {{ to }}." in chat.out
    assert chat.out.endswith("40 words, warm: {{ text }}\n")


def test_a_value_that_is_reckoned_with_must_be_given_to_be_shown(chat: Chat) -> None:
    own(chat, "sum.toml", 'user = "{{ n + 1 }} {{ text }}"\n[variables.n]\ntype = "int"')
    assert chat("prompts", "show", "sum", "--messages") == 2
    assert "the prompt 'sum' also needs: n" in chat.err
    assert chat("prompts", "show", "sum", "--messages", "-p", "n", "1") == 0
    assert chat.out == "[user]\n2 {{ text }}\n"


def test_the_tokens_of_the_parts_add_up(chat: Chat) -> None:
    own(chat, "postcard.toml", POSTCARD)
    arguments = ("prompts", "show", "postcard", "-p", "to", "Nora", "--tokens")
    assert chat(*arguments, "--json", stdin="sun and more sun") == 0
    shown = json.loads(chat.out)
    assert [part["part"] for part in shown["parts"]] == ["system", "example 1", "text"]
    assert sum(part["tokens"] for part in shown["parts"]) == shown["tokens"]
    assert chat("-t", "postcard", "-p", "to", "Nora", "--seed", "1", stdin="sun and more sun") == 0
    assert shown["tokens"] == chat.engine.count(chat.engine.requests[-1].messages)
    assert chat(*arguments, stdin="sun and more sun") == 0
    assert f"together\t{shown['tokens']} of 4,096" in chat.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "tighten", "--messages", "--tokens"), "does not go with"),
        (("show", "tighten", "-p", "percent", "3"), "--messages or --tokens"),
        (("show", "tighten", "--messages", "-p", "prcent", "3"), "did you mean 'percent'"),
        (("show", "tighten", "--messages", "-p", "percent", "300"), "must be from"),
        (("show",), "Missing argument"),
        (("new", "Big Name"), "lower-case letters, digits and hyphens"),
        (("new", "../x"), "lower-case letters, digits and hyphens"),
        (("new", "mine", "--from", "tigthen"), "did you mean 'tighten'"),
        (("edit", "tighten"), "there is no terminal for an editor"),
        (("edit", "tigthen"), "did you mean 'tighten'"),
        (("check", "tigthen", "--no-tokens"), "did you mean 'tighten'"),
    ],
)
def test_what_cannot_be_done_is_said(chat: Chat, arguments: tuple[str, ...], words: str) -> None:
    assert chat("prompts", *arguments) == 2
    assert words in chat.err
    assert chat.out == ""


def test_a_new_prompt_is_a_sound_skeleton_with_its_schema_beside_it(chat: Chat) -> None:
    assert chat("prompts", "new", "mine") == 0
    path = Path(chat.out.strip())
    assert path == chat.home / "config" / "prompts" / "mine.toml"
    text = path.read_text()
    assert text.startswith(SCHEMA_COMMENT)
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads((path.parent / SCHEMA_FILE).read_text()) == schema(chat)
    assert chat("prompts", "check", "mine", "--no-tokens") == 0
    assert chat.out == "mine: sound, 0 examples\n"
    # What the skeleton only suggests is sound as well.
    lines = (line.removeprefix("# ") for line in text.splitlines() if line.startswith("# "))
    own(chat, "mine.toml", "\n".join([text, *lines]))
    assert chat("prompts", "check", "mine", "--no-tokens") == 0
    assert chat.out == "mine: sound, 1 examples\n"


def test_a_name_that_is_taken_is_left_alone(chat: Chat) -> None:
    path = own(chat, "mine.toml", "")
    assert chat("prompts", "new", "mine") == 2
    assert "already exists: `chat prompts edit mine` changes it" in chat.err
    assert path.read_text() == ""


def test_a_new_prompt_behind_one_of_the_project_is_said(chat: Chat, tmp_path: Path) -> None:
    path = of_project(tmp_path, "mine.toml", "")
    assert chat("prompts", "new", "mine") == 0
    assert f"here mine is {path}, which takes precedence over yours" in chat.err
    assert chat("prompts", "new", "tighten") == 0
    assert chat.err == ""


def test_a_new_prompt_can_begin_with_a_copy(chat: Chat) -> None:
    assert chat("prompts", "new", "shorter", "--from", "tighten") == 0
    copy = (chat.home / "config" / "prompts" / "shorter.toml").read_text()
    original = (packaged_source().folder / "tighten.toml").read_text()
    without_comment = [line for line in original.splitlines() if not line.startswith("#:schema")]
    assert copy.splitlines() == [SCHEMA_COMMENT.strip(), *without_comment]
    assert chat("prompts", "new", "again", "--from", "shorter") == 0
    again = (chat.home / "config" / "prompts" / "again.toml").read_text()
    assert again == copy


def test_a_copy_without_the_files_of_its_original_is_said(chat: Chat, tmp_path: Path) -> None:
    of_project(tmp_path, "house.md", "House.")
    of_project(tmp_path, "theirs.toml", 'system = "{{ house }}"\ninclude.house = "house.md"')
    assert chat("prompts", "new", "mine", "--from", "theirs") == 0
    assert "mine.toml:3:1: include.house: there is no file 'house.md'" in chat.err


def test_a_file_a_folder_a_name_and_all_can_be_checked(chat: Chat, tmp_path: Path) -> None:
    good = own(chat, "postcard.toml", POSTCARD)
    own(chat, "broken.toml", 'kind = "poem"\ntags = 1\n')
    assert chat("prompts", "check", "--no-tokens", str(good)) == 0
    assert chat.out == "postcard: sound, 1 examples\n"
    assert chat("prompts", "check", "--no-tokens", "postcard") == 0
    assert chat("prompts", "check", "--no-tokens", "broken") == 1
    broken = good.with_name("broken.toml")
    assert [line.partition(": ")[0] for line in chat.out.splitlines()] == [
        f"{broken}:1:1",
        f"{broken}:2:1",
    ]
    assert chat("prompts", "check", "--no-tokens", str(good.parent)) == 1
    assert len(chat.out.splitlines()) == 3
    assert chat("prompts", "check", "--no-tokens") == 1
    assert "tighten: sound" in chat.out
    assert chat("prompts", "check", "--no-tokens", "--json", str(broken)) == 1
    (report,) = json.loads(chat.out)
    assert (report["name"], report["path"], report["tokens"]) == ("broken", str(broken), None)
    places = [(each["line"], each["column"], each["key"]) for each in report["problems"]]
    assert places == [(1, 1, "kind"), (2, 1, "tags")]
    assert chat("prompts", "check", "--no-tokens", str(tmp_path / "none.toml")) == 1
    assert "there is no such file" in chat.out


def test_a_folder_called_like_a_prompt_does_not_hide_it(chat: Chat, tmp_path: Path) -> None:
    own(chat, "postcard.toml", POSTCARD)
    folder = tmp_path / "postcard"
    folder.mkdir()
    (folder / "other.toml").write_text("kind = 1")
    assert chat("prompts", "check", "--no-tokens", "postcard") == 0
    assert chat.out == "postcard: sound, 1 examples\n"
    assert chat("prompts", "check", "--no-tokens", "postcard/") == 1
    assert chat.out == "postcard/other.toml:1:1: kind: must be a text, not 1\n"


def test_a_check_says_what_prompts_cost(chat: Chat) -> None:
    own(chat, "postcard.toml", POSTCARD)
    assert chat("prompts", "check", "--json", "postcard") == 0
    (report,) = json.loads(chat.out)
    system, (example,) = report["tokens"]["system"], report["tokens"]["examples"]
    assert chat("prompts", "check", "postcard") == 0
    assert chat.out == (
        f"postcard: sound, {system + example} tokens (system {system}, 1 examples {example})\n"
    )


def test_a_projects_prompt_is_checked_by_its_relative_name(chat: Chat, tmp_path: Path) -> None:
    text = '[[tests]]\ninput = "a"\nexpect = { contains = "a" }'
    own(chat, "mine.toml", f"[variables.words]\ndefault = 'x'\n{text}")
    of_project(tmp_path, "mine.toml", 'extends = "mine"\nuser = "{{ wrods }}"')
    assert chat("prompts", "check", "--no-tokens", ".chat/prompts/mine.toml") == 1
    assert chat.out.startswith(".chat/prompts/mine.toml:2: 'wrods' is neither")
    assert "did you mean 'words'" in chat.out


def test_numbers_that_are_not_given_can_be_reckoned_with(chat: Chat) -> None:
    variables = '[variables.n]\ntype = "int"\nmin = 3\n[variables.x]\ntype = "float"\nmax = 0.5'
    own(chat, "sums.toml", f'user = "{{{{ n + 1 }}}} {{{{ x / 2 }}}} {{{{ text }}}}"\n{variables}')
    assert chat("prompts", "check", "--no-tokens", "sums") == 0


def test_every_packaged_prompt_fits_the_schema(chat: Chat) -> None:
    jsonschema.Draft7Validator.check_schema(schema(chat))
    for path in packaged_source().folder.glob("*.toml"):
        assert fits(chat, path.read_text("utf-8")), path.name
    assert fits(chat, POSTCARD)
    assert fits(chat, "")


def test_all_that_a_prompt_can_say_fits_the_schema(chat: Chat) -> None:
    page = (Path(__file__).parent.parent / "docs" / "prompts.md").read_text("utf-8")
    blocks = [block.partition("```")[0] for block in page.split("```toml\n")[1:]]
    assert len(blocks) >= 3
    for block in blocks:
        assert fits(chat, block), block


@pytest.mark.parametrize("path", sorted(BROKEN.glob("[0-9]*.toml")), ids=lambda path: path.stem)
def test_the_schema_refuses_a_broken_prompt_unless_it_takes_more_to_see(path: Path) -> None:
    if not path.stem[4:].startswith(BEYOND_THE_SCHEMA):
        assert not is_accepted(path)


@pytest.mark.parametrize("mistake", BEYOND_THE_SCHEMA)
def test_what_is_beyond_the_schema_is_not_refused_by_it(mistake: str) -> None:
    assert any(is_accepted(path) for path in BROKEN.glob(f"*-{mistake}*.toml"))
