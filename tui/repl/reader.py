"""Where the REPL's lines come from: an editor on a terminal, or a pipe."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from tui.commands import Talk, complete_line
from tui.sanitize import sanitize_line
from tui.texts import decode


class LineReader(Protocol):
    """A source of what a person types."""

    def read(self) -> str:
        """The next entry, which may have several lines.

        Raises:
            EOFError: If there is no more.
            KeyboardInterrupt: If the person took back what they had typed.
        """
        ...


class PipeReader:
    """Lines of a stream that is not a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def read(self) -> str:
        """See `LineReader`."""
        line = self._stream.buffer.readline()
        if not line:
            raise EOFError
        return decode(line, "standard input").rstrip("\n")


class TerminalReader:
    """An editor with history and completion. Enter sends; Ctrl+J and Alt+Enter break the line."""

    def __init__(self, history: Path, completer: CommandCompleter) -> None:
        """Open the history, which is made if it is not there.

        Args:
            history: The file of earlier entries.
            completer: Completes what is typed.
        """
        history.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(history, os.O_WRONLY | os.O_CREAT, 0o600))
        self._session: PromptSession[str] = PromptSession(
            "› ",
            multiline=True,
            prompt_continuation="  ",
            history=FileHistory(str(history)),
            auto_suggest=AutoSuggestFromHistory(),
            completer=completer,
            complete_while_typing=True,
            complete_in_thread=True,
            enable_open_in_editor=True,
            enable_suspend=True,
            key_bindings=editing_bindings(),
        )

    def read(self) -> str:
        """See `LineReader`."""
        return self._session.prompt()


class CommandCompleter(Completer):
    """Completes the commands of the registry and what may follow them, each with its meaning."""

    def __init__(self) -> None:
        self.talk: Talk | None = None
        """What commands act on; there is nothing to complete before it is there."""

    def get_completions(self, document: Document, _event: CompleteEvent) -> Iterable[Completion]:
        """Those that begin as the last word does: of a line with a slash, or behind an @."""
        text = document.text_before_cursor
        if text.startswith("/") and "\n" in text:
            return
        text = text.rpartition("\n")[2]
        if self.talk is None:
            return
        word = text.rpartition(" ")[2]
        for suggestion in complete_line(self.talk, text):
            yield Completion(
                suggestion.text,
                start_position=-len(word),
                display_meta=sanitize_line(suggestion.meaning),
            )


def editing_bindings() -> KeyBindings:
    """Enter sends what is written, where prompt-toolkit's multi-line mode would break the line."""
    bindings = KeyBindings()

    @bindings.add("enter")
    def _send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @bindings.add("c-j")
    @bindings.add("escape", "enter")
    def _break_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline()

    return bindings
