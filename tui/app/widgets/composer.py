"""Where a person writes: several lines, earlier entries, and a key that sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.events import Key, Paste, Resize
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea

from tui.app.faults import Steadfast
from tui.app.widgets.completions import Completions
from tui.sanitize import sanitize

LONG_PASTE = 2_000
"""Characters from which on a pasted text goes along as an attachment."""

LONG_PASTE_LINES = 25


class Composer(Steadfast, TextArea):
    """The words of the next question. It grows with them."""

    DEFAULT_CSS = """
    Composer {
        height: auto; min-height: 3; max-height: 40vh;
        border: round $foreground 25%; background: transparent; padding: 0 1;
        &:focus { border: round $primary; background: transparent; }
        & .text-area--cursor-line { background: transparent; }
        scrollbar-size-vertical: 1;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "send", id="composer.send"),
        Binding("ctrl+j,alt+enter,shift+enter", "break_line", "new line", id="composer.newline"),
        Binding("up", "earlier", "earlier entry", show=False, id="composer.earlier"),
        Binding("down", "later", "later entry", show=False, id="composer.later"),
        Binding("ctrl+d", "delete_or_leave", "quit", show=False, id="composer.leave"),
    ]

    @dataclass
    class Submitted(Message):
        """The words are to be sent."""

        words: str

    @dataclass
    class LongPaste(Message):
        """A text was pasted that is too long to be edited here."""

        text: str

    class LeaveWanted(Message):
        """The person wants to leave, and there are no words to lose."""

    @dataclass
    class Asked(Message):
        """A word is typed that could be completed; an empty line where none is any more."""

        line: str

    def __init__(self, completions: Completions) -> None:
        """Nothing is typed yet.

        Args:
            completions: Shows what a word may become; keys move in it while it is shown.
        """
        super().__init__(
            placeholder="Write something.  / commands   @ files",
            tab_behavior="focus",
            show_line_numbers=False,
            highlight_cursor_line=False,
        )
        self._entries: list[str] = []
        self._place = 0
        """Among the entries; behind the last one are the words that are being typed."""
        self._typed = ""
        self._completions = completions
        self._has_moved = False
        self._has_asked = False
        self.disable_messages(TextArea.SelectionChanged)  # each would go up to the app for nobody

    def recall(self, entries: Sequence[str]) -> None:
        """Know what was typed before."""
        self._entries = [*entries, *self._entries]
        self._place = len(self._entries)

    def render_line(self, y: int) -> Strip:
        """See `TextArea`, which cannot wrap its placeholder where it has no cell for it."""
        return super().render_line(y) if self.content_size.width else Strip([])

    def put(self, words: str) -> None:
        """Replace the words; the cursor is behind them."""
        self.text = sanitize(words)
        self.move_cursor(self.document.end)

    async def _on_key(self, event: Key) -> None:
        # The handler of the base class comes after this one, unless it is told not to.
        if event.key == "tab" and self._completions.is_shown:
            event.stop()
            event.prevent_default()
            self.accept()
            return
        if event.character is not None and event.is_printable:
            # One by one they would be wrapped, measured and kept one by one.
            event.character += self.chat_app.characters_behind()
            return
        if event.key == "enter":
            # No character, also where nothing is bound to it.
            event.prevent_default()
        active = self.screen.active_bindings.get(event.key)
        if active is not None and active.enabled and active.node is self:
            # Here, and not when the screen has taken the key, which an answer may keep busy.
            event.prevent_default()
            event.stop()
            await self.run_action(active.binding.action)

    async def _on_paste(self, event: Paste) -> None:
        event.prevent_default()
        event.stop()
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        if len(text) >= LONG_PASTE or text.count("\n") >= LONG_PASTE_LINES:
            self.post_message(self.LongPaste(text))
        else:
            self.insert(sanitize(text))

    def action_send(self) -> None:
        """Hand the words over; take what is pointed at, if the person has moved to it."""
        if self._completions.is_shown and self._has_moved:
            self.accept()
            return
        words = self.text.strip("\n")
        if not words.strip():
            return
        if self.chat_app.can_stop:
            self.notify("stop the answer first with Esc; your text stays here")
            return
        self._entries.append(words)
        self._place = len(self._entries)
        # At once: what is typed next belongs to the next question.
        self.text = ""
        self.post_message(self.Submitted(words))

    def action_break_line(self) -> None:
        """Begin another line."""
        self.insert("\n")

    def action_earlier(self) -> None:
        """Go up a line; above the first one, to the entry before."""
        if self._completions.is_shown:
            self._point(-1)
            return
        if self.cursor_location[0] > 0 or self._place == 0:
            self.action_cursor_up()
            return
        if self._place == len(self._entries):
            self._typed = self.text
        self._place -= 1
        self.put(self._entries[self._place])

    def action_later(self) -> None:
        """Go down a line; below the last one, to the next entry, and then to what was typed."""
        if self._completions.is_shown:
            self._point(1)
            return
        if self.cursor_location[0] < self.document.line_count - 1:
            self.action_cursor_down()
            return
        if self._place < len(self._entries):
            self._place += 1
            is_last = self._place == len(self._entries)
            self.put(self._typed if is_last else self._entries[self._place])

    def accept(self) -> None:
        """Put what is pointed at in place of the word at the cursor."""
        chosen = self._completions.chosen
        self._completions.offer(())
        if chosen is None:
            return
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column]
        start = column - len(before.rpartition(" ")[2])
        end = "" if chosen.endswith(("/", "=")) else " "
        self.replace(f"{chosen}{end}", (row, start), (row, column))

    @on(TextArea.Changed)
    def ask(self) -> None:
        """Ask what the word at the cursor may become, where it may become something."""
        self._has_moved = False
        row, column = self.cursor_location
        line = self.document.get_line(row)[:column]
        is_command = self.text.startswith("/") and self.document.line_count == 1
        is_file = line.rpartition(" ")[2].startswith("@")
        is_question = is_command or is_file
        if is_question or self._has_asked:
            self.post_message(self.Asked(line if is_question else ""))
        self._has_asked = is_question

    @on(Resize)
    @on(TextArea.Changed)
    def follow(self) -> None:
        """Keep the cursor in sight. The base class scrolls to it before it has measured the text,
        which is right for a letter and not for many lines."""
        self.call_after_refresh(self.scroll_cursor_visible)

    def _point(self, by: int) -> None:
        self._completions.move(by if self._has_moved or by < 0 else 0)
        self._has_moved = True

    def action_delete_or_leave(self) -> None:
        """As in shells: delete to the right, or leave where there is nothing."""
        if self.text:
            self.action_delete_right()
        else:
            self.post_message(self.LeaveWanted())
