"""Numbers between two bounds, as GBNF: digit by digit, since a grammar cannot calculate."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

_MOST_DIGITS = 15
"""Of integers without a bound: floating-point numbers tell all of these apart."""
_MOST_BEFORE_POINT = 9
_MOST_BEHIND_POINT = 6


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a number may be."""

    low: Decimal | None = None
    high: Decimal | None = None
    low_is_out: bool = False
    """Whether the lower bound itself is not allowed."""
    high_is_out: bool = False

    @property
    def are_any(self) -> bool:
        """Whether there is a bound at all."""
        return self.low is not None or self.high is not None

    def scaled(self, decimals: int, digits: int) -> tuple[int, int]:
        """The least and the greatest number with so many decimals, times a power of ten.

        Args:
            decimals: Digits behind the point.
            digits: Digits before it, on the sides without a bound.
        """
        factor = Decimal(10) ** decimals
        most = 10 ** (digits + decimals) - 1
        low, high = -most, most
        if self.low is not None:
            low = int((self.low * factor).to_integral_value(ROUND_CEILING))
            low += self.low_is_out and low == self.low * factor
            high = max(high, low)
        if self.high is not None:
            high = int((self.high * factor).to_integral_value(ROUND_FLOOR))
            high -= self.high_is_out and high == self.high * factor
            low = min(low, high) if self.low is None else low
        return low, high


def integers(bounds: Bounds) -> str:
    """A GBNF expression for the integers within bounds; empty if there are none."""
    return _numbers(*bounds.scaled(0, _MOST_DIGITS), decimals=0)


def decimals(bounds: Bounds) -> str:
    """A GBNF expression for decimal numbers within bounds; empty if there are none."""
    given = [bound for bound in (bounds.low, bounds.high) if bound is not None]
    places = max([4, *(-int(bound.as_tuple().exponent) for bound in given)])
    found = [
        _numbers(*bounds.scaled(count, _MOST_BEFORE_POINT), decimals=count)
        for count in range(min(places, _MOST_BEHIND_POINT) + 1)
    ]
    return " | ".join(text for text in found if text)


def _numbers(low: int, high: int, decimals: int) -> str:
    """Integers between two of them, with a point before the last few digits."""
    negative = _positive(max(1, -high), -low, decimals)
    positive = _positive(max(0, low), high, decimals)
    return " | ".join([*(f'"-" {text}' for text in negative), *positive])


def _positive(low: int, high: int, decimals: int) -> list[str]:
    """Expressions for numbers of each length from the lower to the upper bound."""
    found = []
    length = decimals + 1
    while low <= high:
        longest = min(high, 10**length - 1)
        if low <= longest:
            first, last = str(low).zfill(length), str(longest).zfill(length)
            found.append(f"({_same_length(first, last, decimals)})")
            low = longest + 1
        length += 1
    return found


def _same_length(low: str, high: str, decimals: int) -> str:
    """Digits between two numbers of the same length."""
    if not low:
        return ""
    point = '"." ' if decimals and len(low) == decimals else ""
    if set(low) == {"0"} and set(high) == {"9"} and (not decimals or len(low) <= decimals):
        return f"{point}[0-9]{{{len(low)}}}"
    rest = len(low) - 1
    if low[0] == high[0]:
        return f'{point}"{low[0]}" {_same_length(low[1:], high[1:], decimals)}'
    zeros, nines = "0" * rest, "9" * rest
    first, last = int(low[0]), int(high[0])
    ways = []
    if low[1:] != zeros:
        ways.append(f'"{first}" {_same_length(low[1:], nines, decimals)}')
        first += 1
    ends = []
    if high[1:] != nines:
        ends.append(f'"{last}" {_same_length(zeros, high[1:], decimals)}')
        last -= 1
    if first <= last:
        ways.append(f"[{first}-{last}] {_same_length(zeros, nines, decimals)}")
    return f"{point}({' | '.join([*ways, *ends])})"
