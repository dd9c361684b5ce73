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
    MarksInText,
    NothingToUndo,
    NotText,
    ReadOnlyDraft,
    Unreadable,
    WriteFailed,
)
from drafts.forms import as_critic, as_json, as_words, critic_text
from drafts.hunks import Hunk, Piece, apply, hunks
from drafts.journal import Journal
from drafts.merge import Merged, merge
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
    "MarksInText",
    "Merged",
    "NotText",
    "NothingToUndo",
    "Piece",
    "ReadOnlyDraft",
    "Unreadable",
    "WriteFailed",
    "apply",
    "as_critic",
    "as_json",
    "as_words",
    "critic_text",
    "decode_text",
    "hunks",
    "merge",
    "read_draft",
    "refuse_existing",
    "refuse_unwritable",
    "restore",
    "unified_diff",
    "write_draft",
    "write_new",
]
