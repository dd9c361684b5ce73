"""R: a small form for one answer with other settings, or by another model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from tui.app.faults import Steadfast
from tui.app.turn_errands import OFFERED_SETTINGS, Offered, answer_otherwise, offer
from tui.sanitize import sanitize_line


class OtherwiseScreen(Steadfast, ModalScreen[None]):
    """The form. What is left as it is stays as it is."""

    CSS = """
    OtherwiseScreen { align: center middle; }
    OtherwiseScreen > VerticalScroll {
        width: 100%; max-width: 64; height: auto; max-height: 100%; padding: 1 2;
        background: $surface;
    }
    OtherwiseScreen Horizontal { height: 1; }
    OtherwiseScreen Horizontal > Static { width: 14; color: $text-muted; }
    OtherwiseScreen Input { width: 1fr; }
    OtherwiseScreen .head { padding: 0 0 1 0; }
    OtherwiseScreen .note { color: $text-muted; padding: 1 0 0 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "dismiss(None)", "cancel", id="otherwise.close"),
        Binding("down", "app.focus_next", "next field", show=False, id="otherwise.next"),
        Binding("up", "app.focus_previous", "previous field", show=False, id="otherwise.previous"),
    ]

    def __init__(self, turn_id: str) -> None:
        """Offer to answer again.

        Args:
            turn_id: The question, or an answer to it.
        """
        super().__init__()
        self._turn_id = turn_id
        self._inputs = {
            name: Input(compact=True, id=name) for name in (*OFFERED_SETTINGS, "answers", "model")
        }
        self._begun: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        with VerticalScroll(can_focus=False):
            yield Static(Content.styled("Another answer", "bold $primary"), classes="head")
            for name, field in self._inputs.items():
                with Horizontal():
                    yield Static(Content(name.replace("_", " ")))
                    yield field
            yield Static(
                Content("Enter answers, Escape cancels. The model you choose stays in use."),
                classes="note",
            )

    def on_mount(self) -> None:
        """Ask for what the form begins with."""
        self.chat_app.do(offer(self.post_message))

    @on(Offered)
    def fill(self, message: Offered) -> None:
        """Show how answers are made now."""
        self._begun = {**message.values, "answers": "1", "model": message.model}
        for name, field in self._inputs.items():
            if field.value:
                continue  # it was typed before this was known
            field.value = sanitize_line(self._begun[name])
            if field.has_focus:
                # As where one goes to a field: what is typed takes its place.
                field.action_select_all()
        self._inputs["model"].suggester = SuggestFromList(
            [sanitize_line(name) for name in message.models], case_sensitive=False
        )

    @on(Input.Submitted)
    def answer(self) -> None:
        """Have the answer made."""
        changed = dict(self._changed())
        model = changed.pop("model", None)
        if (count := changed.pop("answers", None)) is not None:
            changed["n"] = count
        self.chat_app.do(answer_otherwise(self._turn_id, changed, model))
        self.dismiss(None)

    def _changed(self) -> Iterator[tuple[str, str]]:
        for name, field in self._inputs.items():
            value = field.value.strip()
            if value and value != self._begun.get(name):
                yield name, value
