"""The panel at the left: all sessions by day, found by what one types."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from sessions import SessionError
from tui.app.background import post_from_thread
from tui.app.listing import Line, ListedSession, Listing, lines_of
from tui.app.overview import Overview
from tui.app.session_errands import (
    delete,
    go_to_branch,
    open_at,
    rename,
    rename_branch,
)
from tui.app.widgets.choices import Choices
from tui.app.widgets.side import Side, uncover
from tui.errors import explain
from tui.sanitize import sanitize_line
from tui.widgets.dialogs import AskLine
from tui.widgets.hints import Hints

if TYPE_CHECKING:
    from tui.app.thread import Errand

_HINTS = (
    *("Enter open", "sessions.list the list", "sessions.rename rename"),
    *("sessions.delete delete", "sessions.undo undo"),
)

_NONE = "nothing is saved yet"
_NOT_FOUND = "no title matches; Ctrl+F searches all turns"


class SessionsPanel(Side):
    """Lists sessions with their branches; opens, renames and deletes them."""

    DEFAULT_CSS = """
    SessionsPanel {
        & > Input { border: none; padding: 0; height: 1; background: $surface; margin: 0 0 1 0; }
        & > Choices { height: 1fr; }
        & > .note { height: auto; color: $text-muted; }
        & > Hints { padding: 0; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "to_list", "to the list", show=False, id="sessions.list"),
        Binding("slash", "to_words", "type a title", show=False, id="sessions.find"),
        Binding("r", "rename", "rename", id="sessions.rename"),
        Binding("d,delete", "delete", "to the trash", id="sessions.delete"),
        Binding("u", "undo", "undo", id="sessions.undo"),
        Binding("escape", "leave", "to the conversation", show=False, id="sessions.leave"),
    ]

    @dataclass
    class Listed(Message):
        """The sessions were read."""

        sessions: tuple[ListedSession, ...]
        problem: str = ""

    def __init__(self, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self._listing = Listing()
        self._sessions: tuple[ListedSession, ...] | None = None
        self._problem = ""
        self._lines: tuple[Line, ...] = ()
        self._seen: tuple[object, ...] = ()
        """What of the conversation makes a difference to the list."""
        self._words = Input(placeholder="find a session", compact=True)
        self._list = Choices()
        self._note = Static(classes="note")

    def compose(self) -> ComposeResult:
        """See `Widget`."""
        yield self._words
        yield self._list
        yield self._note
        yield Hints(*_HINTS)

    def on_mount(self) -> None:
        """Follow the conversation."""
        self.watch(self.app, "overview", self._follow)

    def begin(self) -> None:
        """See `Side`."""
        self._words.focus()

    def _follow(self, overview: Overview) -> None:
        last = overview.turns[-1] if overview.turns else None
        live = last is not None and last.is_live
        seen = overview.session, overview.title, overview.branch, overview.branches, live
        if seen != self._seen:
            self._seen = seen
            self.read_again()

    def read_again(self) -> None:
        """Have the list read, in a thread."""
        post_from_thread(self, self._read, group="sessions")

    def _read(self) -> Listed:
        try:
            with closing(self.chat_app.runtime.sessions()) as store:
                return self.Listed(self._listing.read(store))
        except SessionError as error:
            return self.Listed((), explain(error)[0])

    @on(Listed)
    def listed(self, message: Listed) -> None:
        """Show what was read."""
        self._sessions, self._problem = message.sessions, message.problem
        self._show()

    @on(Input.Changed)
    def find(self) -> None:
        """Show those that have the words."""
        self._show()

    def _show(self) -> None:
        if self._sessions is None:
            return
        before = self._line
        typed = self._words.value
        self._lines = lines_of(self._sessions, typed, datetime.now().astimezone().date())
        self._list.clear_options()
        self._list.add_options([self._option(number) for number in range(len(self._lines))])
        self._note.update(Content(self._said(typed)))
        wanted = [n for n, line in enumerate(self._lines) if line == before]
        first = [n for n, line in enumerate(self._lines) if line.session]
        self._list.highlighted = next(iter(wanted or first), None)

    def _said(self, typed: str) -> str:
        if self._problem or not self._lines:
            return sanitize_line(self._problem or (_NOT_FOUND if typed else _NONE))
        return ""

    def _option(self, number: int) -> Option:
        line, overview = self._lines[number], self.chat_app.overview
        words = sanitize_line(line.words)
        if not line.session:
            return Option(Content(words), disabled=True)
        if not line.branch:
            here = line.session == overview.session
            return Option(Content.styled(f"▸ {words}", "bold") if here else Content(f"  {words}"))
        following = self._lines[number + 1 : number + 2]
        fork = "├" if following and following[0].branch else "└"
        style = "bold" if self._is_here(line) else "$foreground 60%"
        return Option(Content.styled(f"    {fork} {words}", style))

    def _is_here(self, branch: Line) -> bool:
        """Whether a branch is the one in use."""
        overview = self.chat_app.overview
        leaves = dict.fromkeys(each.leaf for each in self._lines if each.session == branch.session)
        names = [leaf for leaf in leaves if leaf]
        is_last = names[overview.branch - 1 : overview.branch] == [branch.leaf]
        return branch.session == overview.session and is_last

    @property
    def _line(self) -> Line | None:
        """The one that is pointed at."""
        number = self._list.highlighted
        return self._lines[number] if number is not None and number < len(self._lines) else None

    @on(OptionList.OptionSelected)
    async def chosen(self, event: OptionList.OptionSelected) -> None:
        """Open what was chosen."""
        await self._open(self._lines[event.option_index])

    @on(Input.Submitted)
    async def submitted(self) -> None:
        """Open the one that is pointed at."""
        if self._line is not None:
            await self._open(self._line)

    async def _open(self, line: Line) -> None:
        if not line.session:
            return
        if line.branch:
            self._do(go_to_branch(line.session, line.leaf))
        else:
            self._do(open_at(line.session, None))
        self.chat_app.chat.composer.focus()
        await uncover(self.chat_app.chat, self)

    def _do(self, errand: Errand) -> None:
        if self.chat_app.can_stop:
            self.notify("wait until the answer is finished, or stop it with Esc")
        self.chat_app.do(errand)

    def action_to_list(self) -> None:
        """Go to the list."""
        self._list.focus()

    def action_to_words(self) -> None:
        """Go where titles are typed."""
        self._words.focus()

    def action_rename(self) -> None:
        """Ask for another name."""
        line = self._line
        if line is None or not line.session:
            return
        what = f"a new name for the branch {line.branch!r}" if line.branch else "a new title"

        def take(name: str | None) -> None:
            if name is None or not (new := name.strip()):
                return
            if line.branch:
                self._do(rename_branch(line.session, line.branch, new))
            else:
                self._do(rename(line.session, new))

        self.app.push_screen(AskLine(sanitize_line(f"{what} instead of {line.words!r}")), take)

    def action_delete(self) -> None:
        """Put a session in the trash."""
        line = self._line
        if line is None or not line.session:
            return
        if line.branch:
            self.notify("only a session can be deleted here; /delete removes turns of a branch")
            return
        self._do(delete(line.session))
        said = f"{line.title}: in the trash; u brings it back"
        self.notify(sanitize_line(said), markup=False)

    def action_undo(self) -> None:
        """Take back what was done last to a session of the list."""
        if self.chat_app.ways_back:
            self._do(self.chat_app.ways_back.pop())
        else:
            self.notify("there is nothing to undo here; `chat sessions restore` lists the trash")

    async def action_leave(self) -> None:
        """Go to the conversation."""
        await uncover(self.chat_app.chat, self)
        self.chat_app.chat.composer.focus()
