"""What was written to drafts, for the drafts screen: read, undone and redone in threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from drafts import decode_text, unified_diff
from drafts.entries import Entry
from drafts.errors import DraftError
from tui.errors import explain
from tui.runtime import Runtime
from tui.tables import age

_MOST = 200
"""Writes that are listed."""


@dataclass(frozen=True, slots=True)
class Write:
    """A write, an undo or a redo."""

    path: str
    line: str
    """When, what, and to which file."""
    before: str | None
    after: str


@dataclass
class Written(Message):
    """The history, the newest first, and what came of the last wish."""

    writes: tuple[Write, ...]
    news: str = ""


@dataclass
class Changes(Message):
    """What a write changed, as a unified diff."""

    text: str


def history(runtime: Runtime, news: str = "") -> Written:
    """All writes to all files."""
    return Written(tuple(map(_write, runtime.journal().history()[:_MOST])), news)


def undo(runtime: Runtime, path: str | None) -> Written:
    """Take back the last write to a file; None is the file that was written last."""
    return _brought(runtime, runtime.journal().undo, path, "is back to its previous state")


def redo(runtime: Runtime, path: str | None) -> Written:
    """Bring again what the last undo took back."""
    return _brought(runtime, runtime.journal().redo, path, "is back to its state before the undo")


def changes(runtime: Runtime, write: Write) -> Changes | Written:
    """What a write changed."""
    journal = runtime.journal()
    try:
        before = b"" if write.before is None else journal.kept(write.before)
        old, new = (decode_text(data).raw_text for data in (before, journal.kept(write.after)))
    except DraftError as error:
        return history(runtime, explain(error)[0])
    return Changes(unified_diff(old, new, write.path))


def _brought(
    runtime: Runtime, bring: Callable[[Path | None], Entry], path: str | None, outcome: str
) -> Written:
    try:
        entry = bring(None if path is None else Path(path))
    except (DraftError, OSError) as error:
        return history(runtime, explain(error)[0])
    return history(runtime, f"{entry.path} {outcome}")


def _write(entry: Entry) -> Write:
    line = f"{age(entry.time):>6}  {entry.action:<5}  {entry.path}"
    return Write(entry.path, line, entry.before, entry.after)
