"""The conversation as a column of turns; only those near the window are mounted as widgets.

The layout reserves the height of every turn, mounted or not. When the estimated height of a turn
above the window turns out wrong, what the window shows stays where it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Offset, Size
from textual.layout import Layout, WidgetPlacement
from textual.layouts.vertical import VerticalLayout
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from tui.app.overview import ShownTurn
from tui.app.widgets.mounted import MountedTurns
from tui.app.widgets.stack import Anchor, Stack, Window, unchanged
from tui.app.widgets.turn import TurnView
from tui.app.widgets.turn_actions import TurnActions

if TYPE_CHECKING:
    from sessions import Turn

WIDEST = 100
"""Columns of a turn: longer lines are hard to read."""

_AT_ONCE = 3
"""Turns to mount between two layouts: as many as nobody notices."""


class Transcript(TurnActions, can_focus=True):
    """Turns with a cursor. Follows a growing answer until the person scrolls away."""

    DEFAULT_CSS = """
    Transcript {
        height: 1fr; padding: 1 0 0 0; align-horizontal: center; scrollbar-size-vertical: 1;
    }
    Transcript > #below { height: 1; width: 100%; max-width: 100; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "next turn", show=False, id="turns.next"),
        Binding("k,up", "move(-1)", "previous turn", show=False, id="turns.previous"),
        Binding("g,home", "go_to(0)", "first turn", show=False, id="turns.first"),
        Binding("G,end", "go_to(-1)", "last turn", show=False, id="turns.last"),
        Binding("ctrl+d,ctrl+v", "page_down", "page down", show=False, id="turns.down"),
        Binding("ctrl+u,alt+v", "page_up", "page up", show=False, id="turns.up"),
        Binding("space", "fold", "unfold", show=False, id="turns.fold"),
    ]

    class Filled(Message):
        """All turns in the window have been drawn."""

    def __init__(self) -> None:
        super().__init__()
        self._turns_layout = _TurnsLayout()
        self._turns: list[ShownTurn] = []
        self._texts: dict[str, list[str]] = {}
        """Of growing answers, by turn: the words and the reasoning so far."""
        self._stack = Stack()
        self._cursor: int | None = None
        self._anchor = Anchor()
        self._changed = asyncio.Event()
        self._changing = asyncio.Lock()
        """Held while turns are mounted, removed or shown: each waits for Textual in between, and
        what the other counted would no longer be so."""
        self._below = Static(id="below")
        self._there = MountedTurns(self, self._below)

    @property
    def layout(self) -> Layout:
        """See `Widget`."""
        return self._turns_layout

    def compose(self) -> ComposeResult:
        """See `Widget`."""
        yield self._below

    def on_mount(self) -> None:
        """See `Widget`."""
        self.run_worker(self._keep_filled(), exclusive=True, exit_on_error=False)

    @property
    def views(self) -> Sequence[TurnView]:
        """See `Underlines`."""
        return self._there.views

    @property
    def current(self) -> ShownTurn | None:
        """The turn under the cursor; the last one if there is no cursor."""
        if not self._turns:
            return None
        return self._turns[-1 if self._cursor is None else self._cursor]

    @property
    def selected(self) -> tuple[Turn, str] | None:
        """See `TurnActions`."""
        words = self.screen.get_selected_text()
        for view in self._there.views:
            if words and any(view in each.ancestors for each in self.screen.selections):
                return view.shown.turn, words
        return None

    @property
    def is_settled(self) -> bool:
        """Whether all turns near the window are mounted."""
        return self._next_step() is None

    async def show(self, turns: Sequence[ShownTurn]) -> None:
        """Show a branch; turns that were shown before are not drawn again."""
        async with self._changing:
            await self._show(turns)

    async def _show(self, turns: Sequence[ShownTurn]) -> None:
        start, end = unchanged(self._turns, turns)
        self._make_room(start)
        has_more = len(turns) > start + len(self._turns) or (turns and turns[-1].is_live)
        if has_more or start == end:
            # New words in this conversation, or another one.
            self._anchor.is_at_end = True
            if not self.has_focus:
                self._cursor = None
        self._turns = list(turns)
        self._begin_texts(turns[end:])
        self._stack.put(turns, self._width)
        await self._there.keep_before(end)
        if self._cursor is not None:
            self._cursor = min(self._cursor, len(turns) - 1) if turns else None
        for view, shown in zip(self._there.views, self._turns[self._there.first :], strict=False):
            await view.show(shown)
        self._place_again()
        if self.has_focus and self._cursor is not None and end <= self._cursor < len(turns) - 1:
            self._go_to(self._cursor)
        self._mark()

    def _make_room(self, before: int) -> None:
        """Shift every turn number: turns have come in front of those that were shown."""
        self._there.first += before
        if self._cursor is not None:
            self._cursor += before
        self._anchor.turn += before

    def _begin_texts(self, turns: Sequence[ShownTurn]) -> None:
        """Start the texts of live turns, and forget those of turns that are finished."""
        for shown in turns:
            if shown.is_live:
                self._texts[shown.turn.id] = [shown.turn.content, shown.turn.reasoning]
        live = {shown.turn.id for shown in self._turns if shown.is_live}
        self._texts = {each: texts for each, texts in self._texts.items() if each in live}

    async def grow(self, turn: str, text: str, thoughts: str) -> None:
        """Show more words of a growing answer."""
        if turn not in self._texts:
            return
        self._texts[turn][0] += text
        self._texts[turn][1] += thoughts
        for view in list(self._there.views):
            if view.shown.turn.id == turn:
                await view.grow(text, thoughts)

    def arranged(self, placements: list[WidgetPlacement], size: Size) -> list[WidgetPlacement]:
        """Move mounted turns to their place among all turns, and the window to its anchor. Called
        by the layout, before anything is drawn."""
        numbers: dict[Widget, int] = {view: number for number, view in self._there.numbered}
        for placement in placements:
            number = numbers.get(placement.widget)
            if number is not None and placement.region.height:
                self._stack.measure(number, placement.region.height)
        self._hold(size.height)
        return [
            placement._replace(
                region=placement.region.at_offset(
                    Offset(placement.region.x, self._stack.top(numbers.get(placement.widget, -1)))
                )
            )
            for placement in placements
        ]

    @property
    def max_scroll_y(self) -> int:
        """See `Widget`, which would know it only after the next layout."""
        return self._lowest(self.size.height)

    def _lowest(self, height: int) -> int:
        return max(0, self._stack.total + 1 - height)

    def _hold(self, height: int) -> None:
        """Scroll to the anchor, so that what is seen does not move. The compositor comes next."""
        line = self._anchor.line(self._stack, self._lowest(height))
        if line != self.scroll_y:
            self.set_reactive(Widget.scroll_y, float(line))
            self.set_reactive(Widget.scroll_target_y, float(line))
            self.call_after_refresh(self._show_scrolled)
        self._changed.set()

    def _show_scrolled(self) -> None:
        self.vertical_scrollbar.position = self.scroll_y

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Anchor the window where the person has scrolled to."""
        super().watch_scroll_y(old_value, new_value)
        if self._turns:
            self._anchor.follow(self._stack, round(new_value), self.max_scroll_y)
        self._changed.set()

    def on_resize(self, _event: Resize) -> None:
        """Estimate heights anew for the new width."""
        self._stack.put(self._turns, self._width)
        self._place_again()

    @property
    def _width(self) -> int:
        return min(WIDEST, self.size.width or 80)

    def _place_again(self) -> None:
        # Before the layout does: the turns that are made until then are those of this window.
        self._hold(self.size.height)
        # A widget's own arrangement is kept until one of its children asks for another.
        self._below.refresh(layout=True)
        self._changed.set()

    async def _keep_filled(self) -> None:
        """Keep the turns near the window mounted, a few at a time, so that keys come in between."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._next_step() is not None:
                async with self._changing:
                    with self.app.batch_update():
                        await self._take_steps()
                # Let the layout measure what is mounted, and keys be handled.
                await asyncio.sleep(0.005)
                if self._window.is_full:
                    self.call_after_refresh(self.post_message, self.Filled())
                self._there.forget_some()
            await self._there.forget_all(self._changed)

    async def _take_steps(self) -> None:
        for _ in range(_AT_ONCE):
            step = self._next_step()
            if step is not None:
                await self._take_step(step)

    def _next_step(self) -> int | None:
        if not self._turns or not self.size.height:
            return None
        return self._window.next_step(is_at_end=self._anchor.is_at_end)

    @property
    def _window(self) -> Window:
        there, line = self._there, round(self.scroll_y)
        return Window(self._stack, line, self.size.height, there.first, len(there.views))

    async def _take_step(self, number: int) -> None:
        if self._there.has(number):
            await self._there.remove(number)
        else:
            await self._there.add(number, self._made(number))

    def _made(self, number: int) -> TurnView:
        shown = self._turns[number]
        text, thoughts = self._texts.get(shown.turn.id, [shown.turn.content, shown.turn.reasoning])
        view = TurnView(shown, text, thoughts)
        view.underline(self._unsure.get(shown.turn.id, ()))
        view.set_class(self.has_focus and number == self._cursor, "here")
        return view

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show the cursor, at first on the last turn, only while the transcript has the focus.

        A watcher, because a handler of the event would run before Textual sets this.
        """
        super().watch_has_focus(has_focus)
        if has_focus and self._cursor is None and self._turns:
            self._cursor = len(self._turns) - 1
        self._mark()

    def on_click(self, event: Click) -> None:
        """Move the cursor to the turn that was clicked."""
        if self._turns:
            line = event.screen_y - self.content_region.y + round(self.scroll_y)
            self._cursor = self._stack.at(line)
            self._mark()

    def action_move(self, by: int) -> None:
        """Move the cursor by that many turns."""
        if self._turns:
            here = len(self._turns) - 1 if self._cursor is None else self._cursor
            self._go_to(max(0, min(here + by, len(self._turns) - 1)))

    def action_go_to(self, number: int) -> None:
        """Move the cursor to a turn; -1 is the last one."""
        if self._turns:
            self._go_to(number % len(self._turns))

    def point_at(self, turn: str) -> None:
        """Focus the transcript with the cursor on the turn of that id, if it is on the branch."""
        for number, shown in enumerate(self._turns):
            if shown.turn.id == turn:
                self.focus(scroll_visible=False)
                self._cursor = number
                self._anchor.drop_at(number)
                self._place_again()
                self._mark()

    def action_page_up(self) -> None:
        """Scroll up a page, without animation: each of many quick presses counts as a page."""
        self._scroll_by(-self.size.height)

    def action_page_down(self) -> None:
        """Scroll down a page, likewise."""
        self._scroll_by(self.size.height)

    def _scroll_by(self, lines: int) -> None:
        self.scroll_to(y=self.scroll_y + lines, animate=False, immediate=True)

    def action_fold(self) -> None:
        """Fold or unfold the turn under the cursor."""
        for number, view in self._there.numbered:
            if number == self._cursor:
                view.fold()

    def _go_to(self, number: int) -> None:
        self._cursor = number
        self._mark()
        top, height = self._stack.top(number), self._stack.height(number)
        line, shown = round(self.scroll_y), self.size.height
        if top < line or height >= shown:
            self.scroll_to(y=top, animate=False)
        elif top + height > line + shown:
            self.scroll_to(y=top + height + 1 - shown, animate=False)

    def _mark(self) -> None:
        for number, view in self._there.numbered:
            view.set_class(self.has_focus and number == self._cursor, "here")


class _TurnsLayout(VerticalLayout):
    """Turns one below the other, with room for those that are not mounted."""

    name = "turns"

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> list[WidgetPlacement]:
        """See `Layout`."""
        placements = super().arrange(parent, children, size, greedy)
        return parent.arranged(placements, size) if isinstance(parent, Transcript) else placements
