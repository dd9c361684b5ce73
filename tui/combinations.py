"""Which options of ``chat`` make no sense beside each other, or without one another."""

from __future__ import annotations

import click
from click.core import ParameterSource

_NAMES = {
    "words": "an instruction",
    "locks": "--lock",
    "go_on": "--continue",
    "as_json": "--json",
    "files": "--file",
    "templates": "--template",
    "variables": "--param",
}
"""Of options whose value goes by another name."""

_PRINTED = ("as_json", "json_lines", "extract", "separator", "stats")
"""Of one answer, or several to one question."""

_ONLY_WITH_EDIT = (
    *("yes", "diff", "output", "section", "lines", "match"),
    *("watch", "locks", "fold"),
)
_NEVER_WITH_EDIT = (
    *("go_on", "session", "compact", "repl", "raw", "files", "logprobs", "timings"),
    *_PRINTED,
)

_EITHER_OR = (
    *(("watch", other) for other in ("diff", "output", "dry_run", "section", "lines", "match")),
    ("watch", "words"),
    *(("diff", other) for other in ("yes", "output")),
    *(("repl", other) for other in (*_PRINTED, "dry_run")),
    *(("dry_run", other) for other in _PRINTED if other != "as_json"),
    ("as_json", "json_lines"),
    *((form, other) for form in ("as_json", "json_lines") for other in ("extract", "separator")),
    ("repl", "compact"),
    ("go_on", "session"),
    ("grammar", "schema"),
    ("compact", "dry_run"),
    ("compact", "raw"),
    *(("raw", other) for other in ("repl", "dry_run", "system", "templates", "variables")),
    *(("raw", other) for other in ("think", "chat_template")),  # both are the template's business
)


def refuse_what_does_not_go_together(context: click.Context) -> None:
    """Look at what was typed, not at values: a default was not asked for.

    Raises:
        UsageError: If one option makes no sense beside another, or without one.
    """
    typed = {
        name
        for name in context.params
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    _refuse_beside_edit(typed)
    for one, other in _EITHER_OR:
        if {one, other} <= typed:
            raise click.UsageError(f"{_flag(one)} does not go with {_flag(other)}")
    if "compact" in typed and not typed & {"go_on", "session"}:
        raise click.UsageError("--compact goes with --continue or --session")
    if "fold" in typed and "diff" not in typed:
        raise click.UsageError("--fold goes with --diff: a review is folded anyway")
    if "separator" in typed and "alternatives" not in typed:
        raise click.UsageError("--separator stands between answers: it goes with --alternatives")
    if "glob" in typed and not typed & {"files", "edit"}:
        raise click.UsageError("--glob goes with --file FOLDER or --edit FOLDER")
    if {"logprobs", "no_save"} <= typed and not typed & {"as_json", "json_lines"}:
        raise click.UsageError("--logprobs are printed with --json, or saved")


def _refuse_beside_edit(typed: set[str]) -> None:
    is_edit = "edit" in typed
    for name in _NEVER_WITH_EDIT if is_edit else _ONLY_WITH_EDIT:
        if name in typed:
            problem = "does not go with" if is_edit else "goes with"
            raise click.UsageError(f"{_flag(name)} {problem} --edit")


def _flag(name: str) -> str:
    return _NAMES.get(name, f"--{name.replace('_', '-')}")
