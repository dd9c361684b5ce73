"""A text, tried with a prompt and beside it with another, or with another model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static, TextArea

from tui.app.background import post_from_thread
from tui.app.faults import Steadfast
from tui.app.prompt_trying import Comparison, Ended, Grown, Side, Stop, try_beside
from tui.config import ConfigError
from tui.sanitize import sanitize, sanitize_line
from tui.which_model import model_names
from tui.widgets.hints import Hints

_HINTS = ("try.run try both", "Tab next field", "try.close stop, or close")


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

    @dataclass
    class Found(Message):
        """The models that there are."""

        models: Sequence[str]

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
        """Begin with the text; the names of models come when they are found."""
        self._suggest(())
        self._area.focus()
        post_from_thread(self, self._find_models, group="models")

    def _find_models(self) -> Found:
        runtime = self.chat_app.runtime
        try:
            return self.Found(model_names(runtime.config, runtime.paths.models))
        except ConfigError:
            # Trying one says why there are none.
            return self.Found(())

    @on(Found)
    def found(self, message: Found) -> None:
        """Suggest models too."""
        self._suggest(message.models)

    def _suggest(self, models: Sequence[str]) -> None:
        names = [*self._names, *map(sanitize_line, models)]
        for field in self._sides:
            field.suggester = SuggestFromList(names, case_sensitive=False)

    def on_unmount(self) -> None:
        """End it."""
        if self._stop is not None:
            self._stop.set()

    @on(Input.Submitted)
    def action_try(self) -> None:
        """Have the text answered with both."""
        if self._stop is not None:
            return
        if not self._area.text.strip():
            self.notify("write a text to try it on first")
            self._area.focus()
            return
        names = tuple(field.value.strip() for field in self._sides if field.value.strip())
        for column, answer in enumerate(self._answers):
            answer.update("")
            self._notes[column].update("…" if column < len(names) else "")
        self._stop = Stop()
        comparison = Comparison(self._area.text, names, self._first, self._names)
        self.chat_app.do(try_beside(comparison, self._stop, self.post_message))

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
