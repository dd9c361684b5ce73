"""What is said of a session's file where lines of it cannot be used: nothing lost goes unseen."""

from __future__ import annotations

from sessions import Session


def damage_in_words(session: Session) -> str:
    """How many lines there are, as far as is known, and what to do; nothing of a sound file."""
    count = session.damaged_lines
    if not count:
        return ""
    lines = "line of this session is" if count == 1 else "lines of this session are"
    gap = ", turns before these are lost" if session.has_gap() else ""
    return f"{count:,} {lines} damaged{gap}; see chat sessions check"
