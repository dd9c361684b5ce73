"""How the client and the worker process talk: length-prefixed JSON frames over two pipes.

A frame is a 4-byte big-endian length followed by that many bytes of UTF-8 JSON, one object.
Requests carry ``op`` and ``id``; answers carry the ``id`` they belong to and a result, an
``event`` or a ``failure``.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from engine import errors
from engine.reports import Device, ModelCard, SystemReport
from engine.sampling_params import Sampling
from engine.types import (
    Event,
    Finished,
    Loading,
    Message,
    Notice,
    Piece,
    Prefill,
    Reasoning,
    Request,
    Scored,
    Timings,
    TokenScore,
    Usage,
)

Frame: TypeAlias = dict[str, Any]

_LENGTH = struct.Struct(">I")

_LONGEST = 2**30
"""Bytes of a frame. Text that comes in a frame's place begins with a greater length."""


class Garbled(Exception):
    """What came is no frame."""


def pack(frame: Mapping[str, Any]) -> bytes:
    """The bytes of one frame."""
    body = json.dumps(frame, separators=(",", ":")).encode()
    return _LENGTH.pack(len(body)) + body


class Unpacker:
    """Puts frames back together from whatever pieces a pipe delivers."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete now.

        Raises:
            Garbled: If it is something else that came. Nothing can be understood from then on.
        """
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > _LONGEST:
                raise Garbled(f"a frame of {length:,} bytes")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_LENGTH.size : end])
            del self._buffer[:end]
            yield _frame(body)


def _frame(body: bytes) -> Frame:
    try:
        frame = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Garbled(f"no JSON: {error}") from error
    if not isinstance(frame, dict):
        raise Garbled("no JSON object")
    return frame


def encode_messages(messages: tuple[Message, ...]) -> list[Frame]:
    """Messages as JSON values."""
    return [asdict(message) for message in messages]


def decode_messages(values: list[Frame]) -> tuple[Message, ...]:
    """The inverse of `encode_messages`."""
    return tuple(Message(**value) for value in values)


def encode_request(request: Request) -> Frame:
    """A request as a JSON value."""
    return asdict(request)


def decode_request(value: Frame) -> Request:
    """The inverse of `encode_request`."""
    return Request(
        **{
            **value,
            "messages": decode_messages(value["messages"]),
            "sampling": Sampling(**value["sampling"]),
            "stop": tuple(value["stop"]),
            "banned": tuple(value["banned"]),
        }
    )


def encode_card(card: ModelCard) -> Frame:
    """A model card as a JSON value."""
    return {**asdict(card), "path": str(card.path)}


def decode_card(value: Frame) -> ModelCard:
    """The inverse of `encode_card`."""
    return ModelCard(**{**value, "path": Path(value["path"]), "notices": tuple(value["notices"])})


def decode_system(value: Frame) -> SystemReport:
    """A system report from its JSON value."""
    devices = tuple(Device(**device) for device in value["devices"])
    return SystemReport(**{**value, "backends": tuple(value["backends"]), "devices": devices})


_EVENTS: Mapping[str, type[Event]] = {
    "loading": Loading,
    "prefill": Prefill,
    "notice": Notice,
    "scored": Scored,
    "reasoning": Reasoning,
    "piece": Piece,
    "finished": Finished,
}
_EVENT_NAMES = {kind: name for name, kind in _EVENTS.items()}


def encode_event(event: Event) -> Frame:
    """An event as a JSON value, its kind under ``event``."""
    return {"event": _EVENT_NAMES[type(event)], **asdict(event)}


def decode_event(value: Frame) -> Event:
    """The inverse of `encode_event`."""
    values = {key: item for key, item in value.items() if key not in ("event", "id")}
    if value["event"] == "finished":
        values["usage"] = Usage(**values["usage"])
        values["timings"] = Timings(**values["timings"])
    if value["event"] == "scored":
        values["tokens"] = decode_scores(values["tokens"])
    return _EVENTS[value["event"]](**values)


def decode_scores(values: list[Frame]) -> tuple[TokenScore, ...]:
    """Token scores from their JSON values."""
    return tuple(
        TokenScore(**{**value, "others": tuple((text, lp) for text, lp in value["others"])})
        for value in values
    )


def encode_error(error: errors.EngineError) -> Frame:
    """An error as a JSON value: its class and what its constructor takes."""
    if isinstance(error, errors.CannotFit):
        return {"failure": "CannotFit", "args": [error.needed, error.available]}
    return {"failure": type(error).__name__, "args": [str(error)]}


def decode_error(value: Frame) -> errors.EngineError:
    """The inverse of `encode_error`."""
    kind = getattr(errors, value["failure"])
    error: errors.EngineError = kind(*value["args"])
    return error
