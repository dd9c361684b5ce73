"""Ctrl+F: the turns of all sessions that have the words one types, with what is around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from sessions import MATCH_END, MATCH_START, Hit, Search, SessionError
from tui.app.background import Debounce, post_from_thread
from tui.app.faults import Steadfast
from tui.app.listing import day_name
from tui.app.widgets.choices import Choices
from tui.errors import explain
from tui.sanitize import sanitize_line

_MOST = 100
_WHOSE = {"user": "you", "assistant": "the model"}

_PAUSE_S = 0.12
"""After so long without a key it is looked for."""

_HINT = 'all of the words; "a phrase"; Enter opens, ↓ goes to the list'


class SearchScreen(Steadfast, ModalScreen[Hit | None]):
    """Ends with the turn that was chosen."""

    CSS = """
    SearchScreen { align: center middle; }
    SearchScreen > Vertical {
        width: 100%; max-width: 100; height: 100%; max-height: 36; padding: 1 3;
        background: $surface;
    }
    SearchScreen Input { border: none; padding: 0; height: 1; background: $surface; }
    SearchScreen Choices { height: 1fr; margin: 1 0 0 0; }
    SearchScreen .note { color: $text-muted; height: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "dismiss(None)", "close", priority=True, id="search.close"),
        Binding("down", "to_list", "to the list", show=False, id="search.list"),
        Binding("slash", "to_words", "to the words", show=False, id="search.words"),
    ]

    @dataclass
    class Found(Message):
        """The sessions were searched."""

        words: str
        hits: Sequence[Hit]
        problem: str = ""

    @dataclass
    class Reading(Message):
        """Sessions that changed are made searchable."""

        done: int
        total: int

    def __init__(self) -> None:
        super().__init__()
        self.hits: Sequence[Hit] = ()
        self._words = Input(placeholder="search all sessions")
        self._list = Choices()
        self._note = Static(Content(_HINT), classes="note")
        self._debounce = Debounce(self, _PAUSE_S)
        self._found_for = ""
        """The words that the hits have."""
        self._opens_first = False
        """Whether Enter came before the hits did."""

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        with Vertical():
            yield self._words
            yield self._list
            yield self._note

    @on(Input.Changed)
    def look_soon(self) -> None:
        """Look for the words in a pause."""
        self._opens_first = False
        self._debounce.call(self._look)

    def _look(self) -> None:
        words = self._words.value
        if not words.strip():
            self.post_message(self.Found(words, ()))
            return
        # What it finds for words that are others by now is dropped.
        post_from_thread(self, partial(self._search, words), group="search")

    def _search(self, words: str) -> Found:
        try:
            with closing(self.chat_app.runtime.sessions()) as store:
                hits = store.search(Search(begun(words), limit=_MOST), progress=self._tell_reading)
        except ValueError:
            # Signs alone are no words yet.
            return self.Found(words, ())
        except SessionError as error:
            return self.Found(words, (), explain(error)[0])
        return self.Found(words, hits)

    def _tell_reading(self, done: int, total: int) -> None:
        self.post_message(self.Reading(done, total))

    @on(Reading)
    def reading(self, message: Reading) -> None:
        """Say why it takes a while."""
        self._note.update(Content(f"reading {message.done:,} of {message.total:,} sessions"))

    @on(Found)
    def found(self, message: Found) -> None:
        """Show what was found."""
        if message.words != self._words.value:
            return
        self.hits, self._found_for = message.hits, message.words
        if self._opens_first and self.hits:
            self.dismiss(self.hits[0])
            return
        self._list.clear_options()
        self._list.add_options([Option(_shown(hit)) for hit in message.hits])
        self._list.highlighted = 0 if message.hits else None
        self._note.update(Content(self._said(message)))

    def _said(self, message: Found) -> str:
        if message.problem:
            return sanitize_line(message.problem)
        if not message.words.strip():
            return _HINT
        count = len(message.hits)
        if not count:
            return "no turn contains all of these words"
        return f"the best {count} matches" if count == _MOST else f"{count} found"

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Leave with what was chosen."""
        self.dismiss(self.hits[event.option_index])

    @on(Input.Submitted)
    def submit(self) -> None:
        """Leave with what is pointed at, or with the first that is found."""
        if self._found_for != self._words.value:
            self._opens_first = True
        elif self._list.highlighted is not None:
            self.dismiss(self.hits[self._list.highlighted])

    def action_to_list(self) -> None:
        """Go to what was found."""
        self._list.focus()

    def action_to_words(self) -> None:
        """Go where the words are typed."""
        self._words.focus()


def begun(typed: str) -> str:
    """What is looked for while it is typed: the last word may be only begun."""
    is_open = typed[-1:].isalnum() and typed.count('"') % 2 == 0
    return f"{typed}*" if is_open else typed


def _shown(hit: Hit) -> Content:
    """Where it is, and the words with what is around them."""
    day = day_name(hit.time, datetime.now().astimezone().date())
    head = f"  {_WHOSE.get(hit.role, hit.role)}, {day}\n  "
    return Content.assemble(
        (sanitize_line(hit.title), "bold"), (head, "$foreground 60%"), *_snippet(hit.snippet), "\n"
    )


def _snippet(snippet: str) -> Iterator[str | tuple[str, str]]:
    for number, part in enumerate(" ".join(snippet.split()).split(MATCH_START)):
        match, _, rest = part.partition(MATCH_END) if number else ("", "", part)
        if match:
            yield sanitize_line(match), "bold underline $primary"
        yield sanitize_line(rest)
