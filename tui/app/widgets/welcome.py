"""What an empty conversation shows: where to begin, without being in the way."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tui.app.faults import Steadfast
from tui.widgets.hints import key_name, keys_in_force

_WAYS = (
    ("chat.drafts", "revise a draft"),
    ("app.prompts", "the library of prompts"),
    ("app.sessions", "earlier sessions"),
    ("app.palette", "all commands"),
    ("app.help", "the keys"),
)


class Welcome(Steadfast, Static):
    """A few keys above the composer; gone with the first words."""

    DEFAULT_CSS = """
    Welcome {
        display: none; height: auto; padding: 0 2 1 2; color: $text-muted;
    }
    Welcome.shown { display: block; }
    """

    def render(self) -> Content:
        """See `Widget`."""
        keys = keys_in_force(self.screen)
        ways = [(key_name(keys[name]), words) for name, words in _WAYS if name in keys]
        wide = max((len(key) for key, _ in ways), default=0)
        return Content("\n").join(
            Content.assemble((f"{key:>{wide}}", "bold $foreground"), f"  {words}")
            for key, words in ways
        )
