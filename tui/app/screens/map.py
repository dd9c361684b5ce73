"""m: the session as a tree, a line for each turn, to go anywhere in it and to compare branches."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.app.faults import Steadfast
from tui.app.mapping import Compared, Mapped, MapRow, compare, map_session
from tui.app.screens.reading import ReadScreen
from tui.app.turn_errands import go_to_turn
from tui.app.widgets.choices import Choices
from tui.reviewing.drawing import drawn
from tui.sanitize import sanitize_line
from tui.widgets.hints import Hints

_DEEPEST = 12
"""Branches of branches that are still drawn to the right of each other."""

_HINTS = (
    *("Enter go there", "map.compare compare with here, or with ✓", "map.mark set ✓"),
    "map.close close",
)


class MapScreen(Steadfast, Screen[None]):
    """The map; it is drawn by the conversation's thread."""

    CSS_PATH = "map.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,m", "dismiss(None)", "close", id="map.close"),
        Binding("d", "compare", "compare branches", id="map.compare"),
        Binding("space", "mark", "mark for comparing", id="map.mark"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._list = Choices()
        self._rows: tuple[MapRow, ...] = ()
        self._marked: str | None = None

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        yield self._list
        yield Hints(*_HINTS)

    def on_mount(self) -> None:
        """Ask for the map."""
        self.chat_app.do(map_session(self.post_message))

    @on(Mapped)
    def show_rows(self, message: Mapped) -> None:
        """Show the map, with the cursor where the conversation is."""
        self._rows = message.rows
        self._list.set_options([Option(self._line(row)) for row in self._rows])
        heads = [number for number, row in enumerate(self._rows) if row.is_head]
        self._list.highlighted = heads[0] if heads else None
        self._list.focus()

    def _line(self, row: MapRow) -> Content:
        depth = min(row.depth, _DEEPEST)
        guides = "│ " * (depth - 1) + "├─" if row.begins else "│ " * depth
        style = "" if row.is_here else "$foreground 60%"
        sign = {"user": "› ", "system": "▸ "}.get(row.role, "  ")
        parts: list[tuple[str, str]] = [
            (guides, "$foreground 60%"),
            ("● " if row.is_here else "○ ", "$primary" if row.is_here else "$foreground 60%"),
            (sign, style),
        ]
        if row.name is not None:
            parts.append((f"“{sanitize_line(row.name)}”  ", "$primary"))
        parts.append((sanitize_line(row.words), style))
        if row.is_head:
            parts.append(("  ← here", "bold"))
        if row.turn == self._marked:
            parts.append(("  ✓", "bold"))
        return Content.assemble(*parts)

    @property
    def _row(self) -> MapRow | None:
        number = self._list.highlighted
        return None if number is None else self._rows[number]

    @on(OptionList.OptionSelected)
    def go_there(self, event: OptionList.OptionSelected) -> None:
        """Go on from the turn's branch."""
        turn = self._rows[event.option_index].turn
        self.chat_app.do(go_to_turn(turn))
        self.dismiss(None)

    def action_mark(self) -> None:
        """Remember a turn for comparing, or forget it."""
        row = self._row
        if row is not None:
            old, self._marked = self._marked, None if row.turn == self._marked else row.turn
            for number, each in enumerate(self._rows):
                if each.turn in (old, self._marked):
                    self._list.replace_option_prompt_at_index(number, self._line(each))

    def action_compare(self) -> None:
        """Compare the marked turn's branch, or the one in use, with this one's."""
        row = self._row
        if row is not None:
            self.chat_app.do(compare(self._marked or "", row.turn, self.post_message))

    @on(Compared)
    def show_comparison(self, message: Compared) -> None:
        """Show what two branches have apart."""
        if any(stretch.text.strip() for stretch in message.stretches):
            title = "What the other branch [-leaves out-] and {+has instead+}, from the fork on"
            self.app.push_screen(ReadScreen(title, drawn(message.stretches, -1).content))
        else:
            self.notify("these are on the same branch; choose a turn on another")
