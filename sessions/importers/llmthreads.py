"""llm's newer tables: a tree of messages for all conversations, whose threads are paths in it."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sessions.importers.chain import ROLES, name_of, title_of
from sessions.importers.identity import derived_id, moment
from sessions.importers.llmdatabase import LARGEST_VALUE, Database, Row, text_of, too_large
from sessions.importers.llmresponses import attachment_note
from sessions.importers.values import Found, ImportedSession, Problem, joined
from sessions.turns import Turn

_FORM = "llm"

_PARTS = (
    f"SELECT id, type, substr(text, 1, {LARGEST_VALUE + 1}) AS text, "
    f"substr(payload, 1, {LARGEST_VALUE + 1}) AS payload "
    "FROM parts WHERE message_hash = ? ORDER BY position"
)

_ATTACHMENTS = (
    "SELECT type, path, url FROM part_attachments AS link "
    "JOIN attachments ON attachments.id = link.attachment_id "
    'WHERE link.part_id = ? ORDER BY link."order"'
)

_TABLES = (
    *("threads", "turns", "messages", "parts"),
    *("fragments", "attachments", "part_attachments"),
)


class _Call(NamedTuple):
    """A time that a model was asked, in the order of time."""

    time: str
    tip: str
    """The last message that came of it."""
    model: str


def read_threads(database: Database, fallback: datetime) -> Iterator[Found]:
    """Each thread as a session, with what its calls have left on other branches.

    Raises:
        sqlite3.Error: If a table cannot be read.
    """
    if not database.has(*_TABLES):
        return
    calls: dict[str, list[_Call]] = {}
    for row in database.rows("turns", ("thread_id", "tip_message_hash", "model", "datetime_utc")):
        names = ("datetime_utc", "tip_message_hash", "model")
        call = _Call(*(text_of(row, name) for name in names))
        calls.setdefault(text_of(row, "thread_id"), []).append(call)
    threads = database.rows("threads", ("id", "name", "tip_message_hash", "datetime_utc"))
    for row in threads:
        name = text_of(row, "id")
        told = moment(row["datetime_utc"])
        thread = _Thread(database, name, told or fallback)
        last = _Call("", text_of(row, "tip_message_hash"), "")
        for call in (*sorted(calls.get(name, ())), last):
            yield from thread.take(call)
        if not thread.turns:
            yield Problem(thread.place, "nothing in it can be read")
            continue
        head = thread.nearest.get(last.tip) or thread.turns[-1]
        yield ImportedSession(
            derived_id(thread.created, _FORM, "thread", name),
            thread.created,
            tuple(thread.turns),
            title=title_of(row["name"]),
            head=head.id,
            undated=told is None,
        )


@dataclass(slots=True)
class _Thread:
    """The turns of a thread, from the messages on the way to the tips of its calls."""

    database: Database
    name: str
    created: datetime
    turns: list[Turn] = field(default_factory=list)
    nearest: dict[str, Turn | None] = field(default_factory=dict)
    """The turn of each message, or the nearest one before it."""

    @property
    def place(self) -> str:
        """Where it is."""
        return f"thread {self.name[:60]}"

    def take(self, call: _Call) -> Iterator[Problem]:
        """The messages that lead to a call's tip and are not there yet."""
        messages: dict[str, Row] = {}
        at: str | None = call.tip or None
        while at is not None and at not in self.nearest:
            if at in messages:
                yield Problem(self.place, "its messages follow each other in a circle")
                at = None
                break
            row = self.database.row("messages", ("parent_hash", "role"), "hash", at)
            if row is None:
                yield Problem(joined(self.place, f"message {at[:12]}"), "it is missing")
                break
            messages[at] = row
            at = text_of(row, "parent_hash") or None
        before = self.nearest.get(at) if at is not None else None
        for name, row in reversed(messages.items()):
            turn = yield from self._turn(name, row, before, call)
            before = self.nearest[name] = turn or before

    def _turn(
        self, name: str, row: Row, before: Turn | None, call: _Call
    ) -> Generator[Problem, None, Turn | None]:
        place = joined(self.place, f"message {name[:12]}")
        role = ROLES.get(text_of(row, "role"))
        if role is None:
            yield Problem(place, f"a message of the role {text_of(row, 'role')[:40]!r} is left out")
            return None
        texts: list[str] = []
        thoughts: list[str] = []
        for part in self.database.query(_PARTS, name):
            yield from self._take_part(part, texts, thoughts, place)
        if not texts:
            return None
        time = moment(call.time) or (before.time if before else self.created)
        turn = Turn(
            derived_id(time, _FORM, "thread", self.name, name),
            before.id if before else None,
            role,
            "\n\n".join(texts),
            time,
            model=name_of(call.model) if role == "assistant" else None,
            reasoning="\n\n".join(thoughts) if role == "assistant" else "",
        )
        self.turns.append(turn)
        return turn

    def _take_part(
        self, part: Row, texts: list[str], thoughts: list[str], place: str
    ) -> Iterator[Problem]:
        kind = text_of(part, "type")
        if name := too_large(part):
            yield Problem(place, f"its {name} is too large")
        elif kind == "attachment":
            texts += map(attachment_note, self.database.query(_ATTACHMENTS, part["id"]))
        elif kind not in ("text", "reasoning"):
            yield Problem(place, f"a part of the kind {kind[:40]!r} is left out")
        elif words := text_of(part, "text") or self._text_of_fragments(part["payload"]):
            (texts if kind == "text" else thoughts).append(words)

    def _text_of_fragments(self, payload: object) -> str:
        """A text in pieces, some of which llm keeps once for all messages."""
        try:
            value = json.loads(payload) if isinstance(payload, str) else None
        except (ValueError, RecursionError):
            return ""
        pieces = value.get("text_ref") if isinstance(value, dict) else None
        return "".join(map(self._piece, pieces if isinstance(pieces, list) else ()))

    def _piece(self, piece: object) -> str:
        if not isinstance(piece, dict):
            return ""
        if isinstance(piece.get("literal"), str):
            return str(piece["literal"])
        number = piece.get("fragment")
        if not isinstance(number, int) or abs(number) >= 2**63:
            return ""
        row = self.database.row("fragments", ("content",), "id", number)
        return text_of(row, "content") if row else ""
