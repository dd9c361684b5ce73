"""``chat prompts import``: what it writes, what it says, and its exit codes."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from scripted_chat import Chat

from prompts import packaged_source
from prompts.jsonschema import SCHEMA_FILE, schema
from prompts.reading import parse_prompt
from tui.prompt_import import NOTES_SHOWN


def pattern(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "system.md").write_text(text)
    return folder


def library(chat: Chat) -> Path:
    return chat.home / "config" / "prompts"


def names(chat: Chat) -> list[str]:
    """Everything in the library's folder, hidden files too, but for the schema."""
    if not library(chat).exists():
        return []
    return sorted({*os.listdir(library(chat))} - {SCHEMA_FILE})


@pytest.fixture
def kind(tmp_path: Path) -> Path:
    return pattern(tmp_path / "Be_kind", "You are kind to {{whom}}.")


def test_a_pattern_comes_in_and_can_be_used(chat: Chat, kind: Path) -> None:
    assert chat("prompts", "import", str(kind)) == 0
    assert (chat.out, chat.err) == ("be-kind  from a Fabric pattern\n", "")
    assert chat("-t", "be-kind", "-p", "whom", "cats", "Hello") == 0
    assert chat.asked == [("system", "You are kind to cats."), ("user", "Hello")]


def test_the_file_is_the_persons_alone(chat: Chat, kind: Path) -> None:
    umask = os.umask(0)
    try:
        assert chat("prompts", "import", str(kind)) == 0
    finally:
        os.umask(umask)
    assert names(chat) == ["be-kind.toml"]
    assert stat.S_IMODE((library(chat) / "be-kind.toml").stat().st_mode) == 0o600
    for folder in (library(chat), library(chat).parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_schema_that_the_file_names_lies_beside_it(chat: Chat, kind: Path) -> None:
    assert chat("prompts", "import", str(kind)) == 0
    assert json.loads((library(chat) / SCHEMA_FILE).read_text()) == schema()


def test_the_file_tells_no_path_of_this_machine(chat: Chat, kind: Path, tmp_path: Path) -> None:
    assert chat("prompts", "import", str(kind)) == 0
    text = (library(chat) / "be-kind.toml").read_text()
    assert text.startswith("#:schema ./prompt.schema.json\n# Imported from a Fabric pattern: Be_")
    assert str(tmp_path) not in text


def test_the_current_folder_has_a_name_too(
    chat: Chat, kind: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(kind)
    assert chat("prompts", "import", ".") == 0
    assert chat.out == "be-kind  from a Fabric pattern\n"


def test_a_prompt_that_is_there_stays_as_it_is(chat: Chat, kind: Path) -> None:
    library(chat).mkdir(parents=True)
    mine = library(chat) / "be-kind.toml"
    mine.write_text("system = 'Mine.'")
    assert chat("prompts", "import", str(kind)) == 1
    assert (chat.out, chat.err) == (
        "",
        "chat: Be_kind: skipped, a prompt called 'be-kind' already exists: "
        "import it by itself with --as NAME to give it another name\n",
    )
    assert mine.read_text() == "system = 'Mine.'"
    assert names(chat) == ["be-kind.toml"]
    assert chat("prompts", "import", str(kind), "--as", "kinder") == 0
    assert chat.out == "kinder  from a Fabric pattern\n"
    assert names(chat) == ["be-kind.toml", "kinder.toml"]


@pytest.mark.parametrize("there", ["pipe", "dangling link", "folder"])
def test_whatever_has_the_name_is_left_alone(chat: Chat, kind: Path, there: str) -> None:
    library(chat).mkdir(parents=True)
    path = library(chat) / "be-kind.toml"
    if there == "pipe":
        os.mkfifo(path)
    elif there == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    before = path.lstat()
    assert chat("prompts", "import", str(kind)) == 1
    assert "already exists" in chat.err
    assert path.lstat() == before
    assert names(chat) == ["be-kind.toml"]


def test_the_same_again_is_no_failure(chat: Chat, kind: Path) -> None:
    chat("prompts", "import", str(kind))
    before = (library(chat) / "be-kind.toml").stat()
    assert chat("prompts", "import", str(kind)) == 0
    assert chat.out == "be-kind  from a Fabric pattern, already exists\n"
    assert (library(chat) / "be-kind.toml").stat() == before


def test_two_of_one_name_do_not_replace_each_other(chat: Chat, tmp_path: Path) -> None:
    for name in ("Be_kind", "be kind"):
        pattern(tmp_path / "all" / name, f"I am {name}.")
    for flags in (["--dry-run"], []):
        assert chat("prompts", "import", "all", *flags) == 1
        assert "be kind: skipped, a prompt called 'be-kind' already exists" in chat.err
    assert "I am Be_kind." in (library(chat) / "be-kind.toml").read_text()


@pytest.mark.parametrize("name", ["../evil", "/evil", "Evil", "", "a.b", "-a", "a\n", "a" * 101])
def test_a_name_that_prompts_cannot_have_is_wrong_usage(chat: Chat, kind: Path, name: str) -> None:
    assert chat("prompts", "import", str(kind), "--as", name) == 2
    rule = "prompts are named in lower-case letters, digits and hyphens"
    assert chat.err.endswith(f" cannot be a prompt's name: {rule}\n")
    assert names(chat) == []


def test_one_name_is_not_for_several(chat: Chat, tmp_path: Path) -> None:
    for name in ("a", "b"):
        pattern(tmp_path / "all" / name, "Hi.")
    assert chat("prompts", "import", "all", "--as", "c") == 2
    assert chat.err == "chat: --as names one prompt, and all has several\n"
    assert names(chat) == []


def test_what_cannot_be_read_is_told_and_the_rest_comes_in(chat: Chat, tmp_path: Path) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    (folder / "a.md").write_bytes(b"\xff")
    (folder / "b\x1b.yaml").write_text("system: Hi\nmodel: gpt\x1b-4\n".replace("\x1b", "\\x1b"))
    os.mkfifo(folder / "c.md")
    assert chat("prompts", "import", "all") == 1
    assert chat.out == "b  from an llm template\n"
    assert chat.err == (
        "chat: b: left out: model = gpt\\x1b-4\n"
        "chat: a.md: it is not UTF-8 text (line 1)\n"
        "chat: c.md: it is not a regular file\n"
    )
    assert names(chat) == ["b.toml"]


def test_a_path_that_is_not_there_is_told(chat: Chat) -> None:
    assert chat("prompts", "import", "nowhere") == 1
    assert (chat.out, chat.err) == ("", "chat: nowhere: no such file or folder\n")


def test_a_library_that_cannot_be_written_is_told(chat: Chat, kind: Path) -> None:
    library(chat).parent.mkdir(parents=True)
    library(chat).touch()
    assert chat("prompts", "import", str(kind)) == 1
    assert chat.out == ""
    assert chat.err.startswith("chat: Be_kind: be-kind.toml: ")


def test_many_notes_are_counted(chat: Chat, tmp_path: Path) -> None:
    keys = "".join(f"key{number}: 1\n" for number in range(NOTES_SHOWN + 2))
    (tmp_path / "a.yaml").write_text(f"system: Hi\n{keys}")
    assert chat("prompts", "import", "a.yaml") == 0
    lines = chat.err.splitlines()
    assert len(lines) == NOTES_SHOWN + 1
    assert lines[0] == "chat: a: left out: key0 = 1"
    assert lines[-1] == "chat: and 2 more; the first lines of each file have its own"


def test_a_prompt_that_hides_a_packaged_one_is_pointed_out(chat: Chat, tmp_path: Path) -> None:
    name = sorted(packaged_source().folder.glob("*.toml"))[0].stem
    (tmp_path / f"{name}.md").write_text("Hi.")
    assert chat("prompts", "import", f"{name}.md") == 0
    assert chat.err == f"chat: {name}: it hides the packaged prompt of that name\n"


def test_a_dry_run_prints_the_file_and_writes_nothing(chat: Chat, kind: Path) -> None:
    assert chat("prompts", "import", str(kind), "--dry-run") == 0
    assert not library(chat).exists()
    dry = chat.out
    assert parse_prompt(dry, name="a", path=Path("a.toml")).title == "Be kind"
    chat("prompts", "import", str(kind))
    assert (library(chat) / "be-kind.toml").read_text() == dry


def test_a_dry_run_of_several_says_which_is_which(chat: Chat, tmp_path: Path) -> None:
    for name in ("a", "b"):
        pattern(tmp_path / "all" / name, "Hi.")
    assert chat("prompts", "import", "all", "--dry-run") == 0
    heads = [line for line in chat.out.splitlines() if line.endswith(".toml")]
    assert heads == ["# a.toml", "# b.toml"]


def test_json_says_what_came_of_each(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "a.yaml").write_text("system: Hi\nmodel: gpt-4o\n")
    (tmp_path / "all" / "b.md").write_text("")
    assert chat("prompts", "import", "all", "--json") == 1
    assert json.loads(chat.out) == {
        "dry_run": False,
        "prompts": [
            {
                "name": "a",
                "form": "llm",
                "origin": "a.yaml",
                "path": str(library(chat) / "a.toml"),
                "status": "written",
                "notes": ["left out: model = gpt-4o"],
            }
        ],
        "problems": [{"place": "b.md", "reason": "it is empty"}],
    }
    assert chat("prompts", "import", "all", "--json", "--dry-run") == 1
    assert json.loads(chat.out)["prompts"][0]["status"] == "there already"


def test_nothing_that_is_imported_is_carried_out(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "prompt: $input\nfunctions: |\n  open('made', 'w')\n", encoding="utf-8"
    )
    (tmp_path / "b.yaml").write_text("prompt: !!python/object/apply:os.mkdir [made]\n")
    pattern(tmp_path / "c", "{{plugin:file:read:a.yaml}}{{ ''.__class__ }}")
    for path in ("a.yaml", "b.yaml", "c"):
        chat("prompts", "import", path)
    assert not (tmp_path / "made").exists()
    assert chat("-t", "c", "Hello") == 0
    assert chat.asked[0] == ("system", "{{plugin:file:read:a.yaml}}{{ ''.__class__ }}")
