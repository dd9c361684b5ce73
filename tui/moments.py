"""Moments as people write them on a command line."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from tui.errors import UsageProblem

_AGE = re.compile(r"(\d{1,6})(h|d|w)")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def moment(text: str) -> datetime:
    """A date or a time, in the local zone where it has none, or so long ago: ``12h``, ``7d``.

    Raises:
        UsageProblem: If it is neither.
    """
    if age := _AGE.fullmatch(text):
        try:
            return datetime.now(timezone.utc) - timedelta(**{_UNITS[age[2]]: int(age[1])})
        except OverflowError:
            return datetime.min.replace(tzinfo=timezone.utc)
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise UsageProblem(
            f"{text!r} is neither a date such as 2026-11-01 nor an age such as 12h, 7d or 3w"
        ) from None
