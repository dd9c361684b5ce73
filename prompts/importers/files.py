"""Opens the files that are imported as a library opens its own: nothing outside their folder."""

from __future__ import annotations

import os
from pathlib import Path

from prompts import files
from prompts.errors import InvalidPrompt, NotImported, UnreadablePrompt

MAX_ENTRIES = 1000


def read_text(path: Path, within: Path | None = None) -> str:
    """A file's text.

    Args:
        path: The file.
        within: The folder that a link must not lead out of.

    Raises:
        NotImported: If it cannot or must not be read, or is not UTF-8.
    """
    try:
        file = path if within else path.resolve()
        text = files.read_text(file, within or file.parent)
    except UnreadablePrompt as error:
        raise NotImported(error.reason) from error
    except InvalidPrompt as error:
        raise NotImported(f"it is {error.reason} (line {error.line})") from error
    except (OSError, RuntimeError) as error:  # a circle of links is a RuntimeError before 3.13
        raise NotImported(getattr(error, "strerror", None) or str(error)) from error
    if text is None:
        raise NotImported("no such file or folder")
    return text


def entries(folder: Path) -> list[Path]:
    """What is in a folder and not hidden, by name.

    Raises:
        NotImported: If it cannot be listed, or there is too much in it.
    """
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        raise NotImported(error.strerror or str(error)) from error
    if len(names) > MAX_ENTRIES:
        raise NotImported(f"it has {len(names):,} entries, and {MAX_ENTRIES:,} are read at most")
    return [folder / name for name in names]
