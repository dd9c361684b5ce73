"""Sessions: append-only trees of turns that lose nothing which was acknowledged."""

from sessions.errors import (
    AmbiguousSession,
    NoSessions,
    ReadFailed,
    SaveFailed,
    SessionError,
    UnknownSession,
    UnknownTurn,
    UnsafeStore,
)
from sessions.log import MemorySession, SessionFile, SessionLog, Syscalls
from sessions.store import SessionStore, SessionSummary, memory_session, new_turn_id
from sessions.tree import Session
from sessions.turns import (
    LOGPROB_DECIMALS,
    SUMMARY_HEADING,
    Status,
    TokenLogprob,
    Turn,
    instruction_in_force,
    messages_of,
    plain_text,
    spoken_turns,
    standing_messages,
    summary_in_force,
)

__all__ = [
    "LOGPROB_DECIMALS",
    "SUMMARY_HEADING",
    "AmbiguousSession",
    "MemorySession",
    "NoSessions",
    "ReadFailed",
    "SaveFailed",
    "Session",
    "SessionError",
    "SessionFile",
    "SessionLog",
    "SessionStore",
    "SessionSummary",
    "Status",
    "Syscalls",
    "TokenLogprob",
    "Turn",
    "UnknownSession",
    "UnknownTurn",
    "UnsafeStore",
    "instruction_in_force",
    "memory_session",
    "messages_of",
    "new_turn_id",
    "plain_text",
    "spoken_turns",
    "standing_messages",
    "summary_in_force",
]
