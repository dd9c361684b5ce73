"""What a person is told of the disk and of others, while they wait, and in their own editor."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Generator
from datetime import datetime, timezone
from pathlib import Path
from threading import Event as Flag

from app_pilot import PATIENCE_S, PacedEngine, Stage, perform, placed
from full_screen import FullScreen
from pseudo_terminal import Terminal

from engine.types import Event, Prefill, Request
from sessions import SessionStore, Turn, new_turn_id


def test_what_is_not_on_disk_is_said_and_is_there_as_soon_as_it_can_be(home: Path) -> None:
    sessions = home / "data" / "sessions"

    async def play(stage: Stage) -> None:
        await stage.send("one")
        await stage.sees("● one")
        sessions.rename(home / "elsewhere")
        await stage.send("two")
        await stage.sees("○ not saved")
        await stage.sees("✗")
        assert stage.contents[2:] == ["two", "Hello there."]
        (home / "elsewhere").rename(sessions)
        await stage.send("three")
        await stage.sees("● one")

    stage = perform(play, home)
    assert [turn.content for turn in stage.saved][::2] == ["one", "two", "three"]


def test_what_could_not_be_saved_is_saved_on_leaving_if_it_can_be_then(home: Path) -> None:
    sessions = home / "data" / "sessions"

    async def play(stage: Stage) -> None:
        await stage.send("one")
        sessions.rename(home / "elsewhere")
        await stage.send("two")
        await stage.sees("○ not saved")
        (home / "elsewhere").rename(sessions)

    stage = perform(play, home)
    assert [turn.content for turn in stage.saved][::2] == ["one", "two"]


def test_a_session_that_cannot_be_saved_is_left_the_second_time(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")
        (home / "data" / "sessions").rename(home / "elsewhere")
        await stage.send("two")
        await stage.press("ctrl+n")
        await stage.sees("/export saves it elsewhere")
        assert stage.contents[2] == "two"
        await stage.press("ctrl+n")
        await stage.until(lambda: not stage.turns)

    perform(play, home, size=(140, 30))


def test_what_another_program_adds_is_told_and_lies_on_a_branch_beside(home: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("one")
        log = SessionStore(home / "data" / "sessions").open(stage.overview.session)
        log.append(
            Turn(new_turn_id(), log.session.head, "user", "and?", datetime.now(timezone.utc))
        )
        await stage.send("two")
        await stage.is_told("another chat has added to this session")
        assert stage.contents == ["one", "Hello there.", "two", "Hello there."]
        await stage.sees("branch 2/2")

    perform(play, home)


class Reading(PacedEngine):
    """Reads slowly, and waits."""

    def __init__(self) -> None:
        super().__init__(["Hello there."])
        self.has_read = Flag()

    def stream(self, request: Request) -> Generator[Event, None, None]:
        """See `Engine`."""
        return self._read(super().stream(request))

    def _read(self, events: Generator[Event, None, None]) -> Generator[Event, None, None]:
        yield Prefill(300, 1300, 100)
        self.has_read.wait(PATIENCE_S)
        yield from events


def test_while_the_model_reads_a_bar_says_how_far_it_is(home: Path) -> None:
    placed(home, "tiny")
    engine = Reading()

    async def play(stage: Stage) -> None:
        await stage.type("Say hello.")
        await stage.press("enter")
        await stage.sees("200 of 1,200 tokens")
        await stage.sees("━━━━────")
        await stage.sees("Esc stops")
        engine.has_read.set()
        await stage.idle()
        assert "tokens" not in stage.screen_text()
        assert stage.contents[-1] == "Hello there."

    perform(play, home, starter=lambda _path, _options: engine)


def test_words_are_gone_on_with_in_a_persons_own_editor(terminal: Terminal, home: Path) -> None:
    script = home / "editor.py"
    home.mkdir(parents=True, exist_ok=True)
    script.write_text("import sys\nopen(sys.argv[1], 'a').write(' and more')\n")
    editor = shlex.join([sys.executable, str(script)])
    app = FullScreen(terminal.start_scripted("Good.", environment={"EDITOR": editor}))
    app.sees("Write something")
    app.press("half a thought\x07")
    app.sees("half a thought", "and more")
    app.press("\r")
    app.sees("› half a thought", "Good.")
    app.press("\x11")
    assert app.end() == 0
    assert terminal.turns()[0].content == "half a thought\n and more"
