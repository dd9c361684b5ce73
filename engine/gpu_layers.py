"""How many layers of a model go onto a graphics card: found by trying, and remembered."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.models.summary import write_json

_NEARLY = 0.1
"""By what share the free memory of a card may differ from what it was, to count as the same."""

_MOST_KEPT = 200
"""Set-ups that are remembered."""

_LOWERED_BY = 8
"""Of so many layers one comes off the card after each answer that took more memory than there was:
one at a time, a large model would fail again and again."""


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


def is_about_memory(error: str) -> bool:
    """Whether words of llama.cpp say that there was too little memory."""
    return any(word in error.lower() for word in ("memory", "alloc"))


class LayerMemory:
    """What was found for a model, a set-up and a machine, in a file that can be deleted."""

    def __init__(
        self, file: Path | None, model: Path, key: Sequence[str], free: Sequence[int]
    ) -> None:
        """Nothing is read yet.

        Args:
            file: JSON; None remembers nothing.
            model: The weights' file, by which `lower` finds it.
            key: Whatever the answer depends on: the weights, the context, the cards.
            free: Bytes of each card's memory that are free now. With other programs on them less
                fits, and when those have ended more does.
        """
        self._file = file
        self._model = os.path.realpath(model)
        self._key = hashlib.sha256("\n".join(key).encode()).hexdigest()[:32]
        self._free = list(free)

    def recall(self) -> int | None:
        """Layers that fitted when as much memory was free."""
        # Python's JSON has an Infinity, which is no whole number.
        with suppress(TypeError, ValueError, OverflowError):
            layers, free, _ = _read(self._file).get(self._key, ())
            pairs = list(zip(map(int, free), self._free, strict=True))
            if all(abs(then - now) <= _NEARLY * now for then, now in pairs):
                return max(0, int(layers))
        return None

    def keep(self, layers: int) -> None:
        """Remember how many fitted; a folder that cannot be written costs the search again."""
        if self._file is None:
            return
        kept = {key: value for key, value in _read(self._file).items() if key != self._key}
        recent = dict(list(kept.items())[-_MOST_KEPT:])
        _write(self._file, {**recent, self._key: [layers, self._free, self._model]})


def lower(file: Path, model: Path) -> None:
    """Remember that what fitted was too much all the same: an answer took more than the trial.

    Args:
        file: As for `LayerMemory`.
        model: The weights' file; it counts for every set-up of these.
    """
    kept, place = _read(file), os.path.realpath(model)
    changed = dict(kept)
    for key, value in kept.items():
        with suppress(TypeError, ValueError, OverflowError):
            layers, free, at = value
            if at == place:
                changed[key] = [max(0, int(layers) - max(1, int(layers) // _LOWERED_BY)), free, at]
    if changed != kept:
        _write(file, changed)


def _write(file: Path, value: dict[str, Any]) -> None:
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(file, value)


def _read(file: Path | None) -> dict[str, Any]:
    try:
        value = json.loads(file.read_bytes()) if file else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
