"""Finds prompts in several folders, nearest first, and resolves what they extend."""

from __future__ import annotations

import difflib
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prompts.errors import (
    ExtendsCycle,
    InvalidPrompt,
    PromptError,
    UnknownPrompt,
    UnreadablePrompt,
)
from prompts.schema import Example, Kind, PromptFile, Template, Variable, nearest_name, parse_prompt

MAX_BYTES = 1024 * 1024
"""A larger file is not a prompt that anybody wrote."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_NAMING_RULE = "prompts are named in lower-case letters, digits and hyphens"


@dataclass(frozen=True, slots=True)
class Source:
    """A folder of prompts, and what people call it."""

    name: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list of prompts."""

    name: str
    title: str
    summary: str
    tags: tuple[str, ...]
    kind: Kind
    source: str
    path: Path
    shadows: tuple[str, ...]
    """The farther sources that have a prompt of this name too, nearest first."""
    error: str | None = None
    """Why the prompt cannot be used, in one line; its other fields are then bare."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt with everything that it inherits."""

    name: str
    title: str
    summary: str
    tags: tuple[str, ...]
    kind: Kind
    system: Template
    user: Template
    variables: Mapping[str, Variable]
    params: Mapping[str, object]
    """Fields of `engine.types.Sampling`, ``max_tokens`` and ``stop``; only those that are set."""
    examples: tuple[Example, ...]
    source: str
    path: Path


@dataclass(frozen=True, slots=True)
class _Link:
    """One file of an inheritance chain, and how far away it was found."""

    file: PromptFile
    distance: int


def packaged_source() -> Source:
    """The prompts that come with the program."""
    return Source("packaged", Path(__file__).parent / "library")


class Library:
    """Prompts by name, looked for in each source in turn. Files are read anew at each call."""

    def __init__(self, sources: Sequence[Source]) -> None:
        """Take the sources, nearest first; a folder need not exist."""
        self._sources = tuple(sources)

    def entries(self) -> list[Entry]:
        """All prompts by name, those that cannot be used too.

        Raises:
            UnreadablePrompt: If a folder is there and may not be listed.
        """
        found: dict[str, list[Source]] = {}
        for source in self._sources:
            for name in _stems(source.folder):
                found.setdefault(name, []).append(source)
        return [self._entry(name, sources) for name, sources in sorted(found.items())]

    def load(self, name: str) -> Prompt:
        """The nearest prompt of that name, with what it inherits.

        Raises:
            UnknownPrompt: If no source has it.
            UnreadablePrompt: If its file cannot or must not be read.
            InvalidPrompt: If it, or a prompt that it extends, is wrong or missing.
            ExtendsCycle: If prompts extend each other in a circle.
        """
        link = self._find(name, 0)
        if link is None:
            known = sorted({stem for source in self._sources for stem in _stems(source.folder)})
            raise UnknownPrompt(name, difflib.get_close_matches(name, known, cutoff=0.5))
        return self._merge(self._chain(link))

    def _entry(self, name: str, sources: Sequence[Source]) -> Entry:
        nearest, shadowed = sources[0], tuple(source.name for source in sources[1:])
        path = nearest.folder / f"{name}.toml"
        try:
            if not _NAME.fullmatch(name):
                raise UnreadablePrompt(path, _NAMING_RULE)
            prompt = self.load(name)
        except PromptError as error:
            return Entry(name, name, "", (), "chat", nearest.name, path, shadowed, str(error))
        return Entry(
            name,
            prompt.title,
            prompt.summary,
            prompt.tags,
            prompt.kind,
            nearest.name,
            path,
            shadowed,
        )

    def _find(self, name: str, start: int) -> _Link | None:
        """The nearest file of that name, in the sources from `start` on."""
        if not _NAME.fullmatch(name):
            return None
        for distance, source in enumerate(self._sources[start:], start):
            path = source.folder / f"{name}.toml"
            text = _read(path, source.folder)
            if text is not None:
                return _Link(parse_prompt(text, name=name, path=path), distance)
        return None

    def _chain(self, link: _Link) -> list[_Link]:
        """The prompt, the one that it extends, and so on."""
        chain = [link]
        while (parent_name := link.file.extends) is not None:
            # A prompt of its own name is the one that it shadows: that is how to adapt it.
            shadows = parent_name == link.file.name
            parent = self._find(parent_name, link.distance + 1 if shadows else 0)
            if parent is None:
                raise self._orphan(link.file, parent_name)
            if any(parent.file.path == earlier.file.path for earlier in chain):
                names = [earlier.file.name for earlier in chain]
                raise ExtendsCycle(link.file.path, [*names, parent_name])
            chain.append(parent)
            link = parent
        return chain

    def _orphan(self, file: PromptFile, parent: str) -> InvalidPrompt:
        known = {stem for source in self._sources for stem in _stems(source.folder)} - {file.name}
        if parent == file.name:
            reason, nearest = "no farther library has a prompt of this name to extend", None
        else:
            reason, nearest = f"no prompt is called {parent!r}", nearest_name(parent, sorted(known))
        return InvalidPrompt(
            file.path, reason, line=file.extends_line, key="extends", nearest=nearest
        )

    def _merge(self, chain: Sequence[_Link]) -> Prompt:
        own, files = chain[0].file, [link.file for link in chain]
        variables: dict[str, Variable] = {}
        params: dict[str, object] = {}
        for file in reversed(files):
            variables |= file.variables
            params |= file.params
        return Prompt(
            name=own.name,
            title=next((f.title for f in files if f.title is not None), own.name),
            summary=next((f.summary for f in files if f.summary is not None), ""),
            tags=next((f.tags for f in files if f.tags is not None), ()),
            kind=next((f.kind for f in files if f.kind is not None), "chat"),
            system=next((f.system for f in files if f.system), Template("", own.path, 1)),
            user=next((f.user for f in files if f.user), Template("{{ text }}", own.path, 1)),
            variables=variables,
            params=params,
            examples=next((f.examples for f in files if f.examples is not None), ()),
            source=self._sources[chain[0].distance].name,
            path=own.path,
        )


def _stems(folder: Path) -> list[str]:
    """The names of a folder's TOML files, whether they can be used or not."""
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise UnreadablePrompt(folder, error.strerror or str(error)) from error
    return [Path(name).stem for name in names if name.endswith(".toml") and name[0] != "."]


def _read(path: Path, folder: Path) -> str | None:
    """The text of a prompt file; None where there is none."""
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(folder.resolve()):
            raise UnreadablePrompt(path, "it is a link to a place outside its folder")
        content = _read_bounded(real, path)
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.is_symlink():
            raise UnreadablePrompt(path, "it is a link to nothing") from error
        return None
    except (OSError, RuntimeError) as error:  # a circle of links is a RuntimeError before 3.13
        raise UnreadablePrompt(path, getattr(error, "strerror", None) or str(error)) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidPrompt(path, "not UTF-8 text", line=line) from error


def _read_bounded(real: Path, path: Path) -> bytes:
    # A pipe of that name must not make the program wait, nor a link put there meanwhile mislead it.
    handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise UnreadablePrompt(path, "it is not a regular file")
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise UnreadablePrompt(path, "it is larger than 1 MiB")
    return content
