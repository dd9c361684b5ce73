"""What the word at the cursor may become, in a list above the composer."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.app.faults import Steadfast
from tui.sanitize import sanitize_line

_MOST = 100


class Completions(Steadfast, OptionList, can_focus=False):
    """A list that the composer's keys move in."""

    DEFAULT_CSS = """
    Completions {
        display: none; height: auto; max-height: 8;
        border: none; padding: 0 2; background: $surface; scrollbar-size-vertical: 1;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    Completions.shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._texts: list[str] = []

    @property
    def is_shown(self) -> bool:
        """Whether there is something to choose."""
        return self.has_class("shown")

    @property
    def chosen(self) -> str | None:
        """The text that is pointed at."""
        return None if self.highlighted is None else self._texts[self.highlighted]

    def offer(self, suggestions: Sequence[tuple[str, str]]) -> None:
        """Show suggestions, each with its meaning; none take the list away."""
        found = suggestions[:_MOST]
        self._texts = [text for text, _ in found]
        wide = max((len(text) for text in self._texts), default=0)
        self.clear_options()
        for text, meaning in found:
            name = sanitize_line(text).ljust(min(wide, 28))
            self.add_option(
                Option(Content.assemble(name, "  ", (sanitize_line(meaning), "$foreground 60%")))
            )
        self.set_class(bool(found), "shown")
        self.highlighted = 0 if found else None

    def move(self, by: int) -> None:
        """Point at the next one, or the one before; around the ends."""
        if self._texts and self.highlighted is not None:
            self.highlighted = (self.highlighted + by) % len(self._texts)
