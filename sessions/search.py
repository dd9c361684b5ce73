"""What can be looked for in sessions, and how SQLite's full-text search is asked for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone

_PART = "\u200b"
"""A space without width, which is no part of any word."""

_UNPARTED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Characters of Thai, Lao, Japanese and Chinese, which are written without spaces."""

_TERM = re.compile(r'"([^"]*)"|(\S+)')

MATCH_START, MATCH_END = "\ue000", "\ue001"
"""Stand around the words that were found in a snippet: private characters that nobody types."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for."""

    words: str
    """All of them must be there; "in quotation marks" next to each other, and with a star as the
    beginning of a word."""
    model: str | None = None
    """A part of the name of the model that wrote the turn."""
    since: datetime | None = None
    prompt: str | None = None
    """The id of the prompt that the turn came from."""
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """A turn that has the words."""

    session: str
    turn: str
    role: str
    model: str | None
    time: datetime
    title: str
    """Of the session."""
    snippet: str
    """The words and what is around them, between `MATCH_START` and `MATCH_END`."""


def parted(text: str) -> str:
    """A text as it goes into the index: scripts that part no words are parted by character, and
    half a surrogate pair, which is no text to SQLite, is a question mark."""
    return _UNPARTED.sub(rf"\g<0>{_PART}", text.encode("utf-8", "replace").decode())


def shown(snippet: str) -> str:
    """The inverse of `parted`."""
    return snippet.replace(_PART, "")


def match_of(words: str) -> str:
    """FTS5's own language for the words, each of them quoted: nothing in them is an operator.

    Raises:
        ValueError: If there are none.
    """
    terms = []
    for quoted, plain in _TERM.findall(words):
        term = (quoted or plain).replace('"', "")
        is_prefix = not quoted and term.endswith("*")
        term = term.rstrip("*") if is_prefix else term
        if any(character.isalnum() for character in term):
            terms.append(f'"{parted(term)}"{"*" if is_prefix else ""}')
    if not terms:
        raise ValueError("there are no words to search for")
    return " ".join(terms)


def conditions_of(search: Search) -> tuple[str, list[object]]:
    """The rest of a WHERE clause, and its values."""
    parts: list[tuple[str, object]] = []
    if search.model is not None:
        parts.append(("instr(lower(turn.model), ?) > 0", parted(search.model.lower())))
    if search.since is not None:
        since = search.since.astimezone(timezone.utc).isoformat()
        parts.append(("turn.time >= ?", since))
    if search.prompt is not None:
        parts.append(("turn.prompt = ?", parted(search.prompt)))
    return "".join(f"AND {condition} " for condition, _ in parts), [value for _, value in parts]
