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
    help="Set a variable of the prompt.",
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
    """List the prompts and where each comes from."""
    from tui.prompt_views import list_prompts

    return partial(list_prompts, tag=tag, as_json=as_json)


@prompts.command("show")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=_named)
@_param_option
@click.option("--messages", is_flag=True, help="Show exactly what the model will get.")
@click.option("--tokens", is_flag=True, help="Show how many tokens each part takes.")
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
    """Show a prompt with everything it inherits, or several combined.

    Unless it is a terminal, standard input is the text for --messages and --tokens.
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
    """Print the folder of your own prompts, or the file of one prompt."""
    from tui.prompt_views import prompt_path

    return partial(prompt_path, name=name)


@prompts.command("new")
@click.argument("name")
@click.option(
    "--from",
    "original",
    metavar="OTHER",
    shell_complete=_named,
    help="Start from a copy of this prompt.",
)
@click.option("--no-edit", is_flag=True, help="Do not open an editor.")
def prompts_new(name: str, original: str | None, no_edit: bool) -> Work:
    """Write a new prompt in your editor."""
    from tui.prompt_files import new_prompt

    return partial(new_prompt, name=name, original=original, edit=not no_edit)


@prompts.command("edit")
@click.argument("name", shell_complete=_named)
def prompts_edit(name: str) -> Work:
    """Edit a prompt in your editor; a packaged prompt is copied first."""
    from tui.prompt_files import edit_prompt

    return partial(edit_prompt, name=name)


@prompts.command("check")
@click.argument("path", required=False)
@model_option
@click.option("--no-tokens", is_flag=True, help="Do not count tokens, so that no model is loaded.")
@as_json_option
def prompts_check(path: str | None, model: str | None, no_tokens: bool, as_json: bool) -> Work:
    """Find mistakes in a prompt, a file, a folder, or all your prompts."""
    from tui.prompt_check import check_prompts

    return partial(check_prompts, path=path, model=model, count=not no_tokens, as_json=as_json)


@prompts.command("import")
@click.argument("path", type=PATH, metavar="PATH")
@click.option("--as", "name", metavar="NAME", help="The name for the prompt.")
@click.option("--dry-run", is_flag=True, help="Print the prompt files and write nothing.")
@as_json_option
def prompts_import(path: Path, name: str | None, dry_run: bool, as_json: bool) -> Work:
    """Import prompts from other programs; PATH is a file or a folder.

    Reads Fabric's patterns, llm's templates, aichat's roles, ChatGPT's custom instructions and
    plain texts. Existing prompts are never replaced.
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
    help="Compare with this prompt or model.",
)
@click.option(
    "--max-tokens",
    type=click.IntRange(min=1),
    metavar="N",
    help="At most N tokens per answer; by default what the prompt says, or 1024.",
)
@as_json_option
def prompts_test(as_json: bool, **values: Any) -> Work:
    """Run a prompt's tests on a model; without NAME, the tests of all prompts."""
    from tui.prompt_test import TrialOptions, run_prompt_tests

    options = TrialOptions(**values, json=as_json)
    return lambda runtime: run_prompt_tests(runtime, options)


@prompts.command("learn")
@click.argument("name", shell_complete=_named)
@click.option(
    "--since", metavar="WHEN", help="Only answers since a date, or an age such as 7d or 12h."
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=20,
    metavar="N",
    help="At most N, newest first; 20 by default, 0 for all.",
)
@click.option(
    "--project", is_flag=True, help="Add to a prompt of the project, which others can read."
)
@model_option
@as_json_option
def prompts_learn(since: str | None, **values: Any) -> Work:
    """Turn answers that you rated + and edits that you accepted into examples, one by one.

    Without a terminal, list them and write nothing.
    """
    from tui.moments import moment
    from tui.prompt_learn import LearnOptions, learn

    options = LearnOptions(since=moment(since) if since else None, **values)
    return partial(learn, options=options)
