"""Ids for what has none of ours: the same ones whenever the same thing is imported."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta, timezone

from ulid import ULID

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

_LATEST = datetime(9999, 12, 31, tzinfo=timezone.utc)


def derived_id(time: datetime, *parts: str) -> str:
    """A ULID of that time whose other 80 bits are of the SHA-256 of the parts."""
    milliseconds = (time - _EPOCH) // timedelta(milliseconds=1)
    return str(ULID(milliseconds.to_bytes(6, "big") + _hash(parts)[:10]))


def derived_part(ulid: str) -> str:
    """What of an id does not come from the time."""
    return ulid[-16:]


def digest_of(*parts: str) -> str:
    """A text that only these parts have."""
    return _hash(parts).hex()


def moment(value: object) -> datetime | None:
    """A time as other programs write it; None where it is none that an id can have.

    Seconds since 1970, or ISO 8601, which is UTC where it does not say.
    """
    try:
        if isinstance(value, str):
            time = datetime.fromisoformat(_offset_for_z(value.strip()))
            time = time.replace(tzinfo=time.tzinfo or timezone.utc).astimezone(timezone.utc)
        elif (
            isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        ):
            time = _EPOCH + timedelta(seconds=value)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return time if _EPOCH <= time <= _LATEST else None


def _offset_for_z(text: str) -> str:
    return text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text


def _hash(parts: tuple[str, ...]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        # With its length, so that no two lists of parts are alike.
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()
