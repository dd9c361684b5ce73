"""The three ways to talk in the REPL: on a terminal that is painted on, on a plain one, by a pipe.

Each reads what is typed, has a page for answers, and knows what keys do while one is shown.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, TextIO

from tui.interrupts import Interruption, signals_call
from tui.pages import Page, SpokenPage, TextPage
from tui.repl.answers import MarkdownPage
from tui.repl.completer import CommandCompleter
from tui.repl.presses import Presses
from tui.repl.reader import TerminalReader, open_history, read_lines
from tui.repl.toolbar import Standing, standing_of, toolbar
from tui.repl.typeahead import forget_typed_ahead, typed_ahead_is_kept
from tui.runtime import Runtime
from tui.talk import Talk
from tui.texts import decode


class Front(Protocol):
    """What the REPL needs of whoever talks."""

    def read(self, talk: Talk) -> str:
        """The next entry, which may have several lines.

        Raises:
            EOFError: If there is no more.
            KeyboardInterrupt: If the person took back what they had typed.
        """
        ...

    def page(self) -> Page:
        """Where the next answer goes."""
        ...

    def answering(self, stop: Callable[[], None]) -> AbstractContextManager[Interruption]:
        """While an answer is shown: Ctrl+C calls `stop`."""
        ...

    def keys_kept(self) -> AbstractContextManager[None]:
        """While a command runs: what is typed waits for the next entry."""
        ...


class PipeFront:
    """Streams that are not a terminal: a program talks, or a script."""

    def __init__(self, stdin: TextIO, stdout: TextIO) -> None:
        self._stdin = stdin
        self._stdout = stdout

    def read(self, _talk: Talk) -> str:
        """See `Front`."""
        return read_lines(self._line)

    def page(self) -> Page:
        """See `Front`."""
        return TextPage(self._stdout)

    def answering(self, stop: Callable[[], None]) -> AbstractContextManager[Interruption]:
        """See `Front`."""
        return signals_call(stop)

    def keys_kept(self) -> AbstractContextManager[None]:
        """See `Front`."""
        return nullcontext()

    def _line(self) -> str:
        line = self._stdin.buffer.readline()
        if not line:
            raise EOFError
        return decode(line, "standard input").rstrip("\n")


class PlainFront:
    """A terminal on which nothing is drawn or painted over."""

    def __init__(self, runtime: Runtime) -> None:
        # Readline changes how the process reads its terminal, so nobody else may load it.
        from tui.repl.plain_reader import PlainReader  # noqa: PLC0415

        self._runtime = runtime
        self._presses = Presses()
        self._completer = CommandCompleter()
        history = open_history(runtime.paths.repl_history)
        self._reader = PlainReader(history, self._completer, self._presses)

    def read(self, talk: Talk) -> str:
        """See `Front`."""
        self._completer.talk = talk
        return self._reader.read()

    def page(self) -> Page:
        """See `Front`."""
        return SpokenPage(self._runtime.stdout)

    def answering(self, stop: Callable[[], None]) -> AbstractContextManager[Interruption]:
        """See `Front`."""
        return keys_wait(self._runtime, self._presses, stop)

    def keys_kept(self) -> AbstractContextManager[None]:
        """See `Front`."""
        return _keys_kept(self._runtime)


class PaintedFront:
    """A terminal whose last rows may be painted again."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._presses = Presses()
        self._completer = CommandCompleter()
        self._page = self._new_page()
        self._standing: Standing | None = None
        history = open_history(runtime.paths.repl_history)
        self._reader = TerminalReader(history, self._completer, self._presses, self._below)

    def read(self, talk: Talk) -> str:
        """See `Front`."""
        self._completer.talk = talk
        self._standing = standing_of(talk)
        self._reader.edit_as(self._runtime.editing)
        return self._reader.read()

    def page(self) -> Page:
        """See `Front`."""
        self._page = self._new_page()
        return self._page

    def answering(self, stop: Callable[[], None]) -> AbstractContextManager[Interruption]:
        """See `Front`."""
        return keys_wait(self._runtime, self._presses, stop, self._page)

    def keys_kept(self) -> AbstractContextManager[None]:
        """See `Front`."""
        return _keys_kept(self._runtime, self._page)

    def _new_page(self) -> MarkdownPage:
        stdout = self._runtime.stdout
        return MarkdownPage(stdout, self._runtime.environment, lambda: _size(stdout))

    def _below(self, mode: str, width: int) -> str:
        return toolbar(self._standing, mode, width) if self._standing else ""


def front_for(runtime: Runtime) -> Front:
    """The one that fits what the program's streams are."""
    if not runtime.is_interactive:
        return PipeFront(runtime.stdin, runtime.stdout)
    return PlainFront(runtime) if runtime.is_plain else PaintedFront(runtime)


@contextmanager
def keys_wait(
    runtime: Runtime,
    presses: Presses,
    stop: Callable[[], None],
    page: MarkdownPage | None = None,
) -> Iterator[Interruption]:
    """Keep what is typed in the block for the next entry, but for Ctrl+C: a second one within a
    second takes it away.

    Args:
        runtime: With a terminal.
        presses: Of Ctrl+C.
        stop: Called at the first one.
        page: One that is painted again.
    """

    def on_first() -> None:
        presses.press()
        stop()

    with _keys_kept(runtime, page), signals_call(on_first) as interruption:
        yield interruption


@contextmanager
def _keys_kept(runtime: Runtime, page: MarkdownPage | None = None) -> Iterator[None]:
    """Keep what is typed in the block for the next entry, unless it ends by Ctrl+C."""

    def on_return() -> None:
        if page is not None:
            page.forget()

    kept = typed_ahead_is_kept(
        runtime.stdin, runtime.stdout, brackets=page is not None, on_return=on_return
    )
    with kept:
        try:
            yield
        except KeyboardInterrupt:
            forget_typed_ahead(runtime.stdin)
            raise


def _size(stdout: TextIO) -> tuple[int, int]:
    """Columns and rows of a terminal; some say that they have none."""
    columns, rows = os.get_terminal_size(stdout.fileno())
    return columns or 80, rows or 24
