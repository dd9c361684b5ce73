"""What keys do in the REPL's line, and what is made of the line."""

from __future__ import annotations

import os
import re
import signal
import termios
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest
from leftovers import Cleanup
from pace import within
from prompt_toolkit.application import create_app_session
from prompt_toolkit.history import FileHistory
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from scripted_chat import Chat

from drafts.diff import unified_diff
from engine.load_options import LoadOptions
from engine.remote.client import RemoteEngine
from engine.remote.endpoint import Endpoint
from engine.scripted import ScriptedEngine
from tui.cli import main
from tui.repl.completer import CommandCompleter
from tui.repl.entries import Entry, entry_of, is_open
from tui.repl.fronts import keys_wait
from tui.repl.presses import Presses
from tui.repl.reader import TerminalReader, open_history
from tui.repl.toolbar import Standing, toolbar
from tui.review import diff_in_words
from tui.runtime import Runtime

ESCAPE, CTRL_C, CTRL_J, CTRL_R = "\x1b", "\x03", "\n", "\x12"
CTRL_UNDERSCORE = "\x1f"
PASTE, PASTED = "\x1b[200~", "\x1b[201~"


class Desk:
    """The editor of lines, with keys that a test presses."""

    def __init__(self, pipe: PipeInput, history: FileHistory) -> None:
        self.now = 0.0
        self.history = history
        self._pipe = pipe
        self._reader = TerminalReader(
            history, CommandCompleter(), Presses(lambda: self.now), lambda mode, _width: mode
        )

    def typed(self, keys: str, mode: str = "emacs") -> str:
        """What is sent once the keys were pressed."""
        self._reader.edit_as(mode)
        # What is long does not fit into the pipe before somebody reads.
        keyboard = Thread(target=self._pipe.send_text, args=(keys,))
        keyboard.start()
        try:
            return self._reader.read()
        finally:
            keyboard.join()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        yield Desk(pipe, open_history(tmp_path / "history"))


def test_entries_are_kept_for_now_where_their_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "no folder").write_text("")
    history = open_history(tmp_path / "no folder" / "history")
    history.append_string("one")
    assert history.get_strings() == ["one"]


def with_earlier(desk: Desk, entries: Sequence[str]) -> None:
    for entry in entries:
        desk.history.append_string(entry)


@pytest.mark.parametrize(
    ("keys", "sent"),
    [
        (f"one{CTRL_J}two\r", "one\ntwo"),
        (f"one{ESCAPE}\rtwo\r", "one\ntwo"),
        ('"""one\rtwo\r"""\r', '"""one\ntwo\n"""'),
        ('/system """one\rtwo"""\r', '/system """one\ntwo"""'),
        (f"{PASTE}one\rtwo{PASTED}\r", "one\ntwo"),
        (f"one{CTRL_C}two\r", "onetwo"),
        (f"one{CTRL_C}{CTRL_C}two\r", "two"),
        (f"one{CTRL_C}{CTRL_C}{CTRL_UNDERSCORE}\r", "one"),
    ],
)
def test_a_key_makes_this_of_a_line(desk: Desk, keys: str, sent: str) -> None:
    assert desk.typed(keys) == sent


def test_ctrl_c_after_more_than_a_second_is_a_first_one_again() -> None:
    now = [0.0]
    presses = Presses(lambda: now[0])
    assert [presses.press(), presses.is_armed] == [False, True]
    now[0] = 1.5
    assert [presses.is_armed, presses.press(), presses.press()] == [False, False, True]


def test_ctrl_c_while_an_answer_is_shown_is_the_first_of_two(home: Path) -> None:
    terminal = os.openpty()[1]
    engine = ScriptedEngine(["x"])
    runtime = Runtime({"CHAT_HOME": str(home)}, lambda _path, _options: engine)
    presses, stopped = Presses(lambda: 0.0), []
    with open(terminal, encoding="utf-8") as stdin, open(os.dup(terminal), "w") as stdout:
        runtime.stdin, runtime.stdout = stdin, stdout
        before = termios.tcgetattr(stdin)
        with keys_wait(runtime, presses, lambda: stopped.append(True)):
            assert termios.tcgetattr(stdin) != before
            signal.raise_signal(signal.SIGINT)
        assert termios.tcgetattr(stdin) == before
    assert stopped
    assert presses.is_armed


def test_keys_while_a_command_runs_wait_as_they_were_pressed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyboard, terminal = os.openpty()
    (home / "data" / "models").mkdir(parents=True)
    for name in ("other", "tiny"):
        (home / "data" / "models" / f"{name}.gguf").write_bytes(b"GGUF")
    seen = []

    def start(path: Path, _options: LoadOptions) -> ScriptedEngine:
        if path.stem == "other":  # while /model runs
            os.write(keyboard, b"/switch 10\r/switch 11\r\x04")
        return ScriptedEngine(["x"], model_name=path.stem)

    def watch() -> None:
        with suppress(OSError):  # the terminal is closed
            while data := os.read(keyboard, 4096):
                seen.append(data)

    monkeypatch.setenv("PROMPT_TOOLKIT_NO_CPR", "1")
    monkeypatch.setenv("TERM", "xterm")
    eyes = Thread(target=watch)
    eyes.start()
    with open(terminal, encoding="utf-8") as stdin, open(os.dup(terminal), "w") as stdout:
        for name, stream in (("stdin", stdin), ("stdout", stdout), ("stderr", stdout)):
            monkeypatch.setattr(f"sys.{name}", stream)
        assert main(("--repl", "-m", "tiny", "/model other"), starter=start) == 0
    eyes.join()
    os.close(keyboard)
    shown = b"".join(seen).decode()
    assert "no branch '10'" in shown
    assert "no branch '11'" in shown


def test_ctrl_r_finds_what_was_sent_before(desk: Desk) -> None:
    with_earlier(desk, ["the lamp burns", "the sea roars"])
    assert desk.typed(f"{CTRL_R}lamp\r\r") == "the lamp burns"


def test_the_line_is_edited_as_in_vi_where_that_is_wanted(desk: Desk) -> None:
    assert desk.typed(f"a lamp{ESCAPE}bcwlight\r", "vi") == "a light"


@pytest.mark.parametrize("line_end", ["\n", " "])
def test_a_paste_of_a_megabyte_arrives_whole(desk: Desk, line_end: str) -> None:
    text = line_end.join(f"{number} a line of a text that somebody has" for number in range(27_000))
    with within(10):
        # Each further key would wait for all of it to be painted, if it were.
        assert desk.typed(f"See {PASTE}{text}{PASTED}, all of it: {PASTE}a\rb{PASTED}\r") == (
            f"See {text}, all of it: a\nb"
        )
    assert len(text) > 1_000_000
    (kept,) = desk.history.load_history_strings()
    assert re.fullmatch(r"See \[pasted 1: .*[\d,]+ characters\], all of it: a\nb", kept)


@pytest.mark.parametrize(
    ("typed", "opened"),
    [
        ('"""', True),
        ('"""a', True),
        ('"""a\nb"""  ', False),
        ('""""""', False),
        ('  """a', True),
        ('/system """a', True),
        ('/system """a"""', False),
        ('say """ to me', False),
        ("plain", False),
    ],
)
def test_three_quotation_marks_open_several_lines(typed: str, opened: bool) -> None:
    assert is_open(typed) is opened


@pytest.mark.parametrize(
    ("typed", "entry"),
    [
        ("Hello", Entry("question", "Hello")),
        ("/help  regen", Entry("command", "/help  regen")),
        ("!ls -l", Entry("shell", "ls -l")),
        ("!! git log", Entry("attached shell", "git log")),
        ('"""\n/not a command\n"""', Entry("verbatim", "/not a command")),
        ('"""!not a shell', Entry("verbatim", "!not a shell")),
        ('/system """\nBe brief.\nBe kind.\n"""', Entry("command", "/system Be brief.\nBe kind.")),
    ],
)
def test_what_a_person_types_is_for_something(typed: str, entry: Entry) -> None:
    assert entry_of(typed, by_person=True) == entry


def test_what_comes_through_a_pipe_reaches_no_shell(chat: Chat, tmp_path: Path) -> None:
    assert chat("--repl", stdin="!touch made\n!!touch made\n") == 0
    assert chat.asked[-1] == ("user", "!!touch made")
    assert not (tmp_path / "made").exists()


def test_several_lines_come_through_a_pipe_too(chat: Chat) -> None:
    assert chat("--repl", stdin='"""\n/one\n\ntwo"""\n/system """Be\nbrief."""\nthree\n') == 0
    assert chat.engine.requests[0].messages[-1].content == "/one\n\ntwo"
    assert chat.asked[0] == ("system", "Be\nbrief.")


def test_the_line_below_shows_what_fits(cleanup: Cleanup) -> None:
    standing = Standing(ScriptedEngine(["x"], model_name="tiny"), 1024, "a sadder end", 2)
    whole = " vi · tiny · ■■□□□□□□ 1,024 of 4,096 · 2 attached · a sadder end"
    assert toolbar(standing, "vi", 80) == whole
    assert toolbar(standing, "", 20) == " tiny · 25%"
    assert toolbar(standing, "", 4) == ""
    remote = cleanup(RemoteEngine(Endpoint("big", "https://gpu01/v1"), {}))
    assert toolbar(Standing(remote, 0, "", 0), "", 80) == " big at gpu01", "nothing is loaded"


@pytest.mark.parametrize(
    ("environment", "is_plain"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "dumb"}, True),
        ({}, True),
        ({"TERM": "xterm-256color", "ACCESSIBLE": "1"}, True),
    ],
)
def test_where_nothing_may_be_painted(
    home: Path, environment: dict[str, str], is_plain: bool
) -> None:
    engine = ScriptedEngine(["x"])
    runtime = Runtime({**environment, "CHAT_HOME": str(home)}, lambda _path, _options: engine)
    assert runtime.is_plain is is_plain


def test_a_diff_is_read_out_in_words() -> None:
    diff = unified_diff("one\ntwo\n-- three\nfour\n", "one\n2\n++ three\nfour\nfive", "tale.md")
    assert list(diff_in_words(diff)) == [
        "changes in a/tale.md",
        "from line 1 on:",
        "one",
        "removed: two",
        "removed: -- three",
        "added: 2",
        "added: ++ three",
        "four",
        "added: five",
    ]
