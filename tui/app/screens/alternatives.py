"""Several answers to one question, side by side as they are written: to go on with one of them, to
make one of their paragraphs, or to keep them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import HorizontalScroll
from textual.screen import Screen

from tui.app.faults import Steadfast
from tui.app.overview import Overview, ShownTurn
from tui.app.turn_errands import go_to_turn, merge
from tui.app.widgets.alternative import Alternative
from tui.widgets.hints import Hints

_WHILE = ("alternatives.close stops",)
_THEN = (
    *("alternatives.pick continue with this one", "alternatives.take take a paragraph"),
    *("alternatives.merge merge them", "alternatives.close keep all"),
)


class AlternativesScreen(Steadfast, Screen[None]):
    """The answers; all of them are saved as versions of each other, whatever is done here."""

    CSS = """
    AlternativesScreen {
        background: $background;
        & > HorizontalScroll { height: 1fr; padding: 1 1 0 1; scrollbar-size-horizontal: 1; }
        &.-narrow Alternative { width: 100%; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "stop_or_keep", "stop, or keep all", id="alternatives.close"),
        Binding("ctrl+c", "stop_or_keep", "stop", show=False, priority=True),
        Binding("left,h", "move(-1, 0)", "previous answer", show=False, id="alternatives.before"),
        Binding("right,l,tab", "move(1, 0)", "next answer", show=False, id="alternatives.after"),
        Binding("up,k", "move(0, -1)", "previous paragraph", show=False, id="alternatives.up"),
        Binding("down,j", "move(0, 1)", "next paragraph", show=False, id="alternatives.down"),
        Binding("enter", "pick", "continue with this answer", id="alternatives.pick"),
        Binding("space", "take", "take this paragraph", id="alternatives.take"),
        Binding("m", "merge", "combine the taken paragraphs", id="alternatives.merge"),
    ]

    def __init__(self, answers: Sequence[ShownTurn]) -> None:
        """Show answers.

        Args:
            answers: As far as they have come.
        """
        super().__init__()
        self._columns = [Alternative(number, shown) for number, shown in enumerate(answers, 1)]
        self._hints = Hints(*_WHILE)
        self._is_whole = False
        self._here = (0, 0)
        """The answer and its paragraph that the cursor is on."""
        self._taken: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        with HorizontalScroll(can_focus=False):
            yield from self._columns
        yield self._hints

    def on_mount(self) -> None:
        """See `Screen`."""
        self._point()
        self.watch(self.app, "overview", self._follow, init=False)

    def on_resize(self) -> None:
        """Keep the answer in sight that the cursor is on."""
        self.call_after_refresh(self._point)

    async def grow(self, turn: str, text: str) -> None:
        """Show more words of an answer."""
        for column in self._columns:
            if column.shown.turn.id == turn:
                await column.grow(text)

    async def _follow(self, overview: Overview) -> None:
        """Show the paragraphs once all answers are whole."""
        ends = {shown.turn.id: shown for shown in overview.answers if not shown.is_live}
        if self._is_whole or not all(column.shown.turn.id in ends for column in self._columns):
            return
        self._is_whole = True
        for column in self._columns:
            await column.finish(ends[column.shown.turn.id])
        self._hints.say(*_THEN)
        self._point()

    def action_stop_or_keep(self) -> None:
        """End what is being made and keep it; then leave."""
        if self._is_whole:
            self.dismiss(None)
        else:
            self.chat_app.cancel()

    def action_move(self, answers: int, paragraphs: int) -> None:
        """Go to another answer, or another paragraph."""
        answer = max(0, min(self._here[0] + answers, len(self._columns) - 1))
        last = max(0, len(self._columns[answer].paragraphs) - 1)
        self._here = answer, max(0, min(self._here[1] + paragraphs, last))
        self._point()

    def action_pick(self) -> None:
        """Go on with the answer that the cursor is on."""
        if self._is_whole:
            self.chat_app.do(go_to_turn(self._columns[self._here[0]].shown.turn.id))
            self.dismiss(None)

    def action_take(self) -> None:
        """Take a paragraph behind those that were taken, or leave it."""
        answer, paragraph = self._here
        if paragraph < len(self._columns[answer].paragraphs):
            if self._here in self._taken:
                self._taken.remove(self._here)
            else:
                self._taken.append(self._here)
            self.action_move(0, 1)

    def action_merge(self) -> None:
        """Make an answer of the paragraphs, in the order in which they were taken."""
        if not self._taken:
            self.notify("Space takes paragraphs, in the order you want them")
            return
        ids = [column.shown.turn.id for column in self._columns]
        self.chat_app.do(merge([(ids[answer], number + 1) for answer, number in self._taken]))
        self.dismiss(None)

    def _point(self) -> None:
        places = {each: place for place, each in enumerate(self._taken, 1)}
        for number, column in enumerate(self._columns):
            taken = [places.get((number, each), 0) for each in range(len(column.paragraphs))]
            column.point(self._here[1] if number == self._here[0] else None, taken)
        self._columns[self._here[0]].scroll_visible(animate=False)
