"""How many layers of a model go onto a graphics card: found by trying, and remembered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.models.summary import write_json

_NEARLY = 0.1
"""By what share the free memory of a card may differ from what it was, to count as the same."""

_MOST_KEPT = 200
"""Set-ups that are remembered."""


def most_layers(fits: Callable[[int], bool], wanted: int, first: int) -> int:
    """The most layers that fit, found by halving what is uncertain.

    Args:
        fits: Puts so many layers onto the card, in place of those it has, and says whether there
            was room. It is never asked about none.
        wanted: The most to try.
        first: How many are tried first.
    """
    fitting, too_many, tried = 0, wanted + 1, max(1, first)
    while too_many - fitting > 1:
        if fits(tried):
            fitting = tried
        else:
            too_many = tried
        tried = (fitting + too_many) // 2
    return fitting


class LayerMemory:
    """What was found for a model, a set-up and a machine, in a file that can be deleted."""

    def __init__(self, file: Path | None, key: Sequence[str], free: int) -> None:
        """Nothing is read yet.

        Args:
            file: JSON; None remembers nothing.
            key: Whatever the answer depends on: the weights, the context, the cards.
            free: Bytes of the cards' memory that are free now. With other programs on them less
                fits, and when those have ended more does.
        """
        self._file = file
        self._key = hashlib.sha256("\n".join(key).encode()).hexdigest()[:32]
        self._free = free

    def recall(self) -> int | None:
        """Layers that fitted when as much memory was free."""
        # Python's JSON has an Infinity, which is no whole number.
        with suppress(TypeError, ValueError, OverflowError):
            layers, free = self._read().get(self._key, ())
            if abs(int(free) - self._free) <= _NEARLY * self._free:
                return max(0, int(layers))
        return None

    def keep(self, layers: int) -> None:
        """Remember how many fitted; a folder that cannot be written costs the search again."""
        if self._file is None:
            return
        kept = {key: value for key, value in self._read().items() if key != self._key}
        recent = dict(list(kept.items())[-_MOST_KEPT:])
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_json(self._file, {**recent, self._key: [layers, self._free]})

    def _read(self) -> dict[str, Any]:
        try:
            value = json.loads(self._file.read_bytes()) if self._file else {}
        except (OSError, ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}
