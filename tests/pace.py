"""How fast this machine computes: for tests that say how long something may take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from time import process_time

_WORD = re.compile(r"\w+")
_TEXT = "The keeper climbed the stairs and lit the lamp. " * 2000
_REFERENCE_S = 0.0045
"""What `_work` takes on the machine on which bounds are written, alone on a core."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What is done in here takes no more of the processor.

    Args:
        seconds: As they are on the machine on which bounds are written; more on a slower one.
    """
    bound = seconds * slowness()
    began = process_time()
    yield
    took = process_time() - began
    assert took < bound, f"it took {took:.2f} s of the processor"


@cache
def slowness() -> float:
    """How many times as long as there something takes here."""
    return min(_work() for _ in range(3)) / _REFERENCE_S


def _work() -> float:
    """The processor's time for some work like that of the program."""
    began = process_time()
    counts: dict[str, int] = {}
    for match in _WORD.finditer(_TEXT):
        counts[match[0]] = counts.get(match[0], 0) + 1
    return process_time() - began
