"""Turns a prompt and values into the messages that a model sees."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.types import Message
from prompts.errors import InvalidVariable, MissingVariables, RenderFailed
from prompts.library import Prompt
from prompts.schema import BUILTINS, Value, Variable, nearest_name

if TYPE_CHECKING:
    from prompts.sandbox import Answer, Job, Problem

_SANDBOX = Path(__file__).with_name("sandbox.py")
_BOOT = "import sys, runpy; file, *sys.path[:] = sys.argv[1:]; runpy.run_path(file)['main']()"
"""Takes over the parent's import path, without the working directory; runs the file rather than the
module, because importing this package would take as long again as importing jinja2."""

_WALL_SECONDS = 10.0
"""The sandbox limits its own processor time; this is for a machine that gives it none."""

_MARGIN = " \t\r\n"
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt with its values put in."""

    system: str
    """Empty where the prompt has none."""
    examples: tuple[Message, ...]
    """User and assistant in turn."""
    user: str
    params: Mapping[str, object]
    variables: Mapping[str, Value]
    """Every variable that has a value, in its own type."""
    uses: frozenset[str]
    """The names of values, built-in ones included, that stand in its texts."""


def render(prompt: Prompt, values: Mapping[str, str], builtins: Mapping[str, str]) -> Rendered:
    """Put values into a prompt's texts; what is put in is never read as a template.

    Args:
        prompt: As the library loaded it.
        values: Variables by name, as they were typed.
        builtins: Those of `schema.BUILTINS` that there are. One that is left out is false in a
            template's tests, and missing where it is printed.

    Raises:
        InvalidVariable: If a value is unknown, of the wrong type, or out of bounds.
        MissingVariables: If the prompt needs values that were not given.
        RenderFailed: If a template is wrong, or took longer than two seconds.
    """
    variables = _variables(prompt, values)
    required = [v.name for v in prompt.variables.values() if v.required and v.name not in variables]
    examples = [{"text": e.input, "instruction": e.instruction} for e in prompt.examples]
    job: Job = {
        "templates": {"system": prompt.system.source, "user": prompt.user.source},
        "known": [*prompt.variables, *BUILTINS],
        "values": {**variables, **builtins},
        "renders": [("system", {}), ("user", {}), *(("user", values) for values in examples)],
    }
    answer = _run(prompt, job)
    if answer["problem"]:
        raise _failure(prompt, job, answer["problem"])
    absent = {*required, *answer["missing"]}
    if absent:
        raise MissingVariables(prompt.name, [name for name in job["known"] if name in absent])
    system, user, *inputs = (text.strip(_MARGIN) for text in answer["texts"])
    return Rendered(
        system=system,
        examples=tuple(
            message
            for example, text in zip(prompt.examples, inputs, strict=True)
            for message in (
                Message("user", text),
                Message("assistant", example.output.strip(_MARGIN)),
            )
        ),
        user=user,
        params=prompt.params,
        variables=variables,
        uses=frozenset(answer["used"]),
    )


def _variables(prompt: Prompt, values: Mapping[str, str]) -> dict[str, Value]:
    """The defaults, and over them what was given, each in its type."""
    for name in values:
        if name not in prompt.variables:
            nearest = nearest_name(name, prompt.variables)
            raise InvalidVariable(name, f"is not a variable of the prompt {prompt.name!r}", nearest)
    variables = {v.name: v.default for v in prompt.variables.values() if v.default is not None}
    return variables | {name: _typed(prompt.variables[name], text) for name, text in values.items()}


def _typed(variable: Variable, text: str) -> Value:
    try:
        value = _convert(variable, text)
    except ValueError as error:
        wanted = {"int": "a whole number", "float": "a number"}.get(variable.type, "true or false")
        raise InvalidVariable(variable.name, f"must be {wanted}, not {text!r}") from error
    if problem := variable.problem(value):
        raise InvalidVariable(variable.name, problem, nearest_name(text, variable.choices))
    return value


def _convert(variable: Variable, text: str) -> Value:
    if variable.type == "int":
        return int(text)
    if variable.type == "float":
        return float(text)
    if variable.type != "bool":
        return text
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(text)
    return word in _TRUE


def _run(prompt: Prompt, job: Job) -> Answer:
    """Have the sandbox do the job."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _BOOT, str(_SANDBOX), *filter(None, sys.path)],
            input=json.dumps(job).encode("ascii"),
            capture_output=True,
            env={},
            start_new_session=True,  # Ctrl+C is the caller's to handle
            timeout=_WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RenderFailed(prompt.path, None, "the template took longer than 2 s") from error
    except OSError as error:
        reason = f"no process to render it in could be started: {error.strerror or error}"
        raise RenderFailed(prompt.path, None, reason) from error
    if done.returncode == 0:
        answer: Answer = json.loads(done.stdout)
        return answer
    if done.returncode == -signal.SIGXCPU:
        raise RenderFailed(prompt.path, None, "the template took longer than 2 s")
    words = done.stderr.decode("utf-8", "replace").split("\n")
    last = next((line for line in reversed(words) if line.strip()), f"exit {done.returncode}")
    raise RenderFailed(prompt.path, None, f"rendering stopped: {last.strip()}")


def _failure(prompt: Prompt, job: Job, problem: Problem) -> RenderFailed:
    template = prompt.system if problem["template"] == "system" else prompt.user
    line = None if problem["line"] is None else template.line + problem["line"] - 1
    known = [*job["known"]]
    nearest = nearest_name(problem["unknown"], known) if problem["unknown"] else None
    return RenderFailed(template.path, line, problem["reason"], nearest)
