"""The JSON form of a session's records, a line each: see docs/session-format.md.

Decoding is strict about what the format names and lenient about what it does not, so that a
damaged line is never taken for a turn, and a newer program's fields are never lost.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from typing import Literal, NamedTuple, NoReturn, TypeAlias, TypedDict, cast

from sessions.errors import DamagedLine
from sessions.fields import JsonObject, one_of, optional, required, time_of, time_to_json
from sessions.records import (
    Branch,
    Delete,
    Head,
    Header,
    KnownRecord,
    Mark,
    Partial,
    Rating,
    Record,
    Redo,
    Restore,
    Review,
    Title,
    Undo,
    Unknown,
)
from sessions.reviewcodec import review_from_json, review_to_json
from sessions.turncodec import STATUSES, Texts, no_texts, turn_from_json, turn_to_json
from sessions.turns import Status, Turn

LINE_START = b'{"crc":"'
"""How every line begins, and what no text inside a record has: its quotation marks are escaped."""

_LINE = re.compile(re.escape(LINE_START) + rb'([0-9a-f]{8})","r":(\{.*\})\}', re.DOTALL)

_TURN_START = re.compile(
    rb'\{"type":"(turn|partial)","id":"([^"\\]+)","parent":(?:null|"([^"\\]+)")'
    rb',"role":"(system|user|assistant)"'
)
"""How this program begins the record of a turn; others may order its fields in other ways."""


_REVISION = "revision"
"""What the header of the work on a draft says that it is."""


class HeaderJson(TypedDict):
    type: Literal["header"]
    v: int
    id: str
    created: str


class BranchJson(TypedDict):
    type: Literal["branch"]
    name: str
    leaf: str | None


MarkType: TypeAlias = Literal["head", "undo", "redo", "delete", "restore"]


class MarkJson(TypedDict):
    type: MarkType
    turn: str | None


class RatingJson(TypedDict):
    type: Literal["rating"]
    turn: str
    rating: int
    note: str


class _TitleJson(TypedDict):
    type: Literal["title"]
    title: str


class TitleJson(_TitleJson, total=False):
    by: str


class TurnOutline(NamedTuple):
    """What the tree has to know of a turn whose line is not decoded yet."""

    id: str
    parent: str | None
    role: str
    is_partial: bool


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def encode(record: KnownRecord) -> bytes:
    """A record as one line, newline included.

    Raises:
        ValueError: If a number in it is infinite or not a number.
        TypeError: If `Turn.extra` holds what JSON cannot express.
    """
    # Only lone surrogates cannot be UTF-8, and a backslash escape is how JSON writes them too.
    body = _ENCODER.encode(to_json(record)).encode("utf-8", "backslashreplace")
    return b'%s%08x","r":%s}\n' % (LINE_START, zlib.crc32(body), body)


def decode(line: bytes, texts: Texts = no_texts) -> Record:
    """The record of one line, given without its newline.

    Args:
        line: Its bytes.
        texts: Finds the texts of attachments by their SHA-256.

    Raises:
        DamagedLine: If anything about the line is not as the format says.
    """
    try:
        record = _DECODER.decode(_sound_body(line).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DamagedLine(f"it is not JSON: {error}") from error
    return from_json(record, texts)


def outline(line: bytes) -> TurnOutline | None:
    """What the beginning of a sound line says of its turn; None of all other lines."""
    try:
        found = _TURN_START.match(_sound_body(line))
        if found is None:
            return None
        kind, turn_id, parent, role = found.groups()
        before = None if parent is None else parent.decode()
        return TurnOutline(turn_id.decode(), before, role.decode(), kind == b"partial")
    except (DamagedLine, UnicodeDecodeError):
        return None


def _sound_body(line: bytes) -> bytes:
    found = _LINE.fullmatch(line)
    if found is None:
        raise DamagedLine("it is not a whole record")
    if zlib.crc32(found[2]) != int(found[1], 16):
        raise DamagedLine("the checksum does not fit")
    return found[2]


def to_json(record: KnownRecord) -> Mapping[str, object]:
    """A record as the object that stands in its line."""
    match record:
        case Turn():
            return turn_to_json(record, "turn")
        case Partial():
            return turn_to_json(record.turn, "partial")
        case Header():
            created = time_to_json(record.created)
            header = HeaderJson(type="header", v=record.version, id=record.id, created=created)
            return {**header, "kind": _REVISION} if record.is_revision else header
        case Title():
            title = TitleJson(type="title", title=record.text)
            return {**title, "by": "model"} if record.by_model else title
        case _:
            return _mark_to_json(record)


def _mark_to_json(mark: Mark) -> Mapping[str, object]:
    if isinstance(mark, Branch):
        return BranchJson(type="branch", name=mark.name, leaf=mark.leaf)
    if isinstance(mark, Rating):
        return RatingJson(type="rating", turn=mark.turn, rating=mark.value, note=mark.note)
    if isinstance(mark, Review):
        return review_to_json(mark)
    kind: MarkType = "undo" if isinstance(mark, Undo) else _MARK_TYPES[type(mark)]
    return MarkJson(type=kind, turn=mark.turn)


def from_json(record: JsonObject, texts: Texts = no_texts) -> Record:
    """The inverse of `to_json`.

    Raises:
        DamagedLine: If it is not as the format says.
    """
    kind = required(record, "type", str)
    match kind:
        case "turn":
            status = cast("Status", one_of(record, "status", STATUSES))
            return turn_from_json(record, status, texts)
        case "partial":
            return Partial(turn_from_json(record, "partial", texts))
        case "header":
            version = required(record, "v", int)
            is_revision = optional(record, "kind", str) == _REVISION
            session_id, created = required(record, "id", str), time_of(record, "created")
            return Header(version, session_id, created, is_revision)
        case "title":
            return Title(required(record, "title", str), optional(record, "by", str) == "model")
        case _:
            return _mark_from_json(kind, record)


def _mark_from_json(kind: str, record: JsonObject) -> Record:
    if kind == "branch":
        return Branch(required(record, "name", str), optional(record, "leaf", str))
    if kind == "undo":
        return Undo(optional(record, "turn", str))
    if kind == "rating":
        return _rating(record)
    if kind == "review":
        return review_from_json(record)
    for make, name in _MARK_TYPES.items():
        if kind == name:
            return make(required(record, "turn", str))
    return Unknown(kind)


_MARK_TYPES: Mapping[type[Head | Redo | Delete | Restore], MarkType] = {
    Head: "head",
    Redo: "redo",
    Delete: "delete",
    Restore: "restore",
}


def _rating(record: JsonObject) -> Rating:
    value = required(record, "rating", int)
    if value not in (-1, 0, 1):
        raise DamagedLine(f"its rating is {value}")
    note = optional(record, "note", str) or ""
    return Rating(required(record, "turn", str), cast("Literal[-1, 0, 1]", value), note)
