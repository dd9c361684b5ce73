"""Reads roles of aichat (github.com/sigoden/aichat): Markdown files, or the old ``roles.yaml``.

A role may begin with YAML between lines of hyphens. ``__INPUT__`` stands for the question, and a
role that has it is no system text but a question itself. In others ``### INPUT:`` and
``### OUTPUT:`` in turn show what should become of what. ``{{__os__}}`` and its like are filled in
with what the machine is; ``__ARG1__`` of old roles with a part of the role's own name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from prompts.errors import NotImported
from prompts.importers.names import shortened, title_of
from prompts.importers.params import usable_params
from prompts.importers.templates import Names, Piece, Placeholder, template, tidied
from prompts.importers.values import Imported
from prompts.importers.yamltext import load_yaml
from prompts.schema import Example
from prompts.writing import NewPrompt

MOST_EXAMPLES = 200

_METADATA = re.compile(r"-{3,}[ \t]*\n(.*?\n)??-{3,}[ \t]*(?:\n|\Z)(.*)", re.DOTALL)
_METADATA_KEYS = frozenset({"model", "temperature", "top_p", "use_tools"})
_PARAMS = ("temperature", "top_p")
_MARKS = ("### INPUT:", "### OUTPUT:")
_INPUT = "__INPUT__"

_MACHINE = {
    "os": "The operating system",
    "os_distro": "The operating system and its version",
    "os_family": "The kind of operating system",
    "arch": "The kind of processor",
    "shell": "The shell that commands are for",
    "locale": "The language and country",
    "cwd": "The folder that is worked in",
}
"""What aichat finds out itself, and we do not look for."""

_TOKEN = re.compile(rf"{_INPUT}|__ARG(\d)__|\{{\{{__({'|'.join(_MACHINE)}|now)__\}}\}}")


@dataclass(frozen=True, slots=True)
class Role:
    """A role as it is written."""

    name: str
    prompt: str
    settings: Mapping[object, object]


def is_role(text: str) -> bool:
    """Whether a text is a role, and not just any text that could be one."""
    if _metadata(text) is not None:
        return True
    return bool(_TOKEN.search(text)) or bool(_cases(text)[1])


def role_of(text: str, name: str) -> Role:
    """The role in a Markdown file.

    Raises:
        NotImported: If what it begins with is not YAML.
    """
    split = _metadata(text)
    return Role(name, text, {}) if split is None else Role(name, split[1], split[0])


def is_list(value: object) -> TypeGuard[list[dict[object, object]]]:
    """Whether a YAML value is that of ``roles.yaml``."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, dict) and {"name", "prompt"} <= each.keys() for each in value)
    )


def listed_role(value: Mapping[object, object]) -> Role:
    """One of ``roles.yaml``.

    Raises:
        NotImported: If its name or prompt are not texts.
    """
    name, prompt = value["name"], value["prompt"]
    if not isinstance(name, str) or not isinstance(prompt, str):
        raise NotImported("a role's name and prompt must be texts")
    rest = {key: each for key, each in value.items() if key not in ("name", "prompt")}
    return Role(name, prompt, rest)


def read_role(role: Role, name: str, origin: str) -> Imported:
    """The prompt that a role makes.

    Raises:
        NotImported: If it cannot be one.
    """
    text = tidied(role.prompt)
    names = Names({"now": "date"}, _arguments(role.name))
    is_question = _INPUT in text
    system, cases = (text, []) if is_question else _cases(text)
    written = template(system, _TOKEN, lambda token: _piece(token, names))
    examples, left_out = _examples(cases)
    params, not_usable = usable_params(
        {key: role.settings[key] for key in _PARAMS if role.settings.get(key) is not None}
    )
    prompt = NewPrompt(
        title_of(role.name),
        ("aichat",),
        system="" if is_question else written,
        user=written if is_question else "",
        variables=names.variables,
        params=params,
        examples=examples,
    )
    return Imported(name, "aichat", origin, prompt, (*not_usable, *_notes(role, names), *left_out))


def _examples(cases: Sequence[tuple[str, str]]) -> tuple[tuple[Example, ...], list[str]]:
    """The examples that can be shown, and notes on the others."""
    whole = [Example(given, wanted) for given, wanted in cases if given and wanted]
    notes = []
    if len(whole) < len(cases):
        notes.append("left out: examples with an empty side")
    if len(whole) > MOST_EXAMPLES:
        notes.append(f"left out: all examples after the first {MOST_EXAMPLES}")
    return tuple(whole[:MOST_EXAMPLES]), notes


def _metadata(text: str) -> tuple[Mapping[object, object], str] | None:
    """The settings that a text begins with, and the rest; None where it has none."""
    found = _METADATA.match(tidied(text))
    if found is None or found[1] is None:
        return None
    try:
        settings = load_yaml(found[1])
    except NotImported:
        # Two rules with prose between them are no settings; a broken table of them is.
        if re.search(rf"^(?:{'|'.join(sorted(_METADATA_KEYS))}):", found[1], re.MULTILINE):
            raise
        return None
    if isinstance(settings, dict) and settings.keys() & _METADATA_KEYS:
        return settings, found[2]
    return None


def _cases(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The system text, and pairs of input and output; none where they do not match up."""
    parts: list[str] = []
    start = 0
    while (end := text.find(mark := _MARKS[len(parts) % 2], start)) >= 0:
        parts.append(text[start:end].strip())
        start = end + len(mark)
    parts.append(text[start:].strip())
    if len(parts) < 3 or len(parts) % 2 == 0:
        return text, []
    return parts[0], list(zip(parts[1::2], parts[2::2], strict=True))


def _piece(token: re.Match[str], names: Names) -> Piece:
    if token[0] == _INPUT:
        return Placeholder("text")
    if token[1]:
        return names.placeholder(f"arg{token[1]}", f"What the role's name has as part {token[1]}")
    return names.placeholder(token[2], _MACHINE.get(token[2], ""))


def _arguments(name: str) -> dict[str, str]:
    """The parts of an old role's name, as in ``convert:json:yaml``."""
    parts = re.split("[:#]", name)[1:]
    return {f"arg{number}": part for number, part in enumerate(parts, 1) if part}


def _notes(role: Role, names: Names) -> tuple[str, ...]:
    notes = [
        f"left out: {shortened(key)} = {shortened(value)}"
        for key, value in role.settings.items()
        if key not in _PARAMS and value not in (None, "")
    ]
    notes += [
        f"give it with -p {name} VALUE: aichat fills it in by itself"
        for name in names.variables
        if name in _MACHINE
    ]
    return tuple(notes)
