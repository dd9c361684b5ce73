"""The REPL on a real pseudo-terminal: each key, what becomes of an answer, and a plain one."""

from __future__ import annotations

import os
import re
import signal
import stat
from pathlib import Path

import pexpect
import pytest
from pseudo_terminal import Seen, Terminal

CTRL_C, CTRL_D, CTRL_Z = "\x03", "\x04", "\x1a"
CTRL_G, CTRL_X_CTRL_E = "\x07", "\x18\x05"
RIGHT, TAB, UP = "\x1b[C", "\t", "\x1b[A"


def left(chat: pexpect.spawn) -> int:
    """The exit code, once the person has gone."""
    chat.send(CTRL_D)
    chat.expect(pexpect.EOF)
    chat.close()
    code: int = chat.exitstatus
    return code


def test_a_command_a_value_and_a_file_are_completed_with_what_they_mean(
    terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "old lamp.md").write_text("The lamp went out.")
    terminal.folder = tmp_path
    chat = terminal.start_scripted("A lamp.", "--repl")
    seen = Seen(chat)
    seen.wait("›")
    chat.send("/retit")
    seen.wait("/retitle  let the model choose a new title")
    chat.send("\x15/set editing v")
    seen.wait(" Escape ends insert mode; i, a, o start it")
    chat.send(f"{TAB}\r")  # takes it
    chat.send("\r")
    seen.wait("editing vi  the key bindings for the line")
    chat.send("What is in @ol")
    seen.wait(" 18 B")
    chat.send(f"{TAB}\r\r")
    chat.expect("A lamp\\.")
    (part,) = terminal.turns()[-2].attachments
    assert part.name == "old lamp.md"
    chat.expect("›")
    chat.send("not said\x1bddiof all\x1b0iFirst \r")  # dd clears the line, 0 goes to its start
    chat.expect("A lamp\\.")
    assert terminal.turns()[-2].content == "First of all"


def test_a_suggestion_of_the_history_is_taken_with_the_right_arrow(terminal: Terminal) -> None:
    chat = terminal.start_scripted("A lamp.", "--repl")
    chat.expect("›")
    chat.send("Say something of lighthouses\r")
    chat.expect("A lamp\\.")
    seen = Seen(chat)
    seen.wait("›")
    chat.send("Say some")
    seen.wait("› Say something of lighthouses")
    chat.send(f"{RIGHT} and ships\r")
    chat.expect("A lamp\\.")
    assert terminal.turns()[-2].content == "Say something of lighthouses and ships"


def test_the_line_below_says_how_full_the_context_is_and_what_ctrl_c_does(
    terminal: Terminal,
) -> None:
    chat = terminal.start_scripted("A lamp.", "--repl", environment={"PROMPT_TOOLKIT_NO_CPR": ""})
    chat.expect_exact("\x1b[6n")
    seen = Seen(chat)
    chat.send("\x1b[1;1R")
    seen.wait("tiny · □□□□□□□□ 0 of 4,096")
    chat.send(f"something{CTRL_C}")
    seen.wait("press Ctrl+C again to clear the line")
    seen.wait("tiny · □□□□□□□□ 0 of 4,096")


@pytest.mark.parametrize("key", [CTRL_G, CTRL_X_CTRL_E])
def test_the_editor_opens_with_what_is_typed(terminal: Terminal, tmp_path: Path, key: str) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf " and more" >> "$1"\n')
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    chat = terminal.start_scripted("A lamp.", "--repl", environment={"VISUAL": str(editor)})
    chat.expect("›")
    chat.send(f"some{key}")
    chat.expect("and more")
    chat.send("\r")
    chat.expect("A lamp\\.")
    assert terminal.turns()[0].content == "some and more"


def test_what_is_typed_while_an_answer_comes_waits_for_the_next_line(terminal: Terminal) -> None:
    chat = terminal.start_scripted("The waves came. ", "--repl", endless=True)
    chat.expect("›")
    chat.send("first\r")
    chat.expect("waves came\\. The waves")
    chat.send("second\rthird")
    chat.send(CTRL_C)
    chat.expect("stopped; the answer so far is kept")
    chat.expect("waves came\\. The waves")  # the second is asked at once
    chat.send(CTRL_C)
    chat.expect("stopped; the answer so far is kept")
    chat.expect("third")
    assert [turn.content for turn in terminal.turns() if turn.role == "user"] == ["first", "second"]
    assert "second" not in chat.before


def test_a_second_ctrl_c_within_a_second_takes_away_what_was_typed(terminal: Terminal) -> None:
    chat = terminal.start_scripted("The waves came. ", "--repl", endless=True)
    chat.expect("›")
    chat.send("first\r")
    chat.expect("waves came\\. The waves")
    chat.send("not to be said")
    chat.send(CTRL_C)
    chat.expect("stopped; the answer so far is kept")
    chat.expect("not to be said")
    # The first of these is a second one, unless the machine was slow; then the other one is.
    chat.send(f"{CTRL_C}{CTRL_C}/undo\r")
    chat.expect("undone: first")


def test_ctrl_z_stops_the_program_and_fg_goes_on(terminal: Terminal) -> None:
    shell = terminal.start_shell()  # it leaves the terminal as a program leaves it
    shell.sendline(terminal.scripted_command("The waves came. ", "--repl", endless=True))
    shell.expect("›")
    shell.send(f"half a {CTRL_Z}")
    shell.expect("Stopped")
    shell.expect_exact("$ ")
    shell.sendline("fg")
    shell.expect("half a")
    shell.send("question\r")
    shell.expect("waves came\\. The waves")
    shell.send(CTRL_Z)
    shell.expect("Stopped")
    shell.expect_exact("$ ")
    shell.sendline("echo $((20 + 3)); fg")  # the shell sees what is typed, and is seen
    shell.expect_exact("echo")
    shell.expect("23")
    shell.expect("waves came\\. The waves")
    shell.send(CTRL_C)
    shell.expect("stopped; the answer so far is kept")
    assert terminal.turns()[0].content == "half a question"


def test_a_shell_command_is_run_and_its_output_attached_if_one_says_so(terminal: Terminal) -> None:
    chat = terminal.start_scripted("A lamp.", "--repl", environment={"SHELL": "/bin/sh"})
    chat.expect("›")
    chat.send("!echo $((20 + 3)); exit 4\r")
    chat.expect("23")
    chat.expect("exit code 4")
    chat.expect("›")
    chat.send("!!printf 'a\\033lamp\\n'\r")
    chat.expect("a␛lamp")
    chat.expect(r"Attach this to the next question \(1 lines, 7 characters\)\? \[y/N\]")
    chat.send("y\n")
    chat.expect("›")
    chat.send("What is it?\r")
    chat.expect("A lamp\\.")
    (part,) = terminal.turns()[-2].attachments
    assert part.name == "printf 'a\\033lamp\\n'"
    assert "a\x1blamp" in terminal.turns()[-2].content


def test_another_model_an_unknown_one_and_too_long_a_question_leave_the_session(
    terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "long.txt").write_text("word " * 5000)
    (terminal.home / "data" / "models").mkdir(parents=True)
    (terminal.home / "data" / "models" / "other.gguf").touch()
    chat = terminal.start_scripted("A lamp.", "--repl", "-m", "tiny")
    chat.expect("›")
    chat.send("One\r")
    chat.expect("A lamp\\.")
    chat.expect("›")
    chat.send("/model othr\r")
    chat.expect("othr.*other")
    chat.expect("›")
    chat.send(f"Two @{tmp_path}/long.txt\r")
    chat.expect("too many.*/compact makes room")
    chat.expect("›")
    chat.send("/model other\r")
    chat.expect("the model is other")
    chat.expect("›")
    chat.send("Three\r")
    chat.expect("A lamp\\.")
    assert [turn.model for turn in terminal.turns() if turn.role == "assistant"] == [
        *("tiny", "other"),
    ]


def test_a_worker_that_dies_is_told_of_and_another_one_goes_on(terminal: Terminal) -> None:
    chat = terminal.start("--repl", *terminal.endless_options())
    chat.expect("›")
    chat.send("Write a long story about the sea.\r")
    chat.expect(r"\r\x1b\[K(\S+ ){6}")  # of the answer; a wait is told in fewer words
    for thread in Path(f"/proc/{chat.pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
    chat.expect("the engine stopped")
    chat.expect("what was generated is kept")
    chat.expect("›")
    assert terminal.turns()[-1].status == "error"
    chat.send("/tokens\r")
    chat.expect("free of")
    assert left(chat) == 0


PLAIN = """\
tiny, /help, Ctrl+D quits
> What is it?
answer:
A *lamp*.
end of answer
> /alt 2
answer 1 of 2:
A *lamp*.
end of answer 1 of 2
answer 2 of 2:
A *lamp*.
end of answer 2 of 2
/pick K continues with version K
> /nonsense
chat: there is no command /nonsense; /help lists them
> """


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {}])
def test_a_plain_conversation_reads_like_this(
    terminal: Terminal, environment: dict[str, str]
) -> None:
    arguments = [] if environment else ["--plain"]
    chat = terminal.start_scripted("A *lamp*.", "--repl", *arguments, environment=environment)
    transcript = ""
    for line in ("What is it?", "/alt 2", "/nonsense"):
        chat.expect_exact("> ")
        transcript += chat.before + chat.after
        chat.send(f"{line}\r")
    chat.expect_exact("> ")
    transcript += chat.before + chat.after
    assert without_paste_brackets(transcript) == PLAIN
    chat.send(f"{UP}{UP}\r")
    chat.expect("end of answer 2 of 2")
    chat.expect_exact("> ")
    chat.send("not said")
    chat.expect("not said")
    chat.send(CTRL_C)
    chat.expect("press Ctrl\\+C again to clear the line")
    chat.expect_exact("> not said")  # it is there still, until somebody clears it
    chat.send("\x15")
    assert left(chat) == 0


def without_paste_brackets(text: str) -> str:
    return re.sub(r"\x1b\[\?2004[hl]\r?", "", text).replace("\r\n", "\n")


def test_a_plain_answer_to_one_question_is_announced_and_nothing_is_painted(
    terminal: Terminal,
) -> None:
    chat = terminal.start("--plain", "--max-tokens", "3", "What is it?")
    chat.expect(pexpect.EOF)
    assert chat.before.startswith("loading the model\r\nanswer:\r\n")
    assert "end of answer\r\n" in chat.before
    assert "\x1b" not in chat.before
