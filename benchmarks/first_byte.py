"""Time to the first byte of an answer: ``chat`` beside ``llm``, both with the starter model.

``chat "Say hello."`` and ``llm -m SmolLM2 "Say hello."`` run as whole processes in turn. Prints the
medians and the ratio. Where ``llm`` with its plug-in is not installed, only ours is timed.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROUNDS = 7

_LLM_MODEL = "SmolLM2"


def seconds_to_first_byte(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """From the start of the process until its stdout has something to read."""
    started = time.perf_counter()
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(environment),
    ) as process:
        assert process.stdout is not None
        first = process.stdout.read(1)
        elapsed = time.perf_counter() - started
        process.stdout.read()
    if not first or process.returncode:
        sys.exit(f"{' '.join(command)} failed with {process.returncode}")
    return elapsed


def main() -> None:
    """Measure and print."""
    programs = Path(sys.executable).parent
    chat = [str(programs / "chat"), "Say hello."]
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "CHAT_HOME": home, "CHAT_MODEL": "", "LLM_USER_PATH": home}
        llm = _llm(programs, environment)
        commands = {"chat": chat}
        if llm:
            commands["llm"] = [llm, "-m", _LLM_MODEL, "Say hello."]
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                times[name].append(seconds_to_first_byte(command, environment))
    for name, seconds in times.items():
        low, high = min(seconds), max(seconds)
        print(f"{name:5} {statistics.median(seconds):.2f} s ({low:.2f}–{high:.2f}, {ROUNDS} runs)")
    if llm:
        ratios = [theirs / ours for ours, theirs in zip(times["chat"], times["llm"], strict=True)]
        print(f"llm ÷ chat: {statistics.median(ratios):.2f} (median of pairs)")
    else:
        print("llm with its SmolLM2 plug-in is not installed here: nothing to compare with")


def _llm(programs: Path, environment: Mapping[str, str]) -> str | None:
    """The program, if it has the plug-in that brings the starter model."""
    llm = shutil.which("llm", path=str(programs)) or shutil.which("llm")
    if llm is None:
        return None
    command = [llm, "models", "list"]
    listed = subprocess.run(
        command, capture_output=True, text=True, env=dict(environment), check=False
    )
    return llm if _LLM_MODEL in listed.stdout else None


if __name__ == "__main__":
    main()
