"""Which options of ``chat`` make no sense beside each other, or without one another."""

from __future__ import annotations

import click
from click.core import ParameterSource

from tui.arguments import NotYet

_NOT_YET = ("extract",)

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

_ONLY_WITH_EDIT = (
    *("yes", "diff", "output", "glob", "section", "lines", "match"),
    *("plain", "watch", "locks"),
)
_NEVER_WITH_EDIT = (
    *("go_on", "session", "compact", "repl", "raw", "as_json", "files"),
    "logprobs",
)

_EITHER_OR = (
    *(("watch", other) for other in ("diff", "output", "dry_run", "section", "lines", "match")),
    ("watch", "words"),
    ("repl", "as_json"),
    ("repl", "dry_run"),
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
        NotYet: If an option is still to come.
        UsageError: If one option makes no sense beside another, or without one.
    """
    typed = {
        name
        for name in context.params
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    for name in _NOT_YET:
        if name in typed:
            raise NotYet(_flag(name))
    _refuse_beside_edit(typed)
    for one, other in _EITHER_OR:
        if {one, other} <= typed:
            raise click.UsageError(f"{_flag(one)} does not go with {_flag(other)}")
    if "compact" in typed and not typed & {"go_on", "session"}:
        raise click.UsageError("--compact goes with --continue or --session")
    if {"logprobs", "no_save"} <= typed and "as_json" not in typed:
        raise click.UsageError("--logprobs are printed with --json, or saved")


def _refuse_beside_edit(typed: set[str]) -> None:
    is_edit = "edit" in typed
    for name in _NEVER_WITH_EDIT if is_edit else _ONLY_WITH_EDIT:
        if name in typed:
            problem = "does not go with" if is_edit else "goes with"
            raise click.UsageError(f"{_flag(name)} {problem} --edit")


def _flag(name: str) -> str:
    return _NAMES.get(name, f"--{name.replace('_', '-')}")
