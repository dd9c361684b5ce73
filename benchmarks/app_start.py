"""When the app's first whole frame is on the terminal: beside an empty Textual app, in turns.

Each program runs in tmux, a terminal that answers what programs ask it, of 80 by 24; its time ends
when words of its frame can be read there. The starter model loads behind chat's. With the paths
of `elia` and `oterm` (chat programs of the same toolkit) as arguments those are measured too.
Prints medians, and the median of the ratios to chat within the rounds, which other programs on the
machine disturb less.

Words are read from the screen, not from what is written: an empty app's cursor stands on the first
letter of its field, which splits the words with colours until the cursor blinks, a second later.
"""

from __future__ import annotations

import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROUNDS = 9

_SERVER = f"chat-benchmark-{os.getpid()}"

_EMPTY = """
from textual.app import App
from textual.widgets import TextArea
class Empty(App):
    def compose(self):
        yield TextArea(placeholder="Write something")
Empty().run()
"""

WORDS = {"elia": "Elia", "oterm": "new chat"}
"""Of the first frame of each; ours and the empty app have the same ones."""


def tmux(*arguments: str) -> str:
    """What tmux answers, from a server of our own without anybody's settings."""
    command = ["tmux", "-L", _SERVER, "-f", "/dev/null", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def seconds(command: Sequence[str], home: str) -> float:
    """From the start of a process to its frame."""
    words = WORDS.get(Path(command[0]).name, "Write something")
    line = shlex.join(["env", f"HOME={home}", f"CHAT_HOME={home}", *command])
    started = time.perf_counter()
    tmux("new-session", "-d", "-s", "it", "-x", "80", "-y", "24", line)
    while words not in tmux("capture-pane", "-p", "-t", "it"):
        if time.perf_counter() - started > 60:
            raise SystemExit(f"{command[0]} shows no {words!r}: {tmux('capture-pane', '-p')}")
        time.sleep(0.01)
    found = time.perf_counter() - started
    tmux("kill-session", "-t", "it")
    return found


def measure(others: Sequence[str], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """The seconds of each program, round by round."""
    chat = str(Path(sys.executable).parent / "chat")
    programs = {"an empty app": [sys.executable, "-c", _EMPTY], "chat": [chat]}
    programs |= {Path(other).name: [other] for other in others}
    with tempfile.TemporaryDirectory() as home:
        tmux("new-session", "-d", "-s", "keep")
        try:
            for command in programs.values():  # what is compiled once is not measured
                seconds(command, home)
            found: dict[str, list[float]] = {name: [] for name in programs}
            for _ in range(rounds):
                for name, command in programs.items():
                    found[name].append(seconds(command, home))
        finally:
            tmux("kill-server")
    return found


def main() -> None:
    """Measure and print."""
    found = measure(sys.argv[1:])
    for name, times in found.items():
        pairs = zip(times, found["chat"], strict=True)
        ratio = statistics.median(theirs / ours for theirs, ours in pairs)
        print(
            f"{name:14} median {statistics.median(times):.2f} s, least {min(times):.2f} s, "
            f"{ratio:.2f}× chat"
        )
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
