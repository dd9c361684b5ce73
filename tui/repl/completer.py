"""Completes what is typed in the REPL by the registry of commands, each word with its meaning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from engine.errors import EngineError
from prompts.errors import PromptError
from tui.commands import Suggestion, complete_line
from tui.config import ConfigError
from tui.sanitize import sanitize_line
from tui.talk import Talk


class CommandCompleter(Completer):
    """Completes the commands of the registry and what may follow them, and files behind an @."""

    def __init__(self) -> None:
        self.talk: Talk | None = None
        """What commands act on; there is nothing to complete before it is there."""

    def get_completions(self, document: Document, _event: CompleteEvent) -> Iterable[Completion]:
        """Those that begin as the last word does."""
        text = document.text_before_cursor
        for suggestion in self.suggestions(text):
            yield Completion(
                suggestion.text,
                start_position=-len(text.rpartition("\n")[2].rpartition(" ")[2]),
                display=sanitize_line(suggestion.text),
                display_meta=sanitize_line(suggestion.meaning),
            )

    def suggestions(self, text: str) -> Iterator[Suggestion]:
        """What the last word of a text may become; nothing where what it names cannot be read."""
        if self.talk is None or (text.startswith("/") and "\n" in text):
            return
        try:
            yield from complete_line(self.talk, text.rpartition("\n")[2])
        except (OSError, PromptError, ConfigError, EngineError):
            return
