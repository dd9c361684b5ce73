"""Lists for people and for programs: a table on a terminal, tab-separated lines elsewhere."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TextIO

from tui.runtime import Runtime
from tui.sanitize import sanitize_line

_WIDEST = 10_000
"""Columns, for asking how few a table can do with."""


def print_table(runtime: Runtime, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under headings; without headings where a program reads them, and a line for each
    cell on a terminal that is too narrow."""
    if not runtime.stdout.isatty():
        for row in rows:
            runtime.stdout.write("\t".join(map(sanitize_line, row)) + "\n")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        # What one copies to the next command stays in one piece.
        table.add_column(heading, overflow="fold", no_wrap=heading in ("ID", "NAME"))
    for row in rows:
        table.add_row(*(Text(sanitize_line(cell)) for cell in row))
    console = Console(file=runtime.stdout, highlight=False)
    wanted = console.measure(table, options=console.options.update(max_width=_WIDEST))
    if wanted.minimum > console.width:
        _print_cells(runtime, headings, rows)
    else:
        console.print(table)


def _print_cells(runtime: Runtime, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(rows):
        runtime.stdout.write("\n" if number else "")
        for heading, cell in zip(headings, row, strict=True):
            if cell:
                runtime.stdout.write(f"{heading}: {sanitize_line(cell)}\n")


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
        runtime.stdout.flush()
        runtime.stdout.buffer.write(os.fsencode(text) + b"\n")


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
