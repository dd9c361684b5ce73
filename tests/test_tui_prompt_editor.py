"""Prompts edited, and asked about, on a real pseudo-terminal."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

import pexpect
import pytest
from prompt_library import POSTCARD
from pseudo_terminal import Terminal

from prompts import packaged_source
from prompts.jsonschema import SCHEMA_COMMENT

SOUND = 'title = "Mine"\nsystem = "Be brief."\n'
BROKEN = 'titel = "Mine"\nkind = "poem"\n'
QUESTION = "\\[e\\]dit again, \\[s\\]ave it anyway, \\[d\\]iscard"


class Desk:
    """A person's editor, and what it does each time that it is opened."""

    def __init__(self, terminal: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.terminal = terminal
        self.folder = folder
        self.prompts = terminal.home / "config" / "prompts"
        self.prompts.mkdir(parents=True)
        editor = folder / "editor"
        editor.write_text('#!/bin/sh\nn=$(cat n)\necho $((n + 1)) > n\n. ./"$n" "$1"\n')
        editor.chmod(0o700)
        monkeypatch.setenv("VISUAL", str(editor))
        monkeypatch.chdir(folder)

    def will(self, *commands: str) -> None:
        """What it does in turn: lines of a shell, of which ``$1`` is the file; ``fail`` fails."""
        (self.folder / "n").write_text("0")
        for number, command in enumerate(commands):
            (self.folder / str(number)).write_text(f"{command}\n")

    def write(self, text: str) -> str:
        """The command that writes a text."""
        name = f"text-{abs(hash(text))}"
        (self.folder / name).write_text(text)
        return f'cat {name} > "$1"'

    def run(self, *arguments: str, answers: Iterable[str] = ()) -> tuple[int | None, str]:
        """Exit code and what stood on the terminal; each answer is for a broken prompt."""
        chat = self.terminal.start("prompts", *arguments)
        shown = ""
        for answer in answers:
            chat.expect(QUESTION)
            shown += chat.before
            chat.send(f"{answer}\r")
        chat.expect(pexpect.EOF)
        chat.close()
        return chat.exitstatus, (shown + chat.before).replace("\r\n", "\n")

    def own(self, name: str) -> str:
        """The text of one of the person's prompts."""
        return (self.prompts / name).read_text()


@pytest.fixture
def desk(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(terminal, tmp_path, monkeypatch)


def test_what_is_sound_is_saved_and_keeps_its_mode(desk: Desk) -> None:
    path = desk.prompts / "mine.toml"
    path.write_text("")
    path.chmod(0o644)
    desk.will(desk.write(SOUND))
    assert desk.run("edit", "mine") == (0, f"{path}\n")
    assert desk.own("mine.toml") == SOUND
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_link_within_the_folder_stays_a_link(desk: Desk) -> None:
    (desk.prompts / "real.toml").write_text("")
    (desk.prompts / "mine.toml").symlink_to("real.toml")
    desk.will(desk.write(SOUND))
    assert desk.run("edit", "mine")[0] == 0
    assert (desk.prompts / "mine.toml").is_symlink()
    assert desk.own("real.toml") == SOUND


@pytest.mark.parametrize(
    ("answers", "saved"),
    [(["e"], SOUND), (["s"], BROKEN), (["d"], "old"), (["x", "d"], "old"), ([""], SOUND)],
)
def test_of_a_broken_prompt_the_person_says_what_becomes_of_it(
    desk: Desk, answers: list[str], saved: str
) -> None:
    (desk.prompts / "mine.toml").write_text('title = "old"')
    desk.will(desk.write(BROKEN), desk.write(SOUND))
    code, shown = desk.run("edit", "mine", answers=answers)
    assert code == 0
    assert "mine.toml:1:1: titel: unknown key; did you mean 'title'?" in shown
    assert "mine.toml:2:1: kind: must be one of chat, edit, generate, not 'poem'" in shown
    assert desk.own("mine.toml") == ('title = "old"' if saved == "old" else saved)
    assert ("nothing was saved" in shown) == (saved == "old")


def test_a_second_look_begins_with_the_broken_text(desk: Desk) -> None:
    (desk.prompts / "mine.toml").write_text("")
    desk.will(desk.write(BROKEN), "sed -i 's/titel/title/; s/poem/chat/' \"$1\"")
    assert desk.run("edit", "mine", answers=["e"])[0] == 0
    assert desk.own("mine.toml") == 'title = "Mine"\nkind = "chat"\n'


@pytest.mark.parametrize("name", ["mine", "tighten"])
def test_nothing_changed_is_nothing_saved(desk: Desk, name: str) -> None:
    (desk.prompts / "mine.toml").write_text(SOUND)
    desk.will(":")
    code, shown = desk.run("edit", name)
    assert code == 0
    assert shown.endswith("nothing was changed\n")
    assert [path.name for path in desk.prompts.iterdir()] == ["mine.toml"]


def test_a_packaged_prompt_is_changed_as_a_copy(desk: Desk) -> None:
    desk.will("echo '# mine' >> \"$1\"")
    code, shown = desk.run("edit", "tighten")
    assert code == 0
    assert "tighten comes with the program: this is your own copy of it" in shown
    copy = desk.own("tighten.toml")
    assert copy.startswith(SCHEMA_COMMENT)
    assert copy.endswith("# mine\n")
    assert "# mine" not in (packaged_source().folder / "tighten.toml").read_text()


def test_an_editor_that_fails_saves_nothing(desk: Desk) -> None:
    (desk.prompts / "mine.toml").write_text(SOUND)
    desk.will("exit 3")
    code, shown = desk.run("edit", "mine")
    assert code == 2
    assert "Editing failed" in shown
    assert desk.own("mine.toml") == SOUND


def test_an_editor_that_fails_later_does_not_lose_what_was_written(desk: Desk) -> None:
    (desk.prompts / "mine.toml").write_text("")
    desk.will(desk.write(BROKEN), "exit 3")
    code, shown = desk.run("edit", "mine", answers=["e", "s"])
    assert code == 0
    assert "Editing failed" in shown
    assert desk.own("mine.toml") == BROKEN


def test_a_file_that_was_changed_meanwhile_is_left_alone_and_the_words_are_kept(desk: Desk) -> None:
    path = desk.prompts / "mine.toml"
    path.write_text("")
    desk.will(f"echo '# theirs' > {path}\n{desk.write(SOUND)}")
    code, shown = desk.run("edit", "mine")
    assert code == 2
    assert "was changed meanwhile; your text is in" in " ".join(shown.split())
    assert desk.own("mine.toml") == "# theirs\n"
    assert desk.own("mine.toml.edited") == SOUND


def test_a_new_prompt_begins_with_the_skeleton_and_is_saved_unchanged_too(desk: Desk) -> None:
    desk.will(":")
    assert desk.run("new", "mine") == (0, f"{desk.prompts / 'mine.toml'}\n")
    assert desk.own("mine.toml").startswith(f"{SCHEMA_COMMENT}title =")
    desk.will(desk.write(BROKEN))
    code, _ = desk.run("new", "other", answers=["d"])
    assert code == 0
    assert not (desk.prompts / "other.toml").exists()


def test_a_person_is_asked_for_what_is_missing_until_it_fits(desk: Desk) -> None:
    (desk.prompts / "postcard.toml").write_text(
        POSTCARD.replace("default = 40", "").replace('default = "warm"', "")
    )
    chat = desk.terminal.start_scripted("Dear Nora.", "-t", "postcard", "rain")
    chat.expect("Who gets the card: ")
    chat.send("Nora\r")
    chat.expect("words \\(from 10 to 120\\): ")
    chat.send("many\r")
    chat.expect("words must be a whole number, not 'many'")
    chat.send("500\r")
    chat.expect("words must be from 10 to 120, not 500")
    chat.send("60\r")
    chat.expect("tone \\(warm, cool\\): ")
    chat.send("wram\r")
    chat.expect("did you mean 'warm'")
    chat.send("cool\r")
    chat.expect("Dear Nora")
    chat.expect(pexpect.EOF)
    assert [turn.content for turn in desk.terminal.turns() if turn.role == "user"][-1] == (
        "60 words, cool: rain"
    )


@pytest.mark.parametrize(
    ("keys", "code", "words"),
    [("\x04", 2, "also needs: to"), ("\r", 2, "also needs: to"), ("\x03", 130, "")],
)
def test_a_person_who_gives_nothing_gets_no_answer(
    desk: Desk, keys: str, code: int, words: str
) -> None:
    (desk.prompts / "postcard.toml").write_text(POSTCARD)
    chat = desk.terminal.start_scripted("Dear Nora.", "-t", "postcard", "rain")
    chat.expect("Who gets the card: ")
    chat.send(keys)
    chat.expect(pexpect.EOF)
    chat.close()
    assert chat.exitstatus == code
    assert words in chat.before
    assert "Dear Nora" not in chat.before


def test_the_repl_asks_once_and_completes_names_and_values(desk: Desk) -> None:
    (desk.prompts / "postcard.toml").write_text(POSTCARD)
    chat = desk.terminal.start_scripted("Dear Nora.", "--repl")
    chat.expect("›")
    for typed, completed in (("/template postc", "postcard"), (" tone=c", "tone=cool")):
        chat.send(typed)
        chat.expect(completed)
        chat.send("\t")
        chat.expect(completed)
    chat.send("\r")  # sends at once: there was one completion
    chat.expect("each message goes through postcard.* tone=cool")
    chat.send("rain\r")
    chat.expect("Who gets the card: ")
    chat.send("Nora\r")
    chat.expect("Dear Nora")
    chat.expect("›")
    chat.send("sun\r")
    chat.expect("Dear Nora")
    chat.send("\x04")
    chat.expect(pexpect.EOF)
    asked = [turn.content for turn in desk.terminal.turns() if turn.role == "user"]
    assert asked[-2:] == ["40 words, cool: rain", "40 words, cool: sun"]
