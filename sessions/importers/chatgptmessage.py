"""What one message of a ChatGPT export says, and what of it is left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.types import Role
from sessions.fields import JsonObject
from sessions.importers.chain import ROLES, name_of
from sessions.importers.identity import moment
from sessions.turns import Status

_ENDS: dict[str, Status] = {"max_tokens": "length", "interrupted": "cancelled"}
"""ChatGPT's words for the ends of answers that are not whole."""

_OF_NO_ACCOUNT = ("reasoning_recap", "model_editable_context")
"""Kinds of content that repeat what other messages say, or say nothing."""


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message as far as it can be read."""

    role: Role = "system"
    text: str = ""
    """Nothing makes no turn."""
    thoughts: str = ""
    """What was thought aloud for the answer that follows."""
    time: datetime | None = None
    model: str | None = None
    status: Status = "complete"
    problems: tuple[str, ...] = ()
    """What is left out of it, in a line each."""


def read_message(message: object) -> ReadMessage:
    """The message of a node."""
    if not isinstance(message, dict):
        return _left_out("it is not a message")
    content = _object(message, "content")
    kind = content.get("content_type")
    if kind == "thoughts":
        return ReadMessage(thoughts=_thoughts(content))
    text, problems = ("", ()) if kind in _OF_NO_ACCOUNT else _text(content)
    if not text and not problems:
        return ReadMessage()
    role = _role(message)
    if role is None:
        name = _object(message, "author").get("role")
        return _left_out(f"a message of {_shown('role', name)} is left out")
    if reason := _reason_against(message, role):
        return _left_out(reason)
    metadata = _object(message, "metadata")
    is_answer = role == "assistant"
    return ReadMessage(
        role,
        text,
        time=moment(message.get("create_time")),
        model=name_of(metadata.get("model_slug")) if is_answer else None,
        status=_status(metadata) if is_answer else "complete",
        problems=problems,
    )


def _role(message: JsonObject) -> Role | None:
    name = _object(message, "author").get("role")
    return ROLES.get(name) if isinstance(name, str) else None


def _reason_against(message: JsonObject, role: Role) -> str | None:
    """Why a message of a known role is no turn; None where it is one."""
    if _object(message, "metadata").get("is_visually_hidden_from_conversation"):
        return f"a hidden message of the role {role!r} is left out"
    if role == "assistant" and message.get("recipient", "all") not in ("all", None):
        return f"a call of {_shown('tool', message['recipient'])} is left out"
    return None


def _text(content: JsonObject) -> tuple[str, tuple[str, ...]]:
    """The words of a content, and what in it is none."""
    kind = content.get("content_type")
    parts = content.get("parts")
    if kind not in ("text", "multimodal_text") or not isinstance(parts, list):
        return "", (f"content of {_shown('kind', kind)} is left out",)
    texts, problems = [], []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            # What was said aloud, written down.
            texts.append(part["text"])
        else:
            given = part.get("content_type") if isinstance(part, dict) else None
            problems.append(f"a part of {_shown('kind', given)} is left out")
    return "\n".join(filter(None, texts)), tuple(problems)


def _thoughts(content: JsonObject) -> str:
    given = content.get("thoughts")
    texts = [
        each[name]
        for each in (given if isinstance(given, list) else [])
        if isinstance(each, dict)
        for name in ("summary", "content")
        if isinstance(each.get(name), str)
    ]
    return "\n".join(filter(None, texts))


def _status(metadata: JsonObject) -> Status:
    ended = _object(metadata, "finish_details").get("type")
    return _ENDS.get(ended, "complete") if isinstance(ended, str) else "complete"


def _left_out(problem: str) -> ReadMessage:
    return ReadMessage(problems=(problem,))


def _object(around: JsonObject, name: str) -> dict[str, Any]:
    value = around.get(name)
    return value if isinstance(value, dict) else {}


def _shown(word: str, value: object) -> str:
    return f"the {word} {value[:40]!r}" if isinstance(value, str) else f"no {word}"
