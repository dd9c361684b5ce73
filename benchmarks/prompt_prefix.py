"""Time to the first byte with a prompt of 30 examples, beside one with none.

Whole processes in turn, each with a text that no process has seen. What comes before the text is in
the snapshot of an earlier use, except in the first row. Prints medians and the ratio of pairs; a
model may be named as the argument.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from first_byte import seconds_to_first_byte

ROUNDS = 7
EXAMPLES = 30

_SYSTEM = 'system = "You are a careful copy editor. Return only the corrected text."\n'
_PLACES = ("harbour", "station", "library", "mill", "orchard", "lighthouse")
_TIMES = ("in March", "before dawn", "after the storm", "on Sundays", "last winter")


def main() -> None:
    """Measure and print."""
    chat = str(Path(sys.executable).parent / "chat")
    model = ["-m", sys.argv[1]] if len(sys.argv) > 1 else []
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "CHAT_HOME": home, "CHAT_MODEL": ""}
        prompts = Path(home) / "config" / "prompts"
        prompts.mkdir(parents=True)
        (prompts / "none.toml").write_text(_SYSTEM, "utf-8")
        (prompts / "thirty.toml").write_text(_SYSTEM + _examples(), "utf-8")

        def first_byte(name: str, number: int) -> float:
            text = f"The {number}th gull were sitting on the wall of the {_PLACES[number % 6]}."
            command = [chat, *model, "-t", name, "--max-tokens", "8", text]
            return seconds_to_first_byte(command, environment)

        cost = ["prompts", "show", "thirty", "--tokens", "--json", *model]
        shown = subprocess.run(
            [chat, *cost], env=environment, capture_output=True, text=True, check=True
        )
        print(f"{EXAMPLES} examples: {json.loads(shown.stdout)['tokens']:,} tokens in all")
        print(f"first use    {first_byte('thirty', 0):.2f} s")
        first_byte("none", 1)
        pairs = [
            (first_byte("none", number), first_byte("thirty", number + 1))
            for number in range(2, 2 + 2 * ROUNDS, 2)
        ]
    for name, seconds in zip(("none", "thirty"), zip(*pairs, strict=True), strict=True):
        low, high = min(seconds), max(seconds)
        print(f"{name:12} {statistics.median(seconds):.2f} s ({low:.2f}–{high:.2f}, {ROUNDS} runs)")
    ratio = statistics.median(thirty / none for none, thirty in pairs)
    print(f"thirty ÷ none: {ratio:.2f} (median of pairs)")


def _examples() -> str:
    pairs = [(place, time) for place in _PLACES for time in _TIMES][:EXAMPLES]
    return "".join(
        f'[[examples]]\ninput = "The boats was leaving the {place} {time}, and nobody see them."\n'
        f'output = "The boats were leaving the {place} {time}, and nobody saw them."\n'
        for place, time in pairs
    )


if __name__ == "__main__":
    main()
