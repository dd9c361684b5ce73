"""The drafts screen: which file, which part of it, how it is revised; what was written before."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Select, Static

from tui.app.background import post_from_thread
from tui.app.draft_errands import Decision, ReviewReady, Revising, revise
from tui.app.faults import Steadfast
from tui.app.messages import Activity
from tui.app.outlines import Outlined, PromptsFound, outline_of, revising_prompts
from tui.app.widgets.activity import line_of
from tui.app.widgets.completions import Completions
from tui.app.widgets.history_list import HistoryList
from tui.app.widgets.path_input import PathInput
from tui.app.written import Changes, Written, changes, history, redo, undo
from tui.options import EditOptions, PromptOptions, Scope
from tui.reviewing.live import LiveReview
from tui.sanitize import sanitize, sanitize_line
from tui.widgets.dialogs import ShowText
from tui.widgets.hints import Hints

_WHOLE = "the whole draft"
_USUAL = "the usual prompt"

_LINES = re.compile(r"\s*(\d{1,9})\s*[:-]\s*(\d{1,9})\s*")


_HINTS = (
    *("drafts.revise revises", "Tab next field", "drafts.close back", "drafts.undo undo"),
    *("drafts.redo redo", "drafts.open open"),
)


class DraftsScreen(Steadfast, Screen[None]):
    """Has a draft revised, reviewed and written; the conversation waits meanwhile."""

    CSS_PATH = "drafts.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", id="drafts.close"),
        Binding("ctrl+r", "revise", "revise", id="drafts.revise"),
    ]

    def __init__(self) -> None:
        super().__init__()
        completions = Completions()
        self._path = PathInput(completions, "the path of a draft; Tab completes it")
        self._completions = completions
        self._scope = Select[str]([(_WHOLE, "")], value="", allow_blank=False, compact=True)
        self._lines = Input(placeholder="or lines, such as 40:60")
        self._prompt = Select[str]([(_USUAL, "")], value="", allow_blank=False, compact=True)
        self._words = Input(placeholder="an instruction, such as: keep the jokes")
        self._history = HistoryList()
        self._news = Static(id="news")
        self._decision: Decision | None = None
        """Of the revision that is going on."""
        self._review: LiveReview | None = None

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        yield Static(Content.styled("Revise a draft", "bold $primary"), classes="head")
        yield self._path
        yield self._completions
        with Horizontal(classes="row"):
            yield self._scope
            yield self._lines
        with Horizontal(classes="row"):
            yield self._prompt
            yield self._words
        yield self._news
        yield Static(Content.styled("Earlier changes", "bold $primary"), classes="head")
        yield self._history
        yield Hints(*_HINTS)

    def on_mount(self) -> None:
        """See `Screen`."""
        self._path.focus()
        self.chat_app.end_review = self.end_review
        self.watch(self.app, "activity", self._show_activity, init=False)
        self._look_up(partial(history, self.chat_app.runtime))
        self._look_up(partial(revising_prompts, self.chat_app.runtime))

    def on_unmount(self) -> None:
        """Whoever waits for a decision waits for nothing."""
        self.end_review()

    def end_review(self) -> None:
        """End what goes on; nothing is written, and what was decided is kept. From any thread."""
        if self._review is not None:
            self._review.stop()
        if self._decision is not None:
            self._decision.be(False)

    def _look_up(self, find: Callable[[], Message]) -> None:
        post_from_thread(self, find, group="lookups", exclusive=False)

    def tell(self, line: str) -> None:
        """Show a line, until there is another."""
        self._news.update(Content(sanitize_line(line)))

    # What is chosen.

    @on(Input.Submitted)
    def go_on(self, event: Input.Submitted) -> None:
        """Enter goes from the path to the instruction, and begins from there."""
        if event.input is self._path:
            self._words.focus()
        else:
            self.action_revise()

    @on(Input.Blurred)
    def find_outline(self, event: Input.Blurred) -> None:
        """Know the sections of the draft that was named."""
        if event.input is self._path and self._path.path:
            self._look_up(partial(outline_of, self._path.path))

    @on(Outlined)
    def show_outline(self, message: Outlined) -> None:
        """Offer the sections."""
        if message.path != self._path.path:
            return
        self.tell(message.problem)
        sections = [(Content(sanitize_line(shown)), meant) for shown, meant in message.sections]
        chosen = self._scope.value
        self._scope.set_options([(_WHOLE, ""), *sections])
        if chosen in {meant for _, meant in sections}:
            self._scope.value = chosen

    @on(PromptsFound)
    def show_prompts(self, message: PromptsFound) -> None:
        """Offer the prompts."""
        found = (
            (Content(sanitize_line(f"{name}: {meaning}")), name)
            for name, meaning in message.prompts
        )
        self._prompt.set_options([(_USUAL, ""), *found])

    def _options(self) -> EditOptions | None:
        """What was chosen; None where it cannot be used, which is said."""
        path, lines = self._path.path, self._lines.value.strip()
        section = str(self._scope.value) or None
        found = _LINES.fullmatch(lines)
        if not path:
            self.tell("name a draft first")
        elif lines and found is None:
            self.tell(f"{lines} is not a range of lines such as 40:60")
        elif lines and section:
            self.tell("choose a section or lines, not both")
        else:
            app, prompt = self.chat_app, str(self._prompt.value)
            span = (int(found[1]), int(found[2])) if found else None
            words = self._words.value.strip() or None
            return EditOptions(
                (str(Path(path).expanduser()),),
                scope=Scope(section, span),
                prompt=PromptOptions(words, templates=(prompt,) if prompt else ()),
                engine=app.options.engine,
                save=app.options.save,
            )
        return None

    # The revision.

    def action_revise(self) -> None:
        """Begin."""
        if self._decision is not None:
            self.tell("wait: a draft is already being revised")
        elif (options := self._options()) is not None:
            self._decision = Decision()
            self.tell("preparing the requests")
            errand = revise(options, self._decision, self.post_message, self.chat_app.person)
            self.chat_app.do(errand)

    @on(ReviewReady)
    def show_review(self, message: ReviewReady) -> None:
        """Have the person review what comes."""
        self._review = LiveReview(message.work, message.review)
        self.app.push_screen(self._review, self._left)

    async def _left(self, write: bool | None) -> None:
        """Have what was taken written, once nothing else uses the engine."""
        review, decision = self._review, self._decision
        if review is None or decision is None:
            return
        self.tell("writing what you accepted" if write else "")
        await asyncio.get_running_loop().run_in_executor(None, review.stop)
        for news in review.news:
            self.notify(sanitize_line(news), severity="warning", markup=False)
        self._review = None
        decision.be(bool(write))

    @on(Revising)
    def show_outcome(self, message: Revising) -> None:
        """Show what came of it."""
        self.tell("; ".join(message.lines))
        if message.is_over:
            self._decision = None
            self._look_up(partial(history, self.chat_app.runtime))

    def _show_activity(self, activity: Activity | None) -> None:
        if activity is not None and self._decision is not None:
            self._news.update(line_of(activity, 0.0))

    # What was written.

    @on(Written)
    def show_history(self, message: Written) -> None:
        """Show the history."""
        if message.news:
            self.tell(message.news)
        self._history.show(message.writes)

    @on(HistoryList.Wanted)
    def act(self, message: HistoryList.Wanted) -> None:
        """Undo, redo, show or open what is pointed at."""
        runtime, write = self.chat_app.runtime, message.write
        if message.wish == "open":
            self._path.put(write.path)
            self._words.focus()
            self._look_up(partial(outline_of, write.path))
        elif message.wish == "changes":
            self._look_up(partial(changes, runtime, write))
        else:
            bring = undo if message.wish == "undo" else redo
            self._look_up(partial(bring, runtime, write.path))

    @on(Changes)
    def show_changes(self, message: Changes) -> None:
        """Show what a write changed."""
        self.app.push_screen(ShowText(sanitize(message.text)))

    def action_leave(self) -> None:
        """Go back to the conversation; a revision that only begins is given up."""
        if self._completions.is_shown:
            self._completions.offer(())
        else:
            self.dismiss(None)
