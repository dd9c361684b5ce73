"""R: a small form for one answer with other settings, or by another model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from engine.models import find_models
from tui.app.faults import Steadfast
from tui.app.turn_errands import run_on
from tui.sanitize import sanitize_line
from tui.setting_values import value_of
from tui.which_model import shown_name

if TYPE_CHECKING:
    from tui.app.app import ChatApp
    from tui.app.talk import AppTalk
    from tui.app.thread import Errand

_SETTINGS = ("temperature", "top_p", "min_p", "seed", "max_tokens")
"""Those that people change; /regen takes all."""


@dataclass
class Offered(Message):
    """What the form begins with."""

    values: Mapping[str, str]
    model: str
    models: tuple[str, ...]


def offer(post: Callable[[Message], object]) -> Errand:
    """Tell how answers are made now, and which models there are."""

    def errand(talk: AppTalk) -> None:
        settings = talk.conversation.settings
        models = tuple(model.name for model in find_models(talk.runtime.paths.models))
        values = {name: value_of(settings, name) for name in _SETTINGS}
        post(Offered(values, shown_name(talk.conversation.engine), models))

    return errand


def answer_otherwise(turn_id: str, pairs: Mapping[str, str], model: str | None) -> Errand:
    """Answer again with other settings; a model that is named stays in use."""

    def errand(talk: AppTalk) -> None:
        if model is not None:
            talk.use_model(model)
        typed = " ".join(f"{name}={value}" for name, value in pairs.items())
        run_on(turn_id, "regen", typed)(talk)

    return errand


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
        Binding("escape,ctrl+c", "dismiss(None)", "leave", id="otherwise.close"),
        Binding("down", "app.focus_next", "next field", show=False, id="otherwise.next"),
        Binding("up", "app.focus_previous", "field before", show=False, id="otherwise.previous"),
    ]

    def __init__(self, turn_id: str) -> None:
        """Offer to answer again.

        Args:
            turn_id: The question, or an answer to it.
        """
        super().__init__()
        self._turn_id = turn_id
        self._inputs = {
            name: Input(compact=True, id=name) for name in (*_SETTINGS, "answers", "model")
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
                Content("Enter answers, Escape leaves. Another model stays in use."),
                classes="note",
            )

    def on_mount(self) -> None:
        """Ask for what the form begins with."""
        self._chat_app.do(offer(self.post_message))

    @property
    def _chat_app(self) -> ChatApp:
        return cast("ChatApp", self.app)

    @on(Offered)
    def fill(self, message: Offered) -> None:
        """Show how answers are made now."""
        self._begun = {**message.values, "answers": "1", "model": message.model}
        for name, field in self._inputs.items():
            field.value = sanitize_line(self._begun[name])
        self._inputs["model"].suggester = SuggestFromList(
            [sanitize_line(name) for name in message.models], case_sensitive=False
        )
        self._inputs["temperature"].focus()

    @on(Input.Submitted)
    def answer(self) -> None:
        """Have the answer made."""
        changed = dict(self._changed())
        model = changed.pop("model", None)
        if (count := changed.pop("answers", None)) is not None:
            changed["n"] = count
        self._chat_app.do(answer_otherwise(self._turn_id, changed, model))
        self.dismiss(None)

    def _changed(self) -> Iterator[tuple[str, str]]:
        for name, field in self._inputs.items():
            value = field.value.strip()
            if value and value != self._begun.get(name):
                yield name, value
