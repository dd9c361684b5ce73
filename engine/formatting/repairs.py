"""Finds how a chat template takes a conversation, changing as little of it as will do."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import groupby
from time import process_time

from engine.formatting.templates import Call, ChatTemplate, Refused
from engine.types import Message

Messages = tuple[Message, ...]

_PATIENCE = 1.0
"""Seconds of processor time after which nothing more is tried."""

_JOINED = "{} turns in a row were joined: the model's template requires alternating roles"
_NO_SYSTEM = (
    "the model's template has no system turn: the system text is put into the first question"
)
_NO_LATER_SYSTEM = (
    "the model's template allows no later system turn: the text is put into the next question"
)
_LED = "an empty question was put first: the model's template requires the user to begin"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Messages that a template takes without losing any, and how."""

    messages: Messages
    call: Call
    nonces: tuple[str, ...]
    """What stands for the contents in `skeleton`: an unguessable word, or the blank that it is."""
    skeleton: str
    """The rendering with the nonces."""
    notices: tuple[str, ...]
    """What a person should know of the repairs."""


def accept(template: ChatTemplate, messages: Messages, call: Call) -> Accepted:
    """The messages in the first way that the template takes.

    Args:
        template: Renders them.
        messages: The conversation.
        call: The way to try first.

    Raises:
        Refused: If it takes them in no way; with the error of the first one.
    """
    started = process_time()
    failures = []
    for repaired, way in _tries(messages, call):
        try:
            return _accepted(template, repaired, way)
        except Refused as error:
            failures.append(error)
        if process_time() - started > _PATIENCE:
            break
    raise failures[0]


def nonce() -> str:
    """A word that nobody can guess, of digits, so that changing its case does not change it."""
    return f"{secrets.randbelow(10**32):032d}"


def filled(messages: Messages, contents: Sequence[str]) -> Messages:
    """The messages with other contents."""
    return tuple(
        replace(message, content=content)
        for message, content in zip(messages, contents, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Repaired:
    messages: Messages
    notices: tuple[str, ...] = ()


def _tries(messages: Messages, call: Call) -> Iterator[tuple[_Repaired, Call]]:
    for parts in (call.parts, not call.parts):
        for repaired in _repairs(messages):
            for tools in (call.tools, not call.tools):
                yield repaired, replace(call, parts=parts, tools=tools)


def _accepted(template: ChatTemplate, repaired: _Repaired, call: Call) -> Accepted:
    nonces = tuple(nonce() if m.content.strip() else m.content for m in repaired.messages)
    skeleton = template.render(filled(repaired.messages, nonces), call)
    for message, word in zip(repaired.messages, nonces, strict=True):
        if word.strip() and word not in skeleton:
            raise Refused(
                f"the model's chat template leaves out a text of the {message.role}; "
                "give another one with --chat-template FILE"
            )
    if call.parts and "'type': 'text'" in skeleton:
        raise Refused("the model's chat template prints lists as they are")
    return Accepted(repaired.messages, call, nonces, skeleton, repaired.notices)


def _repairs(messages: Messages) -> Iterator[_Repaired]:
    """The messages as they are, and then what to try instead, the smallest change first."""
    tried: list[Messages] = []
    for system in ((), (_merged_later,), (_merged_later, _merged_first)):
        for turns in ((), (_joined,), (_led,), (_joined, _led)):
            repaired = reduce(_applied, (*system, *turns), _Repaired(messages))
            if repaired.messages not in tried:
                tried.append(repaired.messages)
                yield repaired


def _applied(repaired: _Repaired, step: Callable[[_Repaired], _Repaired]) -> _Repaired:
    return step(repaired)


def _joined(repaired: _Repaired) -> _Repaired:
    """Neighbours of the same role become one turn, with a blank line between their texts."""
    turns = []
    roles = []
    for role, group in groupby(repaired.messages, key=lambda message: message.role):
        contents = [message.content for message in group]
        turns.append(Message(role, "\n\n".join(contents)))
        if len(contents) > 1 and role not in roles:
            roles.append(role)
    return _Repaired(tuple(turns), repaired.notices + tuple(map(_JOINED.format, roles)))


def _merged_first(repaired: _Repaired) -> _Repaired:
    """The system text at the beginning goes into the question after it."""
    turns = _with_system_in_questions(repaired.messages)
    return repaired if turns == repaired.messages else _Repaired(
        turns, (*repaired.notices, _NO_SYSTEM)
    )  # fmt: skip


def _merged_later(repaired: _Repaired) -> _Repaired:
    """System texts that are not at the beginning go into the questions after them."""
    start = next(
        (i for i, turn in enumerate(repaired.messages) if turn.role != "system"),
        len(repaired.messages),
    )
    later = _with_system_in_questions(repaired.messages[start:])
    if later == repaired.messages[start:]:
        return repaired
    return _Repaired((*repaired.messages[:start], *later), (*repaired.notices, _NO_LATER_SYSTEM))


def _with_system_in_questions(messages: Messages) -> Messages:
    """Every system text in front of the user turn after it, or in one of its own."""
    turns: list[Message] = []
    system: list[str] = []
    for message in messages:
        if message.role == "system":
            system.append(message.content)
            continue
        if system and message.role == "user":
            turns.append(Message("user", "\n\n".join([*system, message.content])))
        else:
            turns += [Message("user", "\n\n".join(system))] if system else []
            turns.append(message)
        system = []
    return (*turns, *([Message("user", "\n\n".join(system))] if system else []))


def _led(repaired: _Repaired) -> _Repaired:
    """An empty question stands before an answer that nobody asked for."""
    turns = repaired.messages
    at = next((i for i, turn in enumerate(turns) if turn.role != "system"), len(turns))
    if turns[at:] and turns[at].role == "assistant":
        return _Repaired((*turns[:at], Message("user", ""), *turns[at:]), (*repaired.notices, _LED))
    return repaired
