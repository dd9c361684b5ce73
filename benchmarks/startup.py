"""What commands cost before they do anything: beside ``python -c 'import click'``, in turns.

``chat --version``, ``chat --help`` and ``chat sessions list`` (in an empty home) run as whole
processes, one of each in a round, so that what else the machine does hits all alike. Prints the
median of each, and the median of its ratios within the rounds. Python may keep what it compiles, as
it does for everybody who has not turned that off.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROUNDS = 15

LIMIT = 1.5
"""What ``--version`` and ``--help`` may take, as a multiple of importing click."""

_BASE = "import click"


def seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """How long a process runs."""
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, env=dict(environment), check=True)
    return time.perf_counter() - started


def measure(rounds: int = ROUNDS) -> dict[str, list[float]]:
    """The seconds of each command, round by round."""
    chat = str(Path(sys.executable).parent / "chat")
    commands = {
        _BASE: [sys.executable, "-c", _BASE],
        "chat --version": [chat, "--version"],
        "chat --help": [chat, "--help"],
        "chat sessions list": [chat, "sessions", "list"],
    }
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "CHAT_HOME": home, "PYTHONDONTWRITEBYTECODE": ""}
        for command in commands.values():  # what is compiled once is not measured
            seconds(command, environment)
        found: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                found[name].append(seconds(command, environment))
    return found


def ratio(found: Mapping[str, Sequence[float]], name: str) -> float:
    """The median of a command's multiples of importing click."""
    pairs = zip(found[name], found[_BASE], strict=True)
    return statistics.median(ours / base for ours, base in pairs)


def main() -> None:
    """Measure and print; exit code 1 where the limit is not kept."""
    found = measure()
    for name, times in found.items():
        print(f"{name:20} {statistics.median(times) * 1000:6.1f} ms  {ratio(found, name):5.2f}×")
    slow = [name for name in ("chat --version", "chat --help") if ratio(found, name) > LIMIT]
    if slow:
        sys.exit(f"over {LIMIT}×: {', '.join(slow)}")


if __name__ == "__main__":
    main()
