"""A terminal that understands what the REPL paints with, and nothing else.

Of what is painted over only the cells that differ are written; so what a person sees cannot be read
from what is written.
"""

from __future__ import annotations

import io
import re

from rich.cells import cell_len

_PARTS = re.compile(r"\x1b\[\??(\d*)(?:;[\d;]*)? ?([A-Za-z])|(.)", re.DOTALL)
_BROKEN_OFF = re.compile(r"\x1b(\[[?\d; ]*)?$")
_LOOKS = "mhlq"
"""Commands about colours, the cursor's shape and pasted text."""


class Screen(io.StringIO):
    """Rows with a history above them, as a person scrolls through them."""

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__()
        self.columns = columns
        self.rows = rows
        self.written = ""
        """Everything, as it came."""
        self._rest = ""
        self._lines: list[list[str]] = [[]]
        self._row = self._column = 0

    def write(self, text: str, /) -> int:
        """Obey what is written."""
        self.written += text
        whole = self._rest + text
        self._rest = broken[0] if (broken := _BROKEN_OFF.search(whole)) else ""
        for number, command, character in _PARTS.findall(whole.removesuffix(self._rest)):
            if character == "\n":
                self._down()
            elif character == "\r":
                self._column = 0
            elif character == "\b":
                self._column = max(0, self._column - 1)
            elif character:
                self._put(character)
            else:
                self._obey(command, int(number or 1))
        return len(text)

    def reflow(self, columns: int) -> None:
        """Break rows that are too long now, as most terminals do; the cursor is in the last one."""
        self.columns = columns
        self._lines = [
            line[at : at + columns]
            for line in self._lines
            for at in range(0, max(1, len(line)), columns)
        ]
        self._row, self._column = len(self._lines) - 1, len(self._lines[-1])

    @property
    def text(self) -> str:
        """Everything that there is, also above the screen, without blanks at the ends of rows."""
        return "\n".join("".join(line).rstrip() for line in self._lines)

    @property
    def _top(self) -> int:
        return max(0, len(self._lines) - self.rows)

    def _down(self) -> None:
        self._row += 1
        self._column = 0
        if self._row == len(self._lines):
            self._lines.append([])

    def _put(self, character: str) -> None:
        width = cell_len(character)
        if character == "\t":  # which stays what it is, and never breaks a row
            width = min(8 - self._column % 8, self.columns - 1 - self._column)
        if self._column + width > self.columns:
            self._down()
        line = self._lines[self._row]
        line += [" "] * (self._column - len(line))
        line[self._column : self._column + width] = [character, *[""] * (width - 1)]
        self._column += width

    def _obey(self, command: str, number: int) -> None:
        if command == "A":
            self._row = max(self._top, self._row - number)
        elif command == "B":
            self._row = min(len(self._lines) - 1, self._row + number)
        elif command == "C":
            self._column = min(self.columns - 1, self._column + number)
        elif command == "D":
            self._column = max(0, self._column - number)
        elif command == "K":
            del self._lines[self._row][self._column :]
        elif command == "J":
            del self._lines[self._row][self._column :]
            for line in self._lines[self._row + 1 :]:
                line.clear()
        else:
            assert command in _LOOKS, f"nothing else is painted with: {command}"
