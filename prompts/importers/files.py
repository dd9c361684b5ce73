"""Opens the files that are imported: regular ones of bounded size, and none outside the folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from prompts.errors import NotImported

MAX_BYTES = 1024 * 1024
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
        real = path.resolve(strict=True)
        if within is not None and not real.is_relative_to(within.resolve()):
            raise NotImported("it is a link to a place outside the folder")
        content = _read_bounded(real)
    except (OSError, RuntimeError, ValueError) as error:
        raise NotImported(getattr(error, "strerror", None) or str(error)) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise NotImported(f"it is not UTF-8 text (line {line})") from error


def _read_bounded(real: Path) -> bytes:
    # A pipe must not make the program wait, nor a link put there meanwhile mislead it.
    handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise NotImported("it is not a regular file")
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise NotImported("it is larger than 1 MiB")
    return content


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
