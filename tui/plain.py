"""Shows answers while they are made: their words on a page, with narration on stderr."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from engine.types import Finished, Notice, Piece
from tui.answers import Begun
from tui.compaction import Compacted
from tui.conversation import ConversationEvent
from tui.narrate import Narrator
from tui.pages import Page
from tui.saver import Joined, NotSaved
from tui.summary import Summarising


class PlainAnswer:
    """Consumes the events of a request, and remembers whether it came out well."""

    def __init__(
        self,
        page: Page,
        narrator: Narrator,
        *,
        silent: bool = False,
        alternatives: int = 1,
        if_unsaved: str = "`chat doctor` looks for the cause",
    ) -> None:
        """Nothing is shown yet.

        Args:
            page: Gets the answers.
            narrator: Says what a wait is for, and what went wrong.
            silent: Keep the answers' text off the page.
            alternatives: How many answers come. They are shown one after another.
            if_unsaved: What a person can do where an answer could not be saved.
        """
        self._page = page
        self._narrator = narrator
        self._silent = silent
        self._alternatives = alternatives
        self._if_unsaved = if_unsaved
        self._is_writing = False
        self._pieces: Counter[int] = Counter()
        self._headed: set[int] = set()
        self._stopped = False
        self.failed = False
        """Whether an answer ended in an error, or was not saved."""

    def show(self, events: Iterable[ConversationEvent]) -> None:
        """Show them until they end.

        Raises:
            BrokenPipeError: If nobody reads stdout any more.
        """
        try:
            for event in events if self._silent else one_after_another(events):
                self._show(event)
        finally:
            self._page.end()

    def _show(self, event: ConversationEvent) -> None:
        if isinstance(event, Piece):
            self._take(event)
        elif isinstance(event, Finished):
            self._end(event)
        elif isinstance(event, NotSaved):
            self._say(f"{event.reason}; {self._if_unsaved}")
            self.failed = True
        elif isinstance(event, Joined):
            self._say(_joined(event))
        elif isinstance(event, Notice):
            self._page.pause()
            self._narrator.notice(event.text)
        elif isinstance(event, Summarising):
            self._narrator.unseen(event.pieces)
        elif isinstance(event, Compacted):
            self._show_compacted(event)
        elif not self._is_writing and not isinstance(event, Begun):
            self._narrator.progress(event)

    def _take(self, piece: Piece) -> None:
        self._pieces[piece.index] += 1
        if self._silent:
            self._narrator.unseen(self._pieces.total())
        else:
            self._head(piece.index)
            self._write(piece.text)

    def _head(self, index: int) -> None:
        """Tell an alternative from the one before it."""
        self._narrator.clear()
        if not self._silent and self._alternatives > 1 and index not in self._headed:
            self._headed.add(index)
            self._page.part(index + 1, self._alternatives)

    def _write(self, text: str) -> None:
        self._page.write(text)
        self._is_writing = self._is_writing or bool(text)

    def _say(self, text: str) -> None:
        self._page.pause()
        self._narrator.say(text)

    def _end(self, finished: Finished) -> None:
        self._head(finished.index)
        self._page.end()
        self._is_writing = False
        several = self._alternatives > 1
        if finished.reason == "error":
            kept = "; what was generated is kept" if self._pieces[finished.index] else ""
            which = f"answer {finished.index + 1}: " if several else ""
            self._say(f"{which}{finished.error}{kept}")
            self.failed = True
        elif finished.reason == "length":
            which = f"answer {finished.index + 1}" if several else "the answer"
            self._say(f"{which} was cut off at the token limit")
        elif finished.reason == "cancelled" and not self._stopped:
            self._stopped = True
            self._say("stopped; the answer so far is kept")

    def _show_compacted(self, event: Compacted) -> None:
        self._narrator.clear()
        if not self._silent:
            self._write(event.summary)
            self._page.end()
        self._say(
            f"a summary now stands for {event.turns} turns, {event.tokens_after:,} tokens instead "
            f"of {event.tokens_before:,}; the branch {event.original!r} is unchanged"
        )


def _joined(event: Joined) -> str:
    turns = "a turn" if event.turns == 1 else f"{event.turns} turns"
    return f"another chat has added {turns} to this session, on a branch beside this one"


def one_after_another(events: Iterable[ConversationEvent]) -> Iterator[ConversationEvent]:
    """The events of answers that are made side by side, with the words and the end of each
    together: those of a later one wait until the one before it is over."""
    current = 0
    waiting: dict[int, list[Piece | Finished]] = {}
    for event in events:
        if not isinstance(event, Piece | Finished):
            yield event
            continue
        waiting.setdefault(event.index, []).append(event)
        while ready := waiting.pop(current, None):
            yield from ready
            if not isinstance(ready[-1], Finished):
                break
            current += 1
