"""Renders templates in a short-lived process of its own, the only one that imports jinja2.

Jinja's sandbox stops code, not endless loops, huge numbers or texts that double: limits of the
operating system do, in whichever thread the caller is. Reads one JSON job, writes one JSON answer.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Mapping
from typing import TypeAlias, TypedDict

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

CPU_SECONDS = 2
MEMORY_MIB = 512

Values: TypeAlias = Mapping[str, str | int | float | bool]


class Job(TypedDict):
    """What is to be rendered."""

    templates: dict[str, str]
    """Sources by name."""
    known: list[str]
    """The names that a template may use, whether they have a value or not."""
    values: Values
    renders: list[tuple[str, Values]]
    """Which template, and values of its own that win over the common ones."""


class Problem(TypedDict):
    """Why a template could not be rendered."""

    template: str
    line: int | None
    """Of the template, counted from 1."""
    reason: str
    unknown: str | None
    """The name that no template knows, if that was it."""


class Answer(TypedDict):
    """The texts in the order asked for, or why there are none."""

    texts: list[str]
    missing: list[str]
    """Known names that were printed and have no value."""
    used: list[str]
    """The names that stand in the templates."""
    problem: Problem | None


_FAILURES = (
    TemplateError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What compiling and running a template can raise."""


def main() -> None:
    """Answer the job on stdin; a caller sees the limits as the signal that ended this process."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, CPU_SECONDS)
    if sys.platform != "darwin":  # where a process begins with more address space than this
        _limit(resource.RLIMIT_AS, MEMORY_MIB * 1024 * 1024)
    json.dump(answer(json.load(sys.stdin)), sys.stdout)


def _limit(kind: int, amount: int) -> None:
    """Lower a limit, never raise it; the soft one, so that its signal can be told from others."""
    hard = resource.getrlimit(kind)[1]
    soft = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
    resource.setrlimit(kind, (soft, hard))


def answer(job: Job) -> Answer:
    """Render all of a job, or say why not."""
    absent: list[str] = []
    environment = _environment(job["known"], absent)
    templates: dict[str, Template] = {}
    texts: list[str] = []
    used: set[str] = set()
    name = ""
    try:
        for name, source in job["templates"].items():
            tree = environment.parse(source)
            if problem := _unknown_name(environment, name, tree, job["known"]):
                return _no_texts(problem)
            used |= meta.find_undeclared_variables(tree)
            templates[name] = environment.from_string(source)
        for name, own_values in job["renders"]:
            try:
                texts.append(templates[name].render({**job["values"], **own_values}))
            except UndefinedError as error:
                # An absent value can be printed as nothing; counting it, say, cannot go on.
                absent_name = _known_name(str(error.message), job["known"])
                if absent_name is None:
                    raise
                absent.append(absent_name)
    except _FAILURES as error:
        return _no_texts(_problem(name, error))
    return Answer(texts=texts, missing=absent, used=sorted(used), problem=None)


def _no_texts(problem: Problem) -> Answer:
    return Answer(texts=[], missing=[], used=[], problem=problem)


def _environment(known: list[str], absent: list[str]) -> ImmutableSandboxedEnvironment:
    class Absent(StrictUndefined):
        """A value that was not given: false in a test, noted where it is printed."""

        def __bool__(self) -> bool:  # type: ignore[override]
            return (
                super().__bool__() if _known_name(self._undefined_message, known) is None else False
            )

        def __str__(self) -> str:  # type: ignore[override]
            name = _known_name(self._undefined_message, known)
            if name is None:
                return super().__str__()
            absent.append(name)
            return ""

    return ImmutableSandboxedEnvironment(
        undefined=Absent, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )


def _known_name(complaint: str, known: list[str]) -> str | None:
    """The name that Jinja complains about, where a template may use it and nobody gave it."""
    return next((name for name in known if complaint == f"{name!r} is undefined"), None)


def _unknown_name(
    environment: ImmutableSandboxedEnvironment, name: str, tree: nodes.Template, known: list[str]
) -> Problem | None:
    """A name that nothing defines, even where the template would not come to it."""
    unknown = meta.find_undeclared_variables(tree) - {*known, *environment.globals}
    uses = (use for use in tree.find_all(nodes.Name) if use.name in unknown)
    first = min(uses, key=lambda use: use.lineno, default=None)
    if first is None:
        return None
    reason = f"{first.name!r} is neither a variable of the prompt nor a built-in value"
    return Problem(template=name, line=first.lineno, reason=reason, unknown=first.name)


def _problem(name: str, error: BaseException) -> Problem:
    reason = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, MemoryError):
        reason = f"the template took more than {MEMORY_MIB} MiB"
    return Problem(template=name, line=_line(error), reason=reason, unknown=None)


def _line(error: BaseException) -> int | None:
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
