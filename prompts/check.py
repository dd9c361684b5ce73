"""Finds everything that is wrong with a prompt file, as far as it can be known without a model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from prompts.errors import InvalidPrompt, InvalidVariable, PromptError, UnreadablePrompt
from prompts.expectations import NO_FILE_OF_A_TEST
from prompts.files import read_text
from prompts.inherit import Prompt
from prompts.library import NAME, NAMING_RULE, Library
from prompts.places import KeyPath, spelled
from prompts.reading import inspect_prompt
from prompts.render import Rendered, render, typed_values
from prompts.schema import BUILTINS, Example, PromptFile, Value, Variable


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one file."""

    name: str
    path: Path
    problems: tuple[PromptError, ...] = ()
    rendered: Rendered | None = None
    """With a placeholder for every value that a person would give; None if there are problems."""


def check_file(path: Path, library: Library) -> Report:
    """Look at a file of a library's folder.

    Args:
        path: The file.
        library: Where the prompts are that it extends; its folder should be one of the sources.
    """
    name = path.name.removesuffix(".toml")
    try:
        text = read_text(path, path.parent)
        if text is None:
            raise UnreadablePrompt(path, "there is no such file")
        if not NAME.fullmatch(name):
            raise UnreadablePrompt(path, NAMING_RULE)
    except PromptError as error:
        return Report(name, path, (error,))
    return check_text(text, name, path, library)


def check_text(text: str, name: str, path: Path, library: Library) -> Report:
    """Look at the text of a prompt that is to be, or is, in a file of a library's folder."""
    file, problems = inspect_prompt(text, name=name, path=path)
    if file is None:
        return Report(name, path, tuple(problems))
    if missing := tuple(library.problems(file, path.parent)):
        return Report(name, path, tuple(sorted(missing, key=partial(_place, path))))
    try:
        prompt = library.adopt(file, path.parent)
        wrong = tuple(_wrong_values(file, prompt))
        return Report(name, path, wrong) if wrong else Report(name, path, (), _rendered(prompt))
    except PromptError as error:
        return Report(name, path, (error,))


def _place(path: Path, problem: PromptError) -> tuple[bool, int]:
    """Where it is listed: by line, mistakes in other files last and in the order found."""
    if isinstance(problem, InvalidPrompt) and problem.path == path:
        return False, problem.line or 0
    return True, 0


def _rendered(prompt: Prompt) -> Rendered:
    """With a number where a number belongs: templates reckon with those."""
    open_ones = [each for each in prompt.variables.values() if each.default is None]
    numbers = {each.name: _number(each) for each in open_ones if each.type in ("int", "float")}
    names = [each.name for each in open_ones if each.name not in numbers]
    return render(prompt, numbers, {name: f"{{{{ {name} }}}}" for name in (*names, *BUILTINS)})


def _number(variable: Variable) -> str:
    """One that the variable takes."""
    bounds = (bound for bound in (variable.min, variable.max) if bound is not None)
    number = next(bounds, 1)
    return str(math.ceil(number) if variable.type == "int" else number)


def _wrong_values(file: PromptFile, prompt: Prompt) -> Iterator[InvalidPrompt]:
    """Values of the file's own examples and tests that the prompt's variables do not take."""
    for number, example in enumerate(file.examples or ()):
        if isinstance(example, Example):
            at = ("examples", str(number), "variables")
            yield from _wrong(file, prompt, example.variables, at)
    for number, test in enumerate(file.tests or ()):
        yield from _wrong(file, prompt, test.variables, ("tests", str(number), "variables"))


def _wrong(
    file: PromptFile, prompt: Prompt, values: Mapping[str, Value], at: KeyPath
) -> Iterator[InvalidPrompt]:
    for name, value in values.items():
        try:
            if at[0] == "tests" and name in prompt.variables:
                _refuse_file(prompt.variables[name])
            typed_values(prompt, {name: str(value)})
        except InvalidVariable as error:
            place = file.places.of((*at, name))
            yield InvalidPrompt(
                file.path,
                error.reason,
                line=place.line if place else None,
                column=place.column if place else None,
                key=spelled((*at, name)),
                nearest=error.nearest,
            )


def _refuse_file(variable: Variable) -> None:
    if variable.type == "file":
        raise InvalidVariable(variable.name, NO_FILE_OF_A_TEST)
