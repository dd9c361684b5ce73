"""Other programs with the same weights, in one run: each where it is installed.

``llama-bench`` of llama.cpp decodes as many tokens after as many others, with as many threads, in
turn with ours. ``llm`` answers as a whole process, see `first_byte`. Run it on an idle machine:

    python benchmarks/against_others.py --llama-bench PATH --depth 512
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import first_byte

from engine.load_options import LoadOptions
from engine.machine import usable_cores
from engine.models import resolve_model
from engine.process import ENVIRONMENT
from engine.protocol import Engine
from tui.bench_lab import Lab, Subject
from tui.bench_measures import decode
from tui.bench_results import Sample
from tui.bench_texts import reading
from tui.narrate import Narrator
from tui.runtime import Runtime, spawn_worker

TOKENS = 128
"""Decoded in each run."""


def main() -> None:
    """Measure and print, a block for each program."""
    arguments = _arguments()
    model = resolve_model(arguments.model, Path("nowhere")).path
    print(f"{model.stem}, {arguments.threads} threads, {arguments.rounds} rounds in turn\n")
    llama_bench = shutil.which(arguments.llama_bench or "llama-bench")
    if llama_bench is None:
        print("llama-bench is not installed here: name it with --llama-bench PATH")
    else:
        with tempfile.TemporaryDirectory() as home:
            _compare_decoding(arguments, model, llama_bench, home)
    print("\ntime to the first byte, with the starter model:")
    first_byte.main()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare with other programs.")
    parser.add_argument("-m", "--model", help="a GGUF file; without, the starter model")
    parser.add_argument("--llama-bench", metavar="PATH", help="without, the one on PATH")
    parser.add_argument("--depth", type=int, default=512, help="tokens before those decoded")
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def _compare_decoding(
    arguments: argparse.Namespace, model: Path, llama_bench: str, home: str
) -> None:
    """Decode with ours and with llama-bench in turn; the one that begins changes each round."""

    def start(path: Path, options: LoadOptions) -> Engine:
        return spawn_worker(path, replace(options, threads=arguments.threads))

    lab = Lab(Runtime({"CHAT_HOME": home}, start), Narrator(sys.stderr))
    subject = lab.examine(str(model))
    # llama-bench gets the depth that ours really has.
    depth = _ours(lab, subject, arguments.depth).usage.prompt_tokens
    command = [llama_bench, "-m", str(model), "-p", "0", "-n", str(TOKENS), "-r", "1"]
    command += ["-d", str(depth), "-t", str(arguments.threads), "-o", "json"]
    programs: dict[str, Callable[[], float]] = {
        "chat": lambda: _ours(lab, subject, arguments.depth).value,
        "llama-bench": lambda: _theirs(command),
    }
    speeds: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(arguments.rounds):
        for name in sorted(programs, reverse=bool(number % 2)):
            speeds[name].append(programs[name]())
    print(f"decoding {TOKENS} tokens after {depth:,}, tokens per second:")
    for name, values in speeds.items():
        _print_speeds(name, values)
    pairs = zip(speeds["chat"], speeds["llama-bench"], strict=True)
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    print(f"chat ÷ llama-bench: {ratio:.3f} (median of pairs)")


def _ours(lab: Lab, subject: Subject, depth: int) -> Sample:
    """Decoding by a worker that has read nothing else."""
    with lab.engine(subject) as engine:
        text = lab.text_of(engine, 1, depth)
        return decode(lab, engine, reading(text), TOKENS)


def _theirs(command: Sequence[str]) -> float:
    """Tokens per second that llama-bench says; its threads wait for each other as ours do."""
    environment = {**ENVIRONMENT, **os.environ}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed with {done.returncode}:\n{done.stderr}")
    return float(json.loads(done.stdout)[0]["avg_ts"])


def _print_speeds(name: str, values: Sequence[float]) -> None:
    low, high = min(values), max(values)
    print(f"{name:11} {statistics.median(values):.1f} ({low:.1f}–{high:.1f})")


if __name__ == "__main__":
    main()
