"""Tells weights apart whose files have the same name."""

from __future__ import annotations

import hashlib
from pathlib import Path

_BLOCKS = 64
"""Of a file, between its beginning and its end, that are looked at."""


def fingerprint(weights: Path) -> str:
    """A SHA-256 without reading gigabytes: of size, beginning, end and 64 blocks between."""
    size = weights.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with weights.open("rb") as file:
        digest.update(file.read(2**20))
        for block in range(_BLOCKS):
            file.seek(size * block // _BLOCKS)
            digest.update(file.read(4096))
        file.seek(max(0, size - 2**20))
        digest.update(file.read())
    return digest.hexdigest()
