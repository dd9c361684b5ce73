"""Conversations of other programs, and exported ones of this program, as sessions."""

from sessions.importers.detect import FORMS, form_of, read_sessions
from sessions.importers.values import (
    Found,
    ImportedSession,
    Problem,
    Source,
    piped_source,
    source_of,
)

__all__ = [
    "FORMS",
    "Found",
    "ImportedSession",
    "Problem",
    "Source",
    "form_of",
    "piped_source",
    "read_sessions",
    "source_of",
]
