"""Fields of the inspector: a name, what it means, and its value to change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.markup import escape
from textual.message import Message
from textual.widgets import Input, Select, Static

from tui.app.faults import Steadfast
from tui.app.widgets.slider import Scale, Slider
from tui.sanitize import sanitize, sanitize_line


class ValueField(Steadfast, Vertical):
    """A name with its meaning; how the value is given is each kind's own."""

    DEFAULT_CSS = """
    ValueField {
        height: auto; margin: 0 0 1 0;
        & > Horizontal { height: 1; }
        & > Horizontal > .name { width: 1fr; }
        & Input { width: 14; border: none; height: 1; padding: 0 1; background: $boost; }
        & Select { width: 100%; }
        & > .meaning { color: $text-muted; height: auto; }
    }
    """

    @dataclass
    class Changed(Message):
        """A person gave another value."""

        field: ValueField
        value: str

    def __init__(self, name: str, meaning: str) -> None:
        """A field without a value.

        Args:
            name: As it is called in commands.
            meaning: In a line.
        """
        super().__init__()
        self.field_name = name
        self.shown = ""
        """The value in force; empty where that is the default."""
        self._meaning = meaning

    def show(self, value: str, *, default: str = "") -> None:
        """Show the value in force.

        Args:
            value: Empty where that is the default.
            default: What that is.
        """
        raise NotImplementedError

    def _name_label(self) -> Static:
        return Static(Content(sanitize_line(self.field_name)), classes="name")

    def _meaning_label(self) -> Iterator[Static]:
        if self._meaning:
            yield Static(Content(sanitize(self._meaning)), classes="meaning")


class TextField(ValueField):
    """A value as text, and with a scale also as a slider. What is being typed stays."""

    def __init__(self, name: str, meaning: str, *, scale: Scale | None = None) -> None:
        """A field without a value.

        Args:
            name: As it is called in commands.
            meaning: In a line.
            scale: Of its slider.
        """
        super().__init__(name, meaning)
        self._input = Input(compact=True, select_on_focus=False)
        self._slider = Slider(scale) if scale is not None else None

    def compose(self) -> ComposeResult:
        """See `Widget`."""
        with Horizontal():
            yield self._name_label()
            yield self._input
        if self._slider is not None:
            yield self._slider
        yield from self._meaning_label()

    def show(self, value: str, *, default: str = "") -> None:
        """See `ValueField`."""
        is_typing = self._input.has_focus and self._input.value != self.shown
        self.shown = value
        self._input.placeholder = sanitize_line(default)
        if not is_typing:
            self._input.value = value
        if self._slider is not None:
            self._slider.set_reactive(Slider.value, float(value))
            self._slider.refresh()

    @on(Input.Submitted)
    @on(Input.Blurred)
    def take_typed(self, event: Input.Submitted | Input.Blurred) -> None:
        """Take what was typed."""
        event.stop()
        if event.value.strip() != self.shown:
            self.post_message(self.Changed(self, event.value.strip()))

    @on(Slider.Moved)
    def take_moved(self, event: Slider.Moved) -> None:
        """Take the slider's number."""
        event.stop()
        self.shown = self._input.value = f"{event.value:g}"
        self.post_message(self.Changed(self, self.shown))


class ChoiceField(ValueField):
    """A value of a few; the first line stands for the default."""

    def __init__(self, name: str, meaning: str, choices: tuple[str, ...], default: str) -> None:
        super().__init__(name, meaning)
        options = [(Content(sanitize_line(each)), each) for each in choices]
        self._select: Select[str] = Select(
            options, prompt=escape(sanitize_line(default or "not chosen")), compact=True
        )

    def compose(self) -> ComposeResult:
        """See `Widget`."""
        yield self._name_label()
        yield self._select
        yield from self._meaning_label()

    def show(self, value: str, *, default: str = "") -> None:
        """See `ValueField`. The default is known already."""
        self.shown = value
        with self.prevent(Select.Changed):
            if value:
                self._select.value = value
            else:
                self._select.clear()

    @on(Select.Changed)
    def take(self, event: Select.Changed) -> None:
        """Take what was chosen."""
        event.stop()
        value = "" if self._select.is_blank() else str(event.value)
        if value != self.shown:
            self.post_message(self.Changed(self, value))
