"""The room: the conversation in the middle, what is being written below it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import TextArea

from tui.app import garbage
from tui.app.abreast import Abreast
from tui.app.composer_keeper import ComposerKeeper
from tui.app.faults import Steadfast
from tui.app.messages import (
    Activity,
    Busy,
    Completed,
    Copied,
    Failed,
    Grew,
    Left,
    NoModelFound,
    Overviewed,
    Reached,
    Recalled,
    Returned,
    Said,
    Sent,
    Shelved,
)
from tui.app.pieces import Cadence, Pieces
from tui.app.speed import Speed
from tui.app.unsent import Outgoing, Unsent
from tui.app.widgets.activity import ActivityLine
from tui.app.widgets.banner import Banner
from tui.app.widgets.chips import Chip, Chips
from tui.app.widgets.completions import Completions
from tui.app.widgets.composer import Composer
from tui.app.widgets.status import StatusLine
from tui.app.widgets.transcript import Transcript
from tui.app.widgets.welcome import Welcome
from tui.errors import UsageProblem

_BREAKPOINTS = ((0, "-narrow"), (60, "-wide"), (100, "-roomy"), (140, "-broad"))
"""Columns from which on there is room for more."""


class ChatScreen(Steadfast, Screen[None]):
    """Takes everything that the conversation's thread posts, and what a person types."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "stop", id="chat.stop"),
        Binding("ctrl+c", "copy_or_stop", "stop", show=False, priority=True, id="chat.interrupt"),
        Binding("ctrl+n", "command('/new')", "new session", id="chat.new"),
        Binding("ctrl+g", "edit", "write in your editor", id="chat.editor"),
        # Before the composer, where it would take a word away.
        Binding("ctrl+f", "app.search", "search all sessions", priority=True, id="app.search"),
        Binding("f5", "retry", "try again", id="chat.retry"),
        Binding("ctrl+o", "app.drafts", "revise a draft", id="chat.drafts"),
        Binding("f4", "app.models", "models", id="chat.models"),
        Binding("tab", "other_side", "to the conversation and back", id="chat.switch"),
    ]

    def __init__(self, unsent: Unsent | None) -> None:
        """Nothing is shown yet.

        Args:
            unsent: Keeps what is typed; None keeps nothing.
        """
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = list(_BREAKPOINTS)
        self.transcript = Transcript()
        self.completions = Completions()
        self.composer = Composer(self.completions)
        self._activity = ActivityLine()
        self._banner = Banner()
        self._welcome = Welcome()
        self._chips = Chips()
        self._status = StatusLine()
        self.keeper = ComposerKeeper(self.composer, unsent)
        self._pieces: Pieces | None = None
        self._abreast = Abreast(self)
        self._cadence = Cadence()
        self._speed = Speed()
        """Of the answer that is being made."""

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        with Horizontal(id="room"), Vertical(id="talk"):
            yield self.transcript
            with Horizontal(id="foot"), Vertical(id="writing"):
                yield self._welcome
                yield self._banner
                yield self._activity
                yield self.completions
                yield self._chips
                yield self.composer
        yield self._status

    def on_mount(self) -> None:
        """See `Screen`."""
        self.composer.focus()

    # What the thread posts.

    @on(Overviewed)
    async def show_overview(self, message: Overviewed) -> None:
        """Show the conversation as it is now."""
        # Those that came before belong to the answer as it was then.
        await self._grow()
        overview = message.overview
        self.chat_app.overview = overview
        self._status.overview = overview
        self._welcome.set_class(not overview.turns, "shown")
        self.keeper.follow(overview)
        await self._chips.show(overview.attachments)
        await self.transcript.show(overview.turns)
        await self._abreast.show(overview)

    @on(Grew)
    def grow_soon(self, message: Grew) -> None:
        """Show more words when it is time for some."""
        self._pieces = message.pieces
        self.set_timer(self._cadence.wait, self._grow)

    async def _grow(self) -> None:
        """Show the words that came."""
        shown_at = self._cadence.begin()
        for words in self._pieces.take() if self._pieces is not None else ():
            self._status.rate = self._speed.count(words.pieces, shown_at)
            self.show_activity(Activity("writing" if words.text else "thinking", can_stop=True))
            await self.transcript.grow(words.turn, words.text, words.thoughts)
            await self._abreast.grow(words.turn, words.text)

    @on(Busy)
    def busy(self, message: Busy) -> None:
        """Show what is going on."""
        if message.activity is None:
            self._speed = Speed()
            self._status.rate = None
        self.show_activity(message.activity)

    def show_activity(self, activity: Activity | None) -> None:
        """Show what is going on; None where nothing is."""
        self.chat_app.activity = activity
        self._activity.show(activity)

    @on(Failed)
    def failed(self, message: Failed) -> None:
        """Show what went wrong."""
        is_new = message.reason != self._banner.reason
        self._banner.show(message.reason, can_retry=message.can_retry, key="F5")
        if is_new and not self.is_active:
            self.chat_app.tell([message.reason], is_warning=True)

    @on(Said)
    def said(self, message: Said) -> None:
        """Show lines: one beside the conversation, several in front of it."""
        self.chat_app.tell(message.lines, is_warning=message.is_warning)

    @on(Sent)
    def sent(self, message: Sent) -> None:
        """The words are safe: they need not be kept any more."""
        self.keeper.on_their_way.settle(message.question)
        self.keeper.keep()

    @on(Returned)
    def returned(self, message: Returned) -> None:
        """Put words back that could not be sent."""
        typed = self.composer.text
        words = self.keeper.on_their_way.back(message.question, typed)
        if words != typed:
            self.composer.put(words)

    @on(Recalled)
    def recalled(self, message: Recalled) -> None:
        """Know earlier entries, the last thing that is read when the app opens."""
        self.composer.recall(message.entries)
        self.set_timer(garbage.SETTLED_S, garbage.settle)

    @on(Completed)
    def completed(self, message: Completed) -> None:
        """Offer completions, unless something else was typed meanwhile."""
        row, column = self.composer.cursor_location
        if self.composer.document.get_line(row)[:column] == message.line:
            self.completions.offer(message.suggestions)

    @on(Shelved)
    def shelved(self, message: Shelved) -> None:
        """Keep what takes it back, also where the list was closed meanwhile."""
        from tui.app.widgets.sessions import SessionsPanel

        if message.way_back is not None:
            self.chat_app.ways_back.append(message.way_back)
        for panel in self.query(SessionsPanel):
            panel.read_again()

    @on(Copied)
    def copied(self, message: Copied) -> None:
        """Put a text on the clipboard."""
        self.app.copy_to_clipboard(message.text)

    @on(Reached)
    def reached(self, message: Reached) -> None:
        """Point at a turn."""
        self.transcript.point_at(message.turn)

    @on(NoModelFound)
    def no_model(self) -> None:
        """Offer models."""
        self.chat_app.action_models()

    @on(Left)
    def left(self, message: Left) -> None:
        """The conversation is over, or it is to end."""
        if message.error is not None:
            self.chat_app.leave(message.error)
        else:
            self.chat_app.action_leave()

    # What a person types.

    @on(Composer.Submitted)
    def submit(self, message: Composer.Submitted) -> None:
        """Have a question asked or a command carried out."""
        from tui.app.errands import send

        self._banner.clear()
        self.completions.offer(())
        question = Outgoing(message.words)
        if not message.words.startswith("/"):
            self.keeper.on_their_way.add(question)
        self.chat_app.do(send(question))

    @on(Composer.Asked)
    def complete(self, message: Composer.Asked) -> None:
        """Find completions: names at once, what depends on the conversation in its thread."""
        line = message.line
        if not line:
            self.completions.offer(())
            return
        from tui.app.errands import complete, complete_names

        if line.startswith("/") and " " in line:
            self.chat_app.do(complete(line))
        else:
            self.completions.offer(complete_names(line))

    @on(Composer.LongPaste)
    def attach(self, message: Composer.LongPaste) -> None:
        """Have a long text go along."""
        from tui.app.errands import attach

        if self.chat_app.can_stop:
            self.notify("what you pasted will be sent with your next question")
        self.chat_app.do(attach(message.text))

    @on(Chip.Removed)
    def detach(self, message: Chip.Removed) -> None:
        """Leave a text out."""
        from tui.app.errands import detach

        self.chat_app.do(detach(message.place))

    @on(Composer.LeaveWanted)
    def leave(self) -> None:
        """End the program."""
        self.chat_app.action_leave()

    @on(TextArea.Changed)
    def keep(self) -> None:
        """Put what was typed on disk."""
        self.keeper.keep()

    def action_stop(self) -> None:
        """Take away what is in front; else end the answer and keep it; else go and write."""
        if self.completions.is_shown:
            self.completions.offer(())
        elif self.chat_app.can_stop:
            self.chat_app.cancel()
        elif self._banner.is_shown:
            self._banner.clear()
        else:
            self.composer.focus()

    def action_copy_or_stop(self) -> None:
        """Copy what is selected; else end an answer; else take back what was typed."""
        selected = self.get_selected_text() or self.composer.selected_text
        if selected:
            self.app.copy_to_clipboard(selected)
            self.notify("copied")
        elif self.composer.text and not self.chat_app.can_stop:
            self.composer.text = ""
        else:
            self.action_stop()

    def action_command(self, line: str) -> None:
        """Carry out a command, as if it had been typed."""
        from tui.app.errands import run_command

        self.chat_app.do(run_command(line))

    def action_retry(self) -> None:
        """Try again what failed."""
        from tui.app.errands import retry

        if self._banner.can_retry:
            self._banner.clear()
            self.chat_app.do(retry)

    def action_edit(self) -> None:
        """Go on writing in the person's own editor."""
        try:
            edited = self.chat_app.person.edit_here(self.composer.text)
        except UsageProblem as error:
            self.failed(Failed(str(error)))
            return
        if edited is not None:
            self.composer.put(edited)

    def action_other_side(self) -> None:
        """Go from the composer to the transcript, and back."""
        if self.completions.is_shown:
            self.composer.accept()
        elif self.composer.has_focus:
            self.transcript.focus()
        else:
            self.composer.focus()
