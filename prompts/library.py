"""Finds prompts in several folders, nearest first, and resolves what they extend."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from prompts.errors import ExtendsCycle, InvalidPrompt, PromptError, UnknownPrompt, UnreadablePrompt
from prompts.files import matching, read_text, stems
from prompts.inherit import Layer, Prompt, over, prompt_of
from prompts.places import KeyPath
from prompts.reading import parse_prompt
from prompts.reading_examples import parse_examples
from prompts.schema import AnyExample, Kind, PromptFile, nearest_name

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
        return prompt_of(self._resolve(link, (), {}), self.sources[link.distance].name)

    def adopt(self, file: PromptFile, folder: Path) -> Prompt:
        """A prompt of a file that was read elsewhere, as if it were the nearest of its name.

        Raises:
            PromptError: As for `load`.
        """
        distance = next(
            (at for at, source in enumerate(self.sources) if source.folder == folder), -1
        )
        source = self.sources[distance].name if distance >= 0 else str(folder)
        return prompt_of(self._resolve(_Link(file, distance, folder), (), {}), source)

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

    def _resolve(self, link: _Link, below: tuple[_Link, ...], resolved: dict[Path, Layer]) -> Layer:
        """What a file says and inherits; of several parents the last is the nearest.

        Args:
            link: The file.
            below: Those that led here, the first one first.
            resolved: What was resolved before, by file: many ways may lead to one.
        """
        if link.file.path in resolved:
            return resolved[link.file.path]
        inherited: Layer | None = None
        for number, name in enumerate(link.file.extends):
            parent = self._parent(link, name, number)
            chain = (*below, link)
            if any(parent.file.path == each.file.path for each in chain):
                raise ExtendsCycle(link.file.path, [*(each.file.name for each in chain), name])
            layer = self._resolve(parent, chain, resolved)
            inherited = layer if inherited is None else over(layer, inherited)
        own = _layer(link)
        layer = own if inherited is None else over(own, inherited)
        resolved[link.file.path] = layer
        return layer

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
        return _invalid(file, ("extends", str(number)), reason, nearest)


def _layer(link: _Link) -> Layer:
    """A file's own words, with the files that it names read."""
    file, folder = link.file, link.folder
    return Layer(
        name=file.name,
        path=file.path,
        folder=folder,
        title=file.title,
        summary=file.summary,
        tags=file.tags,
        kind=file.kind,
        models=file.models,
        system=file.system,
        user=file.user,
        variables={
            name: replace(variable, folder=folder) if variable.type == "file" else variable
            for name, variable in file.variables.items()
        },
        params=file.params,
        included=_included(file, folder),
        examples=_all_examples(file, folder),
        select=file.select,
        max_examples=file.max_examples,
        max_example_tokens=file.max_example_tokens,
        tests=file.tests,
        min_pass=file.min_pass,
    )


def _included(file: PromptFile, folder: Path) -> dict[str, str]:
    texts = {}
    for name, each in file.include.items():
        at = ("include", name)
        (path,) = _files(file, each, folder, at)[:1]
        texts[name] = _named_text(file, path, folder, at)
    return texts


def _all_examples(file: PromptFile, folder: Path) -> tuple[AnyExample, ...] | None:
    """Those in the file, then those in files of their own; None where it speaks of neither."""
    if file.examples is None and file.examples_from is None:
        return None
    examples = list(file.examples or ())
    for number, pattern in enumerate(file.examples_from or ()):
        at = ("examples_from", str(number))
        for path in _files(file, pattern, folder, at):
            examples += parse_examples(_named_text(file, path, folder, at), path=path)
    return tuple(examples)


def _files(file: PromptFile, pattern: str, folder: Path, at: KeyPath) -> list[Path]:
    """What a name or pattern stands for: one file at least."""
    try:
        paths = matching(pattern, folder)
    except (UnreadablePrompt, ValueError) as error:
        reason = error.reason if isinstance(error, UnreadablePrompt) else str(error)
        raise _invalid(file, at, f"{pattern!r}: {reason}") from error
    if not paths:
        raise _invalid(file, at, f"no file is named like {pattern!r}")
    return paths


def _named_text(file: PromptFile, path: Path, folder: Path, at: KeyPath) -> str:
    """The text of a file that a prompt names."""
    name = str(path.relative_to(folder))
    try:
        text = read_text(path, folder)
    except UnreadablePrompt as error:
        raise _invalid(file, at, f"{name!r}: {error.reason}") from error
    if text is None:
        raise _invalid(file, at, f"there is no file {name!r} in the library's folder")
    return text


def _invalid(
    file: PromptFile, at: KeyPath, reason: str, nearest: str | None = None
) -> InvalidPrompt:
    """A mistake that shows only where files meet."""
    place = file.places.of(at)
    return InvalidPrompt(
        file.path,
        reason,
        line=place.line if place else None,
        column=place.column if place else None,
        key=at[0] if at[0] != "include" else ".".join(at),
        nearest=nearest,
    )
