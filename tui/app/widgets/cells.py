"""The cells of a heat map, and how they are laid out in lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len, chop_cells

from tui.sanitize import sanitize


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of the text: a token or a word."""

    text: str
    sign: str
    """One character; a blank is none."""
    style: str
    probability: float


@dataclass(slots=True)
class Line:
    """A line as it is shown, perhaps with a line of signs below it."""

    parts: list[tuple[int, str]] = field(default_factory=list)
    """Numbers of cells, each with its text in this line."""
    width: int = 0
    top: int = 0
    """The row that it is in."""
    has_signs: bool = False

    @property
    def height(self) -> int:
        """Rows, with that of the signs."""
        return 1 + self.has_signs

    def add(self, number: int, text: str) -> None:
        """Append the text of a cell, or of a part of one."""
        self.parts.append((number, text))
        self.width += cell_len(text)

    def cell_at(self, column: int) -> int:
        """The number of the cell at a column, or of the last one before it."""
        place, found = 0, self.parts[0][0]
        for number, text in self.parts:
            if place > column:
                break
            found = number
            place += cell_len(text)
        return found

    def column_of(self, number: int) -> int:
        """Where a cell begins."""
        place = 0
        for each, text in self.parts:
            if each == number:
                break
            place += cell_len(text)
        return place


def lay_out(cells: Sequence[Cell], width: int) -> list[Line]:
    """The lines of a text, each in its row."""
    lines = list(_lines(cells, width))
    top = 0
    for line in lines:
        line.has_signs = any(cells[number].sign.strip() for number, _ in line.parts)
        line.top = top
        top += line.height
    return lines


def _lines(cells: Sequence[Cell], width: int) -> Iterator[Line]:
    """Lines that are no wider, broken where a cell begins with a blank."""
    line = Line()
    for word in _words(cells):
        if word is None:
            yield line
            line = Line()
            continue
        if line.width and line.width + sum(cell_len(text) for _, text in word) > width:
            yield line
            line = Line()
            word[0] = (word[0][0], word[0][1].lstrip(" "))
        for number, text in word:
            for part in chop_cells(text, width):
                if line.width + cell_len(part) > width:
                    yield line
                    line = Line()
                line.add(number, part)
    yield line


def _words(cells: Sequence[Cell]) -> Iterator[list[tuple[int, str]] | None]:
    """Parts of cells that stay together; None ends a line."""
    word: list[tuple[int, str]] = []
    for number, cell in enumerate(cells):
        for place, text in enumerate(sanitize(cell.text).split("\n")):
            if place or text[:1] == " ":
                if word:
                    yield word
                word = []
            if place:
                yield None
            if text:
                word.append((number, text))
    if word:
        yield word
