"""A text, tried with a prompt and beside it with another, or with another model."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static, TextArea

from tui.app.faults import Steadfast
from tui.app.prompt_trying import Ended, Grown, Side, Stop, try_beside
from tui.sanitize import sanitize, sanitize_line
from tui.which_model import model_names
from tui.widgets.hints import Hints

_HINTS = ("try.run tries both", "Tab next field", "try.close stops, or closes")


class PromptTry(Steadfast, Screen[None]):
    """Two columns below the text; nothing of it is kept in the session."""

    CSS = """
    PromptTry {
        background: $background;
        & > TextArea {
            height: 7; border: none; padding: 0 1; background: $surface; margin: 1 2 0 2;
        }
        & > .row { height: auto; padding: 1 2 0 2; }
        & > .row > * { width: 1fr; margin: 0 2 0 0; }
        & > #answers { width: 100%; height: 1fr; padding: 1 2 0 2; }
        & > #answers > VerticalScroll {
            width: 1fr; padding: 0 2 0 0; scrollbar-size-vertical: 1;
        }
        &.-short > TextArea { height: 3; margin: 0 2; }
        &.-short > .row, &.-short > #answers { padding: 0 2; }
        & .note { height: auto; color: $text-muted; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "try", "try", id="try.run", priority=True),
        Binding("escape", "leave", "stop, or close", id="try.close", priority=True),
    ]

    def __init__(self, first: Side, names: tuple[str, ...]) -> None:
        """Offer to try a prompt.

        Args:
            first: The prompt, with values.
            names: Of all prompts.
        """
        super().__init__()
        self._first = first
        self._names = names
        self._area = TextArea(placeholder="a text to try it on")
        self._sides = [
            Input(first.prompt, compact=True, id="first"),
            Input(placeholder="another prompt, or a model", compact=True, id="second"),
        ]
        self._answers = [Static(classes="answer") for _ in range(2)]
        self._notes = [Static(classes="note") for _ in range(2)]
        self._stop: Stop | None = None
        """Of what is being tried."""

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        yield self._area
        # The fields come one after the other, before the answers that the arrows scroll.
        with Horizontal(classes="row"):
            yield from self._sides
        with Horizontal(id="answers"):
            for answer in self._answers:
                with VerticalScroll():
                    yield answer
        with Horizontal(classes="row"):
            yield from self._notes
        yield Hints(*_HINTS)

    def on_mount(self) -> None:
        """Know the names."""
        runtime = self.chat_app.runtime
        models = model_names(runtime.config, runtime.paths.models)
        prompts = {name.casefold() for name in self._names}
        self._models = {name.casefold(): name for name in models if name.casefold() not in prompts}
        for field in self._sides:
            field.suggester = SuggestFromList(
                [*self._names, *map(sanitize_line, models)], case_sensitive=False
            )
        self._area.focus()

    def on_unmount(self) -> None:
        """End it."""
        if self._stop is not None:
            self._stop.set()

    def _meant(self, words: str) -> Side:
        """A prompt, or a model with the first prompt."""
        if model := self._models.get(words.casefold()):
            return Side(self._first.prompt, self._first.values, model)
        return Side(words, self._first.values if words == self._first.prompt else ())

    @on(Input.Submitted)
    def action_try(self) -> None:
        """Have the text answered with both."""
        if self._stop is not None:
            return
        if not self._area.text.strip():
            self.notify("write a text to try it on first")
            self._area.focus()
            return
        sides = tuple(
            self._meant(field.value.strip()) for field in self._sides if field.value.strip()
        )
        for column, answer in enumerate(self._answers):
            answer.update("")
            self._notes[column].update("…" if column < len(sides) else "")
        self._stop = Stop()
        self.chat_app.do(try_beside(self._area.text, sides, self._stop, self.post_message))

    @on(Grown)
    def grown(self, message: Grown) -> None:
        """Show more of an answer."""
        self._answers[message.column].update(Content(sanitize(message.text)))
        self._notes[message.column].update(Content(sanitize_line(message.note or "…")))

    @on(Ended)
    def ended(self) -> None:
        """It may be tried again."""
        self._stop = None

    def action_leave(self) -> None:
        """End what is being tried; else close."""
        if self._stop is None or self._stop.is_set:
            self.dismiss(None)
        else:
            self._stop.set()
