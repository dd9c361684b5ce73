"""Unfinished files of ``chat models quantize``: held while they are written, and deleted by a later
command where the process was killed, as they take as much room as a model."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tui.narrate import Narrator
from tui.tables import file_size

_NAME = re.compile(r"\..+\.\d+\.quantizing", re.DOTALL)


@contextmanager
def held_beside(path: Path) -> Iterator[Path]:
    """An empty file beside another one, locked as long as the block lasts, and then gone."""
    # A name may have 255 bytes.
    name = os.fsdecode(os.fsencode(path.name)[:200])
    partial = path.with_name(f".{name}.{os.getpid()}.quantizing")
    try:
        with partial.open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield partial
    finally:
        partial.unlink(missing_ok=True)


def sweep(folder: Path, narrator: Narrator) -> None:
    """Delete what nobody holds any more, and say so."""
    with suppress(OSError):
        left = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)]
        if freed := sum(map(_delete, left)):
            narrator.say(f"deleted {file_size(freed)} that a killed quantize left in {folder}")


def _delete(path: Path) -> int:
    """Its size, or nothing where somebody holds it."""
    with suppress(OSError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
        return os.fstat(file.fileno()).st_size
    return 0
