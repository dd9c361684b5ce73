"""The tests of a prompt, tried on the model in use: each with what came of it, as it comes."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import ProgressBar, Static

from tui.app.faults import Steadfast
from tui.app.prompt_trying import Begun, Ended, Tried, run_tests
from tui.prompt_trials import Outcome
from tui.sanitize import sanitize, sanitize_line
from tui.widgets.hints import Hints

_LONG_S = 0.5
"""From so many seconds on it is said how long a test took."""


class PromptTests(Steadfast, Screen[None]):
    """Runs them once; leaving ends that."""

    CSS = """
    PromptTests {
        background: $background;
        & > #heading { height: auto; padding: 1 2 0 2; }
        & > ProgressBar { padding: 0 2; }
        & > VerticalScroll { height: 1fr; padding: 1 2; scrollbar-size-vertical: 1; }
        & > VerticalScroll > Static { max-width: 100; }
        & > VerticalScroll > .answer { padding: 0 0 1 2; color: $text-muted; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+c", "leave", "stop, or close", id="tests.close"),
    ]

    def __init__(self, name: str) -> None:
        """Try the tests of a prompt.

        Args:
            name: The prompt's.
        """
        super().__init__()
        self._name_of_prompt = name
        self._bar = ProgressBar(show_eta=True)
        self._outcomes: list[Outcome] = []
        self._is_over = False

    def compose(self) -> ComposeResult:
        """See `Screen`."""
        yield Static(id="heading")
        yield self._bar
        yield VerticalScroll()
        yield Hints("tests.close stops")

    def on_mount(self) -> None:
        """Begin."""
        errand, self._stop = run_tests(
            self.chat_app.runtime, self._name_of_prompt, self.post_message
        )
        self._head("…")
        self.query_one(VerticalScroll).focus()
        self.chat_app.do(errand)

    def on_unmount(self) -> None:
        """End it."""
        self._stop()

    def _head(self, said: str) -> None:
        name = sanitize_line(self._name_of_prompt)
        words = Content.assemble((f"Tests of {name}", "bold $primary"), f"   {said}")
        self.query_one("#heading", Static).update(words)

    @on(Begun)
    def begun(self, message: Begun) -> None:
        """Show how many there are."""
        self._bar.update(total=message.tests or 1, progress=0)
        if not message.tests:
            self._head("it has none: add [[tests]] to its file")

    @on(Tried)
    async def tried(self, message: Tried) -> None:
        """Show what came of one."""
        self._outcomes.append(message.outcome)
        self._bar.advance()
        passed = sum(outcome.passed for outcome in self._outcomes)
        self._head(f"{passed} of {len(self._outcomes)} passed")
        answer = Content(sanitize(message.outcome.answer.strip()))
        await self.query_one(VerticalScroll).mount(
            Static(_said(message.outcome)), Static(answer, classes="answer")
        )

    @on(Ended)
    def ended(self, message: Ended) -> None:
        """Say that it is over."""
        self._is_over = True
        self._bar.display = False
        if message.problem:
            self._head(f"✗ {sanitize_line(message.problem)}")
        self.query_one(Hints).say("tests.close closes")

    def action_leave(self) -> None:
        """End it; once it is over, close."""
        if self._is_over:
            self.dismiss(None)
        else:
            # It may wait for something else to end first: the second time is enough.
            self._is_over = True
            self._stop()


def _said(outcome: Outcome) -> Content:
    sign = (
        ("✓ passed  ", "bold $text-success")
        if outcome.passed
        else ("✗ failed  ", "bold $text-error")
    )
    seconds = f"   {total_s:.1f} s" if (total_s := outcome.total_s or 0) >= _LONG_S else ""
    count = f"{outcome.words} word{'' if outcome.words == 1 else 's'}"
    why = "".join(f"\n  {sanitize_line(line)}" for line in outcome.failures)
    return Content.assemble(
        sign,
        sanitize_line(outcome.trial.name),
        (f"   {count}{seconds}", "$foreground 60%"),
        why,
    )
