"""Drafts: a person's own files, read as they are, written without risk, brought back by undo."""

from drafts.diff import unified_diff
from drafts.document import DecodedText, Draft, decode_text, read_draft, restore
from drafts.entries import Entry
from drafts.errors import (
    BackupDamaged,
    ClosedFolder,
    DraftChanged,
    DraftError,
    DraftExists,
    DraftMissing,
    HalfWritten,
    HardLinked,
    JournalFailed,
    NotGivenBack,
    NothingToRedo,
    NothingToUndo,
    NotText,
    ReadOnlyDraft,
    Unreadable,
    WriteFailed,
)
from drafts.journal import Journal
from drafts.pruning import PruningPlan, plan_pruning, prune
from drafts.temporary import sweep
from drafts.writing import (
    Consent,
    refuse_existing,
    refuse_unwritable,
    write_draft,
    write_new,
)

__all__ = [
    "BackupDamaged",
    "ClosedFolder",
    "Consent",
    "DecodedText",
    "Draft",
    "DraftChanged",
    "DraftError",
    "DraftExists",
    "DraftMissing",
    "Entry",
    "HalfWritten",
    "HardLinked",
    "Journal",
    "JournalFailed",
    "NotGivenBack",
    "NotText",
    "NothingToRedo",
    "NothingToUndo",
    "PruningPlan",
    "ReadOnlyDraft",
    "Unreadable",
    "WriteFailed",
    "decode_text",
    "plan_pruning",
    "prune",
    "read_draft",
    "refuse_existing",
    "refuse_unwritable",
    "restore",
    "sweep",
    "unified_diff",
    "write_draft",
    "write_new",
]
