"""Parses TOML, and says in plain words where a text is not TOML."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from prompts.errors import InvalidPrompt
from prompts.plain_words import toml_complaint

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LONG_TEXT = re.compile(r"\"\"\"|'''")


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """The parser's dictionary.

    Raises:
        InvalidPrompt: If the text is not TOML.
    """
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except ValueError as error:
        # A line number of its own came to the parser's error late; its text has always had one.
        reason, _, place = str(error).rpartition(" (at ")
        found = re.match(r"line (\d+), column (\d+)", place)
        line = int(found[1]) if found else _last_begun(text)
        column = int(found[2]) if found else None
        words = toml_complaint(reason or str(error))
        raise InvalidPrompt(path, f"not TOML: {words}", line=line, column=column) from error
    except RecursionError as error:
        raise InvalidPrompt(path, "values are nested too deeply") from error
    return table


def _last_begun(text: str) -> int:
    """The line of what the end of the text leaves open: the last long text, or the last line."""
    places = [found.start() for found in _LONG_TEXT.finditer(text)]
    end = places[-1] if len(places) % 2 else len(text.rstrip("\n"))
    return text.count("\n", 0, end) + 1
