"""``chat sessions export``: where an export goes, who may read it, and what is told before."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from scripted_chat import Chat

from sessions import SessionFile, SessionStore, Turn
from sessions.export import FORMATS
from tui.session_commands import EXPORT_FORMATS


def log_of(chat: Chat) -> SessionFile:
    store = SessionStore(chat.home / "data" / "sessions")
    return store.open(store.latest())


@pytest.fixture
def talked(chat: Chat) -> Chat:
    """A session with one question and its answer."""
    chat.script("Because.")
    chat("Why?")
    chat.script("So.")
    return chat


def test_the_last_session_goes_to_stdout_as_it_is(talked: Chat) -> None:
    assert talked("sessions", "export", "--format", "text") == 0
    assert (talked.out, talked.err) == ("[user]\nWhy?\n\n[assistant]\nBecause.\n", "")


def test_a_session_is_exported_by_its_title_or_its_id(talked: Chat) -> None:
    first = log_of(talked).session.id
    talked("What else?")
    for query in ("Why?", "why", first):
        assert talked("sessions", "export", query, "--format", "openai") == 0
        assert json.loads(talked.out)["messages"][0]["content"] == "Why?"
    assert talked("sessions", "export", "nothing", "--format", "openai") == 2


def test_every_form_that_can_be_asked_for_is_there(talked: Chat) -> None:
    assert set(EXPORT_FORMATS) == set(FORMATS)
    for form in EXPORT_FORMATS:
        assert talked("sessions", "export", "--format", form) == 0
        assert "Because." in talked.out


@pytest.mark.parametrize("form", ["openai", "jsonl", "markdown", "text"])
def test_a_branch_is_chosen_by_its_name_and_goes_on_to_its_leaf(talked: Chat, form: str) -> None:
    log = log_of(talked)
    question, answer = log.session.path()
    log.name_branch("first", question.id)
    log.append(Turn("other", None, "user", "Something else", question.time))
    assert talked("sessions", "export", "--format", form, "--branch", "first") == 0
    assert answer.content in talked.out
    assert "Something else" not in talked.out


def test_a_branch_that_is_not_there_or_was_deleted_is_exit_2(talked: Chat) -> None:
    log = log_of(talked)
    question, answer = log.session.path()
    log.name_branch("first", answer.id)
    export = ("sessions", "export", "--format", "text", "--branch")
    assert talked(*export, "frist") == 2
    assert "there is no branch 'frist': 'first'" in talked.err
    log.delete(question.id)
    assert talked(*export, "first") == 2
    assert "there is no branch 'first'" in talked.err


def test_a_file_is_new_and_for_the_person_alone(talked: Chat, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        assert talked("sessions", "export", "--format", "json", "-o", "out.json") == 0
    finally:
        os.umask(old)
    path = tmp_path / "out.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_bytes())["format"] == "draftsmith-session"
    assert (talked.out, talked.err) == ("", "chat: out.json is written\n")
    assert [each.name for each in tmp_path.iterdir() if each.name != "home"] == ["out.json"]


def test_a_file_that_is_there_stays_unless_it_is_forced(talked: Chat, tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("mine")
    path.chmod(0o644)
    export = ("sessions", "export", "--format", "text", "-o", "out.txt")
    assert talked(*export) == 2
    assert talked.err == "chat: out.txt already exists: --force replaces it\n"
    assert path.read_text() == "mine"
    assert talked(*export, "--force") == 0
    assert "Because." in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_force_replaces_a_link_and_not_what_it_leads_to(talked: Chat, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "link").symlink_to("mine")
    assert talked("sessions", "export", "--format", "text", "-o", "link") == 2
    assert talked("sessions", "export", "--format", "text", "-o", "link", "--force") == 0
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / "link").is_symlink()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("-o", "tale.doc"), 2, "tale.doc ends in no format's name"),
        (("--format", "docx"), 2, "'docx' is not one of"),
        (("--format", "text", "-o", "."), 2, ". is a folder"),
        (("--format", "text", "-o", "no/such/file"), 1, "no/such/file: No such file"),
        (("--format", "text", "--force"), 2, "--force goes with --output"),
        (("--format", "json", "--branch", "x"), 2, "--branch does not go with json"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    talked: Chat, arguments: tuple[str, ...], code: int, words: str
) -> None:
    assert talked("sessions", "export", *arguments) == code
    assert words in talked.err
    assert (talked.err.count("\n"), talked.out) == (1, "")


def test_without_sessions_there_is_nothing_to_export(chat: Chat) -> None:
    assert chat("sessions", "export", "--format", "text") == 2
    assert "no saved sessions" in chat.err


def test_what_a_terminal_obeys_stays_raw_on_a_pipe(talked: Chat) -> None:
    log = log_of(talked)
    asked = log.session.path()[-1]
    log.append(Turn("esc", asked.id, "user", "\x1b[2J\x00\r\udc80", asked.time))
    assert talked("sessions", "export", "--format", "text") == 0
    assert talked.out.endswith("\x1b[2J\x00\r\ufffd\n")


def test_damage_and_gaps_are_told(talked: Chat) -> None:
    path = log_of(talked).path
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"damage\n", *lines[2:]]))
    assert talked("sessions", "export", "--format", "text") == 0
    assert talked.out == "[assistant]\nBecause.\n"
    assert "1 damaged lines are left out" in talked.err
    assert "turns before the first one are lost" in talked.err


KEY = "sk-" + "a1B2c3D4e5F6g7H8i9J0k1L2"


def test_what_may_be_private_is_told_and_not_shown(talked: Chat) -> None:
    talked.script("Look into /home/anna/x.")
    talked(f"What is {KEY}?")
    assert talked("sessions", "export", "--format", "text") == 0
    assert talked.err.splitlines() == [
        "chat: turn 1, question: what looks like a key: sk-a…",
        "chat: turn 2, answer: a path in a home folder: /home/anna…",
    ]
    assert KEY in talked.out


def test_what_is_not_in_an_export_is_not_told(talked: Chat) -> None:
    log = log_of(talked)
    asked = log.session.path()[-1]
    log.append(Turn("k", asked.id, "assistant", "So.", asked.time, reasoning=f"It is {KEY}."))
    log.append(Turn("gone", asked.id, "user", "/home/anna/x", asked.time))
    log.delete("gone")
    log.set_head("k")
    told = {}
    for form in FORMATS:
        assert talked("sessions", "export", "--format", form) == 0
        told[form] = talked.err.count("\n")
    assert told == {"json": 2, "html": 1, "openai": 0, "jsonl": 0, "markdown": 0, "text": 0}


def test_many_findings_are_counted(talked: Chat) -> None:
    talked(" ".join(f"/home/{name}x{name}/" for name in "abcdefghijklmnopqrstuvwxy"))
    assert talked("sessions", "export", "--format", "text") == 0
    assert talked.err.count("home folder") == 20
    assert talked.err.endswith("chat: and 5 more\n")


CHAT = "import sys; from tui.cli import main; sys.exit(main(sys.argv[1:]))"


class Terminal:
    """``chat sessions export`` on a pseudo-terminal."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.processes: list[pexpect.spawn] = []

    def export(self, *arguments: str) -> pexpect.spawn:
        process = pexpect.spawn(
            sys.executable,
            ["-c", CHAT, "sessions", "export", *arguments],
            env={
                **os.environ,
                "CHAT_HOME": str(self.home),
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            dimensions=(24, 200),
            encoding="utf-8",
            timeout=60,
        )
        self.processes.append(process)
        return process


@pytest.fixture
def terminal(talked: Chat) -> Iterator[Terminal]:
    """With a session that has a key in it, and what a terminal obeys."""
    log = log_of(talked)
    asked = log.session.path()[-1]
    log.append(Turn("key", asked.id, "user", f"\x1b[2J\x9bx {KEY}", asked.time))
    started = Terminal(talked.home)
    yield started
    for process in started.processes:
        process.close(force=True)


def code_of(process: pexpect.spawn) -> int:
    process.expect(pexpect.EOF)
    process.close()
    assert isinstance(process.exitstatus, int)
    return process.exitstatus


@pytest.mark.parametrize(("answer", "is_written"), [("y", True), ("n", False), ("", False)])
def test_a_person_is_asked_before_anything_is_written(
    terminal: Terminal, tmp_path: Path, answer: str, is_written: bool
) -> None:
    path = tmp_path / "out.html"
    process = terminal.export("--format", "html", "-o", str(path))
    process.expect("what looks like a key: sk-a")
    process.expect("Export it with these\\? \\[y/N\\] ")
    assert not path.exists()
    process.send(f"{answer}\r")
    process.expect("is written" if is_written else "nothing was written")
    assert code_of(process) == (0 if is_written else 1)
    assert path.exists() is is_written


def test_yes_answers_before_the_question(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    process = terminal.export("--format", "html", "--yes", "-o", str(path))
    process.expect("is written")
    assert code_of(process) == 0


def test_text_on_a_terminal_cannot_act_there(terminal: Terminal) -> None:
    process = terminal.export("--format", "text", "--yes")
    process.expect_exact(f"␛[2J<U+009B>x {KEY}")
    assert code_of(process) == 0


def test_json_on_a_terminal_cannot_act_there_and_means_the_same(terminal: Terminal) -> None:
    process = terminal.export("--format", "openai", "--yes")
    process.expect_exact("{")
    assert code_of(process) == 0
    assert f"\\u001b[2J\\u009bx {KEY}" in process.before


def test_a_page_is_for_a_file(terminal: Terminal) -> None:
    process = terminal.export("--format", "html")
    process.expect("html needs a file: name one with -o FILE")
    assert code_of(process) == 2


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.json", '{"format'), ("a.md", "---"), ("a.html", "<!"), ("a.txt", "["), ("a.jsonl", '{"m')],
)
def test_the_name_of_the_file_tells_the_form(
    talked: Chat, tmp_path: Path, name: str, start: str
) -> None:
    assert talked("sessions", "export", "-o", name) == 0
    assert (tmp_path / name).read_text().lower().startswith(start.lower())


def test_a_transcript_is_printed_where_no_form_is_named(talked: Chat) -> None:
    assert talked("sessions", "export") == 0
    assert "## User" in talked.out


def test_what_is_no_file_is_not_replaced(talked: Chat, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert talked("sessions", "export", "-o", "pipe.txt", "--force") == 2
    assert "is not a file that can be replaced" in talked.err
    assert (tmp_path / "pipe.txt").is_fifo()
