"""i and s: inside the words of a turn, what the model makes of each; and to go on from another."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.app.faults import Steadfast
from tui.app.turn_errands import go_on_from
from tui.app.weighing import (
    NotWeighed,
    Others,
    Weighed,
    find_others,
    telling,
    texts_before,
    weigh,
    weigh_own,
)
from tui.app.widgets.choices import Choices
from tui.app.widgets.heatmap import Cell, HeatMap
from tui.sanitize import sanitize_line

if TYPE_CHECKING:
    from tui.app.app import ChatApp
    from tui.app.thread import Errand

_BAR = 20
"""Columns of a bar that is everything."""


class WordsScreen(Steadfast, Screen[None]):
    """The text with its marks; below it, what might have stood where the cursor is."""

    CSS_PATH = "words.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "back", id="words.close"),
        Binding("f5", "retry", "try again", id="words.retry"),
    ]

    def __init__(self, turn_id: str, *, is_own: bool) -> None:
        """Look into a turn.

        Args:
            turn_id: The turn.
            is_own: Whether it is scored as a person's own text, which nothing goes on from.
        """
        super().__init__()
        self._turn_id = turn_id
        self._is_own = is_own
        self._cells: tuple[Cell, ...] = ()
        self._before: list[str] = []
        self._here = 0
        self._others: tuple[tuple[str, float], ...] = ()
        self._title = "asking the model …"
        self._asked: Errand | None = None
        """What was asked of the model last."""
        self._can_retry = False
        self._heading = Static(Content(self._title), id="heading")
        self._map = HeatMap()
        self._word = Static(id="word")
        self._list = Choices()

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        yield self._heading
        with VerticalScroll(can_focus=False):
            yield self._map
        yield self._list
        yield self._word

    def on_mount(self) -> None:
        """Have the words weighed."""
        self._map.focus()
        look = weigh_own if self._is_own else weigh
        self._ask(look(self._turn_id, self.post_message))

    @property
    def _chat_app(self) -> ChatApp:
        return cast("ChatApp", self.app)

    def _ask(self, errand: Errand) -> None:
        self._asked, self._can_retry = errand, False
        self._heading.update(Content(self._title))
        self._chat_app.do(telling(errand, self.post_message))

    @on(NotWeighed)
    def show_failure(self, message: NotWeighed) -> None:
        """Show why nothing was found."""
        self._can_retry = message.can_retry
        way = "   F5 tries again" if message.can_retry else ""
        self._heading.update(Content(f"✗ {sanitize_line(message.reason)}{way}"))

    def action_retry(self) -> None:
        """Ask the model again."""
        if self._can_retry and self._asked is not None:
            self._ask(self._asked)

    @on(Weighed)
    def show_words(self, message: Weighed) -> None:
        """Show the text."""
        self._title = message.heading
        self._cells = message.cells
        self._before = list(texts_before(message.cells))
        self._heading.update(Content(message.heading))
        self._map.show(message.cells)

    @on(HeatMap.Moved)
    def show_word(self, message: HeatMap.Moved) -> None:
        """Tell of the word under the cursor."""
        self._here = message.number
        cell = self._cells[message.number]
        way = "   n next marked" if self._is_own else "   Enter what else   n next unsure"
        self._word.update(Content(f"{_shown(cell.text)}  {_share(cell.probability)}{way}"))

    @on(HeatMap.Chosen)
    def find_others(self, message: HeatMap.Chosen) -> None:
        """Find what else might have stood there."""
        if not self._is_own:
            before = self._before[message.number]
            self._ask(find_others(self._turn_id, message.number, before, self.post_message))

    @on(Others)
    def show_others(self, message: Others) -> None:
        """Offer what else might have stood there."""
        if not message.words:
            self.notify("the model would end the answer here")
            return
        self._others = message.words
        self._list.set_options([Option(_line(text, share)) for text, share in message.words])
        self._list.add_class("shown")
        self._list.highlighted = 0
        self._list.focus()
        self._word.update(Content("Enter goes on from this word, on a new branch   Esc goes back"))

    @on(OptionList.OptionSelected)
    def go_on(self, event: OptionList.OptionSelected) -> None:
        """Have the model go on from another word."""
        text = self._before[self._here] + self._others[event.option_index][0]
        self._chat_app.do(go_on_from(self._turn_id, text))
        self.dismiss(None)

    def action_back(self) -> None:
        """From the list to the text; from there to the conversation."""
        if self._list.has_class("shown"):
            self._list.remove_class("shown")
            self._map.focus()
            self.show_word(HeatMap.Moved(self._here))
        else:
            self.dismiss(None)


def _shown(text: str) -> str:
    """A word between marks, so that blanks are seen."""
    return f"“{sanitize_line(text)}”"


def _share(probability: float) -> str:
    return f"{probability:.0%}" if probability >= 0.01 else f"{probability:.2%}"


def _line(text: str, share: float) -> Content:
    bar = "▆" * round(share * _BAR)
    return Content.assemble(
        f"{_share(share):>6}  ", (f"{bar:<{_BAR}}", "$primary"), f"  {_shown(text)}"
    )
