"""How fast an answer comes, while it comes."""

from __future__ import annotations

_SURE_S = 1.0
"""A speed after less than this is a guess."""


class Speed:
    """Tokens per second since the first words of an answer."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._pieces = 0

    def count(self, pieces: int, now: float) -> float | None:
        """Take in how many pieces came; the speed as it is shown, None where it cannot be told.

        Args:
            pieces: About as many as tokens.
            now: Seconds of a clock that never goes back.
        """
        if self._began is None:
            self._began = now
            return None
        self._pieces += pieces
        seconds = now - self._began
        if seconds <= _SURE_S:
            return None
        rate = self._pieces / seconds
        # The line it is in is drawn when this changes.
        return float(round(rate)) if rate >= 10 else round(rate, 1)
