"""The subcommands' own command lines: ``chat sessions``, ``chat models`` and so on."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from tui.arguments import Work, as_json_option, completing, model_option
from tui.draft_commands import drafts
from tui.examples import give_examples
from tui.model_commands import models
from tui.prompt_commands import prompts
from tui.session_commands import sessions


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def subcommands() -> None:
    """Everything that is not a conversation."""


subcommands.add_command(sessions)
subcommands.add_command(prompts)
subcommands.add_command(drafts)
subcommands.add_command(models)


@subcommands.group()
def config() -> None:
    """The settings in use."""


@config.command("show")
@click.option("--origin", is_flag=True, help="Show where each value comes from.")
@click.option(
    "--profile",
    metavar="NAME",
    shell_complete=completing("profiles"),
    help="With the settings of this profile.",
)
@as_json_option
def config_show(as_json: bool, origin: bool, profile: str | None) -> Work:
    """Print the settings in use."""
    from tui.config_views import show_config

    return partial(show_config, as_json=as_json, origin=origin, profile=profile)


@config.command("edit")
def config_edit() -> Work:
    """Change the settings in your editor; a new file explains all of them."""
    from tui.config_file import edit_config

    return edit_config


@config.command("path")
def config_file() -> Work:
    """Print the path of the configuration file."""
    from tui.config_views import config_path

    return config_path


@subcommands.command()
@as_json_option
def doctor(as_json: bool) -> Work:
    """Report what this installation has and what is wrong; exit code 1 if something is broken."""
    from tui.doctor import examine

    return partial(examine, as_json=as_json)


@subcommands.command()
@model_option
@click.option(
    "--compare",
    multiple=True,
    metavar="NAME",
    shell_complete=completing("models"),
    help="Another model to compare with; repeat for more.",
)
@click.option("--quick", is_flag=True, help="Give a rough idea in a fraction of the time.")
@click.option(
    "--depth",
    type=click.IntRange(min=64),
    metavar="N",
    help="Tokens in the long conversation; by default 2048, or what fits.",
)
@click.option(
    "--repeat",
    type=click.IntRange(1, 100),
    metavar="N",
    help="Measure everything N times; by default 3, or 1 with --quick.",
)
@as_json_option
def bench(as_json: bool, **values: Any) -> Work:
    """Measure how fast a model is on this machine."""
    from tui.bench import BenchOptions, run_bench

    options = BenchOptions(**values, json=as_json)
    return lambda runtime: run_bench(runtime, options)


@subcommands.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> Work:
    """Print the script that lets a shell complete chat's command lines.

    \b
    bash, in ~/.bashrc:                    eval "$(chat completion bash)"
    zsh, in ~/.zshrc, below compinit:      eval "$(chat completion zsh)"
    fish, in ~/.config/fish/config.fish:   chat completion fish | source
    """
    from tui.completion import script

    return lambda runtime: print(script(shell), end="", file=runtime.stdout)


give_examples(subcommands)
