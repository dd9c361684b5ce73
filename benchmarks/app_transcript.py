"""What a session of 2,000 turns costs in the app.

Runs the app on a pseudo-terminal of 100 by 40 and reads its processor time and memory from the
system, which other programs on the machine disturb less than the clock does: opening the session at
its end, and going up page by page.
"""

from __future__ import annotations

import os
import re
import resource
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

import pexpect

from sessions import SessionStore, Turn, new_turn_id

TURNS = 2000
PAGES = 10

_PARTS = (
    "A **lighthouse keeper** climbs the stairs each evening, and *each evening* there is one more.",
    "- She counts them aloud.\n- She writes the number down with `chalk`.\n- She comes down again.",
    "> Nobody has ever asked her why.",
    "```python\nstairs += 1\n```",
)

_PROGRAM = """
import sys
from engine.scripted import ScriptedEngine
from tui.cli import main
sys.exit(main(["-c"], starter=lambda path, options: ScriptedEngine(["Hello."])))
"""


def make_session(home: Path) -> None:
    """A session of questions, and answers in Markdown."""
    (home / "data" / "models").mkdir(parents=True)
    (home / "data" / "models" / "tiny.gguf").touch()
    log = SessionStore(home / "data" / "sessions").create(title="A long one")
    turns: list[Turn] = []
    for number in range(TURNS):
        parent = turns[-1].id if turns else None
        is_question = number % 2 == 0
        parts = [_PARTS[(number // 2 + n) % len(_PARTS)] for n in range(1 + number // 2 % 4)]
        content = f"Question {number}?" if is_question else "\n\n".join([f"{number}.", *parts])
        role = "user" if is_question else "assistant"
        now = datetime.now(timezone.utc)
        turns.append(Turn(new_turn_id(), parent, role, content, now))  # type: ignore[arg-type]
    log.append_branch(turns)


class App:
    """The app in a process of its own."""

    def __init__(self, home: Path) -> None:
        self._process = pexpect.spawn(
            sys.executable,
            ["-c", _PROGRAM],
            env={**os.environ, "CHAT_HOME": str(home), "TERM": "xterm-256color"},
            dimensions=(40, 100),
            encoding="utf-8",
            timeout=120,
            searchwindowsize=4000,
        )

    def see(self, words: str) -> None:
        """Wait for words on the terminal."""
        self._process.expect(re.escape(words))

    def send(self, keys: str) -> None:
        """Press keys."""
        self._process.send(keys)

    def settle(self) -> None:
        """Wait until nothing is drawn any more, but for a cursor that blinks."""
        end = time.monotonic() + 2
        while time.monotonic() < end:
            try:
                self._process.read_nonblocking(2**16, timeout=0.3)
            except pexpect.TIMEOUT:
                return

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


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        make_session(home)
        started = time.perf_counter()
        app = App(home)
        app.see("Write something")
        framed, framed_cpu = time.perf_counter() - started, app.seconds()
        app.see(f"Question {TURNS - 2}")
        opened = time.perf_counter() - started
        app.settle()
        print(f"first frame {framed:.2f} s, the session's end {opened:.2f} s")
        print(f"processor time from the frame on, imports too: {app.seconds() - framed_cpu:.2f} s")
        app.send("\t")
        before = app.seconds()
        for _ in range(PAGES):
            app.send("\x1b[5~")
            app.settle()
        print(f"a page up: {(app.seconds() - before) / PAGES * 1000:.0f} ms of processor time")
        print(f"memory: {app.mib():.0f} MiB; load {os.getloadavg()[0]:.1f}")
        app.close()


if __name__ == "__main__":
    main()
