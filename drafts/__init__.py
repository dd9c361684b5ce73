"""Drafts: a person's own files, read as they are, written without risk, brought back by undo."""

from drafts.diff import unified_diff
from drafts.document import DecodedText, Draft, decode_text, read_draft, restore
from drafts.entries import Entry
from drafts.errors import (
    BackupDamaged,
    DraftChanged,
    DraftError,
    DraftExists,
    DraftMissing,
    HardLinked,
    JournalFailed,
    NothingToUndo,
    NotText,
    ReadOnlyDraft,
    Unreadable,
    WriteFailed,
)
from drafts.hunks import Hunk, Piece, apply, hunks
from drafts.journal import Journal
from drafts.writing import refuse_existing, refuse_unwritable, write_draft, write_new

__all__ = [
    "BackupDamaged",
    "DecodedText",
    "Draft",
    "DraftChanged",
    "DraftError",
    "DraftExists",
    "DraftMissing",
    "Entry",
    "HardLinked",
    "Hunk",
    "Journal",
    "JournalFailed",
    "NotText",
    "NothingToUndo",
    "Piece",
    "ReadOnlyDraft",
    "Unreadable",
    "WriteFailed",
    "apply",
    "decode_text",
    "hunks",
    "read_draft",
    "refuse_existing",
    "refuse_unwritable",
    "restore",
    "unified_diff",
    "write_draft",
    "write_new",
]
