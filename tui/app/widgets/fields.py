"""Fields of the inspector: a name, what it means, and its value to change."""

from __future__ import annotations

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


class Field(Steadfast, Vertical):
    """A value as text; with a scale also as a slider, with choices as a list."""

    DEFAULT_CSS = """
    Field {
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

        field: Field
        value: str

    def __init__(self, name: str, meaning: str, *, scale: Scale | None = None) -> None:
        """A field without a value.

        Args:
            name: As it is called in commands.
            meaning: In a line.
            scale: Of its slider.
        """
        super().__init__()
        self.field_name = name
        self.shown = ""
        """The value that counts."""
        self._meaning = meaning
        self._input = Input(compact=True, select_on_focus=False)
        self._slider = Slider(scale) if scale is not None else None

    def compose(self) -> ComposeResult:
        """See `Widget`."""
        with Horizontal():
            yield Static(Content(sanitize_line(self.field_name)), classes="name")
            yield self._input
        if self._slider is not None:
            yield self._slider
        if self._meaning:
            yield Static(Content(sanitize(self._meaning)), classes="meaning")

    def show(self, value: str, *, default: str = "") -> None:
        """Show the value that counts; one that is being typed stays.

        Args:
            value: Nothing where the default counts.
            default: What that is.
        """
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


class ChoiceField(Steadfast, Vertical):
    """A value of a few; the first line stands for the default."""

    DEFAULT_CSS = Field.DEFAULT_CSS.replace("Field {", "ChoiceField {", 1)

    def __init__(self, name: str, meaning: str, choices: tuple[str, ...], default: str) -> None:
        super().__init__()
        self.field_name = name
        self.shown = ""
        self._meaning = meaning
        options = [(Content(sanitize_line(each)), each) for each in choices]
        self._select: Select[str] = Select(
            options, prompt=escape(sanitize_line(default or "not chosen")), compact=True
        )

    @dataclass
    class Changed(Message):
        """A person gave another value."""

        field: ChoiceField
        value: str

    def compose(self) -> ComposeResult:
        """See `Widget`."""
        yield Static(Content(sanitize_line(self.field_name)), classes="name")
        yield self._select
        if self._meaning:
            yield Static(Content(sanitize(self._meaning)), classes="meaning")

    def show(self, value: str, *, default: str = "") -> None:
        """Show the value that counts."""
        del default
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
