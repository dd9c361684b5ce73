"""Shows an answer's Markdown while it is written: what is finished is printed once and stays, and
only the block being written is painted again, in the last rows of the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import TextIO

from rich.text import Text

from tui.repl.markdown import Block, Kind, MarkdownSplitter
from tui.repl.typesetting import Typesetter, page_console
from tui.sanitize import sanitize

_LEAST_S = 0.04
"""Seconds between two paintings; nobody reads faster."""

_SHARE = 4
"""Painting waits this many times as long as it took, so that it never holds up an answer."""


class MarkdownPage:
    """Where an answer goes on a terminal that can be painted on."""

    def __init__(
        self,
        stdout: TextIO,
        environment: Mapping[str, str],
        size: Callable[[], tuple[int, int]],
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Nothing is shown yet.

        Args:
            stdout: The terminal.
            environment: Says which colours it has.
            size: Its columns and rows at any time.
            clock: Seconds.
        """
        self._stdout = stdout
        self._console = page_console(stdout, environment)
        self._size = size
        self._clock = clock
        self._splitter = MarkdownSplitter()
        self._printed = 0
        """How much of the first live block is printed for good, as `Typesetter.break_at` counts."""
        self._printed_kind: Kind = "paragraph"
        self._painted: list[Text] = []
        """The lines that are painted and may change; the cursor is at the end of the last."""
        self._next_painting = 0.0
        self._has_words = False

    def part(self, number: int, count: int) -> None:
        """Begin another one of several answers."""
        self.end()
        self._stdout.write(f"{chr(10) if number > 1 else ''}[{number} of {count}]\n")

    def write(self, text: str) -> None:
        """Show more of the answer."""
        self._has_words = self._has_words or bool(text.strip())
        finished = self._splitter.feed(sanitize(text))
        now = self._clock()
        if finished or now >= self._next_painting:
            self._show(finished, self._splitter.live)
            cost = self._clock() - now
            self._next_painting = self._clock() + max(_LEAST_S, _SHARE * cost)

    def pause(self) -> None:
        """Take away what may change, for a line that stays; the answer goes on below it."""
        setter = Typesetter(self._console, self._size()[0])
        self._stdout.write(_repainting(setter, self._painted, [], []))
        self._stdout.flush()
        self._painted = []

    def forget(self) -> None:
        """Something else was written meanwhile: what is painted stays as it is."""
        self._painted = []

    def end(self) -> None:
        """The answer is over: all of it is printed, and a blank line."""
        self._show(self._splitter.finish(), [])
        self._stdout.write("\n" if self._has_words else "")
        self._stdout.flush()
        self._has_words = False

    def _show(self, finished: Sequence[Block], live: Sequence[Block]) -> None:
        """Print what is finished in place of what is painted, and paint what is live below it."""
        columns, rows = self._size()
        setter = Typesetter(self._console, columns)
        settled = self._settled(setter, finished)
        settled += self._outgrown(setter, live, rows - 1)
        window = [
            line
            for place, block in enumerate(live)
            for line in setter.lines(block, 0 if place else self._printed_of(block))
        ]
        while window and _height(setter, window) > rows - 1:
            window = window[1:]  # what is above is printed with the rest of its block
        self._stdout.write(_repainting(setter, self._painted, settled, window))
        self._stdout.flush()
        self._painted = window

    def _settled(self, setter: Typesetter, finished: Sequence[Block]) -> list[Text]:
        """The lines of finished blocks, but for what is printed of the first."""
        lines = []
        for block in finished:
            lines += setter.lines(block, self._printed_of(block))
            self._printed = 0
        return lines

    def _outgrown(self, setter: Typesetter, live: Sequence[Block], rows: int) -> list[Text]:
        """The lines of the first live block to print for good, as it has no room to be painted."""
        if not live:
            return []
        start = self._printed_of(live[0])
        if _height(setter, setter.lines(live[0], start)) <= rows:
            return []
        end = setter.break_at(live[0], start)
        if end == start:
            return []
        self._printed, self._printed_kind = end, _printed_as(live[0])
        return setter.lines(live[0], start, end)

    def _printed_of(self, block: Block) -> int:
        """How much of the first block that is not finished is printed for good. What turned out
        to be a block of another kind is printed again: better twice than not at all."""
        return self._printed if self._printed_kind == _printed_as(block) else 0


def _printed_as(block: Block) -> Kind:
    """A paragraph becomes a heading when its underline comes; the words are the same."""
    return "paragraph" if block.kind == "heading" else block.kind


def _height(setter: Typesetter, lines: Sequence[Text]) -> int:
    return sum(map(setter.rows, lines))


def _repainting(
    setter: Typesetter, painted: Sequence[Text], settled: Sequence[Text], window: Sequence[Text]
) -> str:
    """What turns the painted lines into settled ones with a window below them.

    The cursor is at the end of the last painted line, or on an empty row where there is none.
    """
    lines = [*settled, *window]
    same = 0
    for old, new in zip(painted[:-1], lines[:-1], strict=False):
        if old != new:
            break
        same += 1
    out = ""
    if painted:
        up = _height(setter, painted[same:]) - 1
        # Not all at once: some terminals take an erased screen for one that is to be kept.
        out += f"\x1b[{up}A\r\x1b[K\x1b[B\x1b[J\x1b[A" if up else "\r\x1b[K"
    out += "\n".join(map(setter.ansi, lines[same:]))
    return out if window or not lines else f"{out}\n"
