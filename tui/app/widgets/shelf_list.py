"""The list of models: one line for each, in columns that fit the width."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.events import Resize
from textual.widgets.option_list import Option

from tui.app.shelf import Shelf, ShelfRow
from tui.app.widgets.choices import Choices
from tui.sanitize import sanitize_line
from tui.tables import file_size

_GROUPS = {
    "On this machine": ("here",),
    "On servers": ("server",),
    "To download": ("starter", "download"),
}
_LONGEST = 38
"""Columns of a name, at most."""

_SHORTEST = max(map(len, _GROUPS))

_COLUMNS = (("params", 7, 60), ("quant", 9, 60), ("size", 9, 0), ("context", 10, 76))
"""Each with its width, and the width of the list from which on there is room for it."""

_NOTE_FROM = 96


class ShelfList(Choices):
    """Models to move among with keys and mouse; the one in use has a dot, the default a star."""

    DEFAULT_CSS = """
    ShelfList {
        height: 1fr; padding: 0 2; background: $background;
        &:focus { background: $background; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[ShelfRow] = []
        self._shelf: Shelf | None = None
        self._in_use = ""
        self._width = 0

    @property
    def current(self) -> ShelfRow | None:
        """The model that is pointed at."""
        option = self.highlighted_option
        return self._rows[int(option.id)] if option is not None and option.id else None

    def show(self, shelf: Shelf, in_use: str) -> None:
        """Show what there is; the person stays where they are.

        Args:
            shelf: The models.
            in_use: The name of the one that answers.
        """
        was = self.current
        self._shelf, self._in_use = shelf, in_use
        self._draw()
        same = [at for at, row in enumerate(self._rows) if was is not None and row.name == was.name]
        first = str(same[0]) if same else "0"
        if self._rows:
            self.highlighted = self.get_option_index(first)

    def on_resize(self, event: Resize) -> None:
        """Have the columns that there is room for."""
        if self._shelf is not None and event.size.width != self._width:
            at = self.highlighted
            self._draw()
            self.highlighted = at

    def _draw(self) -> None:
        assert self._shelf is not None
        self._width = self.size.width
        self.clear_options()
        self._rows = []
        for title, kinds in _GROUPS.items():
            rows = [row for row in self._shelf.rows if row.kind in kinds]
            if not rows:
                continue
            longest = max(len(sanitize_line(row.name)) for row in self._shelf.rows)
            names = max(_SHORTEST, min(_LONGEST, longest))
            is_first = not self._rows
            self.add_option(
                Option(heading_of(title, names, self._width, named=is_first), disabled=True)
            )
            for row in rows:
                line = line_of(row, names, self._width, is_used=row.name == self._in_use)
                self.add_option(Option(line, id=str(len(self._rows))))
                self._rows.append(row)


def line_of(row: ShelfRow, names: int, width: int, *, is_used: bool) -> Content:
    """A model in a line.

    Args:
        row: The model.
        names: Columns for names.
        width: Of the list.
        is_used: Whether it is the one that answers.
    """
    mark = "".join(_signs(row, is_used=is_used))
    room = _room(names, width)
    cells = [f"{mark:<2} {_cut(sanitize_line(row.name), room):<{room}}"]
    shown = {
        "params": row.parameters,
        "quant": _cut(sanitize_line(row.quantization), 8),
        "size": "" if row.size_bytes is None else file_size(row.size_bytes),
        "context": "" if row.context is None else f"{row.context:,}",
    }
    cells += [f"{shown[name]:>{wide}}" for name, wide, least in _COLUMNS if width >= least]
    fits = {True: "fits", False: "too big", None: ""}[row.fits]
    note = f"  {sanitize_line(row.note)}" if width >= _NOTE_FROM else ""
    return Content.assemble("".join(cells), f"  {fits:<7}", (note, "$foreground 60%"))


def _signs(row: ShelfRow, *, is_used: bool) -> dict[str, str]:
    """What is true of a model in this conversation and others, in words by their signs."""
    signs = {"●": "answers now"} if is_used else {}
    return {**signs, "★": "is the default"} if row.is_default else signs


def heading_of(title: str, names: int, width: int, *, named: bool) -> Content:
    """The title of a group, the first one with the names of the columns."""
    if not named:
        return Content.styled(title, "bold $primary")
    title = f"{title:<{_room(names, width) + 3}}"
    columns = "".join(f"{name:>{wide}}" for name, wide, least in _COLUMNS if width >= least)
    return Content.assemble((title, "bold $primary"), (columns, "$foreground 60%"))


def _room(names: int, width: int) -> int:
    """Columns for names."""
    return min(names, max(12, width - 27))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def about_of(row: ShelfRow | None, unusable: Sequence[str], in_use: str) -> str:
    """What is said below the list.

    Args:
        row: The model that is pointed at.
        unusable: What looks like a model and is none, with why.
        in_use: The name of the model that answers.
    """
    lines = [*row.about] if row is not None else []
    if row is not None and (signs := _signs(row, is_used=row.name == in_use)):
        lines.insert(0, " and ".join(signs.values()))
    lines += [f"not usable: {each}" for each in unusable[:2]]
    return "\n".join(sanitize_line(line) for line in lines)
