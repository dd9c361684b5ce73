"""``chat prompts learn``: what was found good in sessions, asked about and written one by one."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pexpect
import pytest
from pseudo_terminal import SCRIPTED
from scripted_chat import Chat

from engine.errors import NoModel
from engine.load_options import LoadOptions
from engine.protocol import Engine
from prompts import Library, Source, packaged_source
from prompts.schema import Example
from sessions import Change, SessionFile, SessionStore
from tui.cli import main

TEXTS = {
    "Their is a light on the hill.": "There is a light on the hill.",
    "He go home at nine.": "He goes home at nine.",
    "The letter were never sent.": "The letter was never sent.",
}


def latest(home: Path) -> SessionFile:
    store = SessionStore(home / "data" / "sessions")
    return store.open(store.latest())


def rated(
    chat: Chat, text: str, answer: str, value: Literal[-1, 0, 1] = 1, *words: str
) -> SessionFile:
    """A text that was proofread, and what a person thought of the answer."""
    chat.script(answer)
    assert chat("-t", "proofread", *words, stdin=text) == 0
    log = latest(chat.home)
    assert log.session.head is not None
    log.rate(log.session.head, value)
    return log


def learned(chat: Chat, *arguments: str) -> dict[str, Any]:
    """What there is to learn, as JSON."""
    assert chat("prompts", "learn", *(arguments or ("proofread",)), "--json") == 0
    found: dict[str, Any] = json.loads(chat.out)
    return found


def inputs(found: dict[str, Any]) -> list[str]:
    return [each["example"]["input"] for each in found["candidates"]]


def own_prompts(chat: Chat) -> list[Path]:
    return list((chat.home / "config").rglob("*.toml"))


def test_answers_rated_good_are_listed_and_nothing_is_written(chat: Chat) -> None:
    logs = [rated(chat, text, answer) for text, answer in TEXTS.items()]
    for number, log in enumerate(logs):
        os.utime(log.path, (1_000 + number, 1_000 + number))
    found = learned(chat)
    assert inputs(found) == list(reversed(TEXTS))
    origin = found["candidates"][-1]["origin"]
    assert origin["session"] == logs[0].session.id
    assert origin["turn"] == logs[0].session.head
    assert origin["title"] == logs[0].session.display_title
    assert found["candidates"][-1]["example"] == {
        "input": "Their is a light on the hill.",
        "output": "There is a light on the hill.",
        "instruction": "",
        "variables": {},
    }
    assert 0 < found["used"] < found["budget"]
    assert "nothing was written" in chat.err
    assert own_prompts(chat) == []
    assert chat("prompts", "learn", "proofread") == 0
    assert chat.out.splitlines()[0].split("\t")[-2:] == [
        "The letter were never sent.",
        "The letter was never sent.",
    ]


def test_only_good_answers_of_the_prompt_count_and_the_last_rating(chat: Chat) -> None:
    first, second, third = TEXTS.items()
    rated(chat, *first, -1)
    changed_mind = rated(chat, *second)
    assert changed_mind.session.head is not None
    changed_mind.rate(changed_mind.session.head, 0)
    rated(chat, *third)
    chat.script("Other.")
    chat("-t", "tighten", stdin="He go home.")
    assert inputs(learned(chat)) == [third[0]]
    assert inputs(learned(chat, "tighten")) == []
    assert "nothing to learn from" in chat.err


def test_an_answer_that_was_cut_off_or_deleted_is_none(chat: Chat) -> None:
    first, second, _ = TEXTS.items()
    log = rated(chat, *first)
    assert log.session.head is not None
    log.delete(log.session.head)
    chat.script(second[1])
    chat("-t", "proofread", "--max-tokens", "2", stdin=second[0])
    short = latest(chat.home)
    assert short.session.head is not None
    short.rate(short.session.head, 1)
    assert short.session.path()[-1].status == "length"
    assert inputs(learned(chat)) == []


def test_the_instruction_comes_along(chat: Chat) -> None:
    chat.script("Sorry, it is closed.")
    chat("-t", "editor", "Make it less formal.", stdin="We regret that it is closed.")
    log = latest(chat.home)
    assert log.session.head is not None
    log.rate(log.session.head, 1)
    (found,) = learned(chat, "editor")["candidates"]
    assert found["example"]["instruction"] == "Make it less formal."


def test_a_text_with_the_changes_that_were_taken_is_an_example(chat: Chat) -> None:
    old = "Their is a light. He go home."
    new = "There is a light. He goes home."
    log = rated(chat, old, new, 0)
    assert log.session.head is not None
    changes: Sequence[Change] = [
        Change(True, (0, 17), (0, 17)),
        Change(True, (18, 29), (18, 31), "He went home."),
    ]
    log.review(log.session.head, changes)
    (found,) = learned(chat)["candidates"]
    assert found["example"] == {**found["example"], "input": old}
    assert found["example"]["output"] == "There is a light. He went home."
    log.review(log.session.head, [changes[0], Change(False, (18, 29), (18, 31))])
    (found,) = learned(chat)["candidates"]
    assert found["example"]["output"] == "There is a light. He go home."
    log.rate(log.session.head, -1)
    assert inputs(learned(chat)) == []


def test_a_whole_draft_that_was_taken_is_one(chat: Chat) -> None:
    log = rated(chat, "Their is a light.", "There is a light.", 0)
    assert log.session.head is not None
    log.review(log.session.head, [Change(True)])
    assert inputs(learned(chat)) == ["Their is a light."]
    log.review(log.session.head, [Change(False)])
    assert inputs(learned(chat)) == []


def test_several_texts_are_the_text_as_they_were_joined(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Their is a light.\n")
    (tmp_path / "b.md").write_text("He go home.\n")
    chat.script("Right.")
    chat("-t", "proofread", "-f", "a.md", "-f", "b.md")
    log = latest(chat.home)
    assert log.session.head is not None
    log.rate(log.session.head, 1)
    (text,) = inputs(learned(chat))
    assert text == "--- a.md ---\nTheir is a light.\n\n--- b.md ---\nHe go home."


def test_the_newest_come_first_as_far_as_they_are_wanted(chat: Chat) -> None:
    for text, answer in TEXTS.items():
        rated(chat, text, answer)
    assert len(inputs(learned(chat, "proofread", "--limit", "2"))) == 2
    assert inputs(learned(chat, "proofread", "--since", "2099-01-01")) == []
    assert len(inputs(learned(chat, "proofread", "--since", "1h"))) == 3
    assert chat("prompts", "learn", "proofread", "--since", "soon") == 2


def test_without_a_model_tokens_are_estimated(
    chat: Chat, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    rated(chat, *next(iter(TEXTS.items())))

    def no_model(_path: Path, _options: LoadOptions) -> Engine:
        raise NoModel

    assert main(("prompts", "learn", "proofread", "--json"), starter=no_model) == 0
    out, err = capsysbinary.readouterr()
    (found,) = json.loads(out)["candidates"]
    letters = len("Their is a light on the hill.There is a light on the hill.")
    assert found["tokens"] > letters // 4
    assert b"there is no model, so the tokens are an estimate" in err
    assert chat("prompts", "learn", "proofread", "-m", "none-such") == 2


def test_an_unknown_prompt_and_an_empty_store_are_said(chat: Chat) -> None:
    assert chat("prompts", "learn", "prooffread") == 2
    assert "did you mean 'proofread'?" in chat.err
    assert chat("prompts", "learn", "proofread") == 0
    assert "nothing to learn from" in chat.err
    assert not (chat.home / "data" / "sessions").exists()


# On a terminal


class Asked:
    """The command on a pseudo-terminal."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = home
        self.folder = folder
        self.processes: list[pexpect.spawn] = []

    def start(self, *arguments: str) -> pexpect.spawn:
        process = pexpect.spawn(
            sys.executable,
            ["-c", SCRIPTED, "Hello.", "prompts", "learn", *arguments],
            env={**os.environ, "CHAT_HOME": str(self.home), "TERM": "xterm-256color"},
            cwd=str(self.folder),
            dimensions=(24, 200),
            encoding="utf-8",
            timeout=60,
        )
        self.processes.append(process)
        return process

    def outputs(self, name: str = "proofread") -> list[str]:
        """Of the examples in the person's own file."""
        library = Library([Source("user", self.home / "config" / "prompts"), packaged_source()])
        found = library.load(name)
        if found.source == "packaged":
            return []
        return [each.output for each in found.examples if isinstance(each, Example)]


@pytest.fixture
def asked(chat: Chat, tmp_path: Path) -> Iterator[Asked]:
    for number, (text, answer) in enumerate(TEXTS.items()):
        log = rated(chat, text, answer)
        os.utime(log.path, (1_000 + number, 1_000 + number))
    started = Asked(chat.home, tmp_path)
    yield started
    for process in started.processes:
        process.close(force=True)


def test_each_is_shown_and_added_on_a_yes_at_once(asked: Asked) -> None:
    learn = asked.start("proofread")
    learn.expect(f"{datetime.now().astimezone():%Y-%m-%d}: \\d+ tokens, \\d+ of [\\d,]+ with it")
    learn.expect("- The letter were never sent\\.")
    learn.expect("\\+ The letter was never sent\\.")
    learn.expect("Add it to .*config/prompts/proofread\\.toml\\? \\[y/n/q\\]")
    learn.send("n\r")
    learn.expect("- He go home")
    learn.expect("\\[y/n/q\\]")
    learn.send("perhaps\r")
    learn.expect("\\[y/n/q\\]")
    learn.send("y\r")
    learn.expect("examples that it inherits are in the file now too")
    learn.expect("- Their is a light")
    assert asked.outputs()[-1] == "He goes home at nine."
    learn.expect("\\[y/n/q\\]")
    learn.send("yes\r")
    learn.expect(pexpect.EOF)
    learn.close()
    assert learn.exitstatus == 0
    assert asked.outputs()[-2:] == ["He goes home at nine.", "There is a light on the hill."]
    folder = asked.home / "config" / "prompts"
    assert sorted(path.name for path in folder.iterdir()) == [
        "prompt.schema.json",
        "proofread.toml",
    ]
    again = asked.start("proofread")
    again.expect("- The letter were never sent")
    again.expect("\\[y/n/q\\]")
    again.send("n\r")
    again.expect("2 left out: the prompt already has such an example")
    again.expect(pexpect.EOF)


@pytest.mark.parametrize(("key", "status"), [("q\r", 0), ("\x03", 130), ("\x04", 0)])
def test_leaving_keeps_what_was_said_yes_to(asked: Asked, key: str, status: int) -> None:
    learn = asked.start("proofread")
    learn.expect("\\[y/n/q\\]")
    learn.send("y\r")
    learn.expect("- He go home")
    learn.expect("\\[y/n/q\\]")
    learn.send(key)
    learn.expect(pexpect.EOF)
    learn.close()
    assert learn.exitstatus == status
    assert asked.outputs()[-1] == "The letter was never sent."
    assert "He goes home at nine." not in asked.outputs()


def test_an_answer_typed_in_advance_is_no_yes(asked: Asked) -> None:
    learn = asked.start("proofread")
    learn.send("y\r")
    learn.expect("\\[y/n/q\\]")
    learn.send("q\r")
    learn.expect(pexpect.EOF)
    assert asked.outputs() == []


def test_what_is_in_a_session_does_not_act_on_the_terminal(asked: Asked, chat: Chat) -> None:
    log = rated(chat, "An \x1b]0;owned\x07 text.", "A \x9b31m text.\u202e")
    log.set_title("\x1b[2Jtitle")
    learn = asked.start("proofread")
    learn.expect("\\[y/n/q\\]")
    assert learn.before is not None
    shown = learn.before
    assert "\x1b]0" not in shown
    assert "\x1b[2J" not in shown
    assert "\x9b" not in shown
    assert "\u202e" not in shown
    assert "␛]0;owned␇" in shown


def test_a_projects_prompt_is_added_to_only_where_that_is_meant(
    asked: Asked, chat: Chat, tmp_path: Path
) -> None:
    path = tmp_path / ".chat" / "prompts" / "proofread.toml"
    path.parent.mkdir(parents=True)
    path.write_text('# ours\nextends = "proofread"\n')
    refused = asked.start("proofread")
    refused.expect("others may read it: use --project to add to it anyway")
    refused.expect(pexpect.EOF)
    learn = asked.start("proofread", "--project")
    learn.expect("Add it to .*\\.chat/prompts/proofread\\.toml\\?")
    learn.send("y\r")
    learn.expect("- He go home")
    learn.expect("\\[y/n/q\\]")
    learn.send("q\r")
    learn.expect(pexpect.EOF)
    assert path.read_text().startswith('# ours\nextends = "proofread"\n')
    assert "The letter was never sent." in path.read_text()
    assert own_prompts(chat) == []


def test_a_file_changed_under_the_questions_is_left_alone(asked: Asked) -> None:
    learn = asked.start("proofread")
    learn.expect("\\[y/n/q\\]")
    path = asked.home / "config" / "prompts" / "proofread.toml"
    path.parent.mkdir(parents=True)
    path.write_text('extends = "proofread"\n')
    learn.send("y\r")
    learn.expect("it was changed meanwhile")
    learn.expect(pexpect.EOF)
    learn.close()
    assert learn.exitstatus == 1
    assert path.read_text() == 'extends = "proofread"\n'


def test_a_taken_edit_can_be_learned_from(asked: Asked, tmp_path: Path) -> None:
    draft = tmp_path / "draft.md"
    draft.write_text("The doors was open.\n")
    edit = pexpect.spawn(
        sys.executable,
        ["-c", SCRIPTED, "The doors were open.\n", "--edit", str(draft)],
        env={**os.environ, "CHAT_HOME": str(asked.home), "TERM": "xterm-256color"},
        encoding="utf-8",
        timeout=60,
    )
    asked.processes.append(edit)
    edit.expect("1 open")
    edit.send("y")
    edit.send("q")
    edit.expect(pexpect.EOF)
    learn = asked.start("proofread")
    learn.expect("draft\\.md \\(proofread\\)")
    learn.expect("- The doors was open\\.")
    learn.expect("\\+ The doors were open\\.")
    learn.expect("\\[y/n/q\\]")
    learn.send("y\r")
    learn.expect("\\[y/n/q\\]")
    assert asked.outputs()[-1] == "The doors were open."
