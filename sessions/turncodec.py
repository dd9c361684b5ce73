"""The JSON form of a turn, the largest of a session's records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import (
    Any,
    Literal,
    TypeAlias,
    TypedDict,
    TypeVar,
    cast,
    get_args,
    get_type_hints,
)

from engine.sampling_params import Sampling
from engine.types import Message, Role, Timings, Usage
from sessions.errors import DamagedLine
from sessions.fields import JsonObject, fits, one_of, optional, required, time_of, time_to_json
from sessions.turns import Attachment, Build, Limits, Status, TokenLogprob, Turn, Variable

Texts: TypeAlias = Callable[[str], "str | None"]
"""Finds the text of an attachment by its SHA-256; None where there is none."""

ROLES = frozenset(get_args(Role))
STATUSES = frozenset(get_args(Status)) - {"partial"}

T = TypeVar("T")


def no_texts(_sha256: str) -> str | None:
    """Of a session that has no attachments."""
    return None


class MessageJson(TypedDict):
    role: str
    content: str


class AttachmentJson(TypedDict):
    name: str | None
    sha256: str
    at: int


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
    attachments: list[AttachmentJson]
    model: str
    build: dict[str, str]
    sampling: JsonObject
    limits: JsonObject
    usage: dict[str, int]
    timings: dict[str, float]
    error: str
    logprobs: list[list[object]]
    raw: bool
    alone: bool
    continues: str
    edits: list[str]
    copy_of: str
    summarises: list[str]


_SELDOM = ("proposed_tokens", "accepted_tokens", "estimated_tokens")
"""Parts of ``usage`` that are left out where they are 0, as they mostly are."""

_TURN_FIELDS = frozenset(get_type_hints(TurnJson))


def turn_to_json(turn: Turn, kind: Literal["turn", "partial"]) -> Mapping[str, object]:
    """A turn as the object that stands in its line."""
    content, attachments = _parted(turn)
    known = TurnJson(
        type=kind,
        id=turn.id,
        parent=turn.parent,
        role=turn.role,
        content=content,
        time=time_to_json(turn.time),
    )
    if kind == "turn":
        known["status"] = turn.status
    if turn.reasoning:
        known["reasoning"] = turn.reasoning
    if attachments:
        known["attachments"] = attachments
    _add_origin(known, turn)
    _add_making(known, turn)
    _add_relations(known, turn)
    return _with_extra(known, turn.extra)


def _parted(turn: Turn) -> tuple[str, list[AttachmentJson]]:
    """The content without its attachments, and where each of them belongs."""
    words, attachments, at = [], [], 0
    length = 0
    for part in turn.attachments:
        words.append(turn.content[at : part.start])
        length += len(words[-1])
        at = part.start + part.length
        attachments.append(AttachmentJson(name=part.name, sha256=part.sha256, at=length))
    words.append(turn.content[at:])
    return "".join(words), attachments


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
    if turn.alone:
        known["alone"] = True


def _add_making(known: TurnJson, turn: Turn) -> None:
    """How an answer came about, and how it went."""
    if turn.model is not None:
        known["model"] = turn.model
    if turn.build is not None:
        known["build"] = _set_fields(turn.build)
    if turn.sampling is not None:
        known["sampling"] = _sampling_to_json(turn.sampling)
    if turn.limits is not None and (limits := _set_fields(turn.limits)):
        known["limits"] = limits
    if turn.usage is not None:
        counts: dict[str, int] = asdict(turn.usage)
        known["usage"] = {name: n for name, n in counts.items() if n or name not in _SELDOM}
    if turn.timings is not None:
        known["timings"] = asdict(turn.timings)
    if turn.error is not None:
        known["error"] = turn.error
    if turn.logprobs:
        known["logprobs"] = [
            [token.text, token.logprob, [list(other) for other in token.others]]
            for token in turn.logprobs
        ]


def _set_fields(value: Build | Limits) -> dict[str, Any]:
    """The fields that say something, lists in the place of tuples."""
    fields = {name: each for name, each in asdict(value).items() if each not in (None, ())}
    return {name: list(each) if isinstance(each, tuple) else each for name, each in fields.items()}


def _add_relations(known: TurnJson, turn: Turn) -> None:
    """The other turns that a turn stands for or goes on from."""
    if turn.continues is not None:
        known["continues"] = turn.continues
    if turn.edits:
        known["edits"] = list(turn.edits)
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


def turn_from_json(record: JsonObject, status: Status, texts: Texts) -> Turn:
    """The inverse of `turn_to_json`.

    Raises:
        DamagedLine: If it is not as the format says.
    """
    extra = {name: value for name, value in record.items() if name not in _TURN_FIELDS}
    if not required(record, "id", str).isascii():
        raise DamagedLine("its id is none")
    content, attachments = _joined(record, texts)
    return Turn(
        id=required(record, "id", str),
        parent=optional(record, "parent", str),
        role=cast("Role", one_of(record, "role", ROLES)),
        content=content,
        time=time_of(record, "time"),
        status=status,
        examples=_examples(record),
        prompt=optional(record, "prompt", str),
        variables=_variables(record),
        attachments=attachments,
        model=optional(record, "model", str),
        build=_build(record, extra),
        sampling=_numbers(record, "sampling", Sampling, extra),
        limits=_limits(record, extra),
        usage=_numbers(record, "usage", Usage, extra),
        timings=_numbers(record, "timings", Timings, extra),
        reasoning=optional(record, "reasoning", str) or "",
        error=optional(record, "error", str),
        logprobs=tuple(map(_token_logprob, optional(record, "logprobs", list) or ())),
        raw=optional(record, "raw", bool) or False,
        alone=optional(record, "alone", bool) or False,
        continues=optional(record, "continues", str),
        edits=_texts(record, "edits"),
        copy_of=optional(record, "copy_of", str),
        summarises=_texts(record, "summarises"),
        extra=extra,
    )


def _joined(record: JsonObject, texts: Texts) -> tuple[str, tuple[Attachment, ...]]:
    """The content with its attachments in their places."""
    words = required(record, "content", str)
    parts, attachments = [], []
    length = at = 0
    for each in optional(record, "attachments", list) or []:
        if not isinstance(each, dict):
            raise DamagedLine("its attachments are not objects")
        name, sha256 = optional(each, "name", str), required(each, "sha256", str)
        place = required(each, "at", int)
        if not at <= place <= len(words):
            raise DamagedLine("its attachments are not in their order")
        text = texts(sha256)
        is_missing = text is None
        if text is None:
            text = f"[{name or 'piped text'} is missing]"
        parts += [words[at:place], text]
        length += place - at
        attachments.append(Attachment(name, sha256, length, len(text), is_missing))
        length += len(text)
        at = place
    return "".join([*parts, words[at:]]), tuple(attachments)


def _examples(record: JsonObject) -> tuple[Message, ...]:
    examples = optional(record, "examples", list) or []
    if not all(isinstance(example, dict) for example in examples):
        raise DamagedLine("its examples are not messages")
    return tuple(
        Message(cast("Role", one_of(one, "role", ROLES)), required(one, "content", str))
        for one in examples
    )


def _variables(record: JsonObject) -> dict[str, Variable]:
    variables: dict[str, Variable] = optional(record, "variables", dict) or {}
    if not all(isinstance(value, str | int | float) for value in variables.values()):
        raise DamagedLine("its variables are not plain values")
    return variables


def _texts(record: JsonObject, name: str) -> tuple[str, ...]:
    texts = optional(record, name, list) or []
    if not all(isinstance(one, str) for one in texts):
        raise DamagedLine(f"its {name} are not texts")
    return tuple(texts)


def _build(record: JsonObject, extra: JsonObject) -> Build | None:
    given = optional(record, "build", dict)
    if given is None:
        return None
    _keep_unknown("build", given, Build, extra)
    return Build(
        weights=optional(given, "weights", str),
        chat_template=optional(given, "chat_template", str),
        llama_cpp=optional(given, "llama_cpp", str),
    )


def _limits(record: JsonObject, extra: JsonObject) -> Limits | None:
    given = optional(record, "limits", dict)
    if given is None:
        return None
    _keep_unknown("limits", given, Limits, extra)
    return Limits(
        max_tokens=optional(given, "max_tokens", int),
        stop=_texts(given, "stop"),
        grammar=optional(given, "grammar", str),
        schema=optional(given, "schema", str),
        banned=_texts(given, "banned"),
        think=optional(given, "think", bool),
    )


def _keep_unknown(name: str, given: JsonObject, make: type, extra: JsonObject) -> None:
    """What a newer program says inside an object goes to `extra` under the object's name."""
    known = get_type_hints(make)
    if unknown := {key: value for key, value in given.items() if key not in known}:
        extra[name] = unknown


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
