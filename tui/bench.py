"""``chat bench``: how fast models are on this machine, so that one can be chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial

from engine.errors import CannotFit
from engine.models import FoundModel
from tui import exit_codes
from tui.bench_lab import Lab, Stopped, Subject
from tui.bench_machine import this_machine
from tui.bench_measures import measure
from tui.bench_report import Report, print_report
from tui.bench_results import Plan, Results, deepest, make_plan
from tui.errors import TooLong, UsageProblem
from tui.interrupts import signals_call
from tui.loading import load_options
from tui.runtime import Runtime


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """``chat bench``, as it was typed."""

    model: str | None = None
    compare: tuple[str, ...] = ()
    """Further models, for columns of their own."""
    quick: bool = False
    depth: int | None = None
    repeat: int | None = None
    json: bool = False


def run_bench(runtime: Runtime, options: BenchOptions) -> int:
    """Measure, print what was measured, even if it is not everything; the exit code."""
    narrator = runtime.narrator()
    lab = Lab(runtime, narrator)
    with signals_call(lab.stop) as interruption:
        try:
            measure_all(runtime, options, lab, partial(print_report, runtime, as_json=options.json))
        except Stopped:
            narrator.say("stopped")
    return interruption.exit_code if interruption.signal else exit_codes.DONE


def measure_all(
    runtime: Runtime, options: BenchOptions, lab: Lab, show: Callable[[Report], None]
) -> None:
    """Measure, and show what was measured, even if it is not everything.

    Raises:
        EngineError: If a model fails.
        Stopped: If the lab was stopped.
        UsageProblem: If a model is at a server.
    """
    subjects = _subjects(runtime, options, lab)
    plan = _plan(options, subjects)
    machine = this_machine(load_options(runtime.config, runtime.paths, {"keep_alive": None}))
    report = Report(datetime.now(timezone.utc), machine, plan)
    try:
        for subject in subjects:
            report.results.append(Results(subject.card))
            measure(lab, subject, plan, report.results[-1])
        report.is_complete = True
    finally:
        show(report)


def _subjects(runtime: Runtime, options: BenchOptions, lab: Lab) -> list[Subject]:
    """Load every model once: what cannot be used should be said before anything is measured."""
    names = (options.model, *options.compare)
    for model in map(runtime.model_to_load, names):
        if not isinstance(model, FoundModel):
            raise UsageProblem(
                f"{model.name} is at {model.host}: chat bench measures models on this machine, "
                "and docs/scaling.md explains how to measure servers"
            )
    return [lab.examine(name) for name in names]


def _plan(options: BenchOptions, subjects: Sequence[Subject]) -> Plan:
    """How much to measure.

    Raises:
        TooLong: If a model has no room for it.
    """
    cards = [subject.card for subject in subjects]
    plan = make_plan(cards, quick=options.quick, depth=options.depth, repeat=options.repeat)
    room = deepest(cards, plan.answer_tokens)
    if plan.depth > room:
        smallest = min(card.n_ctx for card in cards)
        way = "give a smaller --depth, or set a larger n_ctx"
        raise TooLong(CannotFit(smallest + plan.depth - room, smallest), way)
    return plan
