"""The panel at the right: what the model gets, how it answers, and where the context goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.cells import set_cell_size
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Collapsible, Static

from tui.app.inspection import (
    Inspection,
    VariableField,
    change_setting,
    change_variable,
    inspect,
)
from tui.app.overview import Overview
from tui.app.widgets.fields import ChoiceField, TextField, ValueField
from tui.app.widgets.side import Side, uncover
from tui.app.widgets.slider import Scale
from tui.context_use import ContextUse
from tui.sanitize import sanitize_line
from tui.setting_values import MEANINGS

_SCALES: Mapping[str, Scale] = {
    "temperature": Scale(0, 2, 0.05),
    "top_k": Scale(0, 200, 5),
    "top_p": Scale(0, 1, 0.01),
    "min_p": Scale(0, 1, 0.01),
    "repeat_penalty": Scale(1, 2, 0.01),
}
"""What is often changed, and how far it makes sense; the fields take all that is allowed."""

_FIRST = ("max_tokens", *_SCALES, "seed")
"""Shown before the others."""

_BAR = 12
"""Cells of a bar as long as the context."""


class Inspector(Side):
    """Follows the conversation, and changes how the next question is asked."""

    DEFAULT_CSS = """
    Inspector {
        & > VerticalScroll { scrollbar-size-vertical: 1; }
        & .heading { color: $primary; text-style: bold; }
        & .text { height: auto; margin: 0 0 1 0; }
        & #variables { height: auto; }
        & Collapsible { background: $surface; border: none; padding: 0; }
        & Collapsible Contents { padding: 1 0 0 0; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "to the conversation", show=False, id="inspector.leave"),
    ]

    @dataclass
    class Inspected(Message):
        """The conversation was looked at."""

        inspection: Inspection

    def __init__(self, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self.inspection = Inspection()
        self._seen: tuple[object, ...] = ()
        self._counted: tuple[object, ...] = ()
        self._prompt, self._model, self._use = (Static(classes="text") for _ in range(3))
        self._fields = {
            name: TextField(name, meaning, scale=_SCALES.get(name))
            for name, meaning in MEANINGS.items()
        }
        self._variables: dict[str, ValueField] = {}
        self._form: tuple[VariableField, ...] = ()

    def compose(self) -> ComposeResult:
        """See `Widget`."""
        with VerticalScroll():
            yield _heading("Context")
            yield self._use
            yield _heading("Prompt")
            yield self._prompt
            yield Vertical(id="variables")
            yield _heading("Sampling")
            for name in _FIRST:
                yield self._fields[name]
            with Collapsible(title="more"):
                yield from (field for name, field in self._fields.items() if name not in _FIRST)
            yield _heading("Model")
            yield self._model

    def on_mount(self) -> None:
        """Follow the conversation."""
        self.watch(self.app, "overview", self._follow)

    def begin(self) -> None:
        """See `Side`."""
        self.query_one(VerticalScroll).focus()

    def _follow(self, overview: Overview) -> None:
        if overview.turns and overview.turns[-1].is_live:
            return
        counted = (
            overview.session,
            tuple(shown.turn.id for shown in overview.turns),
            overview.used,
            overview.n_ctx,
            overview.model,
            overview.attachments,
        )
        seen = (*counted, overview.settings, overview.prompts, overview.variables)
        if seen == self._seen:
            return
        self._seen = seen
        counts, self._counted = counted != self._counted, counted
        self.chat_app.do(inspect(self._take, counts=counts))

    def _take(self, inspection: Inspection) -> None:
        """From the conversation's thread."""
        self.post_message(self.Inspected(inspection))

    @on(Inspected)
    async def show(self, message: Inspected) -> None:
        """Show what was found; what was not counted anew is as it was."""
        new = message.inspection
        self.inspection = replace(new, context=new.context or self.inspection.context)
        self._prompt.update(Content(sanitize_line(new.prompt)))
        self._model.update(Content("\n".join(map(sanitize_line, new.model))))
        self._use.update(_context(self.inspection.context))
        for name, value in new.settings:
            self._fields[name].show("" if value == "none" else value, default="none")
        await self._show_variables(new.variables)

    async def _show_variables(self, variables: tuple[VariableField, ...]) -> None:
        form = tuple(replace(each, value="") for each in variables)
        if form != self._form:
            self._form = form
            self._variables = {each.name: _variable(each) for each in form}
            place = self.query_one("#variables")
            await place.remove_children()
            await place.mount_all(self._variables.values())
        for each in variables:
            self._variables[each.name].show(each.value, default=each.default)

    @on(ValueField.Changed)
    def change(self, event: ValueField.Changed) -> None:
        """Have it changed."""
        name = event.field.field_name
        is_variable = self._variables.get(name) is event.field
        make = change_variable if is_variable else change_setting
        self.chat_app.do(make(name, event.value, self._take))

    async def action_leave(self) -> None:
        """Go to the conversation."""
        await uncover(self.chat_app.chat, self)
        self.chat_app.chat.composer.focus()


def _heading(words: str) -> Static:
    return Static(words, classes="heading")


def _variable(variable: VariableField) -> ValueField:
    if variable.choices:
        return ChoiceField(variable.name, variable.meaning, variable.choices, variable.default)
    return TextField(variable.name, variable.meaning)


def _context(use: ContextUse | None) -> Content:
    """The parts with a bar each, and what is free."""
    if use is None:
        return Content("not known before the model is loaded")
    rows = [(f"{'  ' * part.is_within}{part.name}", part.tokens) for part in use.parts]
    rows = [*rows, ("free", use.free)]
    lines = []
    for name, tokens in rows:
        bar = "━" * round(_BAR * tokens / use.n_ctx) or "╸"
        style = "$foreground 25%" if name == "free" else "$primary"
        column = set_cell_size(sanitize_line(name), 22)
        lines.append(Content.assemble(f"{column} {tokens:>7,} ", (bar, style)))
    return Content("\n").join(lines)
