"""The log of llm, in each schema that it has had, and databases that only look like one."""

from __future__ import annotations

import os
import random
import sqlite3
from datetime import datetime, timezone
from pathlib import Path

import pytest

from sessions import SessionStore, Turn
from sessions.adopt import adopt
from sessions.importers import ImportedSession, Problem, Source, form_of, read_sessions, source_of

RESPONSES = """
CREATE TABLE [conversations] ([id] TEXT PRIMARY KEY, [name] TEXT, [model] TEXT);
CREATE TABLE "responses" ([id] TEXT PRIMARY KEY, [model] TEXT, [prompt] TEXT, [system] TEXT,
  [response] TEXT, [conversation_id] TEXT, [datetime_utc] TEXT, [reasoning] TEXT);
CREATE TABLE fragments (id INTEGER PRIMARY KEY, content TEXT);
CREATE TABLE prompt_fragments (response_id TEXT, fragment_id INTEGER, "order" INTEGER);
CREATE TABLE attachments (id TEXT PRIMARY KEY, type TEXT, path TEXT, url TEXT, content BLOB);
CREATE TABLE prompt_attachments (response_id TEXT, attachment_id TEXT, "order" INTEGER);
CREATE TABLE tool_calls (id INTEGER PRIMARY KEY, response_id TEXT, name TEXT);
INSERT INTO conversations VALUES ('c1', 'Haiku', 'gpt');
INSERT INTO responses VALUES
  ('r2', 'gpt', 'More', 'Be brief.', 'New pond', 'c1', '2024-05-01T10:01:00.5', 'Frogs?'),
  ('r1', 'gpt', 'A haiku', 'Be brief.', 'Old pond', 'c1', '2024-05-01T10:00:00+00:00', NULL),
  ('r3', 'gpt', 'Alone', NULL, 'Yes', NULL, NULL, NULL);
INSERT INTO fragments VALUES (1, 'Ponds');
INSERT INTO prompt_fragments VALUES ('r1', 1, 0);
INSERT INTO attachments VALUES ('a', 'image/png', '/tmp/frog.png', NULL, NULL);
INSERT INTO prompt_attachments VALUES ('r1', 'a', 0);
INSERT INTO tool_calls VALUES (1, 'r2', 'search');
"""

LOGS = """
CREATE TABLE logs (id INTEGER PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, response TEXT,
  chat_id INTEGER, datetime_utc TEXT);
INSERT INTO logs VALUES (1, 'gpt', 'A haiku', 'Be brief.', 'Old pond', NULL, '2023-05-01T10:00:00'),
  (2, 'gpt', 'Alone', NULL, 'Yes', NULL, '2023-05-01T11:00:00'),
  (3, 'gpt', 'More', NULL, 'New pond', 1, '2023-05-01T12:00:00');
"""

OLDEST = """
CREATE TABLE log (provider TEXT, system TEXT, prompt TEXT, chat_id TEXT, response TEXT, model TEXT,
  timestamp TEXT);
INSERT INTO log VALUES ('openai', NULL, 'Hi', NULL, 'Yo', 'gpt', '2023-04-01 10:00:00');
"""

THREADS = """
CREATE TABLE fragments (id INTEGER PRIMARY KEY, content TEXT);
CREATE TABLE attachments (id TEXT PRIMARY KEY, type TEXT, path TEXT, url TEXT, content BLOB);
CREATE TABLE messages (hash TEXT PRIMARY KEY, parent_hash TEXT, role TEXT);
CREATE TABLE parts (id INTEGER PRIMARY KEY, message_hash TEXT, position INTEGER, type TEXT,
  text TEXT, payload TEXT);
CREATE TABLE part_attachments (part_id INTEGER, attachment_id TEXT, "order" INTEGER);
CREATE TABLE threads (id TEXT PRIMARY KEY, name TEXT, tip_message_hash TEXT, datetime_utc TEXT);
CREATE TABLE turns (id TEXT PRIMARY KEY, thread_id TEXT, tip_message_hash TEXT, model TEXT,
  datetime_utc TEXT);
INSERT INTO fragments VALUES (1, 'Ponds');
INSERT INTO attachments VALUES ('a', 'image/png', NULL, 'https://frogs/1', NULL);
INSERT INTO messages VALUES ('s', NULL, 'system'), ('q', 's', 'user'), ('t', 'q', 'tool'),
  ('a1', 't', 'assistant'), ('a2', 't', 'assistant'), ('x', 'y', 'user'), ('y', 'x', 'user');
INSERT INTO parts VALUES (1, 's', 0, 'text', 'Be brief.', NULL),
  (2, 'q', 0, 'text', NULL, '{"text_ref": [{"fragment": 1}, {"literal": "\\nA haiku"}]}'),
  (3, 'q', 1, 'attachment', NULL, '{"attachment": {"id": "a"}}'),
  (4, 'a1', 0, 'reasoning', 'Frogs?', NULL), (5, 'a1', 1, 'text', 'Old pond', NULL),
  (6, 'a1', 2, 'tool_call', NULL, '{}'), (7, 'a2', 0, 'text', 'New pond', NULL),
  (8, 'x', 0, 'text', 'Ex', NULL), (9, 'y', 0, 'text', 'Why', '[');
INSERT INTO part_attachments VALUES (3, 'a', 0);
INSERT INTO threads VALUES ('t1', 'Haiku', 'a2', '2026-01-02T03:04:05+00:00'),
  ('t2', NULL, 'x', NULL), ('t3', NULL, 'gone', NULL);
INSERT INTO turns VALUES ('u1', 't1', 'a1', 'gpt', '2026-01-02T03:04:06+00:00'),
  ('u2', 't1', 'a2', 'gpt', '2026-01-02T03:04:07+00:00');
"""


def made(path: Path, *scripts: str) -> Source:
    connection = sqlite3.connect(path)
    for script in scripts:
        connection.executescript(script)
    connection.close()
    return source_of(path)


def found_in(given: Source) -> tuple[list[ImportedSession], list[str]]:
    found = list(read_sessions(given, "llm"))
    sessions = [each for each in found if isinstance(each, ImportedSession)]
    return sessions, [str(each) for each in found if isinstance(each, Problem)]


def words(turns: tuple[Turn, ...]) -> list[str]:
    return [turn.content for turn in turns]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs.db"


def test_responses_are_conversations_in_the_order_of_time(path: Path) -> None:
    given = made(path, RESPONSES)
    assert form_of(given) == "llm"
    sessions, problems = found_in(given)
    assert problems == ["response r2: its calls of tools are left out"]
    haiku, alone = sorted(sessions, key=lambda each: -len(each.turns))
    assert words(haiku.turns) == [
        *("Be brief.", "Ponds\nA haiku\n\n[attachment: image/png, /tmp/frog.png]", "Old pond"),
        *("More", "New pond"),
    ]
    assert (haiku.title, haiku.created) == ("Haiku", datetime(2024, 5, 1, 10, tzinfo=timezone.utc))
    assert (haiku.turns[4].model, haiku.turns[4].reasoning) == ("gpt", "Frogs?")
    assert words(alone.turns) == ["Alone", "Yes"]
    assert (alone.created, alone.undated) == (given.modified, True)


def test_older_logs_are_conversations_too(path: Path) -> None:
    sessions, problems = found_in(made(path, LOGS, OLDEST))
    assert problems == []
    assert [words(session.turns) for session in sessions] == [
        ["Hi", "Yo"],
        ["Be brief.", "A haiku", "Old pond", "More", "New pond"],
        ["Alone", "Yes"],
    ]
    assert sessions[0].created == datetime(2023, 4, 1, 10, tzinfo=timezone.utc)


def test_threads_come_in_with_their_branches(path: Path) -> None:
    (thread, circle), problems = found_in(made(path, THREADS))
    assert words(thread.turns) == [
        *("Be brief.", "Ponds\nA haiku\n\n[attachment: image/png, https://frogs/1]"),
        *("Old pond", "New pond"),
    ]
    question, first, second = thread.turns[1:]
    assert (first.parent, second.parent) == (question.id, question.id)
    assert (first.reasoning, first.model, thread.head) == ("Frogs?", "gpt", second.id)
    assert words(circle.turns) == ["Why", "Ex"]
    assert problems == [
        "thread t1, message t: a message of the role 'tool' is left out",
        "thread t1, message a1: a part of the kind 'tool_call' is left out",
        "thread t2: its messages follow each other in a circle",
        "thread t3, message gone: it is missing",
        "thread t3: nothing in it can be read",
    ]


def test_nothing_of_a_log_comes_in_twice(path: Path, tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "sessions")
    given = made(path, RESPONSES, LOGS)
    first = [adopt(store, session) for session in found_in(given)[0]]
    os.utime(path, (10**9, 10**9))
    again = [adopt(store, session) for session in found_in(source_of(path))[0]]
    assert [each.session_id for each in again] == [each.session_id for each in first]
    assert sum(each.added for each in again) == 0


def test_a_log_is_left_as_it_was_and_can_come_through_a_pipe(path: Path) -> None:
    given = made(path, RESPONSES)
    data = path.read_bytes()
    sessions = found_in(given)[0]
    assert path.read_bytes() == data
    assert list(path.parent.iterdir()) == [path]
    assert found_in(Source("-", given.modified, given=data))[0] == sessions


def test_what_has_not_been_written_back_yet_comes_in(path: Path) -> None:
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.executescript(OLDEST)
    sessions, problems = found_in(source_of(path))
    writer.close()
    assert ([words(each.turns) for each in sessions], problems) == ([["Hi", "Yo"]], [])


def test_values_of_any_type_are_read_or_left_out(path: Path) -> None:
    odd = """
    CREATE TABLE responses (id, model, prompt, system, response, conversation_id, datetime_utc);
    INSERT INTO responses VALUES (1, 2, 3, x'00', 4.5, x'ff', 'soon'),
      (NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      ('a', NULL, CAST(x'ff41' AS TEXT), 1, 1, 2, 1e300);
    """
    sessions, problems = found_in(made(path, odd))
    assert [words(each.turns) for each in sessions] == [["3", "4.5"], ["1", "\ufffdA", "1"]]
    assert problems == ["conversation : nothing in it can be read"]


def test_views_that_never_end_are_not_asked(path: Path) -> None:
    endless = """
    CREATE VIEW responses AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
      SELECT i AS id, 'x' AS prompt FROM n;
    """
    assert found_in(made(path, endless)) == ([], ["it is a database, and not the log of llm"])


def test_a_damaged_database_is_reported_and_never_an_exception(path: Path) -> None:
    made(path, RESPONSES)
    whole = path.read_bytes()
    dice = random.Random(7)
    for start in range(100, len(whole), 1500):
        data = bytearray(whole)
        data[start : start + 64] = dice.randbytes(64)
        path.write_bytes(data)
        for session in found_in(source_of(path))[0]:
            assert all(turn.content for turn in session.turns)
    path.write_bytes(whole[:5000])
    assert found_in(source_of(path))[1] != []


def test_a_payload_of_fragments_that_is_odd_gives_no_words(path: Path) -> None:
    for number, payload in enumerate(
        (
            "{",
            "[1]",
            '{"text_ref": 1}',
            '{"text_ref": [1, {}, {"fragment": 1e9}, {"fragment": []}]}',
        )
    ):
        script = f"UPDATE parts SET payload = '{payload}' WHERE id = 2"
        given = made(path, *((THREADS,) if number == 0 else ()), script)
        assert words(found_in(given)[0][0].turns)[1] == "[attachment: image/png, https://frogs/1]"
