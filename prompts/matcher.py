"""Looks for regular expressions, and holds JSON against a schema, in a process of its own.

Both run patterns out of a file over what a model wrote, and Python's can go on for ever; nothing
inside a process can stop them. Reads one JSON job, writes one JSON answer.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from typing import Any, NoReturn, TypedDict

CPU_SECONDS = 2


class Job(TypedDict):
    """What is to be judged."""

    text: str
    patterns: list[str]
    schema: str | None
    """A JSON Schema as JSON text; None looks at no schema."""


class Answer(TypedDict):
    """What came of it."""

    unmatched: list[str]
    misfit: str | None
    """Why the text does not fit the schema, in one line."""


def main() -> None:
    """Answer the job on stdin; a caller sees the limit as the signal that ended this process."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    json.dump(answer(json.load(sys.stdin)), sys.stdout)


def answer(job: Job) -> Answer:
    """Judge a text; in `^` and `$` its lines begin and end."""
    text = job["text"]
    unmatched = [
        pattern for pattern in job["patterns"] if not re.search(pattern, text, re.MULTILINE)
    ]
    misfit = None if job["schema"] is None else _misfit(json.loads(text), json.loads(job["schema"]))
    return {"unmatched": unmatched, "misfit": misfit}


def _misfit(value: Any, schema: Any) -> str | None:
    """The outermost reason why a value does not fit; nothing is fetched from anywhere for it."""
    from jsonschema_rs import RegexOptions, validator_for

    try:
        # Regular expressions are looked for by an engine that never goes back.
        rules = validator_for(schema, retriever=_refuse, pattern_options=RegexOptions())
    except ValueError as error:
        return f"the schema cannot be used: {str(error).partition(chr(10))[0]}"
    found = min(rules.iter_errors(value), key=lambda each: len(each.instance_path), default=None)
    if found is None:
        return None
    path = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in found.instance_path
    )
    return f"${path}: {found.message}"


def _refuse(_uri: str) -> NoReturn:
    raise ValueError("nothing is fetched that a schema refers to")
