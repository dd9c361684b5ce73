"""How much sooner an answer begins when the model stayed in memory.

``python benchmarks/keep_alive.py [ROUNDS]`` asks the same question in processes of their own, in
turns without and with ``keep_alive``, and prints the medians of the time to the first byte.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

CHAT = str(Path(sys.executable).parent / "chat")
KEPT = ("-o", "keep_alive", "5m")


def first_byte(home: str, *options: str) -> float:
    """Seconds from the start of the process to the first byte of its answer."""
    began = perf_counter()
    with subprocess.Popen(
        [CHAT, *options, "--max-tokens", "8", "Say hello."],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "CHAT_HOME": home},
    ) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        taken = perf_counter() - began
        process.stdout.read()
    return taken


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    without, with_it = [], []
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "CHAT_HOME": home}
        first_byte(home)
        first_byte(home, *KEPT)
        for _ in range(rounds):
            without.append(first_byte(home))
            with_it.append(first_byte(home, *KEPT))
        subprocess.run([CHAT, "models", "stop"], env=environment, capture_output=True, check=True)
    slow, quick = median(without), median(with_it)
    load = os.getloadavg()[0]
    print(f"without {slow:.2f} s, with {quick:.2f} s, ratio {quick / slow:.2f}, load {load:.1f}")


if __name__ == "__main__":
    main()
