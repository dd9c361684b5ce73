"""What went wrong, with its reason, until the person has done something about it."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tui.app.faults import Steadfast
from tui.sanitize import sanitize_line


class Banner(Steadfast, Static):
    """A failure, and the key that tries again."""

    DEFAULT_CSS = """
    Banner {
        display: none; height: auto; padding: 0 2; color: $text-error;
    }
    Banner.shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.can_retry = False
        """Whether trying again may help."""
        self.reason = ""
        """What is shown."""

    @property
    def is_shown(self) -> bool:
        """Whether there is something to see."""
        return self.has_class("shown")

    def show(self, reason: str, *, can_retry: bool, key: str) -> None:
        """Show a failure.

        Args:
            reason: One line.
            can_retry: Whether trying again may help.
            key: What tries again.
        """
        self.can_retry = can_retry
        self.reason = reason
        way = f"   {key} tries again" if can_retry else ""
        self.update(Content(f"✗ {sanitize_line(reason)}{way}"))
        self.add_class("shown")

    def clear(self) -> None:
        """Take it away."""
        self.can_retry = False
        self.reason = ""
        self.remove_class("shown")
