"""How sure the difference between two columns of measurements is, when each row has both."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

_RESAMPLES = 10_000
_SEED = 20_260_101
"""Fixed, so that the same measurements give the same interval."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The means of two columns, and how far apart they are: the second less the first."""

    first: float
    second: float
    pairs: int
    interval: tuple[float, float] | None
    """In which the difference lies with 95% confidence; None of fewer than two pairs."""

    @property
    def value(self) -> float:
        """How much more the second is."""
        return self.second - self.first


def difference(first: Sequence[float], second: Sequence[float]) -> Difference | None:
    """Compare two columns row by row; None of no rows.

    The interval is a percentile bootstrap over pairs (Efron and Tibshirani, An Introduction to the
    Bootstrap, chapter 13): rows are drawn with replacement, and their mean differences are sorted.
    """
    if not first:
        return None
    apart = [theirs - ours for ours, theirs in zip(first, second, strict=True)]
    interval = _interval(apart) if len(apart) > 1 else None
    return Difference(fmean(first), fmean(second), len(apart), interval)


def _interval(apart: Sequence[float]) -> tuple[float, float]:
    draw = random.Random(_SEED)
    count = len(apart)
    means = sorted(sum(draw.choices(apart, k=count)) / count for _ in range(_RESAMPLES))
    margin = _RESAMPLES * 25 // 1000
    return means[margin], means[-margin - 1]
