"""What command lines share, the options of ``chat`` itself, and which do not go together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from tui.runtime import Runtime

Work: TypeAlias = "Callable[[Runtime], int | None]"
"""What a command line comes to; `tui.cli.main` does it. None is an exit code of 0."""

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

_PATH = click.Path(path_type=Path)


class LineRange(click.ParamType[tuple[int, int]]):
    """``40:60``, ``40:`` or ``40``: lines counted from 1."""

    name = "lines"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """See `click.ParamType`."""
        if isinstance(value, tuple):
            return value
        first, colon, last = str(value).partition(":")
        if not first.isdecimal() or not (last.isdecimal() or not last):
            self.fail(f"{value!r} is not like 40:60", param, ctx)
        if not colon:
            return int(first), int(first)
        return int(first), int(last) if last else sys.maxsize


_PAIR = (str, str)

DIFF_FORMS = ("unified", "words", "critic", "json")

_ARGUMENTS = (
    click.argument("words", nargs=-1, metavar="[PROMPT]..."),
    click.option("-c", "--continue", "go_on", is_flag=True, help="Continue the last session."),
    click.option("--session", metavar="ID", help="Continue this one: id, its beginning, or title."),
    click.option(
        "--compact",
        is_flag=True,
        help="Summarise the older turns of that session first.",
    ),
    click.option("--repl", is_flag=True, help="Talk, line by line."),
    click.option(
        "--edit",
        multiple=True,
        metavar="FILE",
        help="Revise FILE as PROMPT says; again for more; - is standard input.",
    ),
    click.option("--raw", is_flag=True, help="Go on with PROMPT as plain text, no chat template."),
    click.option("-m", "--model", metavar="NAME", help="A model's name, its beginning, or a path."),
    click.option("--chat-template", type=_PATH, metavar="FILE", help="Jinja, for the model's own."),
    click.option("-s", "--system", metavar="TEXT", help="The system text, or a prompt's name."),
    click.option(
        "-t",
        "--template",
        "templates",
        multiple=True,
        metavar="NAME",
        help="A prompt of the library; again to put one over another.",
    ),
    click.option(
        "-p",
        "--param",
        "variables",
        type=_PAIR,
        multiple=True,
        metavar="K V",
        help="A variable of the prompt.",
    ),
    click.option(
        "-f", "--file", "files", type=_PATH, multiple=True, metavar="PATH", help="Attach a text."
    ),
    click.option(
        "-o",
        "--option",
        "options",
        type=_PAIR,
        multiple=True,
        metavar="K V",
        help="Of sampling: temperature, top_p, …; of loading: n_ctx, threads, …",
    ),
    click.option(
        "-n",
        "--alternatives",
        type=click.IntRange(1, 16),
        default=1,
        metavar="N",
        help="N answers; the session goes on from the first.",
    ),
    click.option("--max-tokens", type=click.IntRange(min=1), metavar="N", help="At most N tokens."),
    click.option(
        "--seed", type=click.IntRange(0, 2**32 - 2), metavar="N", help="For the same answer again."
    ),
    click.option(
        "--think/--no-think", default=None, help="Think aloud first, or not, if the model can."
    ),
    click.option("--grammar", type=_PATH, metavar="FILE", help="A GBNF grammar of the answer."),
    click.option("--schema", type=_PATH, metavar="FILE", help="A JSON Schema of the answer."),
    click.option(
        "--ban",
        "banned",
        multiple=True,
        metavar="PHRASE",
        help="Must not occur; again for more.",
    ),
    click.option(
        "--logprobs",
        type=click.IntRange(0, 20),
        metavar="K",
        help="Keep each token's log-probability and those of K others; --json prints them.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print an OpenAI chat.completion object."),
    click.option("--no-save", is_flag=True, help="Leave no session behind."),
    click.option("--dry-run", is_flag=True, help="Print what would be sent, and its tokens."),
    click.option("--yes", is_flag=True, help="With --edit: write the file without asking."),
    click.option(
        "--diff",
        is_flag=False,
        flag_value="unified",
        type=click.Choice(DIFF_FORMS),
        metavar="[FORM]",
        help="With --edit: print the changes, write nothing; as unified, words, critic or json.",
    ),
    click.option(
        "--output",
        type=_PATH,
        metavar="FILE",
        help="With --edit: write to a new file instead.",
    ),
    click.option("--glob", metavar="PATTERN", help="With --edit FOLDER: its files like this."),
    click.option("--section", metavar="HEADING", help="With --edit: only this section."),
    click.option(
        "--lines",
        type=LineRange(),
        metavar="A:B",
        help="With --edit: only the paragraphs in these lines.",
    ),
    click.option("--match", metavar="REGEX", help="With --edit: only the paragraphs that match."),
    click.option(
        "--lock",
        "locks",
        multiple=True,
        type=click.Choice(["quotations", "numbers", "names"]),
        metavar="KIND",
        help="With --edit: quotations, numbers or names must come back as they are.",
    ),
    click.option(
        "--watch",
        is_flag=True,
        help="With --edit: do what <!-- chat: … --> in FILE says whenever it is saved.",
    ),
    click.option("--plain", is_flag=True, help="Nothing drawn or repainted, for screen readers."),
    click.option("-x", "--extract", is_flag=True, default=None, hidden=True),
)

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
    "yes",
    "diff",
    "output",
    "glob",
    "section",
    "lines",
    "match",
    "watch",
    "locks",
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


def with_diff_form(words: Sequence[str]) -> list[str]:
    """The command line with the form that a bare ``--diff`` stands for: what follows it may be the
    instruction."""
    following = [*words[1:], ""]
    return [
        "--diff=unified" if word == "--diff" and after not in DIFF_FORMS else word
        for word, after in zip(words, following, strict=False)
    ]


class NotYet(click.UsageError):
    """An option or subcommand that is still to come."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: not yet")


def ask_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of ``chat``."""
    for argument in reversed(_ARGUMENTS):
        command = argument(command)
    return command


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
