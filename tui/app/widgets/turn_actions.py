"""What can be done with the turn that the cursor is on: a key for each, and the words it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from tui.app.overview import ShownTurn
from tui.app.widgets.underlines import Underlines
from tui.sanitize import sanitize_line

if TYPE_CHECKING:
    from sessions import Turn
    from tui.app.thread import Errand


_ANSWERS = 3
"""So many alternatives unless another number is given."""


_GOES_ON = "makes the model continue from the end, Ctrl+K deletes the rest of the paragraph"

_DOES = {"user": "asks it", "assistant": "saves it", "system": "uses it from here on"}
"""What becomes of other words, by the role of their turn."""


def _key(key: str, action: str, words: str, name: str, tooltip: str) -> Binding:
    return Binding(key, action, words, show=False, id=f"turns.{name}", tooltip=tooltip)


class TurnActions(Underlines):
    """What the transcript is made from, which knows the turn. It scrolls, because the styles of a
    widget are those of its first base alone."""

    BINDINGS: ClassVar[list[BindingType]] = [
        _key("e", "edit", "edit", "edit", "edit this turn, on a new branch"),
        _key("r", "again('regen')", "regenerate", "regenerate", "answer this question again"),
        _key(
            "R", "again_otherwise", "regenerate differently", "otherwise", "other settings or model"
        ),
        _key("a", "alternatives", "alternatives", "alternatives", "several answers side by side"),
        _key(
            "c", "again('continue')", "continue", "continue", "continue from where the answer ends"
        ),
        _key(
            "p", "go_on_from", "edit and continue", "rewrite", "the model continues from your words"
        ),
        _key("i", "inside('assistant')", "inside the words", "inside", "how sure the model was"),
        _key("s", "inside('')", "score", "score", "what is unusual, and what is worn out"),
        _key("w", "underline", "underline unsure words", "unsure", "or remove the lines"),
        _key("left_square_bracket", "step(-1)", "previous version", "before", "the previous one"),
        _key("right_square_bracket", "step(1)", "next version", "after", "the next one"),
        _key("b", "name_branch", "name the branch", "name", "so that you can find it again"),
        _key("m", "map", "map", "map", "all branches as a tree"),
        _key("u", "undo", "undo", "undo", "undo the last action"),
        _key("U", "redo", "redo", "redo", "redo it"),
        _key("y", "copy_turn", "copy", "copy", "copy this turn to the clipboard"),
    ]

    @property
    def current(self) -> ShownTurn | None:
        """The turn that the cursor is on."""
        raise NotImplementedError

    @property
    def selected(self) -> tuple[Turn, str] | None:
        """The words that are selected with the mouse, and the turn where they begin."""
        raise NotImplementedError

    def action_edit(self) -> None:
        """Say the turn in other words."""
        from tui.app.turn_errands import edit

        shown = self._free_turn()
        if shown is not None:
            does = _DOES[shown.turn.role]
            self._with_other_words(shown, does, lambda text: edit(shown.turn.id, text))

    def action_go_on_from(self) -> None:
        """Change the words of an answer, and have the model go on from there."""
        from tui.app.turn_errands import go_on_from

        shown = self._free_turn("assistant")
        if shown is not None:
            unchanged = go_on_from(shown.turn.id, shown.turn.content)
            self._with_other_words(
                shown, _GOES_ON, lambda text: go_on_from(shown.turn.id, text), unchanged=unchanged
            )

    def action_again(self, command: str) -> None:
        """Carry out a command that makes an answer, on this turn."""
        from tui.app.turn_errands import run_on

        shown = self._free_turn("assistant" if command == "continue" else None)
        if shown is not None:
            self.chat_app.do(run_on(shown.turn.id, command))

    def action_again_otherwise(self) -> None:
        """Answer with other settings or another model."""
        from tui.app.screens.otherwise import OtherwiseScreen

        shown = self._free_turn()
        if shown is not None:
            self.app.push_screen(OtherwiseScreen(shown.turn.id))

    def action_alternatives(self) -> None:
        """Have several answers made at once."""
        from tui.app.turn_errands import run_on
        from tui.widgets.dialogs import AskLine

        shown = self._free_turn()
        if shown is None:
            return

        def ask(answer: str | None) -> None:
            if answer is not None:
                self.chat_app.do(run_on(shown.turn.id, "regen", f"n={answer.strip() or _ANSWERS}"))

        self.app.push_screen(AskLine(f"How many answers at once? Enter for {_ANSWERS}"), ask)

    def action_inside(self, role: str) -> None:
        """Show what the model makes of each word: of its own answer, or of any words as if they
        were a person's; of those that are selected, where some are."""
        from tui.app.passages import passage_in
        from tui.app.screens.words import WordsScreen

        shown = self._free_turn(role or None)
        if shown is None or not shown.turn.content:
            return
        selected = None if role else self.selected
        if selected is None:
            self.app.push_screen(WordsScreen(shown.turn.id, is_own=not role))
            return
        turn, words = selected
        passage = passage_in(turn.content, words)
        if passage is None:
            self.notify("select words within one turn, without a link")
        else:
            self.app.push_screen(WordsScreen(turn.id, is_own=True, passage=passage))

    def action_underline(self) -> None:
        """Underline the words that the model was unsure of, or no more."""
        from tui.app.turn_errands import find_unsure

        shown = self._free_turn("assistant")
        if shown is not None and not self.take_lines_away(shown.turn.id):
            self.chat_app.do(find_unsure(shown.turn.id, self.post_message))

    def action_step(self, by: int) -> None:
        """Go to the version before or after this one."""
        from tui.app.turn_errands import step

        shown = self._free_turn()
        if shown is None:
            return
        if 1 <= shown.version + by <= shown.versions:
            self.chat_app.do(step(shown.turn.id, by))
        else:
            which = "last" if by > 0 else "first"
            only = "there is no other version of this turn"
            self.notify(only if shown.versions == 1 else f"that is the {which} version")

    def action_name_branch(self) -> None:
        """Give the branch in use a name."""
        from tui.app.errands import run_command
        from tui.widgets.dialogs import AskLine

        def name(answer: str | None) -> None:
            if answer and answer.strip():
                self.chat_app.do(run_command(f"/rename {answer.strip()}"))

        if self._free_turn() is not None:
            self.app.push_screen(AskLine("A name for this branch"), name)

    def action_map(self) -> None:
        """Show the session as a tree."""
        from tui.app.screens.map import MapScreen

        if self._free_turn() is not None:
            self.app.push_screen(MapScreen())

    def action_undo(self) -> None:
        """Take back what was done last."""
        from tui.app.turn_errands import undo

        if self._is_free():
            self.chat_app.do(undo)

    def action_redo(self) -> None:
        """Do again what was taken back."""
        from tui.app.turn_errands import redo

        if self._is_free():
            self.chat_app.do(redo)

    def action_copy_turn(self) -> None:
        """Copy the words of the turn."""
        if self.current is not None:
            self.app.copy_to_clipboard(self.current.turn.content)
            self.notify("copied")

    def _is_free(self) -> bool:
        """Whether nothing is being made that this would have to wait for."""
        if self.chat_app.can_stop:
            self.notify("stop the answer first with Esc")
            return False
        return True

    def _free_turn(self, role: str | None = None) -> ShownTurn | None:
        """The turn, where something can be done with it now."""
        shown = self.current
        if shown is None or not self._is_free():
            return None
        if role is not None and shown.turn.role != role:
            self.notify("that only works on answers")
            return None
        if shown.turn.summarises:
            self.notify(
                sanitize_line("a summary cannot be changed; m shows the turns it stands for")
            )
            return None
        return shown

    def _with_other_words(
        self,
        shown: ShownTurn,
        does: str,
        errand_of: Callable[[str], Errand],
        *,
        unchanged: Errand | None = None,
    ) -> None:
        from tui.widgets.dialogs import EditWords

        def done(text: str | None) -> None:
            if text is None or not text.strip():
                return
            if text != shown.turn.content:
                self.chat_app.do(errand_of(text))
            elif unchanged is not None:
                self.chat_app.do(unchanged)

        self.app.push_screen(EditWords(shown.turn.content, does), done)
