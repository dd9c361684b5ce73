"""Reads templates of llm (llm.datasette.io): YAML with ``prompt`` and ``system``.

Their placeholders are those of Python's `string.Template`, where ``$$`` is a dollar; ``$input`` is
what was asked. It goes after a ``prompt`` that does not name it.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping

from prompts.errors import NotImported
from prompts.importers.names import shortened, title_of
from prompts.importers.params import usable_params
from prompts.importers.templates import WITH_TEXT, Names, Piece, template, tidied
from prompts.importers.values import Imported
from prompts.writing import NewPrompt

KEYS = frozenset(
    {
        *("name", "prompt", "system", "model", "defaults", "options", "schema_object"),
        *("extract", "extract_last", "attachments", "attachment_types"),
        *("fragments", "system_fragments", "tools", "functions"),
    }
)
"""All that a template can have; llm refuses others."""

_CARRIED = frozenset({"name", "prompt", "system", "defaults", "options", "schema_object"})

_SAID = {
    "functions": "left out: functions, Python code that nothing runs here",
    "extract": "left out: extract; -x does the same",
    "extract_last": "left out: extract_last",
}


def is_template(value: object) -> bool:
    """Whether a YAML value is a template, and cannot be anything else."""
    return isinstance(value, dict) and value.keys() <= KEYS and _has_text(value)


def may_be_template(value: object) -> bool:
    """Whether a YAML file's value is a template, perhaps with keys that llm does not know."""
    return isinstance(value, dict) and _has_text(value)


def _has_text(value: Mapping[object, object]) -> bool:
    return any(isinstance(value.get(key), str) for key in ("prompt", "system")) or (
        "options" in value and value.keys() <= KEYS
    )


def read_template(value: Mapping[object, object], stem: str, origin: str, name: str) -> Imported:
    """The prompt that a template makes.

    Raises:
        NotImported: If it cannot be one.
    """
    system, user = _text(value, "system"), _text(value, "prompt")
    defaults, notes = _defaults(value.get("defaults"))
    names = Names({"input": "text", **({} if "text" in defaults else {"text": "text"})}, defaults)
    system_template = _template(system, names)
    user_template = _template(user, names)
    if user_template and "text" not in names.used:
        user_template += WITH_TEXT
    settings = _table(value.get("options"), "options")
    if value.get("schema_object"):
        settings["schema"] = _json(value["schema_object"])
    params, more = usable_params(settings)
    return Imported(
        name,
        "llm",
        origin,
        NewPrompt(
            title_of(stem), ("llm",), system_template, user_template, names.variables, params
        ),
        (*notes, *more, *_left_out(value)),
    )


def _text(value: Mapping[object, object], key: str) -> str:
    text = value.get(key)
    if text is not None and not isinstance(text, str):
        raise NotImported(f"its {key} is not a text")
    return tidied(text or "")


def _template(text: str, names: Names) -> str:
    def piece(found: re.Match[str]) -> Piece:
        if found["escaped"]:
            return "$"
        theirs = found["named"] or found["braced"]
        return names.placeholder(theirs) if theirs else found[0]

    return template(text, string.Template.pattern, piece)


def _table(value: object, key: str) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NotImported(f"its {key} are not a table")
    return {str(name): each for name, each in value.items()}


def _json(value: object) -> str:
    try:
        return json.dumps(value, indent=2, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise NotImported("its schema_object is no JSON Schema") from error


def _defaults(value: object) -> tuple[dict[str, str], tuple[str, ...]]:
    defaults, notes = {}, []
    for name, default in _table(value, "defaults").items():
        if isinstance(default, str | int | float):
            defaults[name] = str(default)
        elif default is not None:
            notes.append(f"left out: the default of {shortened(name)}, which is not a text")
    return defaults, tuple(notes)


def _left_out(value: Mapping[object, object]) -> list[str]:
    return [
        _SAID.get(str(key)) or f"left out: {shortened(key)} = {shortened(each)}"
        for key, each in value.items()
        if key not in _CARRIED and each
    ]
