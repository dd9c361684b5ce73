"""F1: the keys that work here and all commands, made from the bindings and the registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.app.faults import Steadfast
from tui.commands import COMMANDS, GROUPS

_FIRST = 26
"""Columns of what is explained."""

_BESIDE = 56
"""Columns from which on the explanation stands beside it."""

_AROUND = 8
"""Columns of the page's edges."""

_WIDEST = 96
"""Columns of the page."""


class HelpScreen(Steadfast, ModalScreen[None]):
    """A page over the screen that it explains."""

    CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 100%; max-width: 96; height: 100%; max-height: 48; padding: 1 3;
        background: $surface; scrollbar-size-vertical: 1;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,q,ctrl+c", "dismiss(None)", "close", priority=True, id="help.close"),
    ]

    def __init__(self, bindings: Iterable[ActiveBinding]) -> None:
        """Explain keys.

        Args:
            bindings: Those in force where help was asked for.
        """
        super().__init__()
        self._explained = list(bindings)

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        with VerticalScroll():
            yield Static(Content("\n").join(self._lines()))

    def _lines(self) -> Iterator[Content]:
        width = min(_WIDEST, self.app.size.width) - _AROUND
        yield Content.styled("Keys", "bold $primary")
        for (name, words), keys in self._keys().items():
            yield _line(", ".join(dict.fromkeys(keys)), words, width, name)
        for group in GROUPS:
            yield Content("")
            yield Content.styled(group, "bold $primary")
            for command in COMMANDS:
                if command.group == group:
                    yield _line(command.usage, command.summary, width)

    def _keys(self) -> dict[tuple[str, str], list[str]]:
        """The keys of each action that has a name, and an id to give it others."""
        keys: dict[tuple[str, str], list[str]] = {}
        for active in self._explained:
            binding = active.binding
            if binding.description and binding.id:
                name = binding.id, binding.description
                keys.setdefault(name, []).append(self.app.get_key_display(binding))
        return keys


def _line(first: str, second: str, width: int, name: str = "") -> Content:
    """What is explained, and its explanation beside it, in as many lines as that takes; below it
    where there is no room.

    Args:
        first: What is explained.
        second: The explanation.
        width: Columns for both.
        name: The id of a binding.
    """
    start = _FIRST if width >= _BESIDE else 4
    indent = "\n" + " " * start
    words = Content(indent.join(wrap(second, width - start) or [""]))
    head = f"{first:<{_FIRST - 1}} " if width >= _BESIDE and len(first) < _FIRST else first + indent
    is_short = width - start >= len(second) + 2 + len(name)
    last = (f"  {name}" if is_short else indent + name) if name else ""
    return Content.assemble((head, "bold"), words, (last, "$foreground 60%"))
