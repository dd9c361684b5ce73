"""Chat messages as OpenAI's interface has them, and everything that was made to resemble it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sessions.importers.chain import ROLES, Origin, Said, linear_session, name_of
from sessions.importers.identity import moment
from sessions.importers.jsontext import Document, documents
from sessions.importers.values import Found, Problem, Source, joined, too_large

FORM = "openai"

_TEXT_PARTS = ("text", "input_text", "output_text")


def is_conversation(value: object) -> bool:
    """Whether a JSON value is a conversation, or a message of one."""
    if isinstance(value, list):
        return any(map(_is_message, value[:10]))
    return isinstance(value, dict) and (
        isinstance(value.get("messages"), list) or _is_message(value)
    )


def read(source: Source) -> Iterator[Found]:
    """The conversations of a file: objects with messages, lists of messages, or bare messages,
    which are one conversation."""
    data = source.data()
    if data is None:
        yield too_large()
        return
    bare: list[object] = []
    for found in documents(data, "item"):
        if isinstance(found, Problem):
            yield found
        elif _is_message(found.value):
            bare.append(found.value)
        else:
            yield from _conversation(source, found)
    if bare:
        yield from _session(source, {}, bare, "")


def _conversation(source: Source, found: Document) -> Iterator[Found]:
    value, place = found.value, "" if found.number is None else f"conversation {found.number}"
    if isinstance(value, list):
        yield from _session(source, {}, value, place)
    elif isinstance(value, dict) and isinstance(value.get("messages"), list):
        yield from _session(source, value, value["messages"], place)
    else:
        yield Problem(place, "it has no messages")


def _session(
    source: Source, around: dict[str, Any], messages: list[object], place: str
) -> Iterator[Found]:
    said = []
    model = name_of(around.get("model"))
    for number, message in enumerate(messages, 1):
        here = joined(place, f"message {number}")
        for found in said_in(message, model, here):
            if isinstance(found, Problem):
                yield found
            else:
                said.append(found)
    if not said:
        yield Problem(place, "nothing in it can be read")
        return
    created = moment(around.get("created")) or moment(around.get("created_at"))
    key = name_of(around.get("id")) or name_of(around.get("conversation_id"))
    title = around.get("title") or around.get("name")
    yield linear_session(Origin(FORM, key, created, source.modified, title), said)


def said_in(message: object, model: str | None, place: str) -> Iterator[Said | Problem]:
    """What a message says, and what of it is left out."""
    if not isinstance(message, dict):
        yield Problem(place, "it is not a message")
        return
    name = message.get("role")
    role = ROLES.get(name) if isinstance(name, str) else None
    if role is None:
        yield Problem(place, f"a message of {_shown('role', name)} is left out")
        return
    if message.get("tool_calls") or message.get("function_call"):
        yield Problem(place, "its calls of tools are left out")
    texts: list[str] = []
    for found in _texts(message, place):
        if isinstance(found, Problem):
            yield found
        else:
            texts.append(found)
    answer = role == "assistant"
    content = "\n\n".join(texts)
    reasoning = _text(message.get("reasoning_content")) if answer else ""
    if not content and not reasoning:
        return
    yield Said(
        role,
        content,
        moment(message.get("created_at") or message.get("timestamp")),
        name_of(message.get("model")) or model if answer else None,
        reasoning,
    )


def _texts(message: dict[str, Any], place: str) -> Iterator[str | Problem]:
    """The texts of a message's content, which is one or a list of parts."""
    content = message.get("content")
    if content is None:
        if refusal := _text(message.get("refusal")):
            yield refusal
        elif not (message.get("tool_calls") or message.get("function_call")):
            yield Problem(place, "it has no content")
    elif isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for number, part in enumerate(content, 1):
            yield _part(part, joined(place, f"part {number}"))
    else:
        yield Problem(place, "its content is not a text")


def _part(part: object, place: str) -> str | Problem:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return Problem(place, "it is not a text")
    if part.get("type") in _TEXT_PARTS and isinstance(part.get("text"), str):
        return str(part["text"])
    if part.get("type") == "refusal" and isinstance(part.get("refusal"), str):
        return str(part["refusal"])
    return Problem(place, f"a part of {_shown('kind', part.get('type'))} is left out")


def _is_message(value: object) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("role"), str)
        and ("content" in value or "tool_calls" in value)
        and "messages" not in value
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _shown(word: str, value: object) -> str:
    return f"the {word} {value[:40]!r}" if isinstance(value, str) else f"no {word}"
