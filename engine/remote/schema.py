"""Whether an answer is what a schema asks for: some servers take a schema, and pay it no heed."""

from __future__ import annotations

import json
from importlib import import_module
from typing import NoReturn


def fits(schema: str, text: str) -> bool:
    """Whether a text is JSON, and what the schema says of it holds.

    Where the schema is none, refers to another or has a regular expression that cannot be looked
    for in linear time, only the former is looked at: it is nothing that the answer can help.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    # Loaded here, since few answers have a schema, and most begin sooner than this is loaded.
    library = import_module("jsonschema_rs")
    try:
        options = library.RegexOptions()  # the engine that never goes back
        rules = library.validator_for(
            json.loads(schema), retriever=_refuse, pattern_options=options
        )
    except ValueError:  # the library's own errors are ones
        return True
    return bool(rules.is_valid(value))


def _refuse(_uri: str) -> NoReturn:
    raise ValueError("nothing is fetched that a schema refers to")
