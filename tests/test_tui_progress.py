"""How far a revision is, said in every place where somebody waits for it."""

from __future__ import annotations

import fcntl
import io
import os
import struct
import termios
from collections.abc import Generator
from pathlib import Path

import pytest
from pseudo_terminal import Terminal
from scripted_chat import Chat

from engine.scripted import ScriptedEngine
from engine.types import Event, Loading, Request
from tui.narrate import Narrator
from tui.progress import Pace, Progress, Reporter


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_words_are_counted_over_all_parts_and_within_the_one_in_hand() -> None:
    clock = Clock()
    pace = Pace([100, 300], clock)
    assert pace.begin(0) == Progress(1, 2, 0, 400)
    clock.now += 1
    assert pace.write(0.5) == Progress(1, 2, 50, 400)
    pace.end(is_new=True)
    assert pace.begin(1) == Progress(2, 2, 100, 400)


def test_the_time_left_follows_from_what_was_written_and_not_from_what_was_there() -> None:
    clock = Clock()
    pace = Pace([1_000, 100, 100, 200], clock)
    pace.begin(0)
    pace.end(is_new=False)
    assert pace.begin(1).seconds_left is None
    clock.now += 20
    pace.end(is_new=True)
    clock.now += 600  # somebody asked for other words meanwhile
    assert pace.begin(2).seconds_left == pytest.approx(60)
    clock.now += 10
    progress = pace.write(0.5)
    assert progress is not None
    assert progress.seconds_left == pytest.approx(50)


def test_loading_the_model_says_nothing_of_the_time_left() -> None:
    clock = Clock()
    pace = Pace([100, 100], clock)
    pace.begin(0)
    clock.now += 300
    pace.write(0.01)
    clock.now += 5
    progress = pace.write(0.5)
    assert progress is not None
    assert progress.seconds_left == pytest.approx(15)


def test_a_second_try_does_not_take_the_first_one_back() -> None:
    clock = Clock()
    pace = Pace([100], clock)
    pace.begin(0)
    clock.now += 1
    pace.write(0.9)
    clock.now += 1
    progress = pace.write(0.1)
    assert progress is not None
    assert progress.words_done == 90


def test_what_was_said_a_moment_ago_is_not_said_again() -> None:
    clock = Clock()
    pace = Pace([100], clock)
    pace.begin(0)
    assert pace.write(0.1) is None
    clock.now += 1
    assert pace.write(0.2) is not None
    assert pace.write(0.3) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "10 s"), (44, "40 s"), (61, "1 min"), (59 * 60, "59 min"), (3.5 * 3600, "3 h 30 min")],
)
def test_time_is_said_as_people_say_it(seconds: float, words: str) -> None:
    assert (
        str(Progress(1, 2, 10, 1_000, seconds)) == f"part 1 of 2, 10 of 1,000 words, {words} left"
    )


@pytest.mark.parametrize("columns", [200, 80, 60, 20, 3])
def test_the_bar_fits_and_is_as_full_as_the_work_is(columns: int) -> None:
    for done in (0, 500, 1_000):
        line = Progress(3, 8, done, 1_000).line(columns)
        assert len(line) <= columns
        bar, _, _ = line.partition(" ")
        if set(bar) <= set("━─"):
            assert bar.count("━") == len(bar) * done // 1_000
    assert Progress(3, 8, 500, 1_000).line(80).startswith("━━━")


def test_a_draft_without_words_is_done() -> None:
    assert Progress(1, 1, 0, 0).fraction == 1.0


def test_where_no_bar_can_be_shown_a_line_comes_now_and_then() -> None:
    clock = Clock()
    reporter = Reporter(60, at_once=False, clock=clock)
    said = []
    for words in range(0, 200, 10):
        said.append(reporter.line(Progress(1, 1, words, 200)))
        clock.now += 10
    assert [line for line in said if line] == [
        f"revising part 1 of 1, {words} of 200 words" for words in (60, 120, 180)
    ]
    assert Reporter(60, at_once=True, clock=clock).line(Progress(1, 1, 0, 200))


def test_a_pipe_gets_no_bar() -> None:
    pipe = io.StringIO()
    Narrator(pipe).revising(Progress(1, 2, 10, 20))
    assert pipe.getvalue() == ""


def test_a_wait_stays_in_one_row_of_a_narrow_terminal() -> None:
    terminal, process = os.openpty()
    fcntl.ioctl(process, termios.TIOCSWINSZ, struct.pack("4H", 10, 20, 0, 0))
    with os.fdopen(process, "w") as stream:
        narrator = Narrator(stream)
        narrator.progress(Loading(1.0))
        narrator.downloading("someone/a-long-name.gguf", 0.4, " 40%")
        fcntl.ioctl(process, termios.TIOCSWINSZ, struct.pack("4H", 10, 60, 0, 0))
        narrator.downloading("tale", 0.45, " 45% of 2 GB")
        shown = ""
        while not shown.endswith("45% of 2 GB"):
            shown += os.read(terminal, 1000).decode()
    os.close(terminal)
    assert shown.split("\r\x1b[K")[1:] == [
        "loading the m… 100%",
        "downloading so… 40%",
        "━━━━━━━━━─────────── downloading tale 45% of 2 GB",
    ]


class Halves(ScriptedEngine):
    """Gives every text back, in an engine that tests start in a process of its own."""

    def stream(self, request: Request) -> Generator[Event, None, None]:
        return ScriptedEngine([request.reference]).stream(request)


def test_a_filter_says_nothing_on_a_pipe(chat: Chat) -> None:
    chat.engine = Halves([""])
    assert chat("--edit", "-", stdin="It is far. It is near. " * 20) == 0
    assert chat.err == ""


def test_a_bar_fills_on_the_terminal_and_goes_away(terminal: Terminal, tmp_path: Path) -> None:
    draft = tmp_path / "draft.md"
    draft.write_text("It is far.\n")
    edit = terminal.start_scripted("It is far.", "--edit", str(draft), "--yes")
    edit.expect("─+ part 1 of 1, 0 of 3 words")
    edit.expect("nothing to change in ")
    assert "\x1b[K" in str(edit.before)
