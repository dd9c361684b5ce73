"""Finds prompts in several folders, nearest first, and resolves what they extend."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from prompts.errors import ExtendsCycle, InvalidPrompt, PromptError, UnknownPrompt, UnreadablePrompt
from prompts.files import read_text, stems
from prompts.inherit import Layer, Prompt, over, prompt_of
from prompts.layers import invalid, named_file_problems, read_layer
from prompts.reading import parse_prompt
from prompts.schema import Kind, PromptFile, nearest_name

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
NAMING_RULE = "prompts are named in lower-case letters, digits and hyphens"
LONGEST_NAME = 100


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
class _Link:
    """One file of an inheritance chain, and how far away it was found."""

    file: PromptFile
    distance: int
    folder: Path


def packaged_source() -> Source:
    """The prompts that come with the program."""
    return Source("packaged", Path(__file__).parent / "library")


class Library:
    """Prompts by name, looked for in each source in turn. Files are read anew at each call."""

    def __init__(self, sources: Sequence[Source]) -> None:
        """Take the sources, nearest first; a folder need not exist."""
        self.sources = tuple(sources)

    def entries(self) -> list[Entry]:
        """All prompts by name, those that cannot be used too.

        Raises:
            UnreadablePrompt: If a folder is there and may not be listed.
        """
        found: dict[str, list[Source]] = {}
        for source in self.sources:
            for name in stems(source.folder):
                found.setdefault(name, []).append(source)
        return [self._entry(name, sources) for name, sources in sorted(found.items())]

    def names(self) -> list[str]:
        """The names of all prompts, those that cannot be used too.

        Raises:
            UnreadablePrompt: If a folder is there and may not be listed.
        """
        return sorted({stem for source in self.sources for stem in stems(source.folder)})

    def load(self, name: str) -> Prompt:
        """The nearest prompt of that name, with what it inherits.

        Raises:
            UnknownPrompt: If no source has it.
            UnreadablePrompt: If its file, or one that it names, cannot or must not be read.
            InvalidPrompt: If it, or a prompt that it extends, is wrong or missing.
            ExtendsCycle: If prompts extend each other in a circle.
        """
        link = self._find(name, 0)
        if link is None:
            raise UnknownPrompt(name, difflib.get_close_matches(name, self.names(), cutoff=0.5))
        return prompt_of(self._resolve(link), self.sources[link.distance].name)

    def adopt(self, file: PromptFile, folder: Path) -> Prompt:
        """A prompt of a file that was read elsewhere, as if it were the nearest of its name.

        Raises:
            PromptError: As for `load`.
        """
        link = self._adopted(file, folder)
        source = self.sources[link.distance].name if link.distance >= 0 else str(folder)
        return prompt_of(self._resolve(link), source)

    def problems(self, file: PromptFile, folder: Path) -> Iterator[PromptError]:
        """All that is wrong with the files and prompts that a file of a folder names."""
        yield from named_file_problems(file, folder)
        link = self._adopted(file, folder)
        for number, name in enumerate(file.extends):
            try:
                self._parent(link, name, number)
            except PromptError as error:
                yield error

    def _adopted(self, file: PromptFile, folder: Path) -> _Link:
        real = folder.resolve()
        distances = (at for at, each in enumerate(self.sources) if each.folder.resolve() == real)
        return _Link(file, next(distances, -1), folder)

    def _entry(self, name: str, sources: Sequence[Source]) -> Entry:
        nearest, shadowed = sources[0], tuple(source.name for source in sources[1:])
        path = nearest.folder / f"{name}.toml"
        try:
            if not NAME.fullmatch(name):
                raise UnreadablePrompt(path, NAMING_RULE)
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
        if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            return None
        for distance, source in enumerate(self.sources[start:], start):
            path = source.folder / f"{name}.toml"
            text = read_text(path, source.folder)
            if text is not None:
                file = parse_prompt(text, name=name, path=path)
                return _Link(file, distance, source.folder)
        return None

    def _resolve(self, link: _Link) -> Layer:
        """What a file says and inherits."""
        *nearer, resolved = self._lineage(link, (), {})
        for layer in reversed(nearer):
            resolved = over(layer, resolved)
        return resolved

    def _lineage(
        self, link: _Link, below: tuple[_Link, ...], known: dict[Path, list[Layer]]
    ) -> list[Layer]:
        """A file and those that it inherits from, the nearest first: of several parents the last,
        and a prompt that several extend after all of them.

        Args:
            link: The file.
            below: Those that led here, the first one first.
            known: The lineages of files that were met before: many ways may lead to one.
        """
        if link.file.path in known:
            return known[link.file.path]
        inherited: list[Layer] = []
        # A parent that is named twice is where it is named last.
        numbers = {name: number for number, name in enumerate(link.file.extends)}
        for name, number in sorted(numbers.items(), key=lambda pair: -pair[1]):
            parent = self._parent(link, name, number)
            chain = (*below, link)
            if any(parent.file.path == each.file.path for each in chain):
                place = link.file.places.of(("extends", str(number)))
                names = [*(each.file.name for each in chain), name]
                raise ExtendsCycle(link.file.path, place.line if place else None, names)
            inherited += self._lineage(parent, chain, known)
        last = {layer.path: place for place, layer in enumerate(inherited)}
        farther = [layer for place, layer in enumerate(inherited) if last[layer.path] == place]
        known[link.file.path] = [read_layer(link.file, link.folder), *farther]
        return known[link.file.path]

    def _parent(self, link: _Link, name: str, number: int) -> _Link:
        # A prompt of its own name is the one that it shadows: that is how to adapt it.
        parent = self._find(name, link.distance + 1 if name == link.file.name else 0)
        if parent is None:
            raise self._orphan(link.file, name, number)
        return parent

    def _orphan(self, file: PromptFile, parent: str, number: int) -> InvalidPrompt:
        if parent == file.name:
            reason, nearest = "no farther library has a prompt of this name to extend", None
        else:
            known = [name for name in self.names() if name != file.name]
            reason, nearest = f"no prompt is called {parent!r}", nearest_name(parent, known)
        return invalid(file, ("extends", str(number)), reason, nearest)
