"""The JSON form of a session's records, a line each: see docs/session-format.md.

Decoding is strict about what the format names and lenient about what it does not, so that a
damaged line is never taken for a turn, and a newer program's fields are never lost.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import (
    Any,
    Literal,
    NoReturn,
    TypedDict,
    TypeVar,
    cast,
    get_args,
    get_type_hints,
)

from engine.types import Message, Role, Sampling, Timings, Usage
from sessions.errors import DamagedLine
from sessions.fields import JsonObject, fits, one_of, optional, required, time_of, time_to_json
from sessions.records import Branch, Head, Header, KnownRecord, Partial, Record, Title, Unknown
from sessions.turns import Status, TokenLogprob, Turn, Variable

LINE_START = b'{"crc":"'
"""How every line begins, and what no text inside a record has: its quotation marks are escaped."""

_LINE = re.compile(re.escape(LINE_START) + rb'([0-9a-f]{8})","r":(\{.*\})\}', re.DOTALL)

_ROLES = frozenset(get_args(Role))
_STATUSES = frozenset(get_args(Status)) - {"partial"}

T = TypeVar("T")


class MessageJson(TypedDict):
    role: str
    content: str


class HeaderJson(TypedDict):
    type: Literal["header"]
    v: int
    id: str
    created: str


class _TurnJson(TypedDict):
    type: Literal["turn", "partial"]
    id: str
    parent: str | None
    role: str
    content: str
    time: str


class TurnJson(_TurnJson, total=False):
    """Absent fields have their default: nothing, or in ``partial`` records the status."""

    status: str
    reasoning: str
    examples: list[MessageJson]
    prompt: str
    variables: dict[str, Variable]
    model: str
    sampling: JsonObject
    usage: dict[str, int]
    timings: dict[str, float]
    error: str
    logprobs: list[list[object]]
    raw: bool
    continues: str
    copy_of: str
    summarises: list[str]


class BranchJson(TypedDict):
    type: Literal["branch"]
    name: str
    leaf: str


class HeadJson(TypedDict):
    type: Literal["head"]
    turn: str


class TitleJson(TypedDict):
    type: Literal["title"]
    title: str


_SPECULATION = ("proposed_tokens", "accepted_tokens")
"""Parts of ``usage`` that are left out where they are 0: most engines never speculate."""

_TURN_FIELDS = frozenset(get_type_hints(TurnJson))


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
    body = _ENCODER.encode(_to_json(record)).encode("utf-8", "backslashreplace")
    return b'%s%08x","r":%s}\n' % (LINE_START, zlib.crc32(body), body)


def decode(line: bytes) -> Record:
    """The record of one line, given without its newline.

    Raises:
        DamagedLine: If anything about the line is not as the format says.
    """
    found = _LINE.fullmatch(line)
    if found is None:
        raise DamagedLine("it is not a whole record")
    if zlib.crc32(found[2]) != int(found[1], 16):
        raise DamagedLine("the checksum does not fit")
    try:
        record = _DECODER.decode(found[2].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DamagedLine(f"it is not JSON: {error}") from error
    return _from_json(record)


def _to_json(record: KnownRecord) -> Mapping[str, object]:
    match record:
        case Turn():
            return _turn_to_json(record, "turn")
        case Partial():
            return _turn_to_json(record.turn, "partial")
        case Header():
            created = time_to_json(record.created)
            return HeaderJson(type="header", v=record.version, id=record.id, created=created)
        case Branch():
            return BranchJson(type="branch", name=record.name, leaf=record.leaf)
        case Head():
            return HeadJson(type="head", turn=record.turn)
        case Title():
            return TitleJson(type="title", title=record.text)


def _turn_to_json(turn: Turn, kind: Literal["turn", "partial"]) -> Mapping[str, object]:
    known = TurnJson(
        type=kind,
        id=turn.id,
        parent=turn.parent,
        role=turn.role,
        content=turn.content,
        time=time_to_json(turn.time),
    )
    if kind == "turn":
        known["status"] = turn.status
    if turn.reasoning:
        known["reasoning"] = turn.reasoning
    _add_origin(known, turn)
    _add_making(known, turn)
    _add_relations(known, turn)
    return _with_extra(known, turn.extra)


def _sampling_to_json(sampling: Sampling) -> JsonObject:
    """The settings that every turn has had since the first version, and others that are set."""
    values = sampling.to_dict()
    return {
        name: value
        for name, value in values.items()
        if name in _FIRST_SETTINGS or value != _DEFAULT_SETTINGS[name]
    }


def _add_origin(known: TurnJson, turn: Turn) -> None:
    """The prompt that a turn came from, and what it brought along."""
    if turn.examples:
        known["examples"] = [
            MessageJson(role=example.role, content=example.content) for example in turn.examples
        ]
    if turn.prompt is not None:
        known["prompt"] = turn.prompt
    if turn.variables:
        known["variables"] = dict(turn.variables)
    if turn.raw:
        known["raw"] = True


def _add_making(known: TurnJson, turn: Turn) -> None:
    """How an answer came about, and how it went."""
    if turn.model is not None:
        known["model"] = turn.model
    if turn.sampling is not None:
        known["sampling"] = _sampling_to_json(turn.sampling)
    if turn.usage is not None:
        counts: dict[str, int] = asdict(turn.usage)
        known["usage"] = {name: n for name, n in counts.items() if n or name not in _SPECULATION}
    if turn.timings is not None:
        known["timings"] = asdict(turn.timings)
    if turn.error is not None:
        known["error"] = turn.error
    if turn.logprobs:
        known["logprobs"] = [
            [token.text, token.logprob, [list(other) for other in token.others]]
            for token in turn.logprobs
        ]


def _add_relations(known: TurnJson, turn: Turn) -> None:
    """The other turns that a turn stands for or goes on from."""
    if turn.continues is not None:
        known["continues"] = turn.continues
    if turn.copy_of is not None:
        known["copy_of"] = turn.copy_of
    if turn.summarises:
        known["summarises"] = list(turn.summarises)


def _with_extra(known: TurnJson, extra: Mapping[str, object]) -> Mapping[str, object]:
    """The known fields and the unknown ones, also inside objects that both have."""
    record: JsonObject = {**known}
    for name, value in extra.items():
        if name not in record:
            record[name] = value
        elif isinstance(value, dict) and isinstance(record[name], dict):
            record[name] = {**value, **record[name]}
    return record


def _from_json(record: JsonObject) -> Record:
    kind = required(record, "type", str)
    if kind == "turn":
        return _turn_from_json(record, cast("Status", one_of(record, "status", _STATUSES)))
    if kind == "partial":
        return Partial(_turn_from_json(record, "partial"))
    if kind == "header":
        version = required(record, "v", int)
        return Header(version, required(record, "id", str), time_of(record, "created"))
    if kind == "branch":
        return Branch(required(record, "name", str), required(record, "leaf", str))
    if kind == "head":
        return Head(required(record, "turn", str))
    if kind == "title":
        return Title(required(record, "title", str))
    return Unknown(kind)


def _turn_from_json(record: JsonObject, status: Status) -> Turn:
    extra = {name: value for name, value in record.items() if name not in _TURN_FIELDS}
    return Turn(
        id=required(record, "id", str),
        parent=optional(record, "parent", str),
        role=cast("Role", one_of(record, "role", _ROLES)),
        content=required(record, "content", str),
        time=time_of(record, "time"),
        status=status,
        examples=_examples(record),
        prompt=optional(record, "prompt", str),
        variables=_variables(record),
        model=optional(record, "model", str),
        sampling=_numbers(record, "sampling", Sampling, extra),
        usage=_numbers(record, "usage", Usage, extra),
        timings=_numbers(record, "timings", Timings, extra),
        reasoning=optional(record, "reasoning", str) or "",
        error=optional(record, "error", str),
        logprobs=tuple(map(_token_logprob, optional(record, "logprobs", list) or ())),
        raw=optional(record, "raw", bool) or False,
        continues=optional(record, "continues", str),
        copy_of=optional(record, "copy_of", str),
        summarises=_ids(record, "summarises"),
        extra=extra,
    )


def _examples(record: JsonObject) -> tuple[Message, ...]:
    examples = optional(record, "examples", list) or []
    if not all(isinstance(example, dict) for example in examples):
        raise DamagedLine("its examples are not messages")
    return tuple(
        Message(cast("Role", one_of(one, "role", _ROLES)), required(one, "content", str))
        for one in examples
    )


def _variables(record: JsonObject) -> dict[str, Variable]:
    variables: dict[str, Variable] = optional(record, "variables", dict) or {}
    if not all(isinstance(value, str | int | float) for value in variables.values()):
        raise DamagedLine("its variables are not plain values")
    return variables


def _ids(record: JsonObject, name: str) -> tuple[str, ...]:
    ids = optional(record, name, list) or []
    if not all(isinstance(one, str) for one in ids):
        raise DamagedLine(f"its {name} are not ids")
    return tuple(ids)


def _token_logprob(value: object) -> TokenLogprob:
    """A token with its logarithm, and the others in its place with theirs."""
    if not (isinstance(value, list) and len(value) == 3 and isinstance(value[2], list)):
        raise DamagedLine("its logprobs are not triples")
    return TokenLogprob(*_scored(value[:2]), tuple(map(_scored, value[2])))


def _scored(value: object) -> tuple[str, float]:
    if not (isinstance(value, list) and len(value) == 2):
        raise DamagedLine("its logprobs are not pairs")
    text, logprob = value
    if not (fits(text, str) and fits(logprob, float)):
        raise DamagedLine("its logprobs are not texts with numbers")
    return text, logprob


_FIRST_SETTINGS = frozenset(
    (
        *("temperature", "top_k", "top_p", "min_p", "seed"),
        *("repeat_penalty", "frequency_penalty", "presence_penalty", "repeat_last_n"),
    )
)
_DEFAULT_SETTINGS: JsonObject = Sampling().to_dict()
_JSON_TYPES = {"logit_bias": dict, "samplers": list, "dry_sequence_breakers": list}
"""Of fields that are not numbers."""

_NUMBERS: Mapping[object, Mapping[str, Any]] = {
    **{make: get_type_hints(make) for make in (Usage, Timings)},
    Sampling: {**get_type_hints(Sampling), **_JSON_TYPES},
}


def _numbers(record: JsonObject, name: str, make: type[T], extra: JsonObject) -> T | None:
    """A value made of numbers; what it has no field for goes to `extra` under the same name."""
    given = optional(record, name, dict)
    if given is None:
        return None
    kinds = _NUMBERS[make]
    known = {key: value for key, value in given.items() if key in kinds and value is not None}
    if not all(fits(value, kinds[key]) for key, value in known.items()):
        raise DamagedLine(f"its {name} is not made of numbers")
    try:
        value = make(**known)
    except TypeError as error:
        raise DamagedLine(f"its {name} is incomplete") from error
    except (ValueError, OverflowError):
        # A setting beyond this program's ranges is no reason to lose the words it made.
        extra[name] = given
        return None
    if unknown := {key: value for key, value in given.items() if key not in kinds}:
        extra[name] = unknown
    return value
