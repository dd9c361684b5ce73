"""Finds out what a file or folder is, by what is in it, and reads the prompts that it has."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from prompts.errors import NotImported
from prompts.files import MAX_BYTES
from prompts.importers import aichat, fabric, instructions, llm
from prompts.importers.files import entries, read_text
from prompts.importers.names import slug
from prompts.importers.values import FORMS, Imported, Problem
from prompts.importers.yamltext import load_yaml

Found: TypeAlias = Imported | Problem

MOST_NOTES = 50
"""What a person would read of one prompt."""

_YAML = (".yaml", ".yml")
_TEXT = (".md", ".markdown", ".txt", "")
_SUFFIXES = (*_YAML, ".md", ".markdown", ".txt", ".json")
"""What is looked at in a folder; a file that is named may also have no ending."""

_ABOUT = frozenset({"readme", "license", "changelog", "contributing"})
"""What says something of a folder, and is none of its prompts."""

_LIKE_YAML = re.compile(r"(?:\s|#.*\n|---\n)*(?:prompt|system|name|model|- +name) *:")


def read_prompts(path: Path, name: str | None = None) -> Iterator[Found]:
    """The prompts in a file or folder, one at a time, and what could not become one.

    Args:
        path: What to read; nothing in it is carried out.
        name: What the prompt is to be called, where its own name will not do.
    """
    if path.name == fabric.SYSTEM_FILE and not os.path.isdir(path):
        yield _pattern(path.parent, name, path.parent)
    elif not os.path.isdir(path):
        yield from _file(path, name, None)
    elif fabric.is_pattern(path):
        yield _pattern(path, name, path)
    else:
        yield from _folder(path, name)


def _folder(folder: Path, name: str | None) -> Iterator[Found]:
    try:
        inside = entries(folder)
    except NotImported as error:
        yield Problem(folder.resolve().name, str(error))
        return
    patterns = [path for path in inside if fabric.is_pattern(path)]
    # Beside patterns lie texts about them, which are no prompts.
    files = [] if patterns else [path for path in inside if _may_be_prompt(path)]
    for path in patterns:
        yield _pattern(path, name, folder)
    for path in files:
        yield from _file(path, name, folder)
    if not patterns and not files:
        yield Problem(folder.resolve().name, _unknown())


def _may_be_prompt(path: Path) -> bool:
    """Whether a file of a folder is worth a look."""
    is_about = path.stem.lower() in _ABOUT
    return path.suffix.lower() in _SUFFIXES and not is_about and not os.path.isdir(path)


def _pattern(folder: Path, name: str | None, within: Path) -> Found:
    try:
        return _checked(fabric.read_pattern(folder, name, within))
    except NotImported as error:
        return Problem(folder.name or folder.resolve().name, str(error))


def _file(path: Path, name: str | None, within: Path | None) -> Iterator[Found]:
    try:
        text = read_text(path, within)
        value = _yaml_value(path, text)
        if aichat.is_list(value):
            yield from _listed_roles(value, path, name)
        else:
            yield _checked(_one_prompt(path, text, value, name))
    except NotImported as error:
        yield Problem(path.name, str(error))


def _listed_roles(
    roles: list[dict[object, object]], path: Path, name: str | None
) -> Iterator[Found]:
    for each in roles:
        try:
            role = aichat.listed_role(each)
            origin = f"{path.name}, {role.name}"
            yield _checked(aichat.read_role(role, name or slug(role.name), origin))
        except NotImported as error:
            yield Problem(path.name, str(error))


def _yaml_value(path: Path, text: str) -> object:
    """The value of a YAML file, or of a text that looks like one; else None."""
    if path.suffix.lower() in _YAML:
        return load_yaml(text)
    if not _LIKE_YAML.match(text):
        return None
    try:
        value = load_yaml(text)
    except NotImported:
        return None
    return value if llm.is_template(value) or aichat.is_list(value) else None


def _one_prompt(path: Path, text: str, value: object, name: str | None) -> Imported:
    if isinstance(value, dict) and llm.may_be_template(value):
        return llm.read_template(value, path.stem, path.name, name or slug(path.stem))
    if path.suffix.lower() in _YAML and isinstance(value, str):
        bare: dict[object, object] = {"prompt": value}
        return llm.read_template(bare, path.stem, path.name, name or slug(path.stem))
    if (texts := instructions.custom_instructions(text)) is not None:
        called = name or slug(path.stem)
        return instructions.read_custom_instructions(texts, path.stem, path.name, called)
    if path.suffix.lower() not in _TEXT:
        raise NotImported(_unknown())
    if aichat.is_role(text):
        role = aichat.role_of(text, path.stem)
        return aichat.read_role(role, name or slug(path.stem), path.name)
    return instructions.read_plain_text(text, path.stem, path.name, name or slug(path.stem))


def _checked(imported: Imported) -> Imported:
    """The prompt, if there is anything in it that a file can hold.

    Raises:
        NotImported: If there is not.
    """
    if imported.prompt.is_empty:
        raise NotImported("nothing in it can be imported")
    try:
        size = len(imported.toml().encode())
    except UnicodeEncodeError as error:
        raise NotImported("it has half of a character, which no text file can hold") from error
    if size > MAX_BYTES:
        raise NotImported("its prompt file would be larger than 1 MiB")
    if len(imported.notes) <= MOST_NOTES:
        return imported
    more = len(imported.notes) - MOST_NOTES
    return replace(imported, notes=(*imported.notes[:MOST_NOTES], f"left out: {more:,} more"))


def _unknown() -> str:
    return f"nothing in it has a format that can be imported ({', '.join(FORMS.values())})"
