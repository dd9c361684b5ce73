"""The person at the terminal, as the conversation's thread sees them: it asks and waits."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import partial
from typing import Any

from textual.app import App, SuspendNotSupported

from tui.errors import UsageProblem
from tui.interrupts import ctrl_c_is_anothers
from tui.sanitize import sanitize_line


class Person:
    """Answers while the app runs."""

    def __init__(self, app: App[Any]) -> None:
        """Nobody is there yet.

        Args:
            app: Shows what is asked.
        """
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None
        self._answer: Future[str | None] = Future()
        """What the conversation's thread waits for after a question."""
        self._has_left = False

    def arrive(self) -> None:
        """Accept questions from now on. In the app's loop."""
        self._loop = asyncio.get_running_loop()

    def leave(self) -> None:
        """Answer None to the question that waits, and to all that come."""
        # First, because `ask` does these two in the opposite order.
        self._has_left = True
        _settle(self._answer, None)

    def ask(self, question: str) -> str | None:
        """Ask for a line; None if there is no answer. From the conversation's thread."""
        assert self._loop is not None, "the app runs before the thread does"
        self._answer = answer = Future[str | None]()
        if self._has_left:
            return None
        self._loop.call_soon_threadsafe(self._ask_here, question, answer)
        return answer.result()

    def _ask_here(self, question: str, answer: Future[str | None]) -> None:
        from tui.widgets.dialogs import AskLine

        # What came from another thread has no app of its own: no screen could be composed.
        with self._app._context():
            self._app.push_screen(AskLine(sanitize_line(question)), partial(_settle, answer))

    def edit(self, text: str) -> str | None:
        """Have a text edited; None if the person left it. From the conversation's thread.

        Raises:
            UsageProblem: If no editor can be run.
        """
        return self._app.call_from_thread(self.edit_here, text)

    def edit_here(self, text: str) -> str | None:
        """The same from the app's own thread, which gives the terminal to the editor meanwhile."""
        from tui.own_editor import edit_text

        edited: str | None = None
        outcome = _Outcome()
        try:
            with self._app.suspend(), ctrl_c_is_anothers(), outcome:
                edited = edit_text(text)
        except SuspendNotSupported as error:
            raise UsageProblem(f"the editor could not be run: {error}") from error
        if outcome.error is not None:
            raise outcome.error
        # Editors end a file with a newline that nobody typed.
        return None if edited is None else edited.removesuffix("\n")


class _Outcome:
    """Keeps what is raised in a block until after it: whoever lends the terminal takes it back only
    where nothing is raised."""

    error: BaseException | None = None

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _where: object) -> bool:
        self.error = error
        return True


def _settle(answer: Future[str | None], words: str | None) -> None:
    """Set the answer, unless it is set."""
    with suppress(InvalidStateError):
        answer.set_result(words)
