"""Reads the files that a prompt file names: included texts, examples, defaults of variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from prompts.errors import InvalidPrompt, UnreadablePrompt
from prompts.files import matching, read_text
from prompts.inherit import Layer
from prompts.places import KeyPath, spelled
from prompts.reading_examples import inspect_examples
from prompts.schema import AnyExample, PromptFile, Variable, nearest_name

_EXAMPLE_FILES = (".toml", ".jsonl")


def read_layer(file: PromptFile, folder: Path) -> Layer:
    """A file's own words, with the files that it names read.

    Raises:
        InvalidPrompt: If one of those is missing, outside the folder, or wrong.
    """
    return Layer(
        name=file.name,
        path=file.path,
        folder=folder,
        title=file.title,
        summary=file.summary,
        tags=file.tags,
        kind=file.kind,
        unit=file.unit,
        min_gain=file.min_gain,
        near=file.near,
        models=file.models,
        system=file.system,
        user=file.user,
        variables={
            name: _with_default_text(file, variable, folder)
            for name, variable in file.variables.items()
        },
        params=file.params,
        included={name: _included(file, name, folder) for name in file.include},
        examples=_all_examples(file, folder),
        select=file.select,
        max_examples=file.max_examples,
        max_example_tokens=file.max_example_tokens,
        tests=file.tests,
        min_pass=file.min_pass,
    )


def named_file_problems(file: PromptFile, folder: Path) -> Iterator[InvalidPrompt]:
    """What is wrong with the files that a file names, one by one."""
    readers: list[Callable[[], object]] = [
        *(partial(_included, file, name, folder) for name in file.include),
        *(partial(_with_default_text, file, each, folder) for each in file.variables.values()),
    ]
    for reader in readers:
        try:
            reader()
        except InvalidPrompt as error:
            yield error
    for number in range(len(file.examples_from or ())):
        try:
            yield from _examples(file, number, folder)[1]
        except InvalidPrompt as error:
            yield error


def invalid(
    file: PromptFile, at: KeyPath, reason: str, nearest: str | None = None
) -> InvalidPrompt:
    """A mistake that shows only where files meet."""
    place = file.places.of(at)
    return InvalidPrompt(
        file.path,
        reason,
        line=place.line if place else None,
        column=place.column if place else None,
        key=spelled(tuple(part for part in at if not part.isdigit())),
        nearest=nearest,
    )


def _included(file: PromptFile, name: str, folder: Path) -> str:
    at = ("include", name)
    paths = _files(file, file.include[name], folder, at)
    if len(paths) > 1:
        raise invalid(file, at, f"{len(paths)} files are named like {file.include[name]!r}")
    return _text(file, paths[0], folder, at)


def _with_default_text(file: PromptFile, variable: Variable, folder: Path) -> Variable:
    """The variable, with the text of the file that is its default."""
    if variable.type != "file" or variable.default is None:
        return variable
    at = ("variables", variable.name, "default")
    (path,) = _files(file, str(variable.default), folder, at)[:1]
    return replace(variable, default_text=_text(file, path, folder, at))


def _all_examples(file: PromptFile, folder: Path) -> tuple[AnyExample, ...] | None:
    """Those in the file, then those in files of their own; None where it speaks of neither."""
    if file.examples is None and file.examples_from is None:
        return None
    examples = list(file.examples or ())
    for number in range(len(file.examples_from or ())):
        found, problems = _examples(file, number, folder)
        if problems:
            raise problems[0]
        examples += found
    return tuple(examples)


def _examples(
    file: PromptFile, number: int, folder: Path
) -> tuple[list[AnyExample], list[InvalidPrompt]]:
    """Those of one name or pattern, and what is wrong with others."""
    at = ("examples_from", str(number))
    found: list[AnyExample] = []
    wrong: list[InvalidPrompt] = []
    for path in _files(file, (file.examples_from or ())[number], folder, at):
        text = _text(file, path, folder, at)
        if path.suffix not in _EXAMPLE_FILES:
            name = str(path.relative_to(folder))
            raise invalid(file, at, f"{name!r} must end in {' or '.join(_EXAMPLE_FILES)}")
        examples, problems = inspect_examples(text, path=path)
        found += examples
        wrong += problems
    return found, wrong


def _files(file: PromptFile, pattern: str, folder: Path, at: KeyPath) -> list[Path]:
    """What a name or pattern stands for: one file at least."""
    try:
        paths = matching(pattern, folder)
    except (UnreadablePrompt, ValueError) as error:
        reason = error.reason if isinstance(error, UnreadablePrompt) else str(error)
        raise invalid(file, at, f"{pattern!r}: {reason}") from error
    if not paths:
        raise invalid(file, at, f"no file is named like {pattern!r}")
    return paths


def _text(file: PromptFile, path: Path, folder: Path, at: KeyPath) -> str:
    """The text of a file that a prompt names."""
    name = str(path.relative_to(folder))
    try:
        text = read_text(path, folder)
    except UnreadablePrompt as error:
        raise invalid(file, at, f"{name!r}: {error.reason}") from error
    if text is None:
        reason = f"there is no file {name!r} in the library's folder"
        raise invalid(file, at, reason, _nearest(path, folder))
    return text


def _nearest(path: Path, folder: Path) -> str | None:
    """The file beside one that there is not with the most similar name."""
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    names = {each.stem: each.name for each in sorted(beside) if each.is_file()}
    found = nearest_name(path.stem, names)
    return None if found is None else str(path.with_name(names[found]).relative_to(folder))
