"""Lists for people and for programs: a table on a terminal, tab-separated lines elsewhere."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TextIO

from tui.output import write_bytes
from tui.runtime import Runtime
from tui.sanitize import sanitize, sanitize_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_WIDEST = 10_000
"""Columns, for asking how few a table can do with."""

_NAMES, _LAST = 20, 18
"""Columns that are the least for names beside other cells, and for the last cell of a line."""


def print_table(runtime: Runtime, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under headings; without headings where a program reads them, and a line for each
    cell on a terminal that is too narrow."""
    if not runtime.stdout.isatty():
        _print_tabbed(runtime, rows)
        return
    console, table = _console(runtime), _table(headings, rows)
    wanted = console.measure(table, options=console.options.update(max_width=_WIDEST))
    longest = max(len(row[0]) for row in (headings, *rows))
    if wanted.minimum <= console.width or (
        # Of two columns the second can be broken anywhere: a path, a checksum.
        len(headings) == 2 and longest + 2 + _NAMES <= console.width
    ):
        console.print(table)
    else:
        _print_cells(runtime, headings, rows)


def print_entries(runtime: Runtime, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table of many columns; on a terminal that is too narrow for it a first cell for which
    there is no room stands on a line of its own, with the others below it."""
    if not runtime.stdout.isatty():
        _print_tabbed(runtime, rows)
        return
    console, table = _console(runtime), _table(headings, rows)
    wanted = console.measure(table, options=console.options.update(max_width=_WIDEST))
    if wanted.maximum <= console.width:
        console.print(table)
        return
    lines = [headings, *(tuple(map(sanitize_line, row)) for row in rows)]
    if not _print_stacked(console, lines):
        _print_cells(runtime, headings, rows)


def _console(runtime: Runtime) -> Console:
    from rich.console import Console

    return Console(file=runtime.stdout, highlight=False)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        # What one copies to the next command stays in one piece.
        table.add_column(heading, overflow="fold", no_wrap=heading in ("ID", "NAME"))
    for row in rows:
        table.add_row(*(Text(sanitize_line(cell)) for cell in row))
    return table


def _print_stacked(console: Console, lines: Sequence[Sequence[str]]) -> bool:
    """Print the first cell of each line above the others, where it does not fit beside them; False
    if there is no room even so.

    Args:
        console: The terminal.
        lines: The headings, and the rows.
    """
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    longest, *widths, last = (max(map(cell_len, column)) for column in zip(*lines, strict=True))
    besides = sum(widths) + 2 * len(widths) + 2
    if besides + min(last, _LAST) > console.width:
        return False
    beside = console.width - besides - last
    beside = min(longest, beside) if beside >= _NAMES else 0
    for number, (name, *others) in enumerate(lines):
        style = "bold" if number == 0 else ""
        fits = cell_len(name) <= beside
        if not fits:
            console.print(Text(name, style if beside else "bold"), soft_wrap=True)
        grid = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
        for width in (beside, *widths):
            grid.add_column(width=width, no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(*(Text(cell, style) for cell in (name if fits else "", *others)))
        console.print(grid)
    return True


def _print_tabbed(runtime: Runtime, rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        runtime.stdout.write("\t".join(map(sanitize_line, row)) + "\n")


def _print_cells(runtime: Runtime, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(rows):
        runtime.stdout.write("\n" if number else "")
        for heading, cell in zip(headings, row, strict=True):
            if cell:
                runtime.stdout.write(f"{heading}: {sanitize_line(cell)}\n")
    runtime.stdout.flush()


def print_json(runtime: Runtime, value: object) -> None:
    """Print a value as JSON, indented."""
    runtime.stdout.write(f"{json_text(runtime.stdout, value, indent=2)}\n")


def json_text(stream: TextIO, value: object, *, indent: int | None = None) -> str:
    """A value as JSON that a stream can show.

    What could act on a terminal is escaped, and so are letters that the locale does not have: it
    stays the same JSON.
    """
    has_all_letters = (stream.encoding or "").lower().replace("-", "") == "utf8"
    escaped = stream.isatty() or not has_all_letters
    return json.dumps(value, ensure_ascii=escaped, indent=indent, default=str)


def print_line(runtime: Runtime, text: str) -> None:
    """Print a path or a setting: as it is where a program reads it, harmless on a terminal."""
    if runtime.stdout.isatty():
        runtime.stdout.write(f"{sanitize_line(text)}\n")
    else:
        write_bytes(runtime.stdout, os.fsencode(text) + b"\n")


def print_bytes(runtime: Runtime, data: bytes) -> None:
    """Print a file: byte for byte where a program reads it, harmless on a terminal."""
    if runtime.stdout.isatty():
        runtime.stdout.write(sanitize(data.decode(errors="replace")))
    else:
        write_bytes(runtime.stdout, data)


def file_size(count: int) -> str:
    """A number of bytes in the unit that people would use."""
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def age(moment: datetime) -> str:
    """How long ago a moment was, in one unit."""
    seconds = max(0, int((datetime.now(timezone.utc) - moment).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
