"""Signals while ``chat --edit`` works: the file is whole, what was done is not done twice."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from drafts import Journal

OLD = "Their is a light.\n\nIt is far.\n"
NEW = "There is a light.\n\nIt is far.\n"

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WAYS: Mapping[str, Sequence[str]] = {
    "write": ("--edit", "draft.md", "--yes"),
    "diff": ("--edit", "draft.md"),
    "filter": ("--edit", "-"),
}
RUNNER = Path(__file__).with_name("signalled_chat.py")


@dataclass(frozen=True)
class Run:
    """How a run ended, and what it left."""

    folder: Path
    code: int

    @property
    def draft(self) -> str:
        return (self.folder / "draft.md").read_text()

    @property
    def out(self) -> str:
        return (self.folder / "stdout").read_text()

    @property
    def err(self) -> str:
        return (self.folder / "stderr").read_text()

    @property
    def is_met(self) -> bool:
        return (self.folder / "met").exists()


class Runner:
    """Has cases run by a process that forks one for each."""

    def __init__(self, home: Path, root: Path) -> None:
        self._home = home
        self._root = root
        self._cases: list[dict[str, object]] = []

    def add(self, moment: str | int, number: int, *arguments: str, again: str = "") -> None:
        """Another case; in the folder of one before it, if its name is given."""
        name = again or f"{len(self._cases)}"
        folder = self._root / name
        if not again:
            shutil.copytree(self._home, folder / "home")
            for file in ("draft.md", "other.md", "stdin"):
                (folder / file).write_text(OLD)
        self._cases.append(
            {
                "folder": name,
                "reply": NEW,
                "moment": moment,
                "signal": number,
                "arguments": arguments,
            }
        )

    def run(self) -> list[Run]:
        """Carry them out in turn."""
        done = subprocess.run(
            [sys.executable, RUNNER, self._root],
            input="".join(f"{json.dumps(case)}\n" for case in self._cases).encode(),
            stdout=subprocess.PIPE,
            check=True,
            timeout=120,
        )
        codes = [int(line) for line in done.stdout.split()]
        return [
            Run(self._root / str(case["folder"]), code)
            for case, code in zip(self._cases, codes, strict=True)
        ]


@pytest.fixture
def runner(whole_drafts: None, home: Path, tmp_path: Path) -> Runner:
    model = home / "data" / "models" / "tiny.gguf"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"GGUF")
    root = tmp_path / "runs"
    root.mkdir()
    return Runner(home, root)


def test_a_signal_before_the_end_of_an_answer_changes_nothing_and_hands_a_filter_its_input(
    runner: Runner,
) -> None:
    ways = [(way, number) for way in ("write", "filter") for number in SIGNALS]
    ways.append(("diff", signal.SIGTERM))
    for way, number in ways:
        for moment in ("loading", "prefill", "writing"):
            runner.add(moment, number, *WAYS[way])
    for number in SIGNALS:
        runner.add("starting", number, *WAYS["filter"])
    *begun, one, two, three = runner.run()
    for run, number in zip((one, two, three), SIGNALS, strict=True):
        assert (run.is_met, run.code, run.out) == (True, 128 + number, OLD), run.err
    runs = iter(begun)
    for way, number in ways:
        for _ in range(3):
            run = next(runs)
            assert run.is_met
            assert run.code == 128 + number, run.err
            assert run.draft == OLD
            assert run.out == (OLD if way == "filter" else "")
            assert "Traceback" not in run.err


def test_output_that_nobody_reads_any_more_stops_no_work(runner: Runner) -> None:
    for moment in ("prefill", 2):
        runner.add(moment, signal.SIGPIPE, *WAYS["write"], "--edit", "other.md")
    for way in ("diff", "filter"):
        runner.add("prefill", signal.SIGPIPE, *WAYS[way])
    runs = runner.run()
    assert all(run.is_met for run in runs)
    assert [run.code for run in runs] == [0] * 4
    assert [run.draft for run in runs] == [NEW, NEW, OLD, OLD]
    assert [(run.folder / "other.md").read_text() for run in runs] == [NEW, NEW, OLD, OLD]


def test_a_signal_while_the_file_is_written_comes_after_that(runner: Runner) -> None:
    numbers = range(1, 45, 3)
    for call in numbers:
        runner.add(call, SIGNALS[call % 3], *WAYS["write"])
    runs = runner.run()
    met = [run for run in runs if run.is_met]
    assert len(met) > 8
    assert not runs[-1].is_met, "there are calls that were not tried"
    for call, run in zip(numbers, runs, strict=True):
        assert run.code == (128 + SIGNALS[call % 3] if run.is_met else 0), run.err
        assert run.draft == NEW
        assert "is written" in run.err
        assert [path.name for path in run.folder.glob(".*")] == []
    Journal(met[-1].folder / "home" / "data" / "drafts").undo(met[-1].folder / "draft.md")
    assert met[-1].draft == OLD
