"""Writing a prompt's file: TOML with highlighting, and what is wrong with it as one types."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import OptionList, Static, TextArea
from textual.widgets.option_list import Option

from prompts.errors import PromptError
from tui.app.background import Debounce, post_from_thread
from tui.app.faults import Steadfast
from tui.app.prompt_desk import OpenPrompt, Wrong, save, wrong_with
from tui.app.widgets.choices import Choices
from tui.errors import UsageProblem, explain
from tui.paths import shown_path
from tui.sanitize import sanitize, sanitize_line
from tui.widgets.dialogs import unmarked
from tui.widgets.hints import Hints

_PAUSE_S = 0.2
"""After so long without a key the text is looked at."""

_HINTS = ("prompt.save save", "prompt.mistake next mistake", "prompt.leave close")


class PromptEditor(Steadfast, Screen[str | None]):
    """Ends with the name of the prompt if it was saved."""

    CSS_PATH = "prompt_editor.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "save", id="prompt.save", priority=True),
        Binding("f8", "next_mistake", "next mistake", id="prompt.mistake"),
        Binding("escape", "leave", "close", id="prompt.leave", priority=True),
    ]

    @dataclass
    class Checked(Message):
        """A text was looked at."""

        text: str
        found: tuple[Wrong, ...]

    @dataclass
    class Saved(Message):
        """The file was written."""

        opened: OpenPrompt

    @dataclass
    class NotSaved(Message):
        """It could not be."""

        reason: str

    def __init__(self, opened: OpenPrompt) -> None:
        """Open a file.

        Args:
            opened: It as it is, or a new one.
        """
        super().__init__()
        self._opened = opened
        self._area = TextArea.code_editor(
            sanitize(opened.text), language="toml", tab_behavior="indent", soft_wrap=True
        )
        self._wrong = Choices()
        self._found: tuple[Wrong, ...] = ()
        self._debounce = Debounce(self, _PAUSE_S)
        self._was_saved = False
        self._may_leave = False
        """Whether Escape was pressed, and nothing was written since."""

    @property
    def text(self) -> str:
        """What is written."""
        return unmarked(self._area.text, self._opened.text)

    @property
    def has_unsaved(self) -> bool:
        """Whether leaving would lose words."""
        return self.text != self._opened.text

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        yield Static(id="name")
        yield self._area
        yield self._wrong
        yield Hints(*_HINTS)

    def on_mount(self) -> None:
        """Look at the text."""
        self.watch(self.app, "theme", self._follow_theme)
        self._area.focus()
        self._name_it()
        self._check()

    def _follow_theme(self) -> None:
        self._area.theme = "css" if self.app.no_color else self._theme_name

    @property
    def _theme_name(self) -> str:
        return "vscode_dark" if self.app.current_theme.dark else "github_light"

    def _name_it(self) -> None:
        is_kept = not (self._opened.is_new or self.has_unsaved)
        sign = "●" if is_kept else "○"
        said = "" if is_kept else "  not saved"
        self.query_one("#name", Static).update(
            Content.assemble(
                f"{sign} ",
                (self._opened.path.stem, "bold $primary"),
                (f"{said}   {sanitize_line(shown_path(self._opened.path))}", "$foreground 60%"),
            )
        )

    @on(TextArea.Changed)
    def changed(self) -> None:
        """Look at it, in a pause."""
        self._may_leave = False
        self._name_it()
        self._debounce.call(self._check)

    def _check(self) -> None:
        post_from_thread(self, partial(self._look_at, self.text), group="check")

    def _look_at(self, text: str) -> Checked:
        return self.Checked(text, wrong_with(self.chat_app.runtime, self._opened.path, text))

    @on(Checked)
    def checked(self, message: Checked) -> None:
        """Show what is wrong, unless something else is written by now."""
        if message.text != self.text:
            return
        self._found = message.found
        words = [f"✗ {sanitize_line(each.words)}" for each in self._found]
        self._wrong.set_options([Option(Content(each)) for each in words])
        self._wrong.display = bool(words)

    @on(OptionList.OptionSelected)
    def go_to_mistake(self, event: OptionList.OptionSelected) -> None:
        """Go where it is."""
        self._go_to(self._found[event.option_index])

    def action_next_mistake(self) -> None:
        """Go to the first mistake below the cursor, or else the first one."""
        row = self._area.cursor_location[0] + 1
        placed = [each for each in self._found if each.line is not None]
        below = [each for each in placed if (each.line or 0) > row]
        for each in (below or placed)[:1]:
            self._go_to(each)

    def _go_to(self, wrong: Wrong) -> None:
        if wrong.line is not None:
            row = min(wrong.line, self._area.document.line_count) - 1
            length = len(self._area.document.get_line(row))
            self._area.move_cursor((row, min((wrong.column or 1) - 1, length)), center=True)
        self._area.focus()

    def action_save(self) -> None:
        """Write the file, as it is: a person may go on another day."""
        post_from_thread(self, partial(self._save, self._opened, self.text), group="save")

    def _save(self, opened: OpenPrompt, text: str) -> Saved | NotSaved:
        try:
            return self.Saved(save(opened, text))
        except (PromptError, UsageProblem, OSError) as error:
            return self.NotSaved(explain(error)[0])

    @on(Saved)
    def saved(self, message: Saved) -> None:
        """Say so."""
        self._opened, self._was_saved = message.opened, True
        self._name_it()
        count = len(self._found)
        if count:
            self.notify(f"saved; {count} mistake{'s' if count > 1 else ''} in it", timeout=3)
        else:
            self.notify("saved", timeout=2)

    @on(NotSaved)
    def not_saved(self, message: NotSaved) -> None:
        """Say why."""
        self.notify(sanitize_line(message.reason), severity="error", markup=False)

    def action_leave(self) -> None:
        """Leave; what is not saved is left at the second time only."""
        if self.has_unsaved and not self._may_leave:
            self._may_leave = True
            self.notify("not saved: Ctrl+S saves, Esc again discards")
        else:
            self.dismiss(self._opened.path.stem if self._was_saved else None)
