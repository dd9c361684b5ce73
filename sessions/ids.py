"""Ids of sessions and turns: ULIDs, which sort by the time when they were made.

The library is loaded with the first id: it takes a sixth of what it costs to list sessions, which
need none.
"""

from __future__ import annotations

from datetime import datetime


def new_id() -> str:
    """An id that nothing else has."""
    from ulid import ULID

    return str(ULID())


def time_of(ulid: str) -> datetime:
    """When an id was made.

    Raises:
        ValueError: If it is no ULID.
    """
    from ulid import ULID

    made: datetime = ULID.from_str(ulid).datetime
    return made
