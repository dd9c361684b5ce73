"""i and s: inside the words of a turn, what the model makes of each; and to go on from another."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

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
    Others,
    Unweighed,
    Weighed,
    find_others,
    texts_before,
    weigh,
    weigh_own,
)
from tui.app.widgets.cells import Cell
from tui.app.widgets.choices import Choices
from tui.app.widgets.heatmap import HeatMap
from tui.sanitize import sanitize_line
from tui.widgets.hints import Hints

if TYPE_CHECKING:
    from tui.app.thread import Errand

_ANSWER = ("words.choose alternatives", "words.marked next unsure", "words.close back")
_OWN = ("words.marked next marked", "words.close back")
_WITH_PASSAGES = ("words.marked next marked", "words.mark start a passage", "words.close back")
_MARKING = ("words.mark end and score the passage", "words.close cancel")
_PASSAGE = ("words.marked next marked", "words.close show the whole text")
_OTHERS = ("Enter continue from this word, on a new branch", "words.close back")

_BAR = 20
"""Columns of a bar that is everything."""


class WordsScreen(Steadfast, Screen[None]):
    """The text with its marks; below it, what might have stood where the cursor is."""

    CSS_PATH = "words.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "back", id="words.close"),
        Binding("f5", "retry", "try again", id="words.retry"),
    ]

    def __init__(
        self, turn_id: str, *, is_own: bool, passage: tuple[int, int] | None = None
    ) -> None:
        """Look into a turn.

        Args:
            turn_id: The turn.
            is_own: Whether it is scored as a person's own text, which nothing goes on from.
            passage: The part of its content that is scored, in characters; None is all of it.
        """
        super().__init__()
        self._turn_id = turn_id
        self._is_own = is_own
        self._passage = passage
        self._whole: Weighed | None = None
        """The text in which a passage was marked, while only that is shown."""
        self._shown: Weighed | None = None
        self._cells: tuple[Cell, ...] = ()
        self._before: list[str] = []
        self._here = 0
        self._others: tuple[tuple[str, float], ...] = ()
        self._asked: Errand
        """What was asked of the model last."""
        self._can_retry = False
        self._heading = Static(Content("asking the model …"), id="heading")
        self._map = HeatMap(has_passages=is_own and passage is None)
        self._word = Static(id="word")
        self._list = Choices()
        self._hints = Hints(*self._ways)

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        yield self._heading
        with VerticalScroll(can_focus=False):
            yield self._map
        yield self._list
        yield self._word
        yield self._hints

    def on_mount(self) -> None:
        """Have the words weighed."""
        self._map.focus()
        post = self.post_message
        if self._is_own:
            self._ask(weigh_own(self._turn_id, post, self._passage))
        else:
            self._ask(weigh(self._turn_id, post))

    def _ask(self, errand: Errand) -> None:
        self._asked = errand
        self.chat_app.do(errand)

    def action_retry(self) -> None:
        """Ask the model again."""
        if self._can_retry:
            self._can_retry = False
            self._heading.update(Content("asking the model …"))
            self._ask(self._asked)

    @on(Weighed)
    def show_words(self, message: Weighed) -> None:
        """Show the text."""
        self._shown = message
        self._cells = message.cells
        self._before = list(texts_before(message.cells))
        self._heading.update(Content(message.heading))
        self._map.show(message.cells)

    @on(Unweighed)
    def show_reason(self, message: Unweighed) -> None:
        """Say why there is nothing to see."""
        self._can_retry = message.can_retry
        way = "   F5 tries again" if message.can_retry else ""
        self._heading.update(Content(f"✗ {sanitize_line(message.reason)}{way}"))

    @on(HeatMap.Moved)
    def show_word(self, message: HeatMap.Moved) -> None:
        """Tell of the word under the cursor."""
        self._here = message.number
        cell = self._cells[message.number]
        self._word.update(Content(f"{_shown(cell.text)}  {_share(cell.probability)}"))
        self._hints.say(*self._ways)

    @property
    def _ways(self) -> tuple[str, ...]:
        if not self._is_own:
            return _ANSWER
        if self._map.is_marking:
            return _MARKING
        if self._whole is not None:
            return _PASSAGE
        return _WITH_PASSAGES if self._map.has_passages else _OWN

    @on(HeatMap.Marked)
    def score_passage(self, message: HeatMap.Marked) -> None:
        """Have a passage scored that was marked from end to end."""
        if message.last is None:
            self.show_word(HeatMap.Moved(self._here))
            return
        self._whole = self._shown
        self._map.has_passages = False
        start = len(self._before[message.first])
        end = len(self._before[message.last]) + len(self._cells[message.last].text)
        self._ask(weigh_own(self._turn_id, self.post_message, (start, end)))

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
        if self._shown is not None:
            # In place of a failure.
            self._heading.update(Content(self._shown.heading))
        self._others = message.words
        self._list.set_options([Option(_line(text, share)) for text, share in message.words])
        self._list.add_class("shown")
        self._list.highlighted = 0
        self._list.focus()
        self._hints.say(*_OTHERS)

    @on(OptionList.OptionSelected)
    def go_on(self, event: OptionList.OptionSelected) -> None:
        """Have the model go on from another word."""
        text = self._before[self._here] + self._others[event.option_index][0]
        self.chat_app.do(go_on_from(self._turn_id, text))
        self.dismiss(None)

    def action_back(self) -> None:
        """From the list, or from a passage, to the text; from there to the conversation."""
        if self._list.has_class("shown"):
            self._list.remove_class("shown")
            self._map.focus()
            self.show_word(HeatMap.Moved(self._here))
        elif self._map.unmark():
            self.show_word(HeatMap.Moved(self._here))
        elif self._whole is not None:
            whole, self._whole = self._whole, None
            self._map.has_passages = True
            self.show_words(whole)
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
