"""Forgetting old writes: what is to go by age and size, and how it goes.

The list is only added to: a line says that the older entries of a file count no longer. It is
durable before the first of the kept texts is deleted, so that no entry that counts is without its
text.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TypeAlias

from drafts.entries import Entry, Pruned, utc_now
from drafts.journal import Journal
from drafts.temporary import sweep


@dataclass(frozen=True, slots=True)
class PruningPlan:
    """What a pruning takes away."""

    entries: tuple[Entry, ...]
    """The oldest of each file, in the order in which they were written."""
    texts: tuple[str, ...]
    """The SHA-256 of each kept text that no other entry needs."""
    size: int
    """The bytes that these texts have."""
    left: int
    """The bytes of kept texts that stay."""


_Item: TypeAlias = tuple[datetime, Sequence[str], "Entry | None"]
"""Something that can go: its time, the texts that it needs, and the entry if it is one."""


def plan_pruning(
    journal: Journal, *, older_than: datetime | None = None, larger_than: int | None = None
) -> PruningPlan:
    """What is to go so that nothing is left that is older, or the kept texts take up no more.

    Args:
        journal: Whose.
        older_than: With a time zone; None if age does not matter.
        larger_than: In bytes; None if size does not matter.

    Raises:
        JournalFailed: If the journal cannot be read.
    """
    stored = _stored(journal)
    entries = journal.read().entries
    needed = Counter(name for entry in entries for name in _texts_of(entry))
    loose = [(time, (name,), None) for name, (_, time) in stored.items() if name not in needed]
    needed.update(name for _, names, _ in loose for name in names)
    left = sum(size for size, _ in stored.values())
    gone: list[Entry] = []
    texts: list[str] = []
    for time, names, entry in sorted([*_dated(entries), *loose], key=lambda item: item[0]):
        is_old = older_than is not None and time < older_than
        if not is_old and (larger_than is None or left <= larger_than):
            break
        if entry is not None:
            gone.append(entry)
        for name in names:
            needed[name] -= 1
            if needed[name] == 0 and name in stored:
                texts.append(name)
                left -= stored[name][0]
    size = sum(stored[name][0] for name in texts)
    return PruningPlan(tuple(gone), tuple(texts), size, left)


def prune(journal: Journal, plan: PruningPlan) -> None:
    """Takes away what a plan says, but for texts that somebody needs by now.

    Raises:
        JournalFailed: If the journal cannot be written, or a text not be deleted.
    """
    last = {entry.path: entry.id for entry in plan.entries}
    with journal.locked() as log:
        for path, up_to in last.items():
            log.append(Pruned(utc_now(), path, up_to))
        needed = {name for entry in log.read().entries for name in _texts_of(entry)}
        with journal.failures():
            for name in plan.texts:
                if name not in needed:
                    with suppress(FileNotFoundError):
                        journal.syscalls.unlink(journal.place_of(name))


def _stored(journal: Journal) -> dict[str, tuple[int, datetime]]:
    """The kept texts by name: their bytes, and when they were kept."""
    folder = journal.place_of("")
    sweep(folder, journal)
    stored: dict[str, tuple[int, datetime]] = {}
    with journal.failures(), suppress(FileNotFoundError), os.scandir(folder) as found:
        for file in found:
            if len(file.name) == 64 and file.is_file(follow_symlinks=False):
                status = file.stat(follow_symlinks=False)
                kept = datetime.fromtimestamp(status.st_mtime, timezone.utc)
                stored[file.name] = (status.st_size, kept)
    return stored


def _dated(entries: Sequence[Entry]) -> Iterable[_Item]:
    """The entries with times that never go back within a file, as clocks do."""
    latest: dict[str, datetime] = {}
    for entry in entries:
        latest[entry.path] = max(entry.time, latest.get(entry.path, entry.time))
        yield latest[entry.path], _texts_of(entry), entry


def _texts_of(entry: Entry) -> Sequence[str]:
    return [name for name in (entry.before, entry.after) if name is not None]
