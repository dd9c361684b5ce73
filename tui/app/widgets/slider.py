"""A number on a line: keys, clicks and dragging move it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import MouseDown, MouseMove, MouseUp
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.app.faults import Steadfast


@dataclass(frozen=True, slots=True)
class Scale:
    """The numbers of a slider."""

    low: float
    high: float
    step: float


class Slider(Steadfast, Widget, can_focus=True):
    """Takes a person's number; values beyond its ends are shown at them."""

    DEFAULT_CSS = """
    Slider { height: 1; width: 100%; color: $foreground 40%; }
    Slider:focus { color: $primary; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "less", show=False, id="slider.less"),
        Binding("right,l", "step(1)", "more", show=False, id="slider.more"),
        Binding("home", "to_end(0)", "least", show=False, id="slider.least"),
        Binding("end", "to_end(1)", "most", show=False, id="slider.most"),
    ]

    value: reactive[float] = reactive(0.0)

    @dataclass
    class Moved(Message):
        """A person chose a number."""

        slider: Slider
        value: float

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        self.scale = scale

    def render(self) -> Content:
        """See `Widget`."""
        width = max(2, self.content_size.width)
        place = self._place(width)
        return Content("━" * place + "●" + "─" * (width - place - 1))

    def _place(self, width: int) -> int:
        share = (self.value - self.scale.low) / (self.scale.high - self.scale.low)
        return round(max(0.0, min(1.0, share)) * (width - 1))

    def _choose(self, value: float) -> None:
        scale = self.scale
        steps = round((value - scale.low) / scale.step)
        chosen = round(max(scale.low, min(scale.high, scale.low + steps * scale.step)), 6)
        if chosen != self.value:
            self.value = chosen
            self.post_message(self.Moved(self, chosen))

    def _choose_at(self, column: int) -> None:
        share = column / max(1, self.content_size.width - 1)
        self._choose(self.scale.low + share * (self.scale.high - self.scale.low))

    def action_step(self, by: int) -> None:
        """Go a step up or down."""
        self._choose(self.value + by * self.scale.step)

    def action_to_end(self, end: int) -> None:
        """Go to the lowest number, or the highest."""
        self._choose(self.scale.high if end else self.scale.low)

    def on_mouse_down(self, event: MouseDown) -> None:
        """Go where the mouse is."""
        self.capture_mouse()
        self._choose_at(event.x)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Follow it as long as it is held."""
        if self.app.mouse_captured is self:
            self._choose_at(event.x)

    def on_mouse_up(self, _event: MouseUp) -> None:
        """Stay."""
        self.release_mouse()
