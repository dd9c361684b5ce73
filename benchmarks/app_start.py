"""When the app's first whole frame is on the terminal: beside an empty Textual app, in turns.

Each process runs on a pseudo-terminal of 80 by 24; its time ends with the bytes that draw the words
of its composer. The starter model loads behind it. With the path of an `elia` (a
chat program of the same toolkit) as argument that one is measured too, until its title is there.
Prints medians, and the median of the ratios within the rounds, which other programs on the machine
disturb less.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pexpect

ROUNDS = 9

_EMPTY = """
from textual.app import App
from textual.widgets import TextArea
class Empty(App):
    def compose(self):
        yield TextArea(placeholder="Write something")
Empty().run()
"""


def seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """From the start of a process to its frame."""
    words = "Elia" if Path(command[0]).name == "elia" else "Write something"
    started = time.perf_counter()
    process = pexpect.spawn(
        command[0],
        list(command[1:]),
        env=dict(environment),
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=60,
    )
    process.expect(re.escape(words))
    found = time.perf_counter() - started
    process.close(force=True)
    return found


def measure(rounds: int = ROUNDS) -> dict[str, list[float]]:
    """The seconds of each program, round by round."""
    chat = str(Path(sys.executable).parent / "chat")
    programs = {"an empty app": [sys.executable, "-c", _EMPTY], "chat": [chat]}
    if others := sys.argv[1:]:
        programs["elia"] = others[:1]
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home, "CHAT_HOME": home, "TERM": "xterm-256color"}
        for command in programs.values():  # what is compiled once is not measured
            seconds(command, environment)
        found: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(rounds):
            for name, command in programs.items():
                found[name].append(seconds(command, environment))
    return found


def main() -> None:
    """Measure and print."""
    found = measure()
    pairs = zip(found["chat"], found["an empty app"], strict=True)
    ratio = statistics.median(ours / base for ours, base in pairs)
    for name, times in found.items():
        print(f"{name:14} median {statistics.median(times):.2f} s, least {min(times):.2f} s")
    print(f"chat takes {ratio:.2f}× an empty app; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
