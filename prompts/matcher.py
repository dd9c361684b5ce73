"""Looks for regular expressions, and holds JSON against a schema, in a process of its own.

Both run patterns out of a file over what a model wrote, and Python's can go on for ever; nothing
inside a process can stop them. Reads one JSON job, writes one JSON answer.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from typing import Any, TypedDict

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
    """The deepest reason why a value does not fit; nothing is fetched from anywhere for it."""
    from jsonschema.exceptions import best_match
    from jsonschema.validators import validator_for
    from referencing import Registry

    kind = validator_for(schema)
    error = best_match(kind(schema, registry=Registry()).iter_errors(value))
    if error is None:
        return None
    return f"{error.json_path}: {error.message}"
