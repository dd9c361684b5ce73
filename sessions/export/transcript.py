"""``markdown`` and ``text``: one branch for people to read, its contents as they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from sessions.export.encoding import printable_json, without_surrogates
from sessions.export.messages import last_model
from sessions.tree import Session
from sessions.turns import Attachment, Turn

HEADINGS = {"system": "System", "user": "User", "assistant": "Assistant"}

_SHORTEST_FENCE = 3


def to_text(session: Session, leaf: str | None = None) -> str:
    """What was said on a branch, each turn under its role.

    Args:
        session: What is exported.
        leaf: Where the branch ends; None is the head.

    Raises:
        UnknownTurn: If there is no turn `leaf`.
    """
    turns = [f"[{turn.role}]{note_of(turn)}\n{_ended(turn.content)}" for turn in session.path(leaf)]
    return without_surrogates("\n".join(turns))


def to_markdown(session: Session, leaf: str | None = None) -> str:
    """The same as Markdown, with front matter.

    Args:
        session: What is exported.
        leaf: Where the branch ends; None is the head.

    Raises:
        UnknownTurn: If there is no turn `leaf`.
    """
    path = session.path(leaf)
    fields = {
        "title": session.display_title,
        "date": session.created.isoformat(timespec="seconds"),
        "model": last_model(path),
        "session": session.id,
    }
    head = "".join(f"{name}: {_quoted(value)}\n" for name, value in fields.items() if value)
    turns = [
        f"\n## {HEADINGS[turn.role]}{note_of(turn)}\n\n{_ended(_fenced(turn))}" for turn in path
    ]
    return without_surrogates(f"---\n{head}---\n{''.join(turns)}")


def note_of(turn: Turn) -> str:
    """What has to be known of a turn before its words are read, in parentheses; mostly nothing."""
    if turn.summarises:
        return f" (summary of {len(turn.summarises)} turns)"
    return "" if turn.status == "complete" else f" ({turn.status})"


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


def _quoted(value: str) -> str:
    """A text as YAML writes it in quotation marks, which is also how JSON does."""
    return printable_json(json.dumps(value, ensure_ascii=False))


def _fenced(turn: Turn) -> str:
    """The content with a code block for each text that was attached."""
    return "".join(_pieces(turn))


def _pieces(turn: Turn) -> Iterator[str]:
    at = 0
    for part in turn.attachments:
        if part.is_missing:
            continue
        before = turn.content[at : part.start]
        at = part.start + part.length
        yield before if before.endswith("\n") or part.start == 0 else f"{before}\n"
        text = turn.content[part.start : at]
        yield _code_block(part, text)
        if text.endswith("\n") or not turn.content.startswith("\n", at):
            yield "\n"
    yield turn.content[at:]


def _code_block(part: Attachment, text: str) -> str:
    """Without the newline at its end."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(_SHORTEST_FENCE, longest + 1)
    name = "".join(each for each in part.name or "" if each.isprintable() and each != "`")
    return f"{fence}{name}\n{_ended(text)}{fence}"
