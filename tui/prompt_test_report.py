"""What ``chat prompts test`` prints: a line for each test, totals, and how two columns compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from prompts.inherit import Prompt
from tui.narrate import Narrator
from tui.paired import Difference, difference
from tui.prompt_trials import Outcome, Trial
from tui.runtime import Runtime
from tui.tables import print_json, print_table


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of a comparison, or the only one."""

    label: str
    """What sets it apart: its model or its prompt."""
    model: str
    """The path of its file, or the name of an endpoint."""
    model_name: str
    trials: Sequence[Trial]
    outcomes: list[Outcome] = field(default_factory=list)
    """Of the first trials, in their order, as far as they came."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is known so far."""

    prompts: Sequence[Prompt]
    untested: Sequence[str]
    broken: Sequence[tuple[str, str]]
    arms: Sequence[Arm]

    @property
    def is_complete(self) -> bool:
        """Whether every test was tried."""
        return all(len(arm.outcomes) == len(arm.trials) for arm in self.arms)

    @property
    def is_enough(self) -> bool:
        """Whether no prompt is broken, and each passes as many of its tests as it must."""
        return not self.broken and all(self.totals_of(prompt).is_enough for prompt in self.prompts)

    def totals_of(self, prompt: Prompt, arm: int = 0) -> Totals:
        """How many of a prompt's tests passed."""
        outcomes = [each for each in self.arms[arm].outcomes if each.trial.owner == prompt.name]
        return Totals(
            sum(each.passed for each in outcomes), len(outcomes), len(prompt.tests), prompt.min_pass
        )

    def pairs(self) -> list[tuple[Outcome, Outcome]]:
        """The outcomes of the tests that both arms tried."""
        if len(self.arms) < 2:
            return []
        first, second = self.arms
        return list(zip(first.outcomes, second.outcomes, strict=False))


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one prompt."""

    passed: int
    tried: int
    tests: int
    needed: float
    """The share that has to pass."""

    @property
    def share(self) -> float:
        """How many of those that were tried passed, from 0 to 1."""
        return self.passed / self.tried if self.tried else 0.0

    @property
    def is_enough(self) -> bool:
        """Whether as many passed as have to."""
        # 0.7 of 10 is not below 0.7 for the last bit of a float.
        return self.tried == self.tests and self.passed >= self.needed * self.tests - 1e-9

    def __str__(self) -> str:
        if not self.tried:
            return "not tried"
        return f"{self.passed} of {self.tried} ({self.share:.0%})"


def print_report(
    runtime: Runtime, report: Report, notices: Iterable[str], *, as_json: bool
) -> None:
    """Print what there is on stdout, and what is to be said of it on stderr."""
    narrator = Narrator(runtime.stderr)
    for notice in notices:
        narrator.say(notice)
    if as_json:
        print_json(runtime, _json(report))
    elif report.arms[0].outcomes:
        for number, (headings, rows) in enumerate(_tables(report)):
            if number and runtime.stdout.isatty():
                runtime.stdout.write("\n")
            print_table(runtime, headings, rows)
    if not report.is_complete:
        narrator.say("not every test was tried")


def _tables(report: Report) -> Iterator[tuple[Sequence[str], list[list[str]]]]:
    """Headings and rows of each table."""
    if len(report.arms) == 1:
        yield _HEADINGS, [_row(each) for each in report.arms[0].outcomes]
    else:
        labels = [_short(arm.label) for arm in report.arms]
        yield (*_PAIR_HEADINGS, *labels, "WHY NOT"), _paired(report)
    yield ("PROMPT", *_labels(report), "NEEDED", "ENOUGH"), list(_totals(report))
    if report.pairs():
        headings = ("", *_labels(report), "DIFFERENCE", "95% INTERVAL")
        yield headings, list(_comparison(report))


_HEADINGS = ("PROMPT", "TEST", "RESULT", "WORDS", "TOKENS", "FIRST", "SECONDS", "WHY NOT")
_LABEL = 14
"""Characters of a side's name in the table of tests."""

_PAIR_HEADINGS = ("PROMPT", "TEST", "WORDS", "TOKENS", "SECONDS")


def _labels(report: Report) -> list[str]:
    return ["PASSED"] if len(report.arms) == 1 else [arm.label for arm in report.arms]


def _short(label: str) -> str:
    """What is left of a long name where there is no room for it."""
    return label if len(label) <= _LABEL else f"{label[: _LABEL - 1]}…"


def _row(outcome: Outcome) -> list[str]:
    return [
        outcome.trial.owner,
        outcome.trial.name,
        _result(outcome),
        str(outcome.words),
        _tokens(outcome),
        _seconds(outcome.first_s),
        _seconds(outcome.total_s),
        "; ".join(outcome.failures),
    ]


def _paired(report: Report) -> list[list[str]]:
    """A row for each test that an arm tried, with both arms' figures in each cell."""
    rows = []
    for number, trial in enumerate(report.arms[0].trials):
        both = [arm.outcomes[number] for arm in report.arms if number < len(arm.outcomes)]
        if not both:
            break
        reasons = [
            f"{_short(arm.label)}: {'; '.join(outcome.failures)}"
            for arm, outcome in zip(report.arms, both, strict=False)
            if outcome.failures
        ]
        rows.append(
            [
                trial.owner,
                trial.name,
                " / ".join(str(outcome.words) for outcome in both),
                " / ".join(map(_tokens, both)),
                " / ".join(_seconds(outcome.total_s) for outcome in both),
                *[*map(_result, both), ""][: len(report.arms)],
                ". ".join(reasons),
            ]
        )
    return rows


def _result(outcome: Outcome) -> str:
    return "pass" if outcome.passed else "FAIL"


def _tokens(outcome: Outcome) -> str:
    return str(outcome.usage.completion_tokens) if outcome.usage else "-"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.2f}"


def _totals(report: Report) -> Iterator[list[str]]:
    for prompt in report.prompts:
        totals = [report.totals_of(prompt, number) for number in range(len(report.arms))]
        enough = "yes" if totals[0].is_enough else "no"
        yield [prompt.name, *map(str, totals), f"{prompt.min_pass:.0%}", enough]


def _comparison(report: Report) -> Iterator[list[str]]:
    passes, seconds = _differences(report)
    if passes:
        yield ["passed", *_compared(passes, ".0%")]
    if seconds:
        yield ["seconds", *_compared(seconds, ".2f")]


def _compared(found: Difference, form: str) -> list[str]:
    """Both means, how far apart they are, and how sure that is."""
    interval = " to ".join(_signed(end, form) for end in found.interval or ())
    return [
        f"{found.first:{form}}",
        f"{found.second:{form}}",
        _signed(found.value, form),
        interval or "too few tests",
    ]


def _signed(value: float, form: str) -> str:
    """A number with its sign, unless nothing of it shows."""
    text = f"{value:+{form}}"
    return text if any(digit in text for digit in "123456789") else text[1:]


def _differences(report: Report) -> tuple[Difference | None, Difference | None]:
    """Of the rates of passing, and of the seconds of the tests that both answered."""
    pairs = report.pairs()
    timed = [
        (ours.total_s, theirs.total_s)
        for ours, theirs in pairs
        if ours.total_s is not None and theirs.total_s is not None
    ]
    return (
        difference([ours.passed for ours, _ in pairs], [theirs.passed for _, theirs in pairs]),
        difference([ours for ours, _ in timed], [theirs for _, theirs in timed]),
    )


def _json(report: Report) -> dict[str, Any]:
    passes, seconds = _differences(report)
    compared = {"passed": _difference_json(passes), "seconds": _difference_json(seconds)}
    return {
        "complete": report.is_complete,
        "enough": report.is_enough,
        "arms": [{"name": arm.label, "model": arm.model_name} for arm in report.arms],
        "prompts": [_prompt_json(report, prompt) for prompt in report.prompts],
        "without_tests": list(report.untested),
        "broken": [{"name": name, "error": error} for name, error in report.broken],
        "comparison": compared if len(report.arms) > 1 else None,
    }


def _prompt_json(report: Report, prompt: Prompt) -> dict[str, Any]:
    totals = report.totals_of(prompt)
    return {
        "name": prompt.name,
        "path": prompt.path,
        "min_pass": prompt.min_pass,
        "passed": totals.passed,
        "tried": totals.tried,
        "tests": totals.tests,
        "enough": totals.is_enough,
        "outcomes": [
            _outcome_json(outcome, arm)
            for arm in report.arms
            for outcome in arm.outcomes
            if outcome.trial.owner == prompt.name
        ],
    }


def _outcome_json(outcome: Outcome, arm: Arm) -> dict[str, Any]:
    usage = outcome.usage
    return {
        "arm": arm.label,
        "test": outcome.trial.name,
        "number": outcome.trial.number,
        "seed": outcome.trial.test.seed,
        "passed": outcome.passed,
        "failures": list(outcome.failures),
        "answer": outcome.answer,
        "finish_reason": outcome.reason,
        "words": outcome.words,
        "prompt_tokens": usage.prompt_tokens if usage else None,
        "cached_tokens": usage.cached_tokens if usage else None,
        "completion_tokens": usage.completion_tokens if usage else None,
        "first_token_s": outcome.first_s,
        "total_s": outcome.total_s,
    }


def _difference_json(found: Difference | None) -> dict[str, Any] | None:
    if found is None:
        return None
    low, high = found.interval or (None, None)
    return {
        "first": found.first,
        "second": found.second,
        "difference": found.value,
        "low": low,
        "high": high,
        "pairs": found.pairs,
    }
