"""What goes wrong around the app: it is told in a line, nothing is lost, and the app goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from app_pilot import PacedEngine, Stage, perform, staged
from full_screen import FullScreen
from pseudo_terminal import Terminal
from test_tui_app_terminal import is_restored
from textual.command import CommandList

from engine.errors import WorkerFailed
from engine.scripted import Reply
from engine.types import Message, TokenScore
from tui.app.palette import Palette
from tui.app.screens.words import WordsScreen
from tui.config import ConfigError

DEATH = "the engine stopped (SIGKILL)"

LEAVE, F5, F8 = "\x11", "\x1b[15~", "\x1b[19~"


class Mortal(PacedEngine):
    """Dies once over the words that it is asked about."""

    is_dying = True

    def score(
        self, messages: Sequence[Message], text: str, *, after: str = ""
    ) -> tuple[TokenScore, ...]:
        """See `Engine`."""
        if self.is_dying:
            self.is_dying = False
            raise WorkerFailed(DEATH)
        return super().score(messages, text, after=after)


@pytest.fixture
def engine(home: Path) -> Mortal:
    """The engine that `perform` gets."""
    model = home / "data" / "models" / "tiny.gguf"
    model.parent.mkdir(parents=True)
    model.touch()
    return Mortal(["Hello there."])


def test_an_engine_that_dies_over_the_words_of_an_answer_is_asked_again(
    home: Path, engine: Mortal
) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Tell")
        await stage.press("tab", "i")
        await stage.until(lambda: isinstance(stage.app.screen, WordsScreen))
        await stage.sees(f"✗ {DEATH}   F5 tries again")
        await stage.press("f5")
        await stage.sees("How sure the model was")
        await stage.sees("Hello there.")

    perform(play, home, starter=lambda _path, _options: engine)


def test_the_end_of_several_answers_is_told_once(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Tell")
        await stage.press("tab", "a", "enter")
        await stage.is_told(DEATH)
        await stage.idle()
        told = [each.message for each in stage.app._notifications]
        assert [each for each in told if DEATH in each] == [DEATH]

    perform(play, home, replies=["Hello.", Reply("Hel", "error", DEATH)])


def test_a_configuration_that_cannot_be_read_ends_the_app_with_the_reason(home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text("theme = [")
    app = staged(home).app
    app.run(headless=True)
    assert isinstance(app.error, ConfigError)
    assert not app.fault_log.faults


def test_an_editor_that_cannot_be_run_is_told_and_the_words_stay(terminal: Terminal) -> None:
    """On a real terminal, which has to be taken back from the editor first."""
    app = FullScreen(terminal.start_scripted("Good.", environment={"VISUAL": "false"}))
    app.sees("Write something")
    app.press("half a thought\x07")
    app.sees("✗ the editor could not be run: false: Editing failed", "half a thought")
    app.press(" and more\r")
    app.sees("› half a thought and more", "Good.")
    app.press(LEAVE)
    assert app.end() == 0


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_question_is_asked_where_the_history_cannot_be_written(
    home: Path, make: Callable[[Path], None]
) -> None:
    (home / "data").mkdir(parents=True)
    make(home / "data" / "repl-history")

    async def play(stage: Stage) -> None:
        await stage.send("Say hello.")
        assert stage.contents == ["Say hello.", "Hello there."]

    perform(play, home)


def test_a_session_that_somebody_deleted_meanwhile_is_told_with_a_way_to_keep_it(
    home: Path,
) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Hi")
        for file in (home / "data" / "sessions").glob("*.jsonl"):
            file.unlink()
        await stage.send("More")
        gone = "session not saved: its file was deleted or moved away"
        await stage.sees(f"✗ {gone}; /export saves it elsewhere")
        await stage.press("ctrl+q")
        await stage.sees("Quit and lose it?")
        await stage.press("y")

    perform(play, home, size=(140, 40))
    assert not list((home / "data" / "sessions").glob("*.jsonl"))


@pytest.mark.parametrize("size", [(1, 1), (5, 3)])
def test_in_no_room_at_all_keys_break_nothing(home: Path, size: tuple[int, int]) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("Hi")
        for keys in (("f8", "pageup"), ("ctrl+p", "pagedown"), ("f3", "tab"), ("tab", "i")):
            await stage.strike(*keys, "escape", "escape")
        await stage.pilot.resize_terminal(80, 24)
        await stage.sees("› Hi")
        await stage.sees("Hello there.")

    perform(play, home, size=size)


@pytest.mark.parametrize("key", ["pagedown", "pageup"])
def test_a_page_of_a_list_that_has_not_been_laid_out_breaks_nothing(home: Path, key: str) -> None:
    async def play(stage: Stage) -> None:
        await stage.strike("ctrl+p")
        await stage.until(lambda: isinstance(stage.app.screen, Palette))
        found = stage.app.screen.query_one(CommandList)
        await stage.until(lambda: found.option_count)
        found.display = False
        await stage.pilot.pause()
        found.set_options(["one", "two"])
        found.highlighted = 1
        await stage.strike(key, "escape", "escape")

    perform(play, home)


FULL = """
import resource, sys
from engine.scripted import ScriptedEngine
from tui.cli import main

class Full(ScriptedEngine):
    def stream(self, request):
        least, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        if "full" in request.messages[-1].content:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, most))
        if "room" in request.messages[-1].content:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        return super().stream(request)

engine = Full(["As you say."], model_name="tiny")
sys.exit(main(sys.argv[1:], starter=lambda path, options: engine))
"""
"""An engine behind whose back the disk becomes full: from one question to another no file grows."""


def test_on_a_full_disk_everything_goes_on_and_is_saved_when_there_is_room(
    terminal: Terminal,
) -> None:
    app = FullScreen(terminal.start_script(FULL, "--seed", "1"))
    app.sees("Write something")
    app.press("Is it full?\r")
    app.sees("As you say.", "✗ session not saved: File too large", "○ not saved")
    app.press("What now?\r")
    app.until(lambda: app.text.count("As you say.") >= 2)
    app.sees("› What now?", "○ not saved")
    app.press(F8)
    app.sees("Enter change")
    app.press("\r")
    app.sees("Enter saves it")
    app.press("tiny\r")
    app.sees("config.toml: File too large")
    app.press("\x1b")
    app.sees("Write something")
    app.press(LEAVE)
    app.sees("Quit and lose it?")
    app.press("n")
    app.until(lambda: "Quit and lose it?" not in app.text)
    app.press("Is there room?\r")
    app.sees("› Is there room?", "● ")
    app.press(LEAVE)
    assert app.end() == 0
    assert is_restored(app.written)
    said = [turn.content for turn in terminal.turns()]
    assert said[::2] == ["Is it full?", "What now?", "Is there room?"]
    assert said[1::2] == ["As you say."] * 3


def worker_of(pid: int) -> int:
    """The process that has the model."""
    children = Path(f"/proc/{pid}/task").glob("*/children")
    (worker,) = (int(each) for child in children for each in child.read_text().split())
    return worker


def test_a_worker_that_is_killed_is_told_of_and_started_again(terminal: Terminal) -> None:
    app = FullScreen(terminal.start("-o", "n_ctx", "512", *terminal.endless_options()))
    app.sees("0 / 512")
    os.kill(worker_of(app.process.pid), signal.SIGKILL)
    app.sees(f"✗ {DEATH}   F5 tries again")
    app.press(F5)
    app.until(lambda: DEATH not in app.text and "loading" not in app.text)
    app.press("Count to a thousand.\r")
    app.sees("writing  Esc stops")
    os.kill(worker_of(app.process.pid), signal.SIGKILL)
    app.sees(f"broke off: {DEATH}", f"✗ {DEATH}   F5 tries again")
    app.press(F5)
    app.until(lambda: DEATH not in app.text and "writing  Esc stops" in app.text)
    app.press("\x1b")
    app.sees("‹ 2/2 ›  stopped")
    app.press(LEAVE)
    assert app.end() == 0
    assert [turn.role for turn in terminal.turns()] == ["user", "assistant"]
