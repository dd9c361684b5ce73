"""What a wait is for, how much of it is done, and how long it will take."""

from __future__ import annotations

from time import monotonic

from textual.content import Content
from textual.widgets import Static

from tui.app.faults import Steadfast
from tui.app.messages import Activity

_WORDS = {
    "waiting": "waiting for the answer",
    "loading": "loading the model",
    "reading": "reading",
    "thinking": "thinking",
    "writing": "writing",
    "summarising": "summarising",
    "working": "working",
}
_BAR = 24
"""Cells of the bar."""

_LEAST = 6
_BESIDE = 56
"""Columns for the words beside the bar."""

_SURE_S = 0.5
"""An estimate after less than this is a guess."""


class ActivityLine(Steadfast, Static):
    """A line that is there while something is going on."""

    DEFAULT_CSS = """
    ActivityLine { display: none; height: 1; padding: 0 2; }
    ActivityLine { color: $text-muted; }
    ActivityLine.shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._activity: Activity | None = None
        self._began = 0.0
        self._begun_with = 0

    def show(self, activity: Activity | None) -> None:
        """Show what is going on; None takes the line away."""
        old, self._activity = self._activity, activity
        if activity is not None and (old is None or old.doing != activity.doing):
            self._began, self._begun_with = monotonic(), activity.done
        self.set_class(activity is not None, "shown")
        # "Writing" is said with all words that come: only what changes is worth a layout.
        if activity is not None and (activity != old or activity.total):
            seconds = monotonic() - self._began
            bar = max(_LEAST, min(_BAR, self.app.size.width - _BESIDE))
            self.update(line_of(activity, seconds, self._begun_with, bar=bar))


def line_of(activity: Activity, seconds: float, begun_with: int = 0, *, bar: int = _BAR) -> Content:
    """What the line says.

    Args:
        activity: What is going on.
        seconds: For how long.
        begun_with: How much was done when it began.
        bar: Its cells.
    """
    parts: list[str | tuple[str, str]] = [_WORDS[activity.doing]]
    if activity.total:
        full = round(bar * min(1.0, activity.done / activity.total))
        parts += ["  ", ("━" * full, "$primary"), ("─" * (bar - full), "$foreground 25%")]
        parts.append(f"  {_amount(activity)}{_left(activity, seconds, begun_with)}")
    elif activity.done:
        parts.append(f"  {activity.done:,} tokens")
    if activity.can_stop:
        parts.append("  Esc stops")
    return Content.assemble(*parts)


def _amount(activity: Activity) -> str:
    if activity.doing == "loading":
        return f"{activity.done / activity.total:.0%}"
    return f"{activity.done:,} of {activity.total:,} tokens"


def _left(activity: Activity, seconds: float, begun_with: int) -> str:
    """How much longer it takes, if it goes on like this."""
    done = activity.done - begun_with
    if seconds < _SURE_S or done <= 0:
        return ""
    left = (activity.total - activity.done) * seconds / done
    return f"  {left:.0f} s left" if left < 90 else f"  {left / 60:.0f} min left"
