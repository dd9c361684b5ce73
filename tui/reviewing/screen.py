"""The review of a revision as a screen, alone or within the app."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from tui.progress import Progress
from tui.reviewing.change_view import ChangeView
from tui.reviewing.drawing import Drawn, drawn, drawn_list
from tui.reviewing.flow import flow
from tui.reviewing.lines import KEYS, SMALL, rest_of
from tui.reviewing.remarks import ReviewedDraft, end_of, head_of, remarks_on, why_none
from tui.reviewing.state import Change, Review
from tui.sanitize import sanitize_line
from tui.widgets.dialogs import AskLine, ChooseVersion, EditWords, ShowText
from tui.widgets.hints import Hints

WIDE = 110
"""Columns from which original and revision stand side by side."""

_SOON = 0.1
"""Seconds until what has come in the background is shown."""

_MORE_KEYS = """\
Arrow keys move between changes too. Space and Page Up scroll.
s  side by side, or inline
Enter writes once everything is decided
Ctrl+C leaves without writing"""


_HINTS = (
    *("review.take accept", "review.skip skip", "review.edit edit", "review.redo redo"),
    *("review.take-rest all", "review.skip-rest none", "review.undo undo"),
    *("review.versions versions", "review.done stop", "review.keys keys"),
)


class ReviewScreen(Screen[bool]):
    """Every change of a revision, one at a time. It is left with whether to write them."""

    # Not `CSS`, which would not hold for a class made of this one.
    DEFAULT_CSS = """
    ReviewScreen { layout: vertical; }
    #head {
        height: 1; background: $panel; color: $text; padding: 0 2;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    #about { height: auto; max-height: 6; padding: 0 2; color: $text-muted; }
    ReviewScreen.-low #about { max-height: 30%; padding: 0 1; }
    ReviewScreen.-low #flow, ReviewScreen.-low #sides VerticalScroll { padding: 0 1; }
    #progress { height: 1; padding: 0 2; color: $text-muted; }
    """

    # What has the focus takes keys first: then up and down would scroll.
    AUTO_FOCUS = ""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "decide('taken')", "accept", id="review.take"),
        Binding("n", "decide('skipped')", "skip", id="review.skip"),
        Binding("e", "edit", "edit", id="review.edit"),
        Binding("r", "redo", "redo", id="review.redo"),
        Binding("a", "decide_rest('taken')", "all", id="review.take-rest"),
        Binding("d", "decide_rest('skipped')", "none", id="review.skip-rest"),
        Binding("q", "finish", "stop", id="review.done"),
        Binding("question_mark", "keys", "keys", id="review.keys"),
        Binding("u", "undo", "undo", id="review.undo"),
        Binding("A", "versions", "versions", id="review.versions"),
        Binding("j,down,right", "move(1)", "next", show=False, id="review.next"),
        Binding("k,up,left", "move(-1)", "previous", show=False, id="review.previous"),
        Binding("g", "go_to", "go to", show=False, id="review.go-to"),
        Binding("slash", "find", "find", show=False, id="review.find"),
        Binding("w", "fold", "fold", show=False, id="review.fold"),
        Binding("s", "sides", "side by side", show=False, id="review.sides"),
        Binding("space,pagedown", "page(1)", "down", show=False, id="review.scroll-down"),
        Binding("pageup", "page(-1)", "up", show=False, id="review.scroll-up"),
        Binding("enter", "enter", "write", show=False, id="review.enter"),
        Binding("ctrl+c", "give_up", "close", show=False, priority=True, id="review.leave"),
    ]

    @dataclass
    class Redo(Message):
        """The person wants other words for the change that is shown."""

        change: Change
        instruction: str

    @dataclass
    class Versions(Message):
        """The person wants several."""

        change: Change

    def __init__(self, review: Review, drafts: Sequence[ReviewedDraft]) -> None:
        """Show a review.

        Args:
            review: The changes that there are; more may be added, see `refresh_review`.
            drafts: Their drafts, by number.
        """
        super().__init__()
        # On a low terminal the change itself needs the room that warnings would take.
        self.VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-high")]
        self._review = review
        self._drafts = drafts
        self._status = ""
        self._message = ""
        self._progress: Progress | None = None
        self._is_due = False
        self._sides: bool | None = None
        self._seen: object = None
        self._shown: Change | None = None
        # Kept, not looked for: what still comes when the screen is being left meets them too.
        self._head = Static(id="head")
        self._view = ChangeView()
        self._remarks = Static(id="about")
        self._bar = Static(id="progress")

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        yield self._head
        yield self._view
        yield self._remarks
        yield self._bar
        yield Hints(*_HINTS)

    def on_mount(self) -> None:
        """See `Screen`."""
        self.refresh_review()

    def on_resize(self) -> None:
        """Side by side where there is room for it."""
        self.refresh_review()

    def say(self, status: str) -> None:
        """Show a line about what is going on."""
        if status != self._status:
            self._status = status
            self._show_lines()

    def show_progress(self, progress: Progress | None) -> None:
        """Show how far the revising is; None where it has ended."""
        self._progress = progress
        self._show_bar()

    def warn(self, message: str) -> None:
        """Show a line until the person does something."""
        self._message = message
        self._show_lines()

    def refresh_review(self) -> None:
        """Show the review as it is now; scrolled to its change, if that is another than before."""
        if not self.is_mounted:
            return
        self._show_lines()
        review, change = self._review, self._review.current
        self._shown = change
        views = self._ended() if change is None else self._views(change)
        self._view.show(views, is_wide=self._is_wide)
        seen = (review.here, change, review.is_folding, self._is_wide, self.size)
        if seen != self._seen:
            self._seen = seen
            self.call_after_refresh(self._view.scroll_to_change, views)

    def refresh_soon(self) -> None:
        """The same in a moment, once for all that comes until then: of a revision that was stopped
        hundreds of parts come at once."""
        if self.is_mounted and not self._is_due:
            self._is_due = True
            self.set_timer(_SOON, self._refresh_now)

    def _refresh_now(self) -> None:
        self._is_due = False
        self.refresh_review()

    @property
    def _is_wide(self) -> bool:
        return self.size.width >= WIDE if self._sides is None else self._sides

    def _ended(self) -> list[Drawn]:
        """What stands in the place of a change where there is none."""
        words, nothing = (Drawn(Content(text), Content("")) for text in (end_of(self._review), ""))
        return [words, nothing, words]

    def _views(self, change: Change) -> list[Drawn]:
        """The flow, the original and the revision."""
        text = self._drafts[change.file].text
        if folded := self._review.folded:
            view = drawn_list(text, [self._review.changes[number] for number in folded])
            return [view, Drawn(Content(""), Content("")), view]
        mine = self._review.of_file(change.file)
        place = next(at for at, each in enumerate(mine) if each is change)
        stretches = flow(text, mine, place)
        return [drawn(stretches, place, without=role) for role in ("", "inserted", "deleted")]

    def _show_lines(self) -> None:
        if self.is_mounted:
            self._head.update(Content(head_of(self._review, self._drafts)))
            self._remarks.update(Content(self._about()))
            self._show_bar()

    def _show_bar(self) -> None:
        if self.is_mounted:
            progress = self._progress
            self._bar.display = progress is not None
            self._bar.update(Content(progress.line(self.size.width - 4) if progress else ""))

    def _about(self) -> str:
        rest = rest_of(self._review, [draft.name for draft in self._drafts])
        lines = [*remarks_on(self._review), *rest, self._message, self._status]
        return "\n".join(sanitize_line(line) for line in lines if line)

    def _acted(self, message: str = "") -> None:
        """Show what came of a key."""
        self._message = message
        self.refresh_review()

    def action_decide(self, decision: str) -> None:
        """Take or skip the change that is shown; not one that came a moment ago, unseen."""
        if self._review.current is None:
            self._acted(why_none(self._review))
            return
        if self._review.current is self._shown:
            self._review.decide("taken" if decision == "taken" else "skipped")
        self._acted()

    def action_decide_rest(self, decision: str) -> None:
        """Take or skip what is left of this file."""
        self._review.decide_rest("taken" if decision == "taken" else "skipped")
        self._acted()

    def action_move(self, step: int) -> None:
        """Show the next change, or the one before."""
        is_moved = self._review.move(step)
        self._acted("" if is_moved else "there are no more changes that way")

    def action_undo(self) -> None:
        """Take the last decision back."""
        self._acted("" if self._review.undo() else "there is nothing to undo")

    def action_sides(self) -> None:
        """Side by side, or in one flow."""
        self._sides = not self._is_wide
        self._acted()

    def action_fold(self) -> None:
        """Show each change of blanks and quotation marks, or all of them as one."""
        self._review.is_folding = not self._review.is_folding
        self._acted(f"{SMALL}: {'as one' if self._review.is_folding else 'each by itself'}")

    def action_page(self, pages: int) -> None:
        """Show more of what is around the change."""
        self._view.scroll_pages(pages)

    def _one_change(self) -> Change | None:
        """The change that is shown by itself."""
        if self._review.folded:
            self._acted("w shows each of these changes by itself first")
            return None
        if self._review.current is None:
            self._acted(why_none(self._review))
        return self._review.current

    def action_edit(self) -> None:
        """Have the person change the proposed words."""
        change = self._one_change()
        if change is None:
            return

        def done(text: str | None) -> None:
            if text is not None:
                self._review.decide("taken", text)
                self._acted()

        self.app.push_screen(EditWords(change.proposed), done)

    def action_redo(self) -> None:
        """Ask the model for other words."""
        change = self._one_change()
        if change is None:
            return

        def done(instruction: str | None) -> None:
            if instruction:
                self._acted("asking for other words …")
                self.post_message(self.Redo(change, instruction))

        self.app.push_screen(AskLine("Redo this change: what should be different?"), done)

    def action_versions(self) -> None:
        """Show other versions, or ask for some."""
        change = self._one_change()
        if change is None:
            return
        if not change.versions:
            self._acted("asking for other versions …")
            self.post_message(self.Versions(change))
            return

        def done(text: str | None) -> None:
            if text is not None:
                self._review.decide("taken", text)
                self._acted()

        self.app.push_screen(ChooseVersion([change.proposed, *change.versions]), done)

    def action_go_to(self) -> None:
        """Go to a change by its number."""

        def done(text: str | None) -> None:
            if text and text.strip().isdecimal():
                self._review.go_to(int(text) - 1)
                self._acted()

        self.app.push_screen(AskLine("Go to change number"), done)

    def action_find(self) -> None:
        """Go to the next change with some words."""

        def done(text: str | None) -> None:
            if text:
                self._acted("" if self._review.find(text) else f"no change has {text!r}")

        self.app.push_screen(AskLine("Find in the changes"), done)

    def action_keys(self) -> None:
        """Show the keys."""
        self.app.push_screen(ShowText(f"{KEYS}\n\n{_MORE_KEYS}"))

    def action_finish(self) -> None:
        """Leave, and write what was taken."""
        self.dismiss(True)

    def action_enter(self) -> None:
        """Leave as `finish` does, but only when all is decided: Enter is typed too easily."""
        if self._review.is_complete and not self._review.open:
            self.dismiss(True)
        elif self._review.open:
            self._acted("some changes are still open: q stops and writes what you accepted")

    def action_give_up(self) -> None:
        """Leave, and write nothing."""
        self.dismiss(False)
