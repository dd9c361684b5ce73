"""The app on a real pseudo-terminal: what is on disk when it ends, and how the terminal is left."""

from __future__ import annotations

import re
import signal
import termios

import pexpect
import pytest
from full_screen import FullScreen
from pseudo_terminal import Terminal, until

from sessions import NoSessions, Turn
from tui.interrupts import signals_call

READY = "Write something"

SLOW = """
import signal, sys, time
from engine.scripted import Reply, ScriptedEngine
from tui.cli import main

class Slow(ScriptedEngine):
    def stream(self, request):
        for event in super().stream(request):
            time.sleep(0.02)
            yield event

if "deaf" in sys.argv:
    sys.argv.remove("deaf")
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
sys.exit(main(sys.argv[1:], starter=lambda path, options: Slow([Reply("word ", endless=True)])))
"""
"""An engine with the speed of a real one, in a program that may be deaf to hang-ups."""


def last_turn(terminal: Terminal) -> Turn | None:
    try:
        return terminal.turns()[-1]
    except NoSessions:
        return None


def has_answer(terminal: Terminal, *statuses: str) -> bool:
    turn = last_turn(terminal)
    return turn is not None and turn.role == "assistant" and turn.status in statuses


def is_restored(output: str) -> bool:
    """Whether the last that was said of screen and cursor is that all is as it was."""
    screens = re.findall(r"\x1b\[\?1049([hl])", output)
    cursors = re.findall(r"\x1b\[\?25([hl])", output)
    return screens[-1:] == ["l"] and cursors[-1:] == ["h"]


def rest_of(process: pexpect.spawn) -> str:
    process.expect(pexpect.EOF)
    process.close()
    return str(process.before)


def test_start_ask_quit_and_start_again_with_the_real_model(terminal: Terminal) -> None:
    chat = terminal.start("--max-tokens", "8", "-o", "n_ctx", "512")
    chat.expect(READY)
    chat.send("Say hello to the lighthouse.\r")
    until(lambda: has_answer(terminal, "length", "complete"))
    chat.send("\x11")
    assert is_restored(rest_of(chat))
    assert chat.exitstatus == 0
    again = terminal.start("-c", "-o", "n_ctx", "512")
    again.expect("Say hello to the lighthouse")
    again.send("\x04")
    assert is_restored(rest_of(again))
    assert again.exitstatus == 0


def test_signals_that_come_at_once_end_the_program_once() -> None:
    ends: list[None] = []
    with signals_call(lambda: ends.append(None)) as interruption:
        # As where a machine is shut down, and with it a terminal closes.
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
            signal.raise_signal(number)
    assert len(ends) == 1
    assert interruption.exit_code == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_saves_the_answer_and_leaves(terminal: Terminal, number: signal.Signals) -> None:
    chat = terminal.start_script(SLOW)
    chat.expect(READY)
    chat.send("Go on\r")
    until(lambda: has_answer(terminal, "partial"))
    chat.kill(number)
    assert is_restored(rest_of(chat))
    assert chat.exitstatus == 128 + number
    assert has_answer(terminal, "cancelled")


def test_after_stops_that_it_did_not_hear_of_the_app_goes_on_and_leaves_the_terminal_as_it_was(
    terminal: Terminal,
) -> None:
    chat = terminal.start_script(SLOW)
    modes = termios.tcgetattr(chat.child_fd)
    screen = FullScreen(chat)
    screen.sees(READY)
    for _ in range(3):
        began = screen.written.count("\x1b[?1049h")
        chat.kill(signal.SIGSTOP)
        chat.kill(signal.SIGCONT)
        screen.until(lambda: screen.written.count("\x1b[?1049h") > began)  # noqa: B023
    screen.press("a thought\x06boats\x7f\x7fx")  # in one write: the search has the last letters
    screen.sees("boax")
    assert "thoughtb" not in screen.text
    screen.press("\x11")
    screen.until(lambda: is_restored(screen.written))
    screen.until(lambda: termios.tcgetattr(chat.child_fd) == modes)
    assert screen.end() == 0


def test_without_its_terminal_the_app_saves_and_ends(terminal: Terminal) -> None:
    chat = terminal.start_script(SLOW, "deaf")
    chat.expect(READY)
    chat.send("Go on\r")
    until(lambda: has_answer(terminal, "partial"))
    chat.ptyproc.fileobj.close()
    until(lambda: not chat.isalive())
    assert has_answer(terminal, "cancelled")


def test_words_do_not_act_on_the_terminal(terminal: Terminal) -> None:
    chat = terminal.start_scripted(
        "before \x1b]0;owned\x07 \x9b31m \x1b]8;;http://a\x1b\\ \u202e after"
    )
    chat.expect(READY)
    chat.send("Say it\r")
    until(lambda: has_answer(terminal, "complete"))
    chat.expect("after")
    shown = str(chat.before)
    chat.send("\x11")
    shown += rest_of(chat)
    assert not re.search("\x1b\\]0;|\x9b|\u202e|\x07|\x1b\\]8;;", shown)
    assert "␛]0;owned␇" in re.sub("\x1b\\[[0-9;]*m", "", shown)


def test_stopped_and_brought_back_the_app_goes_on_with_the_answer(terminal: Terminal) -> None:
    shell = terminal.start_shell()
    shell.sendline(terminal.scripted_command("A word. ", endless=True))
    shell.expect(READY)
    shell.send("Go on\r")
    until(lambda: has_answer(terminal, "partial"))
    shell.send("\t")
    shell.expect("▌")  # the turn that keys are about now
    shell.send("\x1a")
    shell.expect_exact("Stopped")
    shell.sendline("echo a''live")
    shell.expect_exact("alive")
    shell.sendline("fg")
    shell.expect_exact("\x1b[?1049h")
    shell.expect("A word")
    shell.send("\x1b")
    until(lambda: has_answer(terminal, "cancelled"))
    shell.send("\x11")
    shell.expect_exact("\x1b[?1049l")
    shell.sendline("exit")
    rest_of(shell)


EDITOR = """#!/bin/sh
trap 'echo > "$0.interrupted"' INT
echo > "$0.begun"
while [ ! -e "$0.end" ]; do sleep 0.05; done
printf 'edited words' > "$1"
"""


def test_signals_while_the_editor_runs_take_no_words(terminal: Terminal) -> None:
    terminal.home.mkdir(exist_ok=True)
    editor = terminal.home / "editor"
    editor.write_text(EDITOR)
    editor.chmod(0o755)
    chat = terminal.start_scripted("Answered.", environment={"VISUAL": str(editor)})
    chat.expect(READY)
    chat.send("typed words")
    chat.expect("typed words")
    chat.send("\x07")
    until((terminal.home / "editor.begun").exists)
    chat.sendintr()
    until((terminal.home / "editor.interrupted").exists)
    (terminal.home / "editor.end").touch()
    chat.expect("edited words")
    (terminal.home / "editor.begun").unlink()
    chat.send("!\x07")
    until((terminal.home / "editor.begun").exists)
    chat.kill(signal.SIGTERM)
    assert is_restored(rest_of(chat))
    assert chat.exitstatus == 128 + signal.SIGTERM
    kept = [file.read_text() for file in terminal.home.rglob("new.md")]
    assert kept == ["edited words"]
