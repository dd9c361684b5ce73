"""A change within its draft: in one flow, or original and revision side by side."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from tui.reviewing.drawing import Drawn


class ChangeView(Vertical):
    """Three texts, of which the first or the other two are seen."""

    DEFAULT_CSS = """
    #flow { height: 1fr; padding: 1 2; }
    #sides { height: 1fr; }
    #sides VerticalScroll { width: 1fr; padding: 1 2; }
    #sides .divided { border-left: vkey $surface-lighten-2; }
    """

    def __init__(self) -> None:
        super().__init__()
        # Kept, not looked for: what still comes when the screen is being left meets them too.
        self._words, self._old, self._new = (Static(id=name) for name in ("words", "old", "new"))
        self._flow = VerticalScroll(self._words, id="flow")
        self._sides = Horizontal(
            VerticalScroll(self._old), VerticalScroll(self._new, classes="divided"), id="sides"
        )

    def compose(self) -> ComposeResult:
        """See `Widget`."""
        yield self._flow
        yield self._sides

    def show(self, views: Sequence[Drawn], *, is_wide: bool) -> None:
        """Show a change.

        Args:
            views: The flow, the original and the revision.
            is_wide: Whether the last two, side by side.
        """
        self._flow.display, self._sides.display = not is_wide, is_wide
        for part, view in zip((self._words, self._old, self._new), views, strict=True):
            part.update(view.content)

    def scroll_to_change(self, views: Sequence[Drawn]) -> None:
        """Bring the change to a third of the height, whatever is above it. After a refresh."""
        for part, view in zip((self._words, self._old, self._new), views, strict=True):
            pane = part.parent
            if isinstance(pane, VerticalScroll) and part.size.width:
                line = view.before.get_height({}, part.size.width) if view.before else 0
                pane.scroll_to(y=max(0, line - pane.size.height // 3), animate=False)

    def scroll_pages(self, pages: int) -> None:
        """Show more of what is around the change; negative goes up."""
        for pane in self.query(VerticalScroll):
            pane.scroll_relative(y=pages * (pane.size.height - 2), animate=False)
