"""The models on this machine, and what a name means among them."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import LoadFailed, NoModel, NotHere, NotUsable, UnknownModel
from engine.models.catalogue import catalogue, known_licence
from engine.models.stores import (
    StoredFile,
    Unusable,
    files_of_others,
    own_files,
    starter_files,
    stored_files,
)
from engine.models.summary import ModelSummary, Summaries, WritesNothing, summarise

_PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})")

_REPO = re.compile(r"hf:([^/:\s]+/[^/:\s]+)(?::([^/:\s]+))?")


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model that can be named: a GGUF file, or several that belong together."""

    name: str
    """The file's name without ``.gguf``, or what its program calls it."""
    path: Path
    """Of the first file."""
    size_bytes: int
    """Of all files."""
    source: str
    """Where it was found, for people: ``models folder``, ``Ollama`` and so on."""
    repo: str | None = None
    """``user/name`` where it was published, as far as its place tells."""
    parts: tuple[Path, ...] = ()
    """All files, the first one first."""


@dataclass(frozen=True, slots=True)
class DescribedModel:
    """A model, and what its files say of it."""

    found: FoundModel
    summary: ModelSummary


@dataclass(frozen=True, slots=True)
class Inventory:
    """What there is to choose from, and what only looks so."""

    models: tuple[DescribedModel, ...]
    unusable: tuple[Unusable, ...]


def find_models(folder: Path, environment: Mapping[str, str] | None = None) -> list[FoundModel]:
    """Every model there is, those in the folder first; no file is opened.

    Args:
        folder: The data directory's ``models``; it need not exist.
        environment: Where other programs keep theirs; None is the process's own.
    """
    return [each for each in _found(folder, environment) if isinstance(each, FoundModel)]


def take_inventory(
    folder: Path, kept: Path, environment: Mapping[str, str] | None = None
) -> Inventory:
    """Every model there is with what it is, and everything that cannot be used with why.

    Args:
        folder: As for `find_models`.
        kept: The file of `Summaries`.
        environment: As for `find_models`.
    """
    summaries = Summaries(kept)
    models: list[DescribedModel] = []
    unusable: list[Unusable] = []
    for each in _found(folder, environment):
        if isinstance(each, Unusable):
            unusable.append(each)
            continue
        try:
            models.append(described(each, summaries.summary(each.parts)))
        except LoadFailed as error:
            unusable.append(_at_fault(each, error))
    summaries.keep()
    return Inventory(tuple(models), tuple(unusable))


def resolve_model(name: str | None, folder: Path, *, by_name: bool = False) -> FoundModel:
    """The model that a name means.

    Args:
        name: A path to a GGUF file, a model's name or a unique beginning of one in any case, or
            ``hf:user/repo`` or ``hf:user/repo:QUANTIZATION`` of one that was downloaded; None is
            the first that can chat: of this program's own, the starter, or another program's.
        folder: See `find_models`.
        by_name: Whether a path is no name.

    Raises:
        NoModel: If nothing was named and nothing is there.
        NotHere: If a model of Hugging Face was named that is not on this machine.
        NotUsable: If it is known without a look into the file that it cannot be loaded.
        UnknownModel: If the name fits no model, or more than one.
    """
    if name is not None and not by_name and os.path.isfile(path := os.path.expanduser(name)):
        return model_at(Path(path))
    if name is None:
        return _default(folder)
    found = list(_found(folder, None))
    models = [each for each in found if isinstance(each, FoundModel)]
    if repo := parsed_repo(name):
        return _of_repo(name, *repo, models)
    try:
        return _by_name(name, models) if name.lower() not in catalogue() else _listed(name, models)
    except UnknownModel as error:
        for each in found:
            if isinstance(each, Unusable) and _goes_by(each, name):
                raise NotUsable(each.path, each.why) from error
        raise


def names_that_mean(models: Sequence[FoundModel]) -> list[str]:
    """For each model what means it and no other: its name, or its path if that is another's too.

    Args:
        models: In the order in which they were found: the first one has the name.
    """
    taken: set[str] = set()
    names = []
    for each in models:
        is_free = each.name.lower() not in taken and parsed_repo(each.name) is None
        names.append(each.name if is_free else os.path.abspath(each.path))
        taken.add(each.name.lower())
    return names


def model_at(path: Path) -> FoundModel:
    """The model in a file, with the parts beside it if it is the first of several."""
    stored = StoredFile(path.stem, path, "a path")
    beside = [path]
    if part := _PART.fullmatch(path.stem):
        beside = sorted(path.parent.glob(f"{_escaped(part[1])}-*-of-{part[3]}.gguf"))
    joined = list(_joined([StoredFile(each.stem, each, "a path") for each in beside]))
    model = next((each for each in joined if isinstance(each, FoundModel)), None)
    # One part of several is for llama.cpp to refuse.
    return model or FoundModel(stored.name, path, path.stat().st_size, "a path", None, (path,))


def parsed_repo(name: str) -> tuple[str, str | None] | None:
    """Repository and quantization of ``hf:user/repo:QUANTIZATION``; None where it is not so."""
    found = _REPO.fullmatch(name)
    return (found[1], found[2]) if found else None


def described(found: FoundModel, summary: ModelSummary) -> DescribedModel:
    """A model with what its files say, and its licence where only the list of good ones has it."""
    licence = summary.licence or known_licence(found.repo)
    return DescribedModel(found, replace(summary, licence=licence))


def quantization_of(name: str) -> str | None:
    """The quantization that a file's name tells, in capitals: most end with it."""
    found = re.findall(
        r"(?i)(?<![a-z0-9])(I?Q\d(?:_[a-z0-9]+)*|BF16|F16|F32|MXFP4)(?![a-z0-9])", name
    )
    return found[-1].upper() if found else None


def _at_fault(model: FoundModel, error: LoadFailed) -> Unusable:
    """The file that an error begins with, by its name or its path, and what follows."""
    problem, is_whole = str(error), isinstance(error, WritesNothing)
    for part in model.parts:
        for name in (str(part), part.name):
            if problem.startswith(f"{name} "):
                return Unusable(part, problem.removeprefix(f"{name} "), model.name, is_whole)
    return Unusable(model.path, problem, model.name, is_whole)


def _goes_by(file: Unusable, name: str) -> bool:
    own = file.name or file.path.stem
    return own.lower() == name.lower().removesuffix(".gguf")


def _found(folder: Path, environment: Mapping[str, str] | None) -> Iterator[FoundModel | Unusable]:
    """Models with their parts joined; a file that several places have counts once."""
    seen: set[str] = set()
    once: list[StoredFile | Unusable] = []
    for each in stored_files(folder, os.environ if environment is None else environment):
        real = os.path.realpath(each.path)
        if real not in seen:
            seen.add(real)
            once.append(each)
    return _joined(once)


def _joined(files: Sequence[StoredFile | Unusable]) -> Iterator[FoundModel | Unusable]:
    """Files that are parts of one model made into one, in the place of the first."""
    groups: dict[tuple[Path, str, str, str], dict[int, StoredFile]] = {}
    for each in files:
        if isinstance(each, StoredFile) and (part := _PART.fullmatch(each.path.stem)):
            key = (each.path.parent, part[1], part[3], each.source)
            groups.setdefault(key, {})[int(part[2])] = each
    for each in files:
        if isinstance(each, Unusable):
            yield each
        elif part := _PART.fullmatch(each.path.stem):
            parts = groups.pop((each.path.parent, part[1], part[3], each.source), None)
            if parts:
                yield _whole(part[1], int(part[3]), parts)
        else:
            yield _model(each.name, [each])


def _whole(name: str, count: int, parts: Mapping[int, StoredFile]) -> FoundModel | Unusable:
    missing = next((number for number in range(1, count + 1) if number not in parts), None)
    ordered = [parts[number] for number in sorted(parts)]
    if missing is not None:
        return Unusable(ordered[0].path, f"lacks part {missing} of {count}", name)
    return _model(name, ordered)


def _model(name: str, files: Sequence[StoredFile]) -> FoundModel | Unusable:
    first = files[0]
    paths = tuple(file.path for file in files)
    try:
        size = sum(path.stat().st_size for path in paths)
    except OSError as error:
        return Unusable(first.path, f"cannot be read: {error.strerror}", name)
    return FoundModel(name, first.path, size, first.source, first.repo, paths)


def _default(folder: Path) -> FoundModel:
    """The first one that chats: of this program's own, the starter, or another program's.

    Where there is just one of the own, it is taken without a look into it.
    """
    for files in (own_files(folder), starter_files()):
        models = [each for each in _joined(list(files)) if isinstance(each, FoundModel)]
        if models:
            return models[0] if len(models) == 1 else next(filter(_can_chat, models), models[0])
    for each in _joined(list(files_of_others(os.environ))):
        if isinstance(each, FoundModel) and _can_chat(each):
            return each
    raise NoModel("no model found")


def _can_chat(model: FoundModel) -> bool:
    try:
        return summarise(model.parts).template_sha256 is not None
    except LoadFailed:
        return False


def _of_repo(
    name: str, repo: str, quantization: str | None, models: Sequence[FoundModel]
) -> FoundModel:
    there = [each for each in models if each.repo and each.repo.lower() == repo.lower()]
    fits = [each for each in there if quantization is None or _is_quantized(each, quantization)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        kinds = [f"hf:{repo}:{quantization_of(each.name) or each.name}" for each in fits]
        raise UnknownModel(name, kinds, ambiguous=True)
    raise NotHere(name)


def _is_quantized(model: FoundModel, quantization: str) -> bool:
    """Whether the file's name, or for Ollama the tag, says so."""
    return (quantization_of(model.name) or "").lower() == quantization.lower() or (
        model.name.lower().endswith(quantization.lower())
    )


def _by_name(name: str, models: Sequence[FoundModel]) -> FoundModel:
    wanted = name.lower().removesuffix(".gguf")
    exact = [model for model in models if model.name.lower() == wanted]
    if exact:
        return _first_sound(exact)
    begins = [model for model in models if model.name.lower().startswith(wanted)]
    if len({model.name.lower() for model in begins}) == 1:
        return _first_sound(begins)
    if begins:
        raise UnknownModel(name, [model.name for model in begins], ambiguous=True)
    known = {model.name.lower(): model.name for model in models}
    nearest = difflib.get_close_matches(wanted, known, n=3, cutoff=0.4)
    raise UnknownModel(name, [known[key] for key in nearest])


def _first_sound(models: Sequence[FoundModel]) -> FoundModel:
    """Of several with one name the first that is no damaged file; that has the name in a list."""
    if len(models) == 1:
        return models[0]
    return next(filter(_is_sound, models), models[0])


def _is_sound(model: FoundModel) -> bool:
    try:
        summarise(model.parts)
    except LoadFailed:
        return False
    return True


def _listed(name: str, models: Sequence[FoundModel]) -> FoundModel:
    """What a name of the list of good ones means: a file of that name, or what it downloads."""
    entry = catalogue()[name.lower()]
    if exact := [each for each in models if each.name.lower() == name.lower()]:
        return _first_sound(exact)
    with suppress(NotHere, UnknownModel):
        return _of_repo(name, entry.repo, entry.quantization, models)
    try:
        return _by_name(name, models)
    except UnknownModel as error:
        if error.is_ambiguous:
            raise
        raise NotHere(name) from error


def _escaped(text: str) -> str:
    """A name as a pattern that only it fits."""
    return re.sub(r"([*?[])", r"[\1]", text)
