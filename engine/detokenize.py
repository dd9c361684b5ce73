"""From tokens back to text, a piece at a time: whole characters only, and stop strings cut out."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class Utf8Stream:
    """Turns bytes that may end inside a character into text that never does."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, data: bytes) -> str:
        """The characters that are complete now; an invalid byte becomes U+FFFD."""
        return self._decoder.decode(data)


class StopStrings:
    """Holds text back for as long as it could be the beginning of a stop string."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""

    def feed(self, text: str) -> tuple[str, bool]:
        """The text that may be shown, and whether a stop string was found right after it."""
        self._held += text
        found = [at for at in map(self._held.find, self._stops) if at >= 0]
        if found:
            shown, self._held = self._held[: min(found)], ""
            return shown, True
        keep = self._possible_start()
        cut = len(self._held) - keep
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown, False

    def flush(self) -> str:
        """What was held back and turned out to be ordinary text."""
        shown, self._held = self._held, ""
        return shown

    def _possible_start(self) -> int:
        """The length of the longest end of the held text that begins some stop string."""
        longest = max((len(stop) for stop in self._stops), default=1) - 1
        for size in range(min(longest, len(self._held)), 0, -1):
            tail = self._held[-size:]
            if any(stop.startswith(tail) for stop in self._stops):
                return size
        return 0
