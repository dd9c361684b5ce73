"""``chat bench`` for the app: a model measured in a thread, with what it says as messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from threading import Thread

from textual.message import Message

from engine.errors import EngineError
from tui.app.faults import FaultLog
from tui.app.messages import Post
from tui.bench import BenchOptions, measure_all
from tui.bench_lab import Lab, Stopped
from tui.bench_report import Report, figure_rows
from tui.errors import UsageProblem, explain
from tui.narrate import Narrator
from tui.runtime import Runtime


@dataclass
class Measured(Message):
    """Figures of a model, or why there are none."""

    rows: Sequence[Sequence[str]]
    """Each has its name first."""
    problem: str = ""


@dataclass
class Measuring(Message):
    """What is being measured now."""

    line: str


class Bench:
    """Measures one model, once."""

    def __init__(self, runtime: Runtime, name: str, post: Post, faults: FaultLog) -> None:
        """Begin.

        Args:
            runtime: Starts engines.
            name: The model's.
            post: Takes messages, from any thread.
            faults: Survives defects.
        """
        self._runtime = runtime
        self._post = post
        self._faults = faults
        self._lab = Lab(runtime, Narrator(_Lines(lambda line: post(Measuring(line)))))
        options = BenchOptions(name, quick=True)
        self._thread = Thread(target=self._run, args=(options,), name="bench", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it soon; what was measured is shown."""
        self._lab.stop()

    def _run(self, options: BenchOptions) -> None:
        rows: list[list[str]] = []
        problem = ""

        def keep(report: Report) -> None:
            rows[:] = figure_rows(report)

        with self._faults.survive():
            try:
                measure_all(self._runtime, options, self._lab, keep)
            except Stopped:
                problem = "stopped"
            except (EngineError, UsageProblem, OSError) as error:
                problem = explain(error)[0]
            self._post(Measured(rows, problem))


class _Lines(StringIO):
    """A stream that hands each line on."""

    def __init__(self, say: Callable[[str], object]) -> None:
        super().__init__()
        self._say = say

    def write(self, text: str) -> int:
        """See `TextIO`."""
        if line := text.strip().removeprefix("chat: "):
            self._say(line)
        return len(text)
