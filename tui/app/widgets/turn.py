"""One turn of the transcript: a question as it was typed, an answer as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult, RenderResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from sessions import Turn, question_of
from tui.app.faults import Steadfast
from tui.app.overview import ShownTurn
from tui.app.widgets.prose import Prose
from tui.sanitize import sanitize, sanitize_line

_ENDS = {
    "length": "cut off at the token limit",
    "cancelled": "stopped",
    "error": "broke off",
    "partial": "the program ended here",
}
"""What is said of answers that did not end by themselves."""

_LONGEST_ASIDE = 76
"""Characters of a system text that is folded."""


class TurnView(Steadfast, Vertical):
    """A turn. Its column at the left says whose it is, and whether the cursor is on it."""

    DEFAULT_CSS = """
    TurnView {
        height: auto; width: 100%; max-width: 100; padding: 0 1 0 1;
        border-left: blank;
        & > .words { height: auto; width: 100%; padding: 0 0 1 2; }
        & > .note, & > .thoughts { height: auto; color: $text-muted; padding: 0 0 1 2; }
        & > Prose { padding: 0 0 0 2; }
        &.user > .words { margin: 0 0 1 2; padding: 0; }
        &.system > .words { color: $text-muted; text-style: italic; }
        &.here { border-left: outer $primary; }
    }
    """

    def __init__(self, shown: ShownTurn, text: str, thoughts: str) -> None:
        """Show a turn.

        Args:
            shown: The turn.
            text: Its words as far as they have come.
            thoughts: What was thought aloud before them.
        """
        super().__init__(classes=shown.turn.role)
        self.shown = shown
        self.is_unfolded = False
        """Whether a system text or what was thought is shown whole."""
        self._thoughts = thoughts
        self._words = Prose(text) if shown.turn.role == "assistant" else Static(classes="words")
        self._beside: dict[str, Static] = {}
        """What else is there, by its class: widgets cost, so what has nothing to say is none."""

    def compose(self) -> ComposeResult:
        """See `Widget`."""
        yield self._words

    def on_mount(self) -> None:
        """See `Widget`."""
        self._draw()

    def render(self) -> RenderResult:
        """See `Widget`: what the words leave free, which is a sign where they are a question."""
        is_question = self.shown.turn.role == "user"
        return Content.styled("›", "bold $primary") if is_question else super().render()

    async def show(self, shown: ShownTurn) -> None:
        """Show the turn as it is now."""
        if shown == self.shown:
            return
        self.shown = shown
        if not shown.is_live:
            self._thoughts = shown.turn.reasoning
            if isinstance(self._words, Prose):
                await self._words.show(shown.turn.content)
        self._draw()

    async def grow(self, text: str, thoughts: str) -> None:
        """Show more words of an answer."""
        self._thoughts += thoughts
        if thoughts:
            self._draw()
        if text and isinstance(self._words, Prose):
            await self._words.grow(text)

    def underline(self, words: Sequence[tuple[str, bool]]) -> None:
        """Underline what the model was unsure of; see `Prose`."""
        if isinstance(self._words, Prose):
            self._words.underline(words)

    def fold(self) -> None:
        """Show more of a system text or of what was thought, or less."""
        self.is_unfolded = not self.is_unfolded
        self._draw()

    def _draw(self) -> None:
        if not self._words.is_attached:
            return
        if isinstance(self._words, Static):
            self._words.update(words_of(self.shown.turn, is_unfolded=self.is_unfolded))
        self._put("thoughts", _thoughts_of(self._thoughts, self.is_unfolded), before=self._words)
        self._put("note", note_of(self.shown))

    def _put(self, name: str, text: str, before: Widget | None = None) -> None:
        part = self._beside.get(name)
        if part is not None:
            part.update(Content(text))
            part.display = bool(text)
        elif text:
            self._beside[name] = Static(Content(text), classes=name)
            self.mount(self._beside[name], before=before)


def words_of(turn: Turn, *, is_unfolded: bool) -> Content:
    """A question's words, or those of a text that tells the model what to do."""
    if turn.role == "user":
        return Content(sanitize(question_of(turn)))
    if is_unfolded:
        return Content(sanitize(turn.content))
    line = " ".join(turn.content.split())
    name = "summary" if turn.summarises else "system"
    short = line if len(line) <= _LONGEST_ASIDE else f"{line[:_LONGEST_ASIDE]}…"
    return Content(sanitize_line(f"▸ {name}: {short}" if short else f"▸ {name}: none"))


def _thoughts_of(thoughts: str, is_unfolded: bool) -> str:
    if not thoughts.strip():
        return ""
    words = len(thoughts.split())
    head = f"{'▾' if is_unfolded else '▸'} thought for {words:,} words"
    return f"{head}\n{sanitize(thoughts.strip())}" if is_unfolded else head


def note_of(shown: ShownTurn) -> str:
    """What is to be known of a turn beside its words, in a line."""
    turn = shown.turn
    parts = [f"‹ {shown.version}/{shown.versions} ›"] if shown.versions > 1 else []
    if not shown.is_live and turn.role == "assistant" and turn.status in _ENDS:
        why = f": {turn.error}" if turn.error else ""
        parts.append(f"{_ENDS[turn.status]}{why}")
    return sanitize_line("  ".join(parts))
