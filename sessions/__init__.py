"""Sessions: append-only trees of turns that lose nothing which was acknowledged."""

from sessions.branches import branch_names, branch_of_head
from sessions.check import Finding, Report, check_session, check_sessions
from sessions.errors import (
    AmbiguousSession,
    ExportFailed,
    NoSessions,
    NotMoved,
    ReadFailed,
    SaveFailed,
    SessionError,
    UnknownSession,
    UnknownTurn,
    UnsafeStore,
)
from sessions.files import sha256_of
from sessions.log import MemorySession, SessionLog
from sessions.records import Change, Rating, Review, Span
from sessions.reviews import ReviewedChange, draft_of, reviewed_changes, text_as_taken
from sessions.salvage import salvage_session
from sessions.search import MATCH_END, MATCH_START, Hit, Search
from sessions.session_file import SessionFile
from sessions.sifting import sift_sessions
from sessions.store import SessionStore, memory_session, new_turn_id
from sessions.summary import SessionSummary
from sessions.syscalls import OperatingSystem, Syscalls
from sessions.tree import Session, first_words, opening_of
from sessions.turns import (
    LOGPROB_DECIMALS,
    SUMMARY_HEADING,
    Attachment,
    Build,
    Limits,
    Status,
    TokenLogprob,
    Turn,
    instruction_in_force,
    messages_of,
    messages_to_answer,
    plain_text,
    question_of,
    spoken_turns,
    standing_messages,
    summary_in_force,
)

__all__ = [
    "LOGPROB_DECIMALS",
    "MATCH_END",
    "MATCH_START",
    "SUMMARY_HEADING",
    "AmbiguousSession",
    "Attachment",
    "Build",
    "Change",
    "ExportFailed",
    "Finding",
    "Hit",
    "Limits",
    "MemorySession",
    "NoSessions",
    "NotMoved",
    "OperatingSystem",
    "Rating",
    "ReadFailed",
    "Report",
    "Review",
    "ReviewedChange",
    "SaveFailed",
    "Search",
    "Session",
    "SessionError",
    "SessionFile",
    "SessionLog",
    "SessionStore",
    "SessionSummary",
    "Span",
    "Status",
    "Syscalls",
    "TokenLogprob",
    "Turn",
    "UnknownSession",
    "UnknownTurn",
    "UnsafeStore",
    "branch_names",
    "branch_of_head",
    "check_session",
    "check_sessions",
    "draft_of",
    "first_words",
    "instruction_in_force",
    "memory_session",
    "messages_of",
    "messages_to_answer",
    "new_turn_id",
    "opening_of",
    "plain_text",
    "question_of",
    "reviewed_changes",
    "salvage_session",
    "sha256_of",
    "sift_sessions",
    "spoken_turns",
    "standing_messages",
    "summary_in_force",
    "text_as_taken",
]
