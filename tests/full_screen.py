"""What a person sees of a program that fills the terminal: pyte draws what it writes."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import pexpect
import pyte

_PATIENCE_S = 60.0
_CHUNK = 65_536

_WANTS_WHOLE_FRAMES = "\x1b[?2026$p"
_GETS_WHOLE_FRAMES = "\x1b[?2026;1$y"
_FRAME, _FRAME_END = "\x1b[?2026h", "\x1b[?2026l"
"""A program asks whether the terminal shows what is between these at once, and this one does: so
nobody sees half of a frame."""


class FullScreen:
    """The cells of a terminal that a program draws on."""

    def __init__(self, process: pexpect.spawn) -> None:
        """See a program from its beginning.

        Args:
            process: Started, and nothing of what it wrote was read.
        """
        self.process = process
        self.written = ""
        """Everything, as it came."""
        rows, columns = process.getwinsize()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self._rest = ""
        """The beginning of a frame."""

    @property
    def text(self) -> str:
        """The lines, without blanks at their ends."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def press(self, keys: str) -> None:
        """Send what a terminal sends for keys."""
        self.process.send(keys)

    def resize(self, columns: int, rows: int) -> None:
        """Have a terminal of another size."""
        self._screen.resize(rows, columns)
        self.process.setwinsize(rows, columns)

    def until(self, condition: Callable[[], object]) -> None:
        """Draw what comes until something is so, here or elsewhere.

        Raises:
            pexpect.EOF: If the program ends before.
        """
        end = monotonic() + _PATIENCE_S
        while not condition():
            assert monotonic() < end, f"it never came; the screen:\n{self.text}"
            self._draw(0.05)

    def sees(self, *words: str) -> None:
        """Wait until all of them are to be seen."""
        self.until(lambda: all(each in self.text for each in words))

    def end(self) -> int | None:
        """Take everything until the program ends; its exit code, None where a signal ended it."""
        try:
            self.until(lambda: False)
        except pexpect.EOF:
            self.process.close()
        code: int | None = self.process.exitstatus
        return code

    def _draw(self, timeout: float) -> None:
        try:
            written = self.process.read_nonblocking(_CHUNK, timeout)
        except pexpect.TIMEOUT:
            return
        self.written += written
        if _WANTS_WHOLE_FRAMES in self.written[-len(written) - len(_WANTS_WHOLE_FRAMES) :]:
            self.press(_GETS_WHOLE_FRAMES)
        whole = self._rest + written
        frame = whole.rfind(_FRAME)
        is_half = frame >= 0 and whole.find(_FRAME_END, frame) < 0
        whole, self._rest = (whole[:frame], whole[frame:]) if is_half else (whole, "")
        self._stream.feed(whole)
