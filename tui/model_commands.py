"""The command lines of ``chat models``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from tui.arguments import PATH, Work, as_json_option, completing

_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def models() -> None:
    """The models on this machine."""


@models.command("list")
@as_json_option
def models_list(as_json: bool) -> Work:
    """List the models you can use, including those of other programs."""
    from tui.model_views import list_models

    return partial(list_models, as_json=as_json)


@models.command("add")
@click.argument("path", type=PATH)
def models_add(path: Path) -> Work:
    """Add the GGUF file at PATH, or a folder of them, to the list; nothing is copied."""
    from tui.model_files import add_model

    return partial(add_model, path=path)


@models.command("pull")
@click.argument(
    "what",
    required=False,
    metavar="[NAME|hf:USER/REPO[:QUANTIZATION]]",
    shell_complete=completing("downloadable"),
)
@as_json_option
def models_pull(what: str | None, as_json: bool) -> Work:
    """Download a model; without NAME, list some good ones.

    For a repository without a quantization, list those it has, with the best that fits marked.
    """
    from tui.model_pull import pull_model

    return partial(pull_model, what=what, as_json=as_json)


@models.command("info")
@click.argument("name", required=False, shell_complete=completing("models"))
@as_json_option
def models_info(name: str | None, as_json: bool) -> Work:
    """Describe a model, or the default one: what it is, what it needs, and how it chats."""
    from tui.model_info import model_info

    return partial(model_info, name=name, as_json=as_json)


@models.command("trust")
@click.argument("name", required=False, shell_complete=completing("models"))
@_YES
def models_trust(name: str | None, yes: bool) -> Work:
    """Show what changed in a model's chat template, accept it, and compute the checksum."""
    from tui.model_trust import trust_model

    return partial(trust_model, name=name, yes=yes)


@models.command("use")
@click.argument("name", shell_complete=completing("models"))
def models_use(name: str) -> Work:
    """Make NAME the default model, in the configuration."""
    from tui.model_files import use_model

    return partial(use_model, name=name)


@models.command("remove")
@click.argument("name", shell_complete=completing("models"))
@_YES
def models_remove(name: str, yes: bool) -> Work:
    """Delete a model from the models folder, after asking, or forget one that you added."""
    from tui.model_removal import remove_model

    return partial(remove_model, name=name, yes=yes)


@models.command("quantize")
@click.argument("source", metavar="SRC", shell_complete=completing("models"))
@click.argument("target", metavar="DST", type=PATH)
@click.argument("kind", metavar="TYPE", shell_complete=completing("quantizations"))
@click.option(
    "--requantize", is_flag=True, help="Allow a SRC that is already quantized; this loses more."
)
def models_quantize(source: str, target: Path, kind: str, requantize: bool) -> Work:
    """Make a smaller copy of a model: Q8_0, Q6_K, Q5_K_M, Q4_K_M, IQ4_XS and others.

    DST is a new file, or a folder to put it in.
    """
    from tui.model_quantize import quantize_model

    return partial(quantize_model, source=source, target=target, kind=kind, requantize=requantize)


@models.command("ps")
@as_json_option
def models_ps(as_json: bool) -> Work:
    """List the models kept in memory by keep_alive, and until when."""
    from tui.model_residents import list_residents

    return partial(list_residents, as_json=as_json)


@models.command("stop")
@click.argument("name", required=False, shell_complete=completing("models"))
def models_stop(name: str | None) -> Work:
    """Remove a model from memory, or all that keep_alive holds there."""
    from tui.model_residents import stop_residents

    return partial(stop_residents, name=name)


@models.command("path")
@click.argument("name", required=False, shell_complete=completing("models"))
def models_path(name: str | None) -> Work:
    """Print the folder of your own models, or the file of one model."""
    from tui.model_views import model_path

    return partial(model_path, name=name)
