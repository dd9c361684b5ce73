"""Reads the fields of a record strictly: what has another type than the format says is damage."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, TypeAlias, TypeVar, cast

from sessions.errors import DamagedLine

T = TypeVar("T")
JsonObject: TypeAlias = dict[str, Any]


def fits(value: object, kind: Any) -> bool:
    """Whether a JSON value has a Python type; true and false are not numbers, 1 is a float."""
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, kind) or (kind is float and isinstance(value, int))


def required(record: JsonObject, name: str, kind: type[T]) -> T:
    """A field that has to be there. Like all of these, it raises DamagedLine."""
    value = record.get(name)
    if not fits(value, kind):
        raise DamagedLine(f"its {name} is missing or of the wrong type")
    return cast("T", value)


def optional(record: JsonObject, name: str, kind: type[T]) -> T | None:
    """A field that may be absent, or null."""
    return None if record.get(name) is None else required(record, name, kind)


def one_of(record: JsonObject, name: str, values: frozenset[str]) -> str:
    """A text out of a few."""
    value = required(record, name, str)
    if value not in values:
        raise DamagedLine(f"its {name} is {value!r}")
    return value


def time_to_json(time: datetime) -> str:
    """The one way to write a time: UTC with microseconds."""
    text = time.astimezone(timezone.utc).isoformat(timespec="microseconds")
    return text.removesuffix("+00:00") + "Z"


def time_of(record: JsonObject, name: str) -> datetime:
    """The inverse of `time_to_json`."""
    text = required(record, name, str)
    try:
        time = datetime.fromisoformat(text.removesuffix("Z") + "+00:00")
    except ValueError as error:
        raise DamagedLine(f"its {name} is not a time") from error
    # Python versions differ in what else they read; the format has exactly one way to write it.
    if time_to_json(time) != text:
        raise DamagedLine(f"its {name} is not written as UTC with microseconds")
    return time
