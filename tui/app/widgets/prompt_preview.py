"""One prompt: what it is for, its variables as a form, and what the model gets with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from engine.types import Message as Part
from prompts.library import Entry
from prompts.render import Rendered
from prompts.schema import Variable
from tui.app.faults import Steadfast
from tui.app.prompt_shelf import Preview
from tui.sanitize import sanitize, sanitize_line

_OPEN = r"\{\{[^{}\n]*\}\}"
"""A value that is still missing."""

_BOOLEAN = ("true", "false")


class VariableInput(Steadfast, Horizontal):
    """A variable: its name, and what a person gives it."""

    DEFAULT_CSS = """
    VariableInput {
        height: 1;
        & > Static {
            width: 16; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis;
        }
        & > Input { width: 1fr; }
    }
    """

    def __init__(self, variable: Variable) -> None:
        super().__init__()
        self.variable = variable
        choices = _BOOLEAN if variable.type == "bool" else variable.choices
        self.input = Input(
            placeholder=sanitize_line(_hint(variable)),
            suggester=SuggestFromList([sanitize_line(each) for each in choices])
            if choices
            else None,
            compact=True,
        )
        if variable.description:
            self.input.tooltip = Content(sanitize_line(variable.description))

    def compose(self) -> ComposeResult:
        """See `Widget`."""
        yield Static(Content(sanitize_line(self.variable.name)))
        yield self.input


class Form(Steadfast, Vertical):
    """The variables of a prompt."""

    DEFAULT_CSS = "Form { height: auto; margin: 0 0 1 0; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", "next field", show=False, id="form.next"),
        Binding("up", "app.focus_previous", "previous field", show=False, id="form.previous"),
    ]

    @dataclass
    class Changed(Message):
        """Another value was given."""

    def __init__(self) -> None:
        super().__init__()
        self._fields: tuple[VariableInput, ...] = ()

    @property
    def values(self) -> dict[str, str]:
        """What was given, by name."""
        given = {field.variable.name: field.input.value.strip() for field in self._fields}
        return {name: value for name, value in given.items() if value}

    async def show(self, variables: Sequence[Variable]) -> None:
        """Offer these variables; what was typed for ones that stay is kept."""
        if [field.variable for field in self._fields] == list(variables):
            return
        before = self.values
        await self.remove_children()
        self._fields = tuple(VariableInput(variable) for variable in variables)
        for field in self._fields:
            with field.input.prevent(Input.Changed):
                field.input.value = before.get(field.variable.name, "")
        await self.mount_all(self._fields)

    def clear(self) -> None:
        """Forget what was typed: another prompt comes."""
        for field in self._fields:
            with field.input.prevent(Input.Changed):
                field.input.value = ""

    @on(Input.Changed)
    def changed(self, event: Input.Changed) -> None:
        """Tell it."""
        event.stop()
        self.post_message(self.Changed())


class PromptPreview(Steadfast, VerticalScroll):
    """Shows a prompt as the model gets it."""

    DEFAULT_CSS = """
    PromptPreview { scrollbar-size-vertical: 1; }
    PromptPreview > Static { max-width: 96; }
    PromptPreview > #about { margin: 0 0 1 0; }
    PromptPreview > #wrong { display: none; color: $text-error; margin: 0 0 1 0; }
    PromptPreview > #wrong.shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__(can_focus=True)
        self.form = Form()
        self._about = Static(id="about")
        self._wrong = Static(id="wrong")
        self._texts = Static(id="texts")
        self._rendered: Rendered | None = None
        self._unfolded = False
        self._name = ""

    def compose(self) -> ComposeResult:
        """See `Widget`."""
        yield self._about
        yield self.form
        yield self._wrong
        yield self._texts

    async def show(self, entry: Entry, preview: Preview) -> None:
        """Show a prompt with the values of the form."""
        if entry.name != self._name:
            self._name, self._unfolded = entry.name, False
            self.form.clear()
            self.scroll_home(animate=False)
        self._about.update(_about(entry))
        prompt = preview.prompt
        await self.form.show(tuple(prompt.variables.values()) if prompt else ())
        self._wrong.update(Content(f"✗ {sanitize_line(preview.problem)}"))
        self._wrong.set_class(bool(preview.problem), "shown")
        if preview.rendered is not None or prompt is None:
            # While a value is being typed the last text stays.
            self._rendered = preview.rendered
        self._draw()

    def empty(self, words: str) -> None:
        """Say why there is no prompt."""
        self._name, self._rendered = "", None
        self._about.update(Content.styled(words, "$foreground 60%"))
        self._wrong.remove_class("shown")
        self._draw()

    def fold(self) -> None:
        """Show the examples, or only how many there are."""
        self._unfolded = not self._unfolded
        self._draw()

    def _draw(self) -> None:
        self._texts.update(
            Content("")
            if self._rendered is None
            else Content("\n\n").join(_texts(self._rendered, unfolded=self._unfolded))
        )


def _hint(variable: Variable) -> str:
    """What is there unless something is given, or what it should be."""
    if variable.default is not None:
        value = variable.default
        return (str(value).lower() if isinstance(value, bool) else str(value)) or "nothing"
    return " · ".join(variable.choices) or variable.description or variable.type


def _about(entry: Entry) -> Content:
    source = f"from {entry.source}"
    if entry.shadows:
        source += f", over {', '.join(entry.shadows)}"
    facts = " · ".join((entry.name, entry.kind, *entry.tags, source))
    summary = f"\n{sanitize_line(entry.summary)}" if entry.summary else ""
    return Content.assemble(
        (sanitize_line(entry.title), "bold $primary"),
        summary,
        (f"\n{sanitize_line(facts)}", "$foreground 60%"),
    )


def _texts(rendered: Rendered, *, unfolded: bool) -> Iterator[Content]:
    """What the model gets, part by part."""
    if rendered.system:
        yield _part("system", rendered.system)
    if rendered.examples:
        count = len(rendered.examples)
        words = f"{count} example{'s' if count > 1 else ''}"
        yield Content.styled(f"{'▾' if unfolded else '▸'} {words}   (x)", "$foreground 60%")
        for example in rendered.examples if unfolded else ():
            yield Content("\n").join(_said(message) for message in example)
    yield _part("you", rendered.user)
    if rendered.params:
        yield _params(rendered.params)


def _part(name: str, text: str) -> Content:
    words = Content(sanitize(text)).highlight_regex(_OPEN, style="$accent bold")
    return Content.assemble((f"{name}\n", "$foreground 60%"), words)


def _said(message: Part) -> Content:
    sign = "› " if message.role == "user" else "  "
    text = sanitize(message.content).replace("\n", "\n  ")
    return Content.styled(f"{sign}{text}", "" if message.role == "user" else "$foreground 60%")


def _params(params: Mapping[str, object]) -> Content:
    words = "  ".join(f"{key}={value}" for key, value in params.items())
    return Content.styled(sanitize_line(words), "$foreground 60%")
