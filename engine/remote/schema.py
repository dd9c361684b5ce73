"""Whether an answer is what a schema asks for: some servers take a schema, and pay it no heed."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any


def fits(schema: str, text: str) -> bool:
    """Whether a text is JSON, and what the schema says of it holds.

    Of a schema with regular expressions only the former is looked at, and so where it is none or
    refers to another: the one could take for ever, the others are nothing that the answer can help.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return '"pattern' in schema or _is_valid(json.loads(schema), value)


def _is_valid(rules: Any, value: Any) -> bool:
    # Loaded here, since few answers have a schema, and most begin sooner than this is loaded.
    jsonschema, referencing = import_module("jsonschema"), import_module("referencing")
    try:
        checker = jsonschema.validators.validator_for(rules)
        checker.check_schema(rules)
        # With a registry of its own it fetches nothing that a schema refers to.
        return bool(checker(rules, registry=referencing.Registry()).is_valid(value))
    except (
        jsonschema.exceptions.SchemaError,
        referencing.exceptions.Unresolvable,
        RecursionError,
    ):
        return True
