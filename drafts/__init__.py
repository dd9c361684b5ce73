"""Drafts: a person's own files, read as they are, written without risk, brought back by undo."""

from drafts.batches import Cost, Piece, batches, put_back, sentence_pieces
from drafts.blocks import PROSE, Block, split_blocks
from drafts.diff import unified_diff
from drafts.document import DecodedText, Draft, decode_text, read_draft, restore
from drafts.entries import Entry
from drafts.errors import (
    BackupDamaged,
    BadPattern,
    ClosedFolder,
    DraftChanged,
    DraftError,
    DraftExists,
    DraftMissing,
    HalfWritten,
    HardLinked,
    JournalFailed,
    MarksInText,
    NoSuchPart,
    NotGivenBack,
    NothingToRedo,
    NothingToUndo,
    NotText,
    ReadOnlyDraft,
    Unreadable,
    WriteFailed,
)
from drafts.forms import as_critic, as_json, as_words, critic_text
from drafts.hunks import Hunk, apply, hunks
from drafts.journal import Journal
from drafts.locks import EVERYTHING, FIXED, Lock, LockCheck, LockKind, check_locks, locks_in
from drafts.markdown import BlockKind
from drafts.merge import Merged, merge
from drafts.pruning import PruningPlan, plan_pruning, prune
from drafts.repairs import Repair, repair
from drafts.scopes import lines_range, matching, outline, section
from drafts.sentences import sentences
from drafts.structure import piece_changes, structure_changes
from drafts.temporary import sweep
from drafts.verdict import Allowed, LanguagesDiffer, Verdict, judge
from drafts.writing import (
    Consent,
    refuse_existing,
    refuse_unwritable,
    write_draft,
    write_new,
)

__all__ = [
    "EVERYTHING",
    "FIXED",
    "PROSE",
    "Allowed",
    "BackupDamaged",
    "BadPattern",
    "Block",
    "BlockKind",
    "ClosedFolder",
    "Consent",
    "Cost",
    "DecodedText",
    "Draft",
    "DraftChanged",
    "DraftError",
    "DraftExists",
    "DraftMissing",
    "Entry",
    "HalfWritten",
    "HardLinked",
    "Hunk",
    "Journal",
    "JournalFailed",
    "LanguagesDiffer",
    "Lock",
    "LockCheck",
    "LockKind",
    "MarksInText",
    "Merged",
    "NoSuchPart",
    "NotGivenBack",
    "NotText",
    "NothingToRedo",
    "NothingToUndo",
    "Piece",
    "PruningPlan",
    "ReadOnlyDraft",
    "Repair",
    "Unreadable",
    "Verdict",
    "WriteFailed",
    "apply",
    "as_critic",
    "as_json",
    "as_words",
    "batches",
    "check_locks",
    "critic_text",
    "decode_text",
    "hunks",
    "judge",
    "lines_range",
    "locks_in",
    "matching",
    "merge",
    "outline",
    "piece_changes",
    "plan_pruning",
    "prune",
    "put_back",
    "read_draft",
    "refuse_existing",
    "refuse_unwritable",
    "repair",
    "restore",
    "section",
    "sentence_pieces",
    "sentences",
    "split_blocks",
    "structure_changes",
    "sweep",
    "unified_diff",
    "write_draft",
    "write_new",
]
