"""``chat prompts test``: tests of prompts, tried on one model or on two, with one prompt or two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TextIO

from engine.errors import UnknownModel
from engine.models import FoundModel
from engine.protocol import Engine
from prompts.errors import InvalidVariable, PromptError, UnknownPrompt
from prompts.expectations import NO_FILE_OF_A_TEST
from prompts.inherit import Prompt
from prompts.library import Library
from tui import exit_codes
from tui.attach import AttachedText
from tui.compose import compose
from tui.composed import Composed, Surroundings
from tui.errors import UsageProblem
from tui.interrupts import signals_call
from tui.loading import NOTHING_LEFT
from tui.narrate import Narrator
from tui.options import EngineOptions, PromptOptions
from tui.prompt_test_report import Arm, Report, print_report
from tui.prompt_trials import Composer, Outcome, Trial, Trials
from tui.runtime import Runtime
from tui.sanitize import sanitize_line
from tui.which_model import ModelMeant

LONGEST_ANSWER = 1024
"""Tokens, where neither the prompt nor the configuration says: an answer that goes round in
circles would fill the context first."""


@dataclass(frozen=True, slots=True)
class TrialOptions:
    """``chat prompts test``, as it was typed."""

    names: tuple[str, ...] = ()
    """Of prompts; none means all that have tests."""
    model: str | None = None
    against: str | None = None
    """A prompt or a model to hold the first against."""
    max_tokens: int | None = None
    json: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is to try."""

    prompts: tuple[Prompt, ...]
    """Those with tests."""
    untested: tuple[str, ...]
    broken: tuple[tuple[str, str], ...]
    """Names with what is wrong, a line each."""


def run_prompt_tests(runtime: Runtime, options: TrialOptions) -> int:
    """Try the tests and print what came of them, even if it is not everything; the exit code."""
    library, narrator = runtime.library(), Narrator(runtime.stderr)
    found = _find(library, options.names)
    for _, problem in found.broken:
        narrator.say(problem)
    if found.untested:
        narrator.say(f"without tests: {', '.join(found.untested)}")
    if not found.prompts:
        if not found.broken:
            narrator.say(
                "there is nothing to try: add [[tests]] to a prompt (chat prompts edit NAME)"
            )
        return exit_codes.FAILED
    arms = _arms(runtime, library, options, found.prompts)
    report = Report(found.prompts, found.untested, found.broken, arms)
    code = _try_all(runtime, options, library, report)
    return code or (exit_codes.DONE if report.is_enough else exit_codes.FAILED)


def _find(library: Library, names: Sequence[str]) -> _Found:
    """Load the prompts that were named, or all.

    Raises:
        UnknownPrompt: If there is none of a name.
    """
    prompts: list[Prompt] = []
    untested: list[str] = []
    broken: list[tuple[str, str]] = []
    for name in dict.fromkeys(names or [entry.name for entry in library.entries()]):
        try:
            prompt = library.load(name)
        except UnknownPrompt:
            if names:
                raise
            broken.append((name, f"{name}.toml is not a name that a prompt can have"))
        except PromptError as error:
            broken.append((name, str(error)))
        else:
            if prompt.tests:
                prompts.append(prompt)
            elif names:
                untested.append(name)
    return _Found(tuple(prompts), tuple(untested), tuple(broken))


def _arms(
    runtime: Runtime, library: Library, options: TrialOptions, prompts: Sequence[Prompt]
) -> tuple[Arm, ...]:
    """What is held against what: the prompts on a model, and what `--against` names.

    Raises:
        PromptError: If it is a prompt that cannot be used.
        UsageProblem: If it is neither a prompt nor a model, or there is more than one to hold a
            prompt against.
        NoModel, UnknownModel: If there is nothing to load.
    """
    model = runtime.model_to_load(options.model)
    trials = [trial for prompt in prompts for trial in trials_of(prompt)]
    first, other = _arm(model, trials), options.against
    if other is None:
        return (first,)
    if _has(library, other):
        if len(prompts) > 1 or not options.names:
            raise UsageProblem(f"name a single prompt to compare with the prompt {other}")
        others = [replace(trial, prompt=other) for trial in trials]
        return replace(first, label=prompts[0].name), replace(_arm(model, others), label=other)
    return first, _other_model(runtime, other, trials)


def trials_of(prompt: Prompt) -> list[Trial]:
    """The tests of a prompt, to be tried with it."""
    return [
        Trial(prompt.name, number, test, prompt.name) for number, test in enumerate(prompt.tests, 1)
    ]


def _has(library: Library, name: str) -> bool:
    try:
        library.load(name)
    except UnknownPrompt:
        return False
    return True


def _arm(model: ModelMeant, trials: list[Trial]) -> Arm:
    path = str(model.path) if isinstance(model, FoundModel) else model.name
    return Arm(model.name, path, model.name, trials)


def _other_model(runtime: Runtime, name: str, trials: list[Trial]) -> Arm:
    try:
        model = runtime.model_to_load(name)
    except UnknownModel as error:
        raise UsageProblem(f"--against: {error}, and no prompt has that name") from error
    return _arm(model, trials)


def _try_all(runtime: Runtime, options: TrialOptions, library: Library, report: Report) -> int:
    """Fill in the outcomes and print the report; the exit code of a signal, or 0."""
    trials = Trials(composer(runtime, library, options))
    all_trials = [trial for arm in report.arms for trial in arm.trials]
    with signals_call(trials.stop) as interruption:
        try:
            with progress_bar(runtime.stderr, all_trials) as go_on:
                for arm in report.arms:
                    for outcome in _outcomes(runtime, trials, arm):
                        arm.outcomes.append(outcome)
                        go_on()
        finally:
            print_report(runtime, report, trials.notices, as_json=options.json)
    return interruption.exit_code if interruption.signal else exit_codes.DONE


def _outcomes(runtime: Runtime, trials: Trials, arm: Arm) -> Iterator[Outcome]:
    if trials.is_stopped:
        return
    engine = runtime.start_engine(arm.model, NOTHING_LEFT)
    try:
        yield from trials.run(engine, arm.trials)
    finally:
        engine.close()


def composer(runtime: Runtime, library: Library, options: TrialOptions) -> Composer:
    """Puts trials together: greedy, unless a prompt has settings of its own."""
    config = replace(
        runtime.config,
        system=None,
        sampling={"temperature": 0.0},
        max_tokens=runtime.config.max_tokens or LONGEST_ANSWER,
    )

    def composed(trial: Trial, engine: Engine, say: Callable[[str], None]) -> Composed:
        test = trial.test
        return compose(
            PromptOptions(
                words=test.instruction or None,
                templates=(trial.prompt,),
                variables=_variables(trial, library),
            ),
            EngineOptions(seed=test.seed, max_tokens=options.max_tokens),
            [AttachedText(None, test.input)] if test.input else [],
            Surroundings(
                library=lambda: library,
                config=config,
                model_name=lambda: engine.model_name,
                count=engine.count,
                say=say,
            ),
        )

    return composed


def _variables(trial: Trial, library: Library) -> tuple[tuple[str, str], ...]:
    """The values of a test; another prompt than its own gets those that it knows."""
    given = trial.test.variables
    known = library.load(trial.prompt).variables if given else {}
    if trial.prompt != trial.owner:
        given = {name: value for name, value in given.items() if name in known}
    for name in given:
        if name in known and known[name].type == "file":
            # Somebody else's prompt would have any file of the person's read.
            raise InvalidVariable(name, NO_FILE_OF_A_TEST)
    return tuple((name, str(value)) for name, value in given.items())


@contextmanager
def progress_bar(stream: TextIO, trials: Sequence[Trial]) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing elsewhere; it is told when one of the trials is over."""
    if not stream.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    labels = iter([sanitize_line(f"{trial.prompt}: {trial.name}") for trial in trials])
    console = Console(file=stream, highlight=False)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(next(labels, ""), total=len(trials))
        yield lambda: progress.update(task, advance=1, description=next(labels, "done"))
