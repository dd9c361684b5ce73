"""The line at the bottom: what a person looks for without being disturbed by it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tui.app.faults import Steadfast
from tui.app.overview import Overview
from tui.sanitize import sanitize_line

_BETWEEN = "   "


class StatusLine(Steadfast, Static):
    """Model, context, speed, branch, prompt, and whether all is saved."""

    DEFAULT_CSS = """
    StatusLine { dock: bottom; height: 1; padding: 0 2; color: $text-muted; }
    """

    overview: reactive[Overview] = reactive(Overview())
    rate: reactive[float | None] = reactive(None)
    """Tokens per second of the answer that is being made."""

    def render(self) -> Content:
        """See `Widget`."""
        return status_of(self.overview, self.rate, self.content_size.width)


def status_of(overview: Overview, rate: float | None, width: int) -> Content:
    """The line, at most so wide: what matters least is left out first."""
    right = _facts(overview, rate)
    left = _saved(overview)
    title = sanitize_line(overview.title)
    while len(right) > 1 and _length(left, right) > width:
        right.pop()
    room = width - _length(left, right) - len(_BETWEEN)
    if title and room >= 8:
        short = title if cell_len(title) <= room else f"{set_cell_size(title, room - 1)}…"
        left = f"{left} {short}"
    space = " " * max(1, width - cell_len(left) - cell_len(_BETWEEN.join(right)))
    line = f"{left}{space}{_BETWEEN.join(right)}"
    return Content(set_cell_size(line, min(cell_len(line), width)))


def _length(left: str, right: Sequence[str]) -> int:
    return cell_len(left) + 1 + cell_len(_BETWEEN.join(right))


def _saved(overview: Overview) -> str:
    """A dot that is full where everything is on disk; words where it is not."""
    if not overview.is_kept:
        return "○ not kept"
    return "○ not saved" if overview.unsaved is not None else "●"


def _facts(overview: Overview, rate: float | None) -> list[str]:
    """In the order of their weight."""
    facts = [sanitize_line(overview.model)] if overview.model else []
    if overview.n_ctx is not None:
        about = "~" if overview.is_estimate else ""
        facts.append(f"{about}{overview.used:,} / {overview.n_ctx:,}")
    if (speed := rate or overview.rate) is not None:
        facts.append(f"{speed:.0f} tok/s" if speed >= 10 else f"{speed:.1f} tok/s")
    if overview.branches > 1:
        facts.append(f"branch {overview.branch}/{overview.branches}")
    if overview.prompts:
        facts.append(sanitize_line("+".join(overview.prompts)))
    if overview.cached is not None:
        facts.append(f"{overview.cached:.0%} cached")
    return facts
