"""The front ends on a real pseudo-terminal.

A test waits for words that are bound to come: those of a scripted answer, or of the program. A
small model may end before the limit of its tokens, or never begin a second sentence.
"""

from __future__ import annotations

import pexpect
from pseudo_terminal import Terminal


def test_the_repl_talks_until_ctrl_d(terminal: Terminal) -> None:
    chat = terminal.start_scripted("A lamp.", "--repl")
    chat.expect("Ctrl\\+D quits")
    chat.expect("›")
    chat.send("Say hello.\r")
    chat.expect("A lamp\\.")
    chat.expect("›")
    chat.send("/new\r")
    chat.expect("a new session")
    chat.send("\x04")
    chat.expect(pexpect.EOF)
    chat.close()
    assert chat.exitstatus == 0
    assert [turn.role for turn in terminal.turns()] == ["user", "assistant"]


def test_ctrl_c_stops_an_answer_and_keeps_it(terminal: Terminal) -> None:
    chat = terminal.start_scripted("The waves came. ", "--repl", endless=True)
    chat.expect("›")
    chat.send("Write a long story about the sea.\r")
    chat.expect("waves came\\. The waves")
    chat.sendintr()
    chat.expect("stopped; the answer so far is kept")
    chat.expect("›")
    answer = terminal.turns()[-1]
    assert (answer.role, answer.status) == ("assistant", "cancelled")
    assert answer.content
    chat.send("/exit\r")
    chat.expect(pexpect.EOF)
    chat.close()
    assert chat.exitstatus == 0


def test_the_history_is_there_after_a_restart_and_private(terminal: Terminal) -> None:
    chat = terminal.start("--repl")
    chat.expect("›")
    chat.send("/system Remember the lamp.\r")
    chat.expect("the system text is set")
    chat.send("\x04")
    chat.expect(pexpect.EOF)
    again = terminal.start("--repl")
    again.expect("›")
    again.send("\x1b[A")
    again.expect("Remember the lamp")
    assert (terminal.home / "data" / "repl-history").stat().st_mode & 0o777 == 0o600


def test_ctrl_j_breaks_the_line_and_enter_sends(terminal: Terminal) -> None:
    chat = terminal.start_scripted("A lamp.", "--repl")
    chat.expect("›")
    chat.send("one\ntwo\r")
    chat.expect("A lamp\\.")
    assert terminal.turns()[0].content == "one\ntwo"


def test_escape_sequences_of_an_answer_do_not_reach_the_terminal(terminal: Terminal) -> None:
    chat = terminal.start_scripted("before \x1b]0;owned\x07 \x9b31m after", "Hi")
    chat.expect("after")
    assert "\x1b]0" not in chat.before
    assert "\x9b" not in chat.before
    assert "␛]0;owned␇" in chat.before


def test_alternatives_are_numbered_where_a_person_reads(terminal: Terminal) -> None:
    chat = terminal.start_scripted("A lamp.", "-n", "2", "Hi")
    chat.expect(pexpect.EOF)
    assert chat.before == "[1 of 2]\r\nA lamp.\r\n\r\n[2 of 2]\r\nA lamp.\r\n"


def test_a_session_that_goes_on_begins_with_its_last_words(terminal: Terminal) -> None:
    chat = terminal.start_scripted("A lamp.", "--repl")
    chat.expect("›")
    (terminal.home / "lamp.md").write_text("The lamp went out.")
    chat.send(f"What is in @{terminal.home}/lamp.md\r")
    chat.expect("A lamp\\.")
    chat.expect("›")
    chat.send("/copy\r")
    chat.expect("\x1b\\]52;c;QSBsYW1wLg==\x1b\\\\")
    chat.send("/exit\r")
    chat.expect(pexpect.EOF)
    (part,) = terminal.turns()[-2].attachments
    assert part.name == "lamp.md"
    again = terminal.start_scripted("x", "-c", "--repl")
    again.expect("3 turns")
    again.expect("› What is in @")
    again.expect("  A lamp\\.")
