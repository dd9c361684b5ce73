"""Reads instructions that are no template anywhere: plain texts, and ChatGPT's custom instructions.

ChatGPT has two texts, ``about_user_message`` and ``about_model_message``: so they are called in its
own requests and in the messages of its export.
"""

from __future__ import annotations

import json

from prompts.errors import NotImported
from prompts.importers.names import title_of
from prompts.importers.templates import literal, tidied
from prompts.importers.values import Imported
from prompts.writing import NewPrompt

_HEADINGS = {
    "about_user_message": "About me:",
    "about_model_message": "How you should answer:",
}


def custom_instructions(text: str) -> dict[str, str] | None:
    """The two texts of ChatGPT in a JSON object; None where it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not value.keys() & _HEADINGS.keys():
        return None
    texts = {key: value.get(key) or "" for key in _HEADINGS}
    return texts if all(isinstance(each, str) for each in texts.values()) else None


def read_custom_instructions(texts: dict[str, str], stem: str, origin: str, name: str) -> Imported:
    """The prompt that they make.

    Raises:
        NotImported: If both are empty.
    """
    parts = [
        f"{_HEADINGS[key]}\n{text.strip()}" for key, text in texts.items() if text.strip(" \t\r\n")
    ]
    return _imported("chatgpt", "\n\n".join(parts), stem, origin, name)


def read_plain_text(text: str, stem: str, origin: str, name: str) -> Imported:
    """The prompt that a text makes, as its system text.

    Raises:
        NotImported: If it is empty.
    """
    return _imported("text", text, stem, origin, name)


def _imported(form: str, text: str, stem: str, origin: str, name: str) -> Imported:
    if not text.strip():
        raise NotImported("it is empty")
    tags = ("chatgpt",) if form == "chatgpt" else ()
    return Imported(name, form, origin, NewPrompt(title_of(stem), tags, literal(tidied(text))))
