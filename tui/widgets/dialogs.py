"""Modal dialogs that the review and the app share: a line, a yes, other words, a choice, a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Label, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from tui.sanitize import sanitize, sanitize_line
from tui.widgets.choice_list import ChoiceList
from tui.widgets.hints import Hints

AnswerT = TypeVar("AnswerT")


class Dialog(ModalScreen[AnswerT]):
    """A box over the screen; Escape leaves it without an answer."""

    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > Vertical {
        width: 90%; max-width: 100; height: auto; max-height: 95%;
        background: $surface; border-left: outer $primary; padding: 1 2;
    }
    Dialog:ansi > Vertical { border: round $primary; padding: 0 1; }
    Dialog Label { width: 100%; margin: 0 0 1 0; }
    Dialog Input, Dialog TextArea {
        border: none; padding: 0 1; background: $panel;
        &:focus { border: none; background: $panel; background-tint: transparent; }
    }
    Dialog Input { height: 1; }
    Dialog TextArea { height: auto; min-height: 5; max-height: 20; }
    Dialog ChoiceList {
        height: auto; max-height: 20;
    }
    Dialog VerticalScroll { height: auto; max-height: 24; scrollbar-size-vertical: 1; }
    Dialog Hints { padding: 1 0 0 0; }
    """

    # Ctrl+C leaves what is in front; the review's own words and decisions stay.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave"),
        Binding("ctrl+c", "leave", "leave", show=False, priority=True),
    ]

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)


class AskLine(Dialog[str]):
    """Asks for a line of words."""

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        with Vertical():
            yield Label(Content(self._question))
            yield Input()

    @on(Input.Submitted)
    def answer(self, event: Input.Submitted) -> None:
        """Leave with what was typed."""
        self.dismiss(event.value)


class Confirm(Dialog[bool]):
    """Asks for a yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "agree", "yes"),
        Binding("n,enter,q", "leave", "no"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        with Vertical():
            yield Label(Content(self._question))
            yield Label(Content("y  yes      n  no"))

    def action_agree(self) -> None:
        """Leave with a yes."""
        self.dismiss(True)


class EditWords(Dialog[str]):
    """Has a person change words."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # After what was typed before it, which a key with priority would overtake.
        Binding("ctrl+s,f2", "keep", "keep"),
    ]

    def __init__(self, words: str, does: str = "keeps it") -> None:
        """Ask.

        Args:
            words: Those there are.
            does: What Ctrl+S does with the others.
        """
        super().__init__()
        self._words = words
        self._does = does

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        with Vertical():
            yield Label(Content(f"Edit the text: Ctrl+S {self._does}, Escape cancels"))
            yield TextArea(sanitize(self._words))

    def on_mount(self) -> None:
        """Begin at the end of the words."""
        area = self.query_one(TextArea)
        area.move_cursor(area.document.end)

    def action_keep(self) -> None:
        """Leave with the words."""
        self.dismiss(unmarked(self.query_one(TextArea).text, self._words))


def unmarked(edited: str, words: str) -> str:
    """Edited words, with the characters of the old ones that were shown as marks for themselves.

    A mark that the old words already had as such stays one.
    """
    for character in sorted(set(words)):
        mark = sanitize(character)
        if mark != character and mark not in words:
            edited = edited.replace(mark, character)
    return edited


class ChooseVersion(Dialog[str]):
    """Has a person choose among several versions."""

    def __init__(self, versions: Sequence[str]) -> None:
        super().__init__()
        self._versions = versions

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        with Vertical():
            yield Label(Content("Enter uses a version, Escape cancels"))
            yield ChoiceList(*(Option(Content(sanitize_line(text))) for text in self._versions))

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Leave with it."""
        self.dismiss(self._versions[event.option_index])


class ShowText(Dialog[None]):
    """Shows a text until a key is pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,q,question_mark", "leave", "leave"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        with Vertical():
            with VerticalScroll():
                yield Static(Content(self._text))
            yield Hints("Esc closes")
