"""``openai`` and ``jsonl``: branches as the messages that a model gets of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from engine.types import Message
from sessions.export.encoding import json_text
from sessions.tree import Session
from sessions.turncodec import MessageJson
from sessions.turns import Turn


class TrainingJson(TypedDict):
    messages: list[MessageJson]


class ChatJson(TrainingJson):
    model: str | None


def to_chat(session: Session, leaf: str | None = None) -> str:
    """One branch in the form of a request for a chat completion.

    Args:
        session: What is exported.
        leaf: Where the branch ends; None is the head.

    Raises:
        UnknownTurn: If there is no turn `leaf`.
        ExportFailed: If JSON cannot express it.
    """
    path = session.path(leaf)
    chat = ChatJson(model=last_model(path), messages=_messages(session.messages(leaf)))
    return json_text(chat) + "\n"


def to_training_lines(session: Session, leaf: str | None = None) -> str:
    """Branches to fine-tune a model with, a line each: those that have an answer to learn from.

    Args:
        session: What is exported.
        leaf: Where the only branch ends; None is every leaf of the tree.

    Raises:
        UnknownTurn, ExportFailed: As for `to_chat`.
    """
    leaves = session.leaf_ids() if leaf is None else [leaf]
    branches = [session.messages(each) for each in leaves if each in session.turns]
    return "".join(
        json_text(TrainingJson(messages=_messages(messages))) + "\n"
        for messages in branches
        if any(message.role == "assistant" for message in messages)
    )


def last_model(path: Sequence[Turn]) -> str | None:
    """The weights that answered last on a branch."""
    return next((turn.model for turn in reversed(path) if turn.model is not None), None)


def _messages(messages: Sequence[Message]) -> list[MessageJson]:
    return [MessageJson(role=message.role, content=message.content) for message in messages]
