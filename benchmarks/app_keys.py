"""From a key to the screen while an answer comes at 100 tokens a second, and what showing it costs.

Runs the app on a pseudo-terminal of 100 by 40 with an engine of that speed. A key is pressed, and
its time ends with the bytes that draw its letter. The cost is all processor time of the app while
an answer comes at 30 tokens a second, twice ten seconds of it. What a token costs late in a long
answer is measured at 100 a second, around the 500th, the 2,000th and the 8,000th. A burst is keys
that are all there at once and no paste, as a program sends them; its time ends with the last one.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pexpect

KEYS = 60
LENGTHS = (500, 2000, 8000)
BURST = 4_000

_PROGRAM = """
import sys, time
from engine.scripted import Reply, ScriptedEngine
from engine.types import Piece
from tui.cli import main

rate = float(sys.argv.pop(1))

class Paced(ScriptedEngine):
    def stream(self, request):
        next_at = time.perf_counter()
        for event in super().stream(request):
            yield event
            if isinstance(event, Piece):
                next_at += 1 / rate
                time.sleep(max(0, next_at - time.perf_counter()))

words = "A **lighthouse keeper** climbs the stairs each evening, and there is one stair more. "
reply = Reply((words * 3).strip() + "\\n\\n", endless=True)
sys.exit(main(["--no-save"], starter=lambda path, options: Paced([reply], n_ctx=10**9)))
"""


def open_app(home: Path, rate: int) -> pexpect.spawn:
    """The app, which waits for a question."""
    model = home / "data" / "models" / "tiny.gguf"
    model.parent.mkdir(parents=True, exist_ok=True)
    model.touch()
    app = pexpect.spawn(
        sys.executable,
        ["-c", _PROGRAM, str(rate)],
        env={**os.environ, "CHAT_HOME": str(home), "TERM": "xterm-256color"},
        dimensions=(40, 100),
        encoding="utf-8",
        timeout=60,
    )
    app.delaybeforesend = None  # pexpect would wait before each key
    app.expect("Write something")
    return app


def start(home: Path, rate: int) -> pexpect.spawn:
    """The app, with its answer on the way."""
    app = open_app(home, rate)
    app.send("Go on\r")
    app.expect("lighthouse")
    read_for(app, 3)
    return app


def read_for(app: pexpect.spawn, seconds: float) -> None:
    """Take what is drawn for a while."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            app.read_nonblocking(2**16, timeout=left)
        except pexpect.TIMEOUT:
            return


def key_times(home: Path) -> list[float]:
    """Milliseconds from each key to its letter on the terminal."""
    app, chance, times = start(home, 100), random.Random(7), []
    for number in range(KEYS):
        read_for(app, 0.05 + chance.random() * 0.1)
        # A letter that was not on the screen before: nothing else draws it.
        letter = chr(0x410 + number)
        pressed = time.perf_counter()
        app.send(letter)
        app.expect_exact(letter)
        times.append((time.perf_counter() - pressed) * 1000)
    app.close(force=True)
    return times


def burst(home: Path) -> tuple[float, float]:
    """Seconds until the last of many keys is drawn, and those of the processor."""
    app = open_app(home, 30)
    read_for(app, 3)
    words = ("Each evening a keeper climbs the stairs, " * BURST)[: BURST - 1]
    before, began = processor_seconds(app), time.perf_counter()
    for place in range(0, BURST, 500):
        app.send(words[place : place + 500])
    app.send("Ж")
    app.expect_exact("Ж")
    took = time.perf_counter() - began, processor_seconds(app) - before
    app.close(force=True)
    return took


def cost(home: Path, seconds: float = 10) -> tuple[float, float]:
    """The share of a core in the first and the second half of an answer at 30 tokens a second."""
    app = start(home, 30)
    shares = []
    for _ in range(2):
        before = processor_seconds(app)
        read_for(app, seconds)
        shares.append((processor_seconds(app) - before) / seconds)
    app.close(force=True)
    return shares[0], shares[1]


def cost_by_length(home: Path, rate: int = 100, around: int = 400) -> list[float]:
    """Milliseconds of processor time for a token when the answer has so many."""
    started = time.monotonic()
    app = start(home, rate)
    costs = []
    for length in LENGTHS:
        read_for(app, started + (length - around / 2) / rate - time.monotonic())
        before = processor_seconds(app)
        read_for(app, around / rate)
        costs.append((processor_seconds(app) - before) / around * 1000)
    app.close(force=True)
    return costs


def processor_seconds(app: pexpect.spawn) -> float:
    """What the process took so far."""
    fields = Path(f"/proc/{app.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        times = sorted(key_times(Path(folder)))
        median, late = statistics.median(times), times[round(0.95 * len(times)) - 1]
        print(f"a key: median {median:.0f} ms, 95 of 100 within {late:.0f} ms")
        took, used = burst(Path(folder))
        print(
            f"{BURST:,} keys at once: {took:.1f} s, {used / BURST * 1000:.2f} ms of processor each"
        )
        first, second = cost(Path(folder))
        print(f"an answer at 30 tokens/s: {first:.0%} of a core, then {second:.0%}")
        for length, each in zip(LENGTHS, cost_by_length(Path(folder)), strict=True):
            print(f"a token behind {length:,} others: {each:.2f} ms of processor time")
        print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
