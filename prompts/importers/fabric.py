"""Reads patterns of Fabric (github.com/danielmiessler/fabric): folders with a ``system.md``.

``{{input}}`` is the text that is worked on and ``{{name}}`` a variable that must be given, both
without spaces; ``{{plugin:…}}`` and ``{{ext:…}}`` have code run. A pattern without ``{{input}}``
has the text sent after it. Fabric reads ``system.md`` alone today; what an old pattern has in its
``user.md`` went before the text.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from prompts.importers.files import read_text
from prompts.importers.names import shortened, slug, title_of
from prompts.importers.templates import Names, Piece, template, tidied
from prompts.importers.values import Imported
from prompts.writing import NewPrompt

SYSTEM_FILE = "system.md"

_TOKEN = re.compile(r"\{\{([^{}]+)\}\}")
_NAME = re.compile(r"#?\w[\w.-]*")
_CALL = re.compile(r"\{\{(?:plugin|ext):[^{}\n]*(?:\}\})?")
_MOST_CALLS = 10


def is_pattern(folder: Path) -> bool:
    """Whether a folder is a pattern."""
    return os.path.lexists(folder / SYSTEM_FILE)


def read_pattern(folder: Path, name: str | None, within: Path) -> Imported:
    """The prompt that a pattern makes.

    Raises:
        NotImported: If it cannot be one.
    """
    origin = folder.resolve().name
    system = tidied(read_text(folder / SYSTEM_FILE, within))
    user = _user_text(folder, within)
    names = Names({"input": "text", "text": "text"})

    def piece(token: re.Match[str]) -> Piece:
        return names.placeholder(token[1]) if _NAME.fullmatch(token[1]) else token[0]

    system_template = template(system, _TOKEN, piece)
    if "text" in names.used:
        # A system text that holds the text would leave nothing for the question.
        user, system_template = f"{system}\n\n{user}".strip(), ""
    user_template = template(user, _TOKEN, piece)
    if user_template and "text" not in names.used:
        user_template += "\n\n{{ text }}"
    return Imported(
        name or slug(origin),
        "fabric",
        origin,
        NewPrompt(title_of(origin), ("fabric",), system_template, user_template, names.variables),
        _calls(f"{system}\n{user}"),
    )


def _user_text(folder: Path, within: Path) -> str:
    file = folder / "user.md"
    return tidied(read_text(file, within)) if os.path.lexists(file) else ""


def _calls(text: str) -> tuple[str, ...]:
    """Notes on what Fabric would have run."""
    calls = list(dict.fromkeys(_CALL.findall(text)))
    notes = [f"left as text; nothing runs it: {shortened(call)}" for call in calls[:_MOST_CALLS]]
    if len(calls) > _MOST_CALLS:
        notes.append(f"left as text too: {len(calls) - _MOST_CALLS} more calls of plugins")
    return tuple(notes)
