"""``chat models add`` and ``use``: which models there are, and which is the default."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from engine.models import FoundModel, find_models
from engine.models.finding import model_at, names_that_mean
from engine.models.summary import summarise
from tui.config_writing import set_in_config
from tui.errors import UsageProblem
from tui.private_file import make_private_folder
from tui.runtime import Runtime


def add_model(runtime: Runtime, path: Path) -> None:
    """Link a file, with all its parts, or a folder into the models folder.

    Raises:
        LoadFailed: If the file is no model.
        UsageProblem: If there is nothing there, or the name is taken.
    """
    path = Path(os.path.abspath(path.expanduser()))
    if path.is_dir():
        targets: Sequence[Path] = [path]
    elif path.is_file():
        targets = model_at(path).parts
        summarise(targets)
    else:
        raise UsageProblem(f"{path} is neither a file nor a folder")
    folder = runtime.paths.models
    make_private_folder(folder)
    for target in targets:
        _link(target, folder / target.name)
    added = str(path)
    if path.is_dir():
        count = sum(folder / path.name in ways_to(each.path) for each in find_models(folder))
        added += f", with {count} model{'' if count == 1 else 's'} in it"
    runtime.narrator().say(f"added {added}; `chat models list` lists them")


def use_model(runtime: Runtime, name: str) -> None:
    """Write a model's name, or where a file is, into the configuration.

    Raises:
        ConfigError: If the configuration cannot be written.
        UnknownModel: If there is none of that name.
    """
    for line in set_default(runtime, name):
        runtime.narrator().say(line)


def set_default(runtime: Runtime, name: str) -> Iterator[str]:
    """Do that, and tell what came of it. Raises as `use_model` does."""
    found = runtime.find_model(name)
    value = name_of(runtime, found) if isinstance(found, FoundModel) else found.name
    set_in_config(runtime.paths.config_file, ("model",), value)
    yield f"{found.name} is now the default"
    if runtime.environment.get("CHAT_MODEL"):
        yield f"but CHAT_MODEL is set to {runtime.environment['CHAT_MODEL']}, which wins"
    else:
        runtime.config = replace(runtime.config, model=value)


def _link(target: Path, link: Path) -> None:
    if link.is_symlink() and os.path.realpath(link) == os.path.realpath(target):
        return
    try:
        link.symlink_to(target)
    except FileExistsError as error:
        raise UsageProblem(f"{link} already exists: remove it first, or rename {target}") from error
    except OSError as error:
        # It names the file that is linked, and it is the folder that cannot be written.
        raise OSError(error.errno, error.strerror, str(link)) from error


def ways_to(path: Path) -> list[Path]:
    """A file and all folders around it."""
    return [path, *path.parents]


def name_of(runtime: Runtime, found: FoundModel) -> str:
    """What means a model: its name, or where its file is if another one has that name."""
    models = find_models(runtime.paths.models)
    names = {each.path: name for each, name in zip(models, names_that_mean(models), strict=True)}
    return names.get(found.path, os.path.abspath(found.path))
