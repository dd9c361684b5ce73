"""Gives back pages of files whose content llama.cpp has copied: else such weights count twice."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_DONT_NEED = 4
"""Of madvise(2) on Linux: pages of a file come back from it when they are read again."""


def forget_pages(files: Iterable[Path]) -> None:
    """Let go of what this process has of files that are mapped into it, where the system can."""
    mapped = {os.path.realpath(file) for file in files}
    with suppress(OSError, ValueError):  # there is no such list but on Linux
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape")
        advise = ctypes.CDLL(None).madvise
        for start, end in _ranges(maps, mapped):
            advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _DONT_NEED)


def _ranges(maps: str, files: set[str]) -> Iterator[tuple[int, int]]:
    """Addresses where they are mapped only to be read; what was written there would be lost."""
    for line in maps.splitlines():
        addresses, may, _, _, _, *path = line.split(maxsplit=5)
        if path and path[0] in files and "w" not in may:
            start, _, end = addresses.partition("-")
            yield int(start, 16), int(end, 16)
