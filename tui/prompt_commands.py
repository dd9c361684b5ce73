"""The command lines of ``chat prompts``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from tui.arguments import PATH, Work, as_json_option, completing, model_option

_PAIR = (str, str)
_named = completing("prompts")
_param_option = click.option(
    *("-p", "--param", "variables"),
    type=_PAIR,
    multiple=True,
    shell_complete=completing("variables"),
    metavar="K V",
    help="A variable of the prompt.",
)


@click.group()
def prompts() -> None:
    """The library of prompts and examples."""


@prompts.command("list")
@click.option(
    "--tag", metavar="TAG", shell_complete=completing("tags"), help="Only prompts with this tag."
)
@as_json_option
def prompts_list(tag: str | None, as_json: bool) -> Work:
    """List prompts, and where each comes from."""
    from tui.prompt_views import list_prompts

    return partial(list_prompts, tag=tag, as_json=as_json)


@prompts.command("show")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=_named)
@_param_option
@click.option("--messages", is_flag=True, help="Exactly what the model will get.")
@click.option("--tokens", is_flag=True, help="What each part costs.")
@model_option
@as_json_option
def prompts_show(
    names: tuple[str, ...],
    variables: tuple[tuple[str, str], ...],
    messages: bool,
    tokens: bool,
    model: str | None,
    as_json: bool,
) -> Work:
    """Show a prompt with everything it inherits; several as they stack.

    Standard input, where it is not a terminal, is the text that --messages and --tokens work on.
    """
    from tui import prompt_views

    if messages and tokens:
        raise click.UsageError("--messages does not go with --tokens")
    if messages or tokens:
        show = prompt_views.show_tokens if tokens else prompt_views.show_messages
        options = prompt_views.Shown(names, variables, model, as_json)
        return partial(show, options=options)
    if variables or model:
        raise click.UsageError("--param and --model go with --messages or --tokens")
    return partial(prompt_views.show_prompt, names=names, as_json=as_json)


@prompts.command("path")
@click.argument("name", required=False, shell_complete=_named)
def prompts_path(name: str | None) -> Work:
    """Print where your own prompts go, or the file of one."""
    from tui.prompt_views import prompt_path

    return partial(prompt_path, name=name)


@prompts.command("new")
@click.argument("name")
@click.option(
    "--from",
    "original",
    metavar="OTHER",
    shell_complete=_named,
    help="Begin with a copy of this prompt.",
)
@click.option("--no-edit", is_flag=True, help="Do not open an editor.")
def prompts_new(name: str, original: str | None, no_edit: bool) -> Work:
    """Write a prompt of your own, in your editor."""
    from tui.prompt_files import new_prompt

    return partial(new_prompt, name=name, original=original, edit=not no_edit)


@prompts.command("edit")
@click.argument("name", shell_complete=_named)
def prompts_edit(name: str) -> Work:
    """Edit a prompt in your editor; a packaged one as a copy of your own."""
    from tui.prompt_files import edit_prompt

    return partial(edit_prompt, name=name)


@prompts.command("check")
@click.argument("path", required=False)
@model_option
@click.option("--no-tokens", is_flag=True, help="Count nothing: no model is loaded.")
@as_json_option
def prompts_check(path: str | None, model: str | None, no_tokens: bool, as_json: bool) -> Work:
    """Find what is wrong with prompts: a file's, a folder's, or of all that there are."""
    from tui.prompt_check import check_prompts

    return partial(check_prompts, path=path, model=model, count=not no_tokens, as_json=as_json)


@prompts.command("import")
@click.argument("path", type=PATH, metavar="PATH")
@click.option("--as", "name", metavar="NAME", help="What the prompt is to be called.")
@click.option("--dry-run", is_flag=True, help="Print the prompt files, and write nothing.")
@as_json_option
def prompts_import(path: Path, name: str | None, dry_run: bool, as_json: bool) -> Work:
    """Bring in prompts of other programs; PATH is a file or a folder.

    They come from Fabric's patterns, llm's templates, aichat's roles, ChatGPT's custom instructions
    and plain texts. Prompts that are there already stay as they are.
    """
    from tui.prompt_import import PromptImportOptions, import_prompts

    options = PromptImportOptions(path, name=name, dry_run=dry_run, json=as_json)
    return partial(import_prompts, options=options)


@prompts.command("schema")
def prompts_schema() -> Work:
    """Print the JSON Schema of prompt files, for editors."""
    from tui.prompt_views import print_schema

    return print_schema


@prompts.command("test")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=_named)
@model_option
@click.option(
    "--against",
    metavar="OTHER",
    shell_complete=_named,
    help="A prompt, or a model, to hold beside it.",
)
@click.option(
    "--max-tokens",
    type=click.IntRange(min=1),
    metavar="N",
    help="At most N tokens an answer; 1024 unless the prompt says.",
)
@as_json_option
def prompts_test(as_json: bool, **values: Any) -> Work:
    """Try the tests of prompts on a model; without NAME, of all prompts that have some."""
    from tui.prompt_test import TrialOptions, run_prompt_tests

    options = TrialOptions(**values, json=as_json)
    return lambda runtime: run_prompt_tests(runtime, options)


@prompts.command("learn")
@click.argument("name", shell_complete=_named)
@click.option("--since", metavar="WHEN", help="Only answers since a date, or so long ago: 7d, 12h.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=20,
    metavar="N",
    help="At most N, the latest first; 20 without it, and 0 is all.",
)
@click.option("--project", is_flag=True, help="Add to a prompt of the project, for all to read.")
@model_option
@as_json_option
def prompts_learn(since: str | None, **values: Any) -> Work:
    """Make examples of answers that you rated + and edits that you took, one by one.

    Without a terminal they are listed, and nothing is written.
    """
    from tui.moments import moment
    from tui.prompt_learn import LearnOptions, learn

    options = LearnOptions(since=moment(since) if since else None, **values)
    return partial(learn, options=options)
