"""What ``chat bench`` prints: a table for people, one JSON object for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any, TypeAlias

from tui.bench_machine import Machine
from tui.bench_measures import ALTERNATIVES
from tui.bench_results import BASELINES, SECONDS, Figure, Plan, Results, Section
from tui.runtime import Runtime
from tui.tables import file_size, print_json, print_table
from tui.version import __version__

_Cell: TypeAlias = Callable[[Results], str]


@dataclass(slots=True)
class Report:
    """Everything that is known so far."""

    began: datetime
    machine: Machine
    plan: Plan
    results: list[Results] = field(default_factory=list)
    """One for each model."""
    is_complete: bool = False


def print_report(runtime: Runtime, report: Report, *, as_json: bool) -> None:
    """Print what there is on stdout."""
    if as_json:
        print_json(runtime, _json(report))
        return
    plan = report.plan
    spread = ": the median, and the range in parentheses" if plan.repeat > 1 else ""
    rows = [
        ("date", f"{report.began:%Y-%m-%d %H:%M %Z}"),
        *report.machine.rows(),
        ("conversation", f"{plan.depth:,} tokens"),
        ("samples", f"{plan.repeat} of each{spread}"),
    ]
    print_table(runtime, ("HERE", ""), rows)
    if runtime.stdout.isatty():
        runtime.stdout.write("\n")
    print_table(runtime, ("WHAT", *("" for _ in report.results)), figure_rows(report))


def figure_rows(report: Report) -> list[list[str]]:
    """A row for each thing that is known of at least one model."""
    rows = [[what, *map(cell, report.results)] for what, cell in _cells(report.plan).items()]
    return [row for row in rows if any(row[1:])]


def _cells(plan: Plan) -> Mapping[str, _Cell]:
    """What the rows are called, and how each is filled in for a model."""
    prompt, depth = f"{plan.prompt_tokens:,}", f"{plan.depth:,}"
    return {
        "model": lambda results: results.card.name,
        "description": lambda results: results.card.description,
        "size": lambda results: file_size(results.card.size_bytes),
        "context": lambda results: f"{results.card.n_ctx:,} tokens",
        f"prefill of {prompt} tokens": _cell("prefill", "speed"),
        f"decode after {prompt}": _cell("decode", "speed"),
        f"decode at depth {depth}": _cell("decode_at_depth", "depth"),
        "first token, cold": _cell("cold", "conversation"),
        "first token, resumed": _cell("resumed"),
        "first token, branch": _cell("back"),
        "edit, unaided": _cell("unaided", "edit"),
        "edit, recalling": _cell("recalled"),
        "edit, following": _cell("followed"),
        "guesses that came true": _guesses,
        "of the draft copied": _copied,
        f"{ALTERNATIVES} answers in turn": _cell("apart", "alternatives"),
        f"{ALTERNATIVES} answers at once": _cell("together"),
    }


def _cell(figure: Figure, section: Section | None = None) -> _Cell:
    """A figure in words: median, range, and how much better than its baseline.

    Args:
        figure: Which one.
        section: Where the figure's row says why it is missing, if it should: the first of those
            that are measured together.
    """

    def text(results: Results) -> str:
        values = results.values(figure)
        if not values:
            reason = results.skipped.get(section) if section else None
            return f"not measured: {reason}" if reason else ""
        shown = [_number(value) for value in (median(values), min(values), max(values))]
        unit = "s" if figure in SECONDS else "tokens/s"
        spread = f" ({shown[1]}–{shown[2]})" if len(values) > 1 else ""
        gain = results.gain(figure) if figure in BASELINES else None
        return f"{shown[0]} {unit}{spread}" + (f", {_number(gain)}×" if gain else "")

    return text


def _guesses(results: Results) -> str:
    samples = results.samples.get("followed", ())
    proposed = sum(sample.usage.proposed_tokens for sample in samples)
    accepted = sum(sample.usage.accepted_tokens for sample in samples)
    if not samples:
        return ""
    return f"{accepted:,} of {proposed:,}" if proposed else "none made: they would not pay"


def _copied(results: Results) -> str:
    samples = results.samples.get("followed", ())
    shares = [sample.copied for sample in samples if sample.copied is not None]
    return f"{median(shares):.0%}" if shares else ""


def _number(value: float) -> str:
    """Three digits that count, and no exponent."""
    decimals = 0 if value >= 99.5 else 1 if value >= 9.95 else 2 if value >= 1 else 3
    return f"{value:,.{decimals}f}"


def _json(report: Report) -> dict[str, Any]:
    plan = report.plan
    return {
        "complete": report.is_complete,
        "date": report.began.isoformat(timespec="seconds"),
        "chat": __version__,
        **report.machine.to_dict(),
        "plan": {
            "quick": plan.is_quick,
            "prompt_tokens": plan.prompt_tokens,
            "depth": plan.depth,
            "answer_tokens": plan.answer_tokens,
            "alternatives": ALTERNATIVES,
            "repeat": plan.repeat,
        },
        "models": [_model_json(results) for results in report.results],
    }


def _model_json(results: Results) -> dict[str, Any]:
    card = results.card
    return {
        "model": {
            "name": card.name,
            "path": card.path,
            "description": card.description,
            "parameters": card.parameters,
            "size_bytes": card.size_bytes,
            "n_ctx": card.n_ctx,
            "n_ctx_train": card.n_ctx_train,
        },
        "prefill": _figure_json(results, "prefill"),
        "decode": _figure_json(results, "decode"),
        "decode_at_depth": _figure_json(results, "decode_at_depth"),
        "resume": _compared(results, "cold", "resumed"),
        "branch": _compared(results, "cold", "back"),
        "edit": _compared(results, "unaided", "recalled", "followed"),
        "alternatives": _compared(results, "apart", "together"),
        "skipped": results.skipped,
    }


def _compared(results: Results, *figures: Figure) -> dict[str, Any]:
    return {figure: _figure_json(results, figure) for figure in figures}


def _figure_json(results: Results, figure: Figure) -> dict[str, Any] | None:
    """A figure with all that led to it; None where it was not measured."""
    samples = results.samples.get(figure)
    if not samples:
        return None
    values = results.values(figure)
    usage = samples[-1].usage
    made: dict[str, Any] = {
        "unit": "seconds" if figure in SECONDS else "tokens_per_second",
        "median": median(values),
        "low": min(values),
        "high": max(values),
        "samples": values,
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": usage.cached_tokens,
        "completion_tokens": usage.completion_tokens,
    }
    if figure in BASELINES:
        made["ratio"] = results.gain(figure)
    if samples[-1].copied is not None:
        made |= {
            "proposed_tokens": usage.proposed_tokens,
            "accepted_tokens": usage.accepted_tokens,
            "copied": samples[-1].copied,
        }
    return made
