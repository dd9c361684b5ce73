"""F8: everything that can be set, with its meaning; what is changed is written to the file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.cells import set_cell_size
from textual import on
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.app.faults import Steadfast
from tui.app.setting_rows import SettingRow, change_config, setting_rows, value_from
from tui.app.widgets.choices import Choices
from tui.errors import UsageProblem
from tui.sanitize import sanitize_line
from tui.widgets.hints import Hints

_HINTS = ("Enter change", "settings.back close")

_MEANINGS_FROM = 70
"""Columns of the list from which on there is room for what settings mean."""


class SettingsScreen(Steadfast, ModalScreen[None]):
    """A list of settings, and a line to type a value in."""

    CSS = """
    SettingsScreen { align: center middle; }
    SettingsScreen > Vertical {
        width: 100%; max-width: 110; height: 100%; max-height: 44; padding: 1 3;
        background: $surface;
    }
    SettingsScreen Choices { height: 1fr; }
    SettingsScreen Horizontal { height: 1; margin: 1 0 0 0; }
    SettingsScreen Horizontal > Static { width: auto; padding: 0 1 0 0; color: $primary; }
    SettingsScreen Input { width: 1fr; border: none; padding: 0; height: 1; background: $surface; }
    SettingsScreen Hints { padding: 0; }
    SettingsScreen .note { color: $text-muted; height: auto; max-height: 3; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "back", "back", priority=True, id="settings.back"),
    ]

    class Changed(Message):
        """The file was written."""

    def __init__(self, bindings: Iterable[ActiveBinding]) -> None:
        """Show settings.

        Args:
            bindings: Whose keys can be set, too.
        """
        super().__init__()
        self._explained = list(bindings)
        self._rows: list[SettingRow | None] = []
        """None for the name of a table."""
        self._list = Choices()
        self._label = Static()
        self._input = Input(compact=True)
        self._note = Static(classes="note")

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        with Vertical():
            yield self._list
            with Horizontal():
                yield self._label
                yield self._input
            yield self._note
            yield Hints(*_HINTS)

    def on_mount(self) -> None:
        """Begin in the list."""
        self._input.display = False
        self._show()
        self._list.focus()

    def on_resize(self) -> None:
        """Have the columns that there is room for."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        here = self._list.highlighted
        table = ""
        self._rows.clear()
        options = []
        for row in setting_rows(self.chat_app.runtime.config, self._explained):
            if len(row.path) > 1 and row.path[0] != table:
                table = row.path[0]
                self._rows.append(None)
                options.append(Option(Content.styled(table, "bold $primary"), disabled=True))
            self._rows.append(row)
            options.append(Option(_line(row, self._list.size.width >= _MEANINGS_FROM)))
        self._list.clear_options()
        self._list.add_options(options)
        self._list.highlighted = 0 if here is None else min(here, len(options) - 1)

    @property
    def _row(self) -> SettingRow | None:
        number = self._list.highlighted
        return self._rows[number] if number is not None else None

    @on(OptionList.OptionHighlighted)
    def tell(self) -> None:
        """Say who set it."""
        row = self._row
        if row is not None:
            self._say(f"{row.meaning}; set by {row.origin}" if row.origin else row.meaning)

    def _say(self, words: str) -> None:
        self._note.update(Content(sanitize_line(words)))

    @on(OptionList.OptionSelected)
    def edit(self) -> None:
        """Have a value typed."""
        row = self._row
        if row is None:
            return
        self._label.update(Content(sanitize_line(row.name)))
        self._input.placeholder = sanitize_line(row.default)
        self._input.value = sanitize_line(row.text)
        self._input.display = True
        self._input.focus()
        self._say("Enter saves it; an empty value removes it from the file; Escape cancels")

    @on(Input.Submitted)
    def write(self, event: Input.Submitted) -> None:
        """Write what was typed, if it can be used."""
        row = self._row
        if row is None:
            return
        if event.value != sanitize_line(row.text):
            try:
                value = value_from(row.path, event.value, self.chat_app.runtime.config)
            except (ValueError, UsageProblem) as error:
                self._say(str(error).removeprefix("-o "))
                return
            self.chat_app.do(change_config(row.path, value, self._tell_changed))
        self._end_editing()

    def _tell_changed(self) -> None:
        """From the conversation's thread."""
        self.post_message(self.Changed())

    @on(Changed)
    def changed(self) -> None:
        """Show how it is now."""
        row = self._row
        with self._list.prevent(OptionList.OptionHighlighted):
            # What is said of the change stays to be read.
            self._show()
        self.chat_app.apply_config()
        now = self._row
        if row is None or now is None:
            return
        if now.origin and now.origin != str(self.chat_app.runtime.paths.config_file):
            self._say(f"saved, but {now.origin} overrides it")
        else:
            self._say(
                f"written; it counts from {'now' if row.counts_at_once else 'the next start'} on"
            )

    def _end_editing(self) -> None:
        self._label.update("")
        self._input.display = False
        self._list.focus()

    def action_back(self) -> None:
        """Leave a value as it was; else leave."""
        if self._input.display:
            self._end_editing()
        else:
            self.dismiss(None)


def _line(row: SettingRow, has_room: bool) -> Content:
    value = sanitize_line(row.text or row.default)
    style = "bold" if row.value is not None else "$foreground 60%"
    indent = "  " if len(row.path) > 1 else ""
    name = f"{indent}{row.name}"
    return Content.assemble(
        f"{sanitize_line(name):<26} ",
        (set_cell_size(value, 20) if has_room else value, style),
        (f"  {sanitize_line(row.meaning)}" if has_room else "", "$foreground 60%"),
    )
