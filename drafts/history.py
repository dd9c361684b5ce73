"""What the journal's entries come to: which took effect, what can be undone, and what redone.

An entry is written *before* the file is replaced, so that a process killed between the two leaves
nothing that cannot be undone. So it may speak of a write that never took place. It is known by
what the file holds next: still the bytes from before, as the following entry for the file or, where
there is none, the file itself shows. It is then passed over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from drafts.document import read_file
from drafts.entries import Entry
from drafts.errors import DraftMissing, NothingToRedo, NothingToUndo, Unreadable


@dataclass(frozen=True, slots=True)
class Undone:
    """A write that was taken back and can be brought again."""

    write: Entry
    undo: Entry


def in_effect(entries: Sequence[Entry], target: str) -> list[Entry]:
    """The entries of one file whose replacement took place, oldest first; see the module."""
    own = [entry for entry in entries if entry.path == target]
    held_next = [*(entry.before for entry in own[1:]), _held_now(target)]
    return [entry for entry, held in zip(own, held_next, strict=False) if held != entry.before]


def last_write(entries: Sequence[Entry], path: Path | None) -> Entry:
    """The newest write to take back; without a path, of the file that was written last.

    Raises:
        NothingToUndo: If there is none.
    """
    for target in _targets(entries, path):
        writes, _ = _writes(in_effect(entries, target))
        if writes:
            return writes[-1]
    raise NothingToUndo(path)


def last_undone(entries: Sequence[Entry], path: Path | None) -> Undone:
    """The write to bring again; without a path, of the file in which something was done last.

    Raises:
        NothingToRedo: If there is none, or a later write has settled it.
    """
    for target in _targets(entries, path):
        _, undone = _writes(in_effect(entries, target))
        if undone:
            return undone[-1]
    raise NothingToRedo(path)


def _targets(entries: Sequence[Entry], path: Path | None) -> Iterator[str]:
    """Where to look: the file, or all of them, that of the newest entry first."""
    if path is not None:
        return iter([os.path.realpath(path)])
    return iter(dict.fromkeys(entry.path for entry in reversed(entries)))


def _writes(entries: Sequence[Entry]) -> tuple[list[Entry], list[Undone]]:
    """The writes to a file that stand, and those that were taken back, the next to go last."""
    standing: list[Entry] = []
    undone: list[Undone] = []
    for entry in entries:
        if entry.action == "write":
            standing.append(entry)
            undone.clear()
        elif entry.action == "undo":
            taken = [write for write in standing if write.id == entry.undoes]
            standing = [write for write in standing if write.id != entry.undoes]
            undone += [Undone(write, entry) for write in taken]
        else:
            again = [each.write for each in undone if each.undo.id == entry.undoes]
            undone = [each for each in undone if each.undo.id != entry.undoes]
            standing += again
    return standing, undone


def _held_now(target: str) -> str | None:
    """The SHA-256 of what is in the file; None if it is gone or cannot be read."""
    try:
        return read_file(Path(target)).sha256
    except (DraftMissing, Unreadable):
        return None
