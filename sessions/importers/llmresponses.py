"""llm's tables of questions with their answers: `responses`, and `logs` and `log` before it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from engine.types import Role
from sessions.importers.chain import name_of, title_of
from sessions.importers.identity import derived_id, digest_of, moment
from sessions.importers.llmdatabase import Database, Row, text_of, too_large
from sessions.importers.values import Found, ImportedSession, Problem
from sessions.turns import Turn

_FORM = "llm"

_RESPONSE = ("id", "model", "prompt", "system", "response", "reasoning", "datetime_utc")

_LOG = ("model", "prompt", "system", "response", "datetime_utc", "timestamp_utc", "timestamp")

_TIMES = ("datetime_utc", "timestamp_utc", "timestamp")


def read_responses(database: Database, fallback: datetime) -> Iterator[Found]:
    """The conversations of `responses`.

    Raises:
        sqlite3.Error: If the table cannot be read.
    """
    if not database.has("responses"):
        return
    groups: dict[str, list[_Entry]] = {}
    for row in database.rows("responses", ("id", "conversation_id", "datetime_utc")):
        name = text_of(row, "id")
        group = text_of(row, "conversation_id") or name
        entry = _Entry(text_of(row, "datetime_utc"), _number(row), name)
        groups.setdefault(group, []).append(entry)
    titles: dict[str, str] = {}
    if database.has("conversations"):
        rows = database.rows("conversations", ("id", "name"))
        titles = {text_of(row, "id"): text_of(row, "name") for row in rows}
    for group, entries in groups.items():
        talk = _Talk("conversation", group, fallback)
        for entry in sorted(entries):
            place = f"response {entry.name}"
            yield from _take(talk, database, "responses", entry, place)
        yield from talk.finished(titles.get(group), f"conversation {group}")


def read_logs(database: Database, fallback: datetime) -> Iterator[Found]:
    """The conversations of the older tables, whose rows only have numbers.

    Raises:
        sqlite3.Error: If a table cannot be read.
    """
    for table in ("log", "logs"):
        if not database.has(table):
            continue
        groups: dict[int, list[_Entry]] = {}
        for row in database.rows(table, ("chat_id",)):
            number, chat = _number(row), text_of(row, "chat_id")
            group = int(chat) if chat.isascii() and chat.isdigit() and len(chat) < 19 else number
            groups.setdefault(group, []).append(_Entry("", number, str(number)))
        for group, entries in groups.items():
            # Numbers are those of one database: the first row tells which one that is.
            first = database.row(table, _LOG, "rowid", min(entries).number) or {}
            key = digest_of(str(group), *(text_of(first, name) for name in _LOG))
            talk = _Talk("log", key, fallback)
            for entry in sorted(entries):
                yield from _take(talk, database, table, entry, f"{table}, row {entry.name}")
            yield from talk.finished(None, f"{table}, row {group}")


class _Entry(NamedTuple):
    """A row, in the order of time."""

    time: str
    number: int
    """Its rowid."""
    name: str


@dataclass(slots=True)
class _Talk:
    """The turns of a conversation, one after another."""

    kind: str
    key: str
    fallback: datetime
    told: datetime | None = None
    """The first time that a row tells."""
    turns: list[Turn] = field(default_factory=list)
    _system: str = ""

    def take(self, name: str, row: Row) -> None:
        """The system text where it is another one, the question and the answer of a row."""
        time = next(filter(None, (moment(row.get(each)) for each in _TIMES)), None)
        self.told = self.told or time
        system = text_of(row, "system")
        if system and system != self._system:
            self._system = system
            self._add(name, "system", system, time)
        if prompt := text_of(row, "prompt"):
            self._add(name, "user", prompt, time)
        response, reasoning = text_of(row, "response"), text_of(row, "reasoning")
        if response:
            self._add(name, "assistant", response, time, name_of(row.get("model")), reasoning)

    def finished(self, title: str | None, place: str) -> Iterator[Found]:
        """The session, or that there is none."""
        if not self.turns:
            yield Problem(place, "nothing in it can be read")
            return
        created = self.told or self.fallback
        yield ImportedSession(
            derived_id(created, _FORM, self.kind, self.key),
            created,
            tuple(self.turns),
            title=title_of(title),
            head=self.turns[-1].id,
            undated=self.told is None,
        )

    def _add(
        self,
        name: str,
        role: Role,
        content: str,
        time: datetime | None,
        *made: str | None,
    ) -> None:
        before = self.turns[-1] if self.turns else None
        time = time or (before.time if before else self.fallback)
        model, reasoning = made or (None, None)
        self.turns.append(
            Turn(
                derived_id(time, _FORM, self.kind, self.key, name, role),
                before.id if before else None,
                role,
                content,
                time,
                model=model,
                reasoning=reasoning or "",
            )
        )


def _take(
    talk: _Talk, database: Database, table: str, entry: _Entry, place: str
) -> Iterator[Problem]:
    try:
        row = database.row(table, _RESPONSE + _TIMES[1:], "rowid", entry.number) or {}
        if table == "responses":
            row = _with_fragments(database, row, entry.name)
            yield from _tools(database, entry.name, place)
    except sqlite3.Error as error:
        yield Problem(place, f"it cannot be read: {error}")
        return
    if name := too_large(row):
        yield Problem(place, f"its {name} is too large")
    else:
        talk.take(entry.name, row)


def _with_fragments(database: Database, row: Row, response: str) -> Row:
    """The row with what llm put before its texts, and a note for each attachment."""
    prompt, system = text_of(row, "prompt"), text_of(row, "system")
    before_prompt = _fragments(database, "prompt_fragments", response)
    before_system = _fragments(database, "system_fragments", response)
    prompt = "\n".join(filter(None, (*before_prompt, prompt)))
    notes = "\n".join(_attachments(database, response))
    return {
        **row,
        "prompt": "\n\n".join(filter(None, (prompt, notes))),
        "system": "\n\n".join(filter(None, (*before_system, system))),
    }


def _fragments(database: Database, table: str, response: str) -> Sequence[str]:
    if not database.has(table, "fragments"):
        return ()
    query = (
        f'SELECT content FROM "{table}" AS link JOIN fragments ON fragments.id = link.fragment_id '
        'WHERE link.response_id = ? ORDER BY link."order"'
    )
    return [text_of(row, "content") for row in database.query(query, response)]


def _attachments(database: Database, response: str) -> Sequence[str]:
    if not database.has("prompt_attachments", "attachments"):
        return ()
    query = (
        "SELECT type, path, url FROM prompt_attachments AS link "
        "JOIN attachments ON attachments.id = link.attachment_id "
        'WHERE link.response_id = ? ORDER BY link."order"'
    )
    return [attachment_note(row) for row in database.query(query, response)]


def attachment_note(row: Row) -> str:
    """What stands in a question for a file that came with it."""
    known = [text_of(row, name) for name in ("type", "path", "url")]
    return f"[attachment: {', '.join(filter(None, known)) or 'unknown'}]"


def _tools(database: Database, response: str, place: str) -> Iterator[Problem]:
    if database.has("tool_calls"):
        query = "SELECT count(*) AS number FROM tool_calls WHERE response_id = ?"
        if any(row["number"] for row in database.query(query, response)):
            yield Problem(place, "its calls of tools are left out")


def _number(row: Row) -> int:
    number = row["rowid"]
    return number if isinstance(number, int) else 0
