"""``chat drafts``: what was written to a person's files, shown, taken back and forgotten."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from drafts import (
    ClosedFolder,
    Entry,
    HardLinked,
    Journal,
    PruningPlan,
    ReadOnlyDraft,
    decode_text,
    plan_pruning,
    prune,
    read_draft,
    unified_diff,
)
from tui.draft_consent import consent_to_write
from tui.errors import UsageProblem
from tui.narrate import Narrator
from tui.review import confirm, show_diff
from tui.runtime import Runtime
from tui.tables import age, file_size, print_bytes, print_json, print_table

_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,3})?)\s*([kmgt]?)b?", re.IGNORECASE)


def list_history(runtime: Runtime, *, file: Path | None, as_json: bool) -> None:
    """One line for each write, undo and redo, the newest first."""
    journal = runtime.journal()
    if damaged := journal.read().damaged_lines:
        Narrator(runtime.stderr).say(f"{damaged:,} damaged lines of the history were skipped")
    numbered = list(_numbered(journal.history(file)))
    if as_json:
        print_json(
            runtime,
            [
                {
                    **{"n": number, **asdict(entry), "time": entry.time.isoformat()},
                    **{"bytes_before": _size(journal, entry.before)},
                    **{"bytes_after": _size(journal, entry.after)},
                }
                for number, entry in numbered
            ],
        )
        return
    print_table(
        runtime,
        ("N", "AGE", "WHAT", "SIZE", "SESSION", "FILE"),
        [
            (
                str(number),
                age(entry.time),
                entry.action,
                f"{_size_in_words(journal, entry.before)} → {_size_in_words(journal, entry.after)}",
                entry.session or "",
                entry.path,
            )
            for number, entry in numbered
        ],
    )


def show_version(runtime: Runtime, *, file: Path | None, number: int, diff: bool) -> None:
    """What a file held before a write, byte for byte, or what the write changed."""
    journal = runtime.journal()
    entry = _numbered_entry(journal, file, number)
    before = b"" if entry.before is None else journal.kept(entry.before)
    if diff:
        old, new = (decode_text(data).raw_text for data in (before, journal.kept(entry.after)))
        show_diff(runtime, unified_diff(old, new, entry.path))
    else:
        print_bytes(runtime, before)


def undo_last_write(runtime: Runtime, file: Path | None) -> None:
    """Bring back what a file held before the last write to it, or to any."""
    entry = _with_consent(runtime, runtime.journal().undo, file)
    Narrator(runtime.stderr).say(f"{entry.path} is back to its previous state")


def redo_last_undo(runtime: Runtime, file: Path | None) -> None:
    """Bring again what the last undo took back."""
    entry = _with_consent(runtime, runtime.journal().redo, file)
    Narrator(runtime.stderr).say(f"{entry.path} is back to its state before the undo")


def prune_history(
    runtime: Runtime, *, older_than: datetime | None, larger_than: str | None, yes: bool
) -> None:
    """Say what would be forgotten, and do it on a yes."""
    journal, say = runtime.journal(), Narrator(runtime.stderr).say
    limit = byte_count(larger_than) if larger_than else None
    plan = plan_pruning(journal, older_than=older_than, larger_than=limit)
    if not plan.entries and not plan.texts:
        say(f"nothing to prune: {file_size(plan.left)} of kept texts")
        return
    say(_what_goes(plan))
    if not yes and not runtime.is_interactive:
        raise UsageProblem("nothing was pruned: use --yes to do it without asking")
    if yes or confirm(runtime, "Delete them for good?"):
        prune(journal, plan)
        say(f"pruned; {file_size(plan.left)} of kept texts are left")
    else:
        say("nothing was pruned")


def byte_count(text: str) -> int:
    """A size in bytes as people write it: ``1GB``, ``500 MB``, ``200k``, in powers of ten.

    Raises:
        UsageProblem: If it is none.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageProblem(f"{text!r} is not a size such as 1GB, 500MB or 200k")
    return int(float(match[1]) * 1000 ** ("", "k", "m", "g", "t").index(match[2].lower()))


def _with_consent(runtime: Runtime, bring: Callable[..., Entry], file: Path | None) -> Entry:
    """Does an undo or a redo, after asking where the file is one to ask about."""
    try:
        return bring(file)
    except (ReadOnlyDraft, HardLinked, ClosedFolder) as obstacle:
        consent = consent_to_write(runtime, read_draft(obstacle.path).file)
        return bring(obstacle.path, consent=consent)


def _what_goes(plan: PruningPlan) -> str:
    """One line that names everything that a person would lose."""
    texts = f"{len(plan.texts):,} kept texts ({file_size(plan.size)})"
    if not plan.entries:
        return f"to be deleted: {texts} that no write refers to"
    files = Counter(entry.path for entry in plan.entries)
    names = ", ".join(Path(path).name for path in list(files)[:3])
    more = f" and {len(files) - 3:,} other files" if len(files) > 3 else ""
    newest = age(max(entry.time for entry in plan.entries))
    return (
        f"to be deleted: {texts}; {len(plan.entries):,} writes to {names}{more}, the newest "
        f"{newest} old, can then not be undone"
    )


def _numbered(entries: Sequence[Entry]) -> Iterator[tuple[int, Entry]]:
    """Entries, the newest first, each with its number in its own file's history."""
    seen: Counter[str] = Counter()
    for entry in entries:
        seen[entry.path] += 1
        yield seen[entry.path], entry


def _numbered_entry(journal: Journal, file: Path | None, number: int) -> Entry:
    history = journal.history(file)
    own = [entry for entry in history if entry.path == history[0].path]
    if not own:
        raise UsageProblem(f"nothing was written{f' to {file}' if file else ''} by `chat --edit`")
    if number > len(own):
        raise UsageProblem(f"there is no write {number}: {own[0].path} has {len(own)}")
    return own[number - 1]


def _size(journal: Journal, sha256: str | None) -> int | None:
    """The bytes of a kept text; None if there is none."""
    place = journal.place_of(sha256) if sha256 else None
    return place.stat().st_size if place and place.is_file() else None


def _size_in_words(journal: Journal, sha256: str | None) -> str:
    size = _size(journal, sha256)
    return "none" if size is None else file_size(size)
