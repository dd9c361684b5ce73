"""Text that every UTF-8 file can hold, whatever characters a session has."""

from __future__ import annotations

import json

from sessions.errors import ExportFailed

_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


def json_text(value: object) -> str:
    """A value as JSON on one line.

    Raises:
        ExportFailed: If a field of a newer program's has what JSON cannot express.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, RecursionError) as error:
        raise ExportFailed(f"the session cannot be written as JSON: {error}") from error
    # Lone surrogates are in strings alone, where JSON writes them like this too.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def printable_json(text: str) -> str:
    """JSON that means the same, with escapes in place of what has no print."""
    return "".join(
        each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in text
    )


def without_surrogates(text: str) -> str:
    """The text with U+FFFD for each lone surrogate, which no file can have outside of JSON."""
    return text.translate(_SURROGATES)
