"""A text whose stretches are marked by colours and, in a line below theirs, by signs; with a cursor
that goes from stretch to stretch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click, Resize
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from tui.app.faults import Steadfast
from tui.app.widgets.cells import Cell, Line, lay_out


class HeatMap(Steadfast, Static, can_focus=True):
    """The text. It says where the cursor is, and when something was chosen."""

    DEFAULT_CSS = "HeatMap { height: auto; width: 100%; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "move(1)", "next word", show=False, id="words.next"),
        Binding("left,h", "move(-1)", "previous word", show=False, id="words.previous"),
        Binding("down,j", "move_line(1)", "next line", show=False, id="words.down"),
        Binding("up,k", "move_line(-1)", "previous line", show=False, id="words.up"),
        Binding("n", "move_marked(1)", "next marked word", show=False, id="words.marked"),
        Binding(
            "N", "move_marked(-1)", "previous marked word", show=False, id="words.marked_before"
        ),
        Binding("enter", "choose", "alternatives", show=False, id="words.choose"),
        Binding("space", "mark", "start or end a passage", show=False, id="words.mark"),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is on another cell."""

        number: int

    @dataclass
    class Chosen(Message):
        """A cell was chosen."""

        number: int

    @dataclass
    class Marked(Message):
        """A passage was begun, or ended."""

        first: int
        """The number of its first cell."""
        last: int | None
        """None as long as it goes on."""

    def __init__(self, *, has_passages: bool = False) -> None:
        """Nothing is shown yet.

        Args:
            has_passages: Whether a person may mark some.
        """
        super().__init__()
        self.has_passages = has_passages
        self._cells: Sequence[Cell] = ()
        self._lines: list[Line] = []
        self._cursor = 0
        self._begin: int | None = None
        """The cell where a passage was begun."""

    def show(self, cells: Sequence[Cell]) -> None:
        """Show a text, with the cursor on the first of its marked cells."""
        self._cells = cells
        marked = (number for number, cell in enumerate(cells) if cell.sign.strip())
        self._lay_out()
        self._go_to(next(marked, 0))

    def on_resize(self, _event: Resize) -> None:
        """Lines are longer or shorter."""
        self._lay_out()
        self._draw()

    def on_click(self, event: Click) -> None:
        """Go to what was clicked; a second click chooses it."""
        for line in self._lines:
            if line.parts and line.top <= event.y < line.top + line.height:
                number = line.cell_at(event.x)
                if number == self._cursor:
                    self.action_choose()
                else:
                    self._go_to(number)

    def action_move(self, by: int) -> None:
        """Go to the next cell that has a word, or the one before."""
        self._step(by, [bool(cell.text.strip()) for cell in self._cells])

    def action_move_marked(self, by: int) -> None:
        """Go to the next marked cell, or the one before."""
        self._step(by, [bool(cell.sign.strip()) for cell in self._cells])

    def action_move_line(self, by: int) -> None:
        """Go to the line below, or above."""
        place = self._line_of(self._cursor)
        lines = [line for line in self._lines if line.parts]
        if place is not None:
            at = lines.index(self._lines[place]) + by
            if 0 <= at < len(lines):
                self._go_to(lines[at].cell_at(self._lines[place].column_of(self._cursor)))

    def action_choose(self) -> None:
        """Say that the cell was chosen."""
        if self._cells:
            self.post_message(self.Chosen(self._cursor))

    def action_mark(self) -> None:
        """Begin a passage at the cursor, or end it there."""
        if not self.has_passages or not self._cells:
            return
        begin, self._begin = self._begin, self._cursor if self._begin is None else None
        ends = sorted((self._cursor if begin is None else begin, self._cursor))
        self._draw()
        self.post_message(self.Marked(ends[0], None if begin is None else ends[1]))

    @property
    def is_marking(self) -> bool:
        """Whether a passage is begun and not ended."""
        return self._begin is not None

    def unmark(self) -> bool:
        """Forget a passage that was begun; whether there was one."""
        had_one = self.is_marking
        self._begin = None
        self._draw()
        return had_one

    def _step(self, by: int, wanted: Sequence[bool]) -> None:
        number = self._cursor + by
        while 0 <= number < len(wanted) and not wanted[number]:
            number += by
        if 0 <= number < len(wanted):
            self._go_to(number)

    def _go_to(self, number: int) -> None:
        self._cursor = number
        self._draw()
        place = self._line_of(number)
        if self._cells and place is not None:
            line = self._lines[place]
            region = Region(0, line.top, max(1, line.width), 2)
            self.call_after_refresh(self._see, region)
        if self._cells:
            self.post_message(self.Moved(number))

    def _see(self, region: Region) -> None:
        if isinstance(self.parent, Widget):
            self.parent.scroll_to_region(region, animate=False)

    def _line_of(self, number: int) -> int | None:
        for place, line in enumerate(self._lines):
            if any(number == each for each, _ in line.parts):
                return place
        return None

    def _lay_out(self) -> None:
        self._lines = lay_out(self._cells, max(1, self.size.width or 80))

    def _draw(self) -> None:
        rows: list[Content] = []
        for line in self._lines:
            rows.append(Content("").join(self._drawn(*part) for part in line.parts))
            if line.has_signs:
                signs = "".join(self._signs(*part) for part in line.parts)
                rows.append(Content.styled(signs.rstrip(), "$foreground 40%"))
        self.update(Content("\n").join(rows))

    def _drawn(self, number: int, text: str) -> Content:
        word = text.lstrip(" ")
        style = "reverse bold" if number == self._cursor else self._cells[number].style
        ends = sorted((self._cursor if self._begin is None else self._begin, self._cursor))
        if self.is_marking and ends[0] <= number <= ends[1]:
            style = f"{style} underline".strip()
        return Content.assemble(text[: len(text) - len(word)], (word, style))

    def _signs(self, number: int, text: str) -> str:
        word = text.lstrip(" ")
        return " " * (len(text) - len(word)) + self._cells[number].sign * cell_len(word)
