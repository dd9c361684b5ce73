"""F3: the library of prompts, to be found, looked at with values, and used."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from prompts.errors import PromptError
from prompts.library import Entry
from tui.app.background import Debounce, post_from_thread
from tui.app.errands import run_command
from tui.app.faults import Steadfast
from tui.app.prompt_desk import OpenPrompt, adapted, begun, copied, open_prompt
from tui.app.prompt_shelf import Preview, ShelfLine, preview_of, shelf_lines
from tui.app.prompt_trying import Side
from tui.app.screens.prompt_editor import PromptEditor
from tui.app.screens.prompt_tests import PromptTests
from tui.app.screens.prompt_try import PromptTry
from tui.app.widgets.choices import Choices
from tui.app.widgets.prompt_preview import Form, PromptPreview
from tui.errors import UsageProblem, explain
from tui.sanitize import sanitize_line
from tui.widgets.dialogs import AskLine
from tui.widgets.hints import Hints

_HINTS = (
    *("Enter use", "prompts.switch values", "prompts.list the list", "prompts.find find"),
    *("prompts.edit edit", "prompts.new new", "prompts.copy copy", "prompts.adapt adapt"),
    *("prompts.try try", "prompts.test tests", "prompts.examples examples", "prompts.close close"),
)
_PAUSE_S = 0.08
"""After so long without a key a prompt is put together: that takes a process."""

_NOT_FOUND = "no prompt matches"


class PromptsScreen(Steadfast, Screen[None]):
    """The list at the left, what is pointed at beside it. Files are read in threads."""

    CSS_PATH = "prompts.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "close", id="prompts.close"),
        Binding("f3", "dismiss(None)", "close", show=False, id="prompts.toggle"),
        Binding("slash", "to_words", "find", id="prompts.find"),
        Binding("down", "to_list", "to the list", show=False, id="prompts.list"),
        Binding("tab", "other_side", "values and back", id="prompts.switch"),
        Binding("enter", "use", "use in the conversation", show=False, id="prompts.use"),
        Binding("e", "edit", "edit (packaged prompts as a copy)", id="prompts.edit"),
        Binding("n", "new", "a new prompt", id="prompts.new"),
        Binding("c", "copy", "a copy under another name", id="prompts.copy"),
        Binding("s", "adapt", "adapt: say only what differs", id="prompts.adapt"),
        Binding("t", "try", "try on a text, next to another", id="prompts.try"),
        Binding("T", "test", "run its tests", id="prompts.test"),
        Binding("x", "examples", "show examples", id="prompts.examples"),
    ]

    @dataclass
    class Listed(Message):
        """The library was read."""

        entries: tuple[Entry, ...]
        problem: str = ""

    @dataclass
    class Previewed(Message):
        """A prompt was put together."""

        preview: Preview

    def __init__(self) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-tall")]
        self._entries: tuple[Entry, ...] = ()
        self._lines: tuple[ShelfLine, ...] = ()
        self._words = Input(placeholder="find a prompt", compact=True)
        self._list = Choices()
        self._preview = PromptPreview()
        self._wanted = ""
        """The prompt to point at once the library is read."""
        self._debounce = Debounce(self, _PAUSE_S)

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        with Horizontal(id="shelf"):
            with Vertical(id="books"):
                yield self._words
                yield self._list
            yield self._preview
        yield Hints(*_HINTS)

    def on_mount(self) -> None:
        """Point at the prompt in use."""
        self._wanted = next(iter(self.chat_app.overview.prompts), "")
        self._words.focus()
        self.read_again()

    def read_again(self, wanted: str = "") -> None:
        """Have the library read, and point at a prompt."""
        self._wanted = wanted or self._wanted
        post_from_thread(self, self._read, group="library")

    def _read(self) -> Listed:
        try:
            return self.Listed(tuple(self.chat_app.runtime.library().entries()))
        except PromptError as error:
            return self.Listed((), explain(error)[0])

    @on(Listed)
    def listed(self, message: Listed) -> None:
        """Show what was read."""
        self._entries = message.entries
        self._show(message.problem)
        self._wanted = ""

    @on(Input.Changed)
    def find(self) -> None:
        """Show those that have the words."""
        self._show()

    def _show(self, problem: str = "") -> None:
        wanted = self._wanted or (self._entry.name if self._entry else "")
        self._lines = shelf_lines(self._entries, self._words.value)
        self._list.set_options([self._option(line) for line in self._lines])
        places = {line.entry.name: n for n, line in enumerate(self._lines) if line.entry}
        self._list.highlighted = places.get(wanted, next(iter(places.values()), None))
        if not places:
            self._preview.empty(sanitize_line(problem) or _NOT_FOUND)

    def _option(self, line: ShelfLine) -> Option:
        if line.entry is None:
            return Option(Content(sanitize_line(line.words)), disabled=True)
        sign = "▸" if line.entry.name in self.chat_app.overview.prompts else " "
        own = "" if line.entry.source == "packaged" else f"  {line.entry.source}"
        return Option(
            Content.assemble(f"{sign} {sanitize_line(line.words)}", (own, "$foreground 60%"))
        )

    @property
    def _entry(self) -> Entry | None:
        """The prompt that is pointed at."""
        number = self._list.highlighted
        return self._lines[number].entry if number is not None else None

    @on(OptionList.OptionHighlighted)
    def point(self, event: OptionList.OptionHighlighted) -> None:
        """Show another prompt."""
        entry = self._entry
        if entry is not None:
            self._put_together(entry.name, {})

    @on(Form.Changed)
    def fill(self) -> None:
        """Show it with other values."""
        if self._entry is not None:
            self._put_together(self._entry.name, self._preview.form.values)

    def _put_together(self, name: str, values: dict[str, str]) -> None:
        def preview() -> PromptsScreen.Previewed:
            return self.Previewed(preview_of(self.chat_app.runtime.library(), name, values))

        self._debounce.call(partial(post_from_thread, self, preview, group="preview"))

    @on(Previewed)
    async def previewed(self, message: Previewed) -> None:
        """Show what was put together, unless something else is wanted by now."""
        entry, preview = self._entry, message.preview
        if entry is not None and entry.name == preview.name:
            await self._preview.show(entry, preview)

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def action_use(self) -> None:
        """Have each message of the conversation go through it."""
        entry = self._entry
        if entry is None:
            return
        if entry.error is not None:
            self.notify("it cannot be used until its file is fixed")
            return
        values = [f"{name}={value}" for name, value in self._preview.form.values.items()]
        self.chat_app.do(run_command(f"/template {shlex.join([entry.name, *values])}"))
        self.dismiss(None)

    def action_examples(self) -> None:
        """Show the examples, or only how many there are."""
        self._preview.fold()

    def action_edit(self) -> None:
        """Write its file; of a packaged one a copy of the person's own."""
        if (entry := self._entry) is not None:
            self._write(lambda: open_prompt(self.chat_app.runtime, entry))

    def action_adapt(self) -> None:
        """Write a file of the person's own that says only what is other."""
        if (entry := self._entry) is not None:
            self._write(lambda: adapted(self.chat_app.runtime, entry))

    def action_new(self) -> None:
        """Begin a prompt."""
        self._ask_name("a name for the new prompt", partial(begun, self.chat_app.runtime))

    def action_copy(self) -> None:
        """Begin a prompt as a copy."""
        if (entry := self._entry) is not None:
            copy = partial(copied, self.chat_app.runtime, entry.name)
            self._ask_name(f"a name for the copy of {entry.name}", copy)

    def action_try(self) -> None:
        """Try it on a text, beside another prompt or model."""
        if (entry := self._entry) is not None:
            side = Side(entry.name, tuple(self._preview.form.values.items()))
            self.app.push_screen(PromptTry(side, tuple(each.name for each in self._entries)))

    def action_test(self) -> None:
        """Try its tests on the model in use."""
        if (entry := self._entry) is not None:
            self.app.push_screen(PromptTests(entry.name))

    def _ask_name(self, question: str, make: Callable[[str], OpenPrompt]) -> None:
        def take(name: str | None) -> None:
            if name is not None and name.strip():
                self._write(partial(make, name.strip()))

        self.app.push_screen(AskLine(sanitize_line(question)), take)

    def _write(self, make: Callable[[], OpenPrompt]) -> None:
        """Have a file written, unless it cannot be made."""
        try:
            opened = make()
        except (PromptError, UsageProblem, OSError) as error:
            self.notify(sanitize_line(explain(error)[0]), severity="warning", markup=False)
            return
        self.app.push_screen(PromptEditor(opened), self._written)

    def _written(self, name: str | None) -> None:
        if name is not None:
            self._words.value = ""
            self.read_again(name)

    def action_to_words(self) -> None:
        """Go where words are typed."""
        self.remove_class("reading")
        self._words.focus()

    def action_to_list(self) -> None:
        """Go to the list."""
        self.remove_class("reading")
        self._list.focus()

    def action_other_side(self) -> None:
        """Go from the list to the values of the prompt, and back."""
        if self._preview.has_focus_within:
            self.action_to_list()
            return
        self.add_class("reading")
        fields = self._preview.form.query(Input)
        (fields.first() if fields else self._preview).focus()

    def action_leave(self) -> None:
        """Go back to the list, or else to the conversation."""
        if self._preview.has_focus_within:
            self.action_to_list()
        else:
            self.dismiss(None)
