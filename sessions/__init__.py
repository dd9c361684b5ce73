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
from sessions.tree import Session, Status, Turn

__all__ = [
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
    "Turn",
    "UnknownSession",
    "UnknownTurn",
    "UnsafeStore",
    "memory_session",
    "new_turn_id",
]
