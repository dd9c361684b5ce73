"""What a session of 2,000 turns, or of as many as the argument says, costs in the app.

Runs the app on a pseudo-terminal of 100 by 40, keeps what it writes with the time of each piece,
and draws that afterwards on a terminal in memory: so it is known when words could be read and when
the window was whole. Opening counts from the start of the process, a key from when it is sent. The
event loop of the app tells of each of its steps that took over 20 ms; on a busy machine the
processor time of a step says more than its duration.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

import pexpect
import pyte

from engine.types import Timings, Usage
from sessions import SessionStore, Turn, new_turn_id

TURNS = 2000
ROUNDS = 3
COLUMNS, ROWS = 100, 40
QUIET_S = 0.7
"""After so long without anything but a blinking cursor all is drawn."""

BLINK = 400
"""Characters that a blinking cursor does not take."""

_PARTS = (
    "A **lighthouse keeper** climbs the stairs each evening, and *each evening* there is one more.",
    "- She counts them aloud.\n- She writes the number down with `chalk`.\n- She comes down again.",
    "> Nobody has ever asked her why.",
    "```python\nstairs += 1\n```",
)

_PROGRAM = """
import asyncio, os, sys, time
from engine.scripted import ScriptedEngine
from tui.cli import main

run = asyncio.Handle._run

def timed(handle):
    began, used = time.monotonic(), time.thread_time()
    run(handle)
    took = time.monotonic() - began
    if took > 0.02:
        steps.write(f"{began} {took} {time.thread_time() - used}\\n")

asyncio.Handle._run = timed
steps = open(os.environ["STEPS"], "w", buffering=1)
sys.exit(main(["-c"], starter=lambda path, options: ScriptedEngine(["Hello."])))
"""

KEYS = {
    "page up": ["\x1b[5~"] * 12,
    "the wheel": ["\x1b[<64;50;10M"] * 12,
    "previous turn": ["k"] * 12,
    "the first turn": ["g"],
    "page down": ["\x1b[6~"] * 12,
    "the last turn": ["G"],
}

HELD = {
    "page up": ("\x1b[5~", 100, 0.05),
    "previous turn": ("k", 100, 0.05),
    "the wheel": ("\x1b[<64;50;10M", 60, 0.01),
    "page down": ("\x1b[6~", 60, 0.05),
    "first and last": ("gG", 6, 0.3),
}
"""Keys that are pressed so many times, so many seconds apart, whatever is drawn."""


def make_session(home: Path, title: str, count: int) -> None:
    """A session of questions, and answers in Markdown."""
    (home / "data" / "models").mkdir(parents=True, exist_ok=True)
    (home / "data" / "models" / "tiny.gguf").touch()
    log = SessionStore(home / "data" / "sessions").create(title=title)
    turns: list[Turn] = []
    for number in range(count):
        parent = turns[-1].id if turns else None
        now = datetime.now(timezone.utc)
        turn = Turn(new_turn_id(), parent, "user", f"{title} {number}?", now)
        if number % 2:
            parts = [_PARTS[(number // 2 + n) % len(_PARTS)] for n in range(1 + number // 2 % 4)]
            turn = replace(
                turn,
                role="assistant",
                content="\n\n".join([f"{number} of them:", *parts]),
                model="tiny",
                usage=Usage(40 * number, 40),
                timings=Timings(0.2, 1.5),
            )
        turns.append(turn)
    log.append_branch(turns)


@dataclass(frozen=True)
class Drawn:
    """What was drawn after something was done."""

    began: float
    frames: list[tuple[float, list[str]]]
    """The rows of the terminal whenever they had changed."""

    def since(self, is_there: Callable[[list[str]], bool]) -> float:
        """Seconds until a frame of that kind."""
        return next(at for at, rows in self.frames if is_there(rows)) - self.began

    @property
    def first(self) -> float:
        """Seconds until anything changed."""
        return self.frames[0][0] - self.began

    @property
    def whole(self) -> float:
        """Seconds until the conversation was drawn as it stayed."""
        last = self.frames[-1][1][:-4]
        return self.since(lambda rows: rows[:-4] == last)


class App:
    """The app in a process of its own."""

    def __init__(self, home: Path) -> None:
        self._steps = home / "steps"
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.Stream(self._screen)
        self._started = time.monotonic()
        self._process = pexpect.spawn(
            sys.executable,
            ["-c", _PROGRAM],
            env={
                **os.environ,
                "CHAT_HOME": str(home),
                "TERM": "xterm-256color",
                "STEPS": str(self._steps),
            },
            dimensions=(ROWS, COLUMNS),
            encoding="utf-8",
            timeout=120,
        )
        self._process.delaybeforesend = None  # pexpect would wait before each key

    def opened(self, words: str) -> Drawn:
        """All that is drawn from the start of the process on; words will be there."""
        return self._drawn(self._started, words)

    def press(self, keys: str, words: str = "") -> Drawn:
        """What keys lead to; words will be there, where they are named."""
        began = time.monotonic()
        self._process.send(keys)
        return self._drawn(began, words)

    def hold(self, keys: str, times: int, gap_s: float) -> None:
        """Press keys again and again, and wait until nothing changes."""
        for _ in range(times):
            self._process.send(keys)
            end = time.monotonic() + gap_s
            while (left := end - time.monotonic()) > 0:
                try:
                    self._stream.feed(self._process.read_nonblocking(2**16, timeout=left))
                except pexpect.TIMEOUT:
                    break
        self._drawn(time.monotonic())

    def _drawn(self, began: float, words: str = "") -> Drawn:
        pieces: list[tuple[float, str]] = []
        end = began + (60 if words else QUIET_S)
        while time.monotonic() < end:
            try:
                piece = self._process.read_nonblocking(2**16, timeout=0.1)
            except pexpect.TIMEOUT:
                continue
            pieces.append((time.monotonic(), piece))
            if len(piece) > BLINK and any(words in each for _, each in pieces):
                end = time.monotonic() + QUIET_S
        frames = []
        before = list(self._screen.display)
        for moment, piece in pieces:
            self._stream.feed(piece)
            rows = list(self._screen.display)
            if rows != before:
                frames.append((moment, rows))
                before = rows
        return Drawn(began, frames or [(began, before)])

    def longest_step(self, since: float) -> tuple[float, float]:
        """The longest step of the event loop after a moment, and the most processor time of one."""
        lines = [line.split() for line in self._steps.read_text().splitlines()]
        steps = [(float(took), float(used)) for began, took, used in lines if float(began) >= since]
        return max((took for took, _ in steps), default=0), max(
            (used for _, used in steps), default=0
        )

    def seconds(self) -> float:
        """Processor time so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def mib(self) -> float:
        """Memory in use."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20

    def close(self) -> None:
        """End it."""
        self._process.close(force=True)


def has(words: str) -> Callable[[list[str]], bool]:
    """Whether words can be read."""
    return lambda rows: any(words in row for row in rows)


def measure_opening(home: Path, last: str) -> None:
    """The first time its lines are found, later they are known."""
    times = []
    for number in range(ROUNDS + 1):
        app = App(home)
        drawn = app.opened(last)
        one = (drawn.since(has("Write something")), drawn.since(has(last)), drawn.whole)
        if number:
            times.append(one)
        else:
            print(
                "opened for the first time: frame {:.2f} s, end {:.2f}, whole {:.2f}".format(*one)
            )
        took, used = app.longest_step(0)
        cpu, memory = app.seconds(), app.mib()
        app.close()
    frame, end, whole = (statistics.median(each) for each in zip(*times, strict=True))
    print(f"opened: first frame {frame:.2f} s, the session's end {end:.2f}, all of it {whole:.2f}")
    print(f"  processor time until nothing is left to do {cpu:.2f} s; memory {memory:.0f} MiB")
    print(f"  longest step {took * 1000:.0f} ms, {used * 1000:.0f} ms of processor time")


def measure_panel(app: App, title: str, last: str) -> None:
    """Another session, from the list at the left."""
    app.press("\x02")
    app.press(title)
    began = time.monotonic()
    drawn = app.press("\r", last)
    took, used = app.longest_step(began)
    print(
        f"opened from the list: its end {drawn.since(has(last)):.2f} s, all of it {drawn.whole:.2f}"
    )
    print(f"  longest step {took * 1000:.0f} ms, {used * 1000:.0f} ms of processor time")
    app.press("\x02")


def measure_scrolling(app: App) -> None:
    """Each key and how long it takes until something, and until everything is drawn."""
    app.press("\t")
    for name, keys in KEYS.items():
        began = time.monotonic()
        drawn = [app.press(key) for key in keys]
        first, whole = max(one.first for one in drawn), max(one.whole for one in drawn)
        took, used = app.longest_step(began)
        print(
            f"{name:15} drawn within {first * 1000:3.0f} ms, whole within {whole * 1000:3.0f} ms; "
            f"longest step {took * 1000:3.0f} ms, {used * 1000:3.0f} ms of processor time"
        )
    for name, (held, times, gap_s) in HELD.items():
        began = time.monotonic()
        app.hold(held, times, gap_s)
        took, used = app.longest_step(began)
        print(
            f"{name:15} held: longest step {took * 1000:3.0f} ms, "
            f"{used * 1000:3.0f} ms of processor time; memory {app.mib():.0f} MiB"
        )


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if sys.argv[1:] else TURNS
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        make_session(home, "Other", count)
        make_session(home, "Question", count)
        print(f"{count:,} turns")
        measure_opening(home, f"Question {count - 2}?")
        app = App(home)
        app.opened(f"Question {count - 2}?")
        measure_scrolling(app)
        measure_panel(app, "Other", f"Other {count - 2}?")
        print(f"memory at the end: {app.mib():.0f} MiB; load {os.getloadavg()[0]:.1f}")
        app.close()


if __name__ == "__main__":
    main()
