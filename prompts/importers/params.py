"""Takes over the settings of other programs that mean the same here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tomlkit

from prompts.errors import InvalidPrompt
from prompts.importers.names import shortened
from prompts.reading import parse_prompt
from prompts.schema import PARAM_KEYS

_OURS = {
    "max_output_tokens": "max_tokens",
    "num_predict": "max_tokens",
    "stop_sequences": "stop",
}


def usable_params(
    settings: Mapping[str, object],
) -> tuple[dict[str, object], tuple[str, ...]]:
    """The settings that a prompt can have, and notes on the others."""
    params: dict[str, object] = {}
    notes = []
    for theirs, given in settings.items():
        ours = _OURS.get(theirs, theirs)
        value = [given] if ours == "stop" and isinstance(given, str) else given
        reason = _problem(ours, value)
        if reason is None:
            params[ours] = value
        else:
            notes.append(f"left out: {theirs} = {shortened(given)}, {reason}")
    return params, tuple(notes)


def _problem(name: str, value: object) -> str | None:
    """Why a prompt file cannot say this, asked of who reads it."""
    if name not in PARAM_KEYS:
        return "a setting that is not known here"
    try:
        text = tomlkit.dumps({"params": {name: value}})
        parse_prompt(text, name="imported", path=Path("imported.toml"))
    except InvalidPrompt as error:
        return f"which {error.reason}"
    except (ValueError, TypeError):
        return "which is not useful here"
    return None
