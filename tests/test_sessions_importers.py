"""Conversations from outside: what comes in, what is reported, and that nothing comes in twice."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from pace import within

from sessions import Change, Session, SessionStore, Turn, new_turn_id
from sessions.adopt import Adopted, adopt
from sessions.codec import to_json
from sessions.errors import UnknownForm
from sessions.fields import time_to_json
from sessions.files import sha256_of
from sessions.importers import (
    ImportedSession,
    Problem,
    Source,
    form_of,
    piped_source,
    read_sessions,
    source_of,
)
from sessions.turns import Attachment

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path / "data" / "sessions")


def source(data: object, name: str = "file.json") -> Source:
    """A pipe with bytes, a text, or a value as JSON in it."""
    if not isinstance(data, str | bytes):
        data = json.dumps(data)
    return Source(name, NOON, given=data if isinstance(data, bytes) else data.encode())


def found_in(given: Source, form: str | None = None) -> tuple[list[ImportedSession], list[str]]:
    found = list(read_sessions(given, form))
    sessions = [each for each in found if isinstance(each, ImportedSession)]
    return sessions, [str(each) for each in found if isinstance(each, Problem)]


def adopt_all(store: SessionStore, given: Source, form: str | None = None) -> list[Adopted]:
    return [adopt(store, session) for session in found_in(given, form)[0]]


def the_session(given: Source, form: str | None = None) -> ImportedSession:
    (session,), problems = found_in(given, form)
    assert problems == []
    return session


def words(turns: Sequence[Turn]) -> list[tuple[str, str]]:
    return [(turn.role, turn.content) for turn in turns]


# This program's own form


def grown_session(store: SessionStore) -> Session:
    """A session with a bit of everything."""
    log = store.create(title="Tales")
    letter = "Dear reader,\nonce\n"
    attached = Attachment("letter.txt", sha256_of(letter), 7, len(letter))
    question = Turn(new_turn_id(), None, "user", f"Shorten{letter}!", NOON, attachments=(attached,))
    log.append(question)
    first = Turn(new_turn_id(), question.id, "assistant", "Once\x1b[2J", NOON, model="tiny")
    log.append(first)
    log.append(replace(first, id=new_turn_id(), content="Twice \ud800", extra={"mood": [1, None]}))
    log.append(Turn(new_turn_id(), first.id, "user", "More", NOON))
    log.append(Turn(new_turn_id(), first.id, "user", "Less", NOON))
    log.checkpoint(Turn(new_turn_id(), log.session.head, "assistant", "So", NOON))
    log.name_branch("first", first.id)
    log.rate(first.id, 1, "short")
    log.review(first.id, [Change(False), Change(True, (0, 4), (2, 3), "Dear")])
    log.delete(list(log.session.turns)[3])
    log.undo(first.id)
    log.undo(question.id)
    return store.open(log.session.id).session


def exported(session: Session) -> dict[str, object]:
    """A session as export writes it."""
    turns = list(session.turns.values())
    return {
        "format": "draftsmith-session",
        "v": 1,
        "id": session.id,
        "created": time_to_json(session.created),
        "title": session.title,
        "title_is_own": session.title_is_own,
        "head": session.head,
        "undone": session.undone,
        "branches": session.branches,
        "deleted": list(session.deleted),
        "ratings": [dict(to_json(rating)) for rating in session.ratings.values()],
        "reviews": [dict(to_json(review)) for review in session.reviews.values()],
        "turns": [{**to_json(turn), **kind_of(turn)} for turn in turns],
        "texts": {
            part.sha256: turn.content[part.start : part.start + part.length]
            for turn in turns
            for part in turn.attachments
        },
    }


def kind_of(turn: Turn) -> dict[str, str]:
    return {"type": "partial"} if turn.status == "partial" else {}


def assert_same(one: Session, other: Session) -> None:
    assert one == other
    assert list(one.turns) == list(other.turns)
    assert list(one.visible()) == list(other.visible())


def test_an_exported_session_comes_back_as_it_was(store: SessionStore, tmp_path: Path) -> None:
    session = grown_session(store)
    text = json.dumps(exported(session), indent=2)
    assert form_of(source(text)) == "draftsmith"
    other = SessionStore(tmp_path / "other")
    (adopted,) = adopt_all(other, source(text))
    assert adopted == Adopted(session.id, 6, False)
    assert_same(other.open(session.id).session, session)
    assert adopt_all(other, source(text)) == [Adopted(session.id, 0, True)]


def test_a_session_whose_first_turn_was_deleted_comes_back(
    store: SessionStore, tmp_path: Path
) -> None:
    log = store.create()
    for content in ("One", "Two"):
        log.append(Turn(new_turn_id(), None, "user", content, NOON))
    log.delete(str(log.session.head))
    session = store.open(log.session.id).session
    assert session.head is None
    other = SessionStore(tmp_path / "other")
    adopt_all(other, source(exported(session)))
    assert_same(other.open(session.id).session, session)


def test_a_session_file_comes_in_with_its_attachments(store: SessionStore, tmp_path: Path) -> None:
    session = grown_session(store)
    given = source_of(store.root / f"{session.id}.jsonl")
    other = SessionStore(tmp_path / "other")
    (imported,), problems = found_in(given)
    assert problems == []
    adopt(other, imported)
    assert_same(other.open(session.id).session, session)


def test_a_session_file_in_a_pipe_lacks_its_attachments(store: SessionStore) -> None:
    session = grown_session(store)
    data = (store.root / f"{session.id}.jsonl").read_bytes()
    (imported,), problems = found_in(source(data))
    assert problems == ["1 attached texts are missing"]
    assert imported.id == session.id
    assert imported.turns[0].content == "Shorten[letter.txt is missing]!"


def test_a_session_that_went_on_elsewhere_gets_what_it_lacks(
    store: SessionStore, tmp_path: Path
) -> None:
    session = grown_session(store)
    other = SessionStore(tmp_path / "other")
    adopt_all(other, source(exported(session)))
    log = store.open(session.id)
    log.append(Turn(new_turn_id(), session.head, "user", "And?", NOON))
    log.name_branch("second", str(log.session.head))
    here = other.open(session.id)
    here.set_title("Mine")
    (adopted,) = adopt_all(other, source(exported(log.session)))
    assert adopted == Adopted(session.id, 1, True)
    there = other.open(session.id).session
    assert (there.head, there.title) == (log.session.head, "Mine")
    assert there.branches == log.session.branches
    assert words(there.path()) == words(log.session.path())


def test_broken_parts_of_an_exported_session_are_named(store: SessionStore) -> None:
    value = exported(grown_session(store))
    turns = value["turns"]
    assert isinstance(turns, list)
    turns[1]["role"] = "tool"
    turns[2] = 7
    turns[4]["mood"] = 1e999
    value["branches"] = {"a": 7, "b": "01M855M4W0N3XK3PQB5ZW3H40V"}
    value["deleted"] = [[]]
    value["ratings"] = [{"turn": turns[0]["id"], "rating": 9}]
    value["reviews"] = [7, {"turn": turns[0]["id"], "changes": [{}]}]
    value["texts"] = {"0" * 64: "not that"}
    text = json.dumps([{"format": "draftsmith-session"}, value]).replace("Infinity", "1e999")
    (imported,), problems = found_in(source(text))
    assert problems == [
        "session 1: its v is missing or of the wrong type",
        "session 2, text 000000000000: its contents do not match its hash",
        "session 2, turn 2: its role is 'tool'",
        "session 2, turn 3: it is not an object",
        "session 2, turn 5: it cannot be saved: Out of range float values are not JSON compliant",
        "session 2, branch 1: its turn is missing or of the wrong type",
        "session 2, branch 2: it names a turn that is not there",
        "session 2, deletion 1: its turn is missing or of the wrong type",
        "session 2, rating 1: its rating is 9",
        "session 2, review 1: it is not an object",
        "session 2, review 2: its taken is missing or of the wrong type",
        "session 2, head: it names a turn that is not there",
        "session 2: 1 attached texts are missing",
    ]
    assert len(imported.turns) == 3


def test_one_text_attached_often_does_not_fill_the_memory() -> None:
    text = "a" * 1_000_000
    part = {"sha256": sha256_of(text), "at": 0}
    turn = {**to_json(Turn(new_turn_id(), None, "user", "", NOON)), "attachments": [part] * 9_000}
    value = {
        **{"format": "draftsmith-session", "v": 1, "id": new_turn_id(), "turns": [turn]},
        **{"created": time_to_json(NOON), "texts": {part["sha256"]: text}},
    }
    (imported,), problems = found_in(source(value))
    assert len(imported.turns[0].content) < 300_000_000
    assert problems == ["8732 attached texts are missing"]


@pytest.mark.parametrize("version", [2, 10**9])
def test_a_session_of_a_newer_version_is_left_out(store: SessionStore, version: int) -> None:
    value = {**exported(grown_session(store)), "v": version}
    assert found_in(source(value)) == ([], ["a newer version of this program wrote it"])


# OpenAI's messages

HAIKU = {
    "model": "gpt-4o",
    "messages": [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "A haiku"}, "please"]},
        {"role": "assistant", "content": "Old pond\n", "reasoning_content": "Bashō"},
    ],
}


def test_messages_of_openai_become_a_branch() -> None:
    session = the_session(source(HAIKU))
    assert words(session.turns) == [
        *(("system", "Be brief."), ("user", "A haiku\n\nplease"), ("assistant", "Old pond\n")),
    ]
    answer = session.turns[-1]
    assert (answer.model, answer.reasoning, answer.time) == ("gpt-4o", "Bashō", NOON)
    assert [turn.parent for turn in session.turns] == [None, *(t.id for t in session.turns[:-1])]
    assert session.head == answer.id


def test_a_list_of_messages_and_lines_of_messages_are_a_conversation() -> None:
    messages = HAIKU["messages"]
    lines = "\n".join(json.dumps(message) for message in messages)
    sessions = [the_session(source(given)) for given in (messages, lines, {"messages": messages})]
    assert sessions[0] == sessions[1] == sessions[2]


def test_lines_of_conversations_are_sessions_each() -> None:
    other = {"messages": [{"role": "user", "content": "Hi"}], "id": "abc", "title": "One\ntwo"}
    text = f"\ufeff{json.dumps(HAIKU)}\n\n{{broken\n{json.dumps(other)}\n{json.dumps([])}\n"
    sessions, problems = found_in(source(text))
    assert [len(session.turns) for session in sessions] == [3, 1]
    assert sessions[1].title == "One two"
    assert problems == [
        "line 3: it is not JSON: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1)",
        "conversation 5: nothing in it can be read",
    ]


def test_what_is_no_text_of_openai_is_reported_with_its_place() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    messages: list[object] = [
        {"role": "user", "content": [{"type": "text", "text": "What is it?"}, image]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "content": "42"},
        {"role": "assistant", "content": 42},
        {"role": "assistant", "content": None, "refusal": "No."},
        {"role": "assistant"},
        "Hi",
    ]
    (session,), problems = (
        found_in(source([HAIKU, {"messages": messages}, {"x": 1}]), "openai")[0][1:],
        found_in(source([HAIKU, {"messages": messages}, {"x": 1}]))[1],
    )
    assert words(session.turns) == [("user", "What is it?"), ("assistant", "No.")]
    assert problems == [
        "conversation 2, message 1, part 2: a part of the kind 'image_url' is left out",
        "conversation 2, message 2: its calls of tools are left out",
        "conversation 2, message 3: a message of the role 'tool' is left out",
        "conversation 2, message 4: its content is not a text",
        "conversation 2, message 6: it has no content",
        "conversation 2, message 7: it is not a message",
        "conversation 3: it has no messages",
    ]


def test_nothing_comes_in_twice_whatever_the_files_time(store: SessionStore) -> None:
    assert [each.added for each in adopt_all(store, source(HAIKU))] == [3]
    later = replace(source(HAIKU), modified=NOON.replace(year=2027))
    (adopted,) = adopt_all(store, later)
    assert (adopted.added, adopted.was_there) == (0, True)
    assert len(store.ids()) == 1


def test_a_conversation_that_has_a_name_goes_on(store: SessionStore) -> None:
    messages = [{"role": "user", "content": str(number)} for number in range(4)]
    adopt_all(store, source({"id": "abc", "messages": messages[:2]}))
    grown = {"id": "abc", "messages": [*messages[:1], messages[3], messages[2]]}
    later = replace(source(grown), modified=NOON.replace(year=2027))
    (adopted,) = adopt_all(store, later)
    assert (adopted.added, adopted.was_there) == (2, True)
    session = store.open(adopted.session_id).session
    assert [turn.content for turn in session.path()] == ["0", "3", "2"]
    assert [turn.content for turn in session.turns.values()] == ["0", "1", "3", "2"]


def test_a_dry_run_says_what_would_come_and_saves_nothing(store: SessionStore) -> None:
    session = the_session(source(HAIKU))
    assert adopt(store, session, dry_run=True) == Adopted(session.id, 3, False)
    assert not store.root.exists()


# ChatGPT's export


def node(
    parent: str | None, role: str = "user", text: object = None, **more: object
) -> dict[str, object]:
    """A node as the export has it; `text` is the only part of its content."""
    content = {"content_type": "text", "parts": [text]}
    message = {
        **{"author": {"role": role}, "create_time": 1.7e9, "content": content},
        **{"recipient": "all", "metadata": {}, "weight": 1.0},
        **more,
    }
    return {"parent": parent, "children": [], "message": message if text is not None else None}


def conversation(mapping: object, **more: object) -> dict[str, object]:
    return {
        **{"title": "Haiku", "create_time": 1.7e9, "conversation_id": "c1", "mapping": mapping},
        **more,
    }


def a_tree() -> dict[str, object]:
    """A question with two answers, the second of which was gone on from."""
    thoughts = [{"summary": "Frogs", "content": "Ponds have them."}]
    mapping = {
        "b2": node("q", "assistant", "New pond"),
        "root": {"id": "root", "message": None, "parent": None, "children": ["sys"]},
        "sys": node("root", "system", ""),
        "q": {**node("sys", "user", "A haiku"), "children": ["think", "b2"]},
        "think": node(
            "q", "assistant", "", content={"content_type": "thoughts", "thoughts": thoughts}
        ),
        "b1": node("think", "assistant", "Old pond", metadata={"model_slug": "gpt-4o"}),
        "more": node("b2", "user", "More"),
    }
    return conversation(mapping, current_node="more")


def test_a_conversation_of_chatgpt_comes_in_with_its_whole_tree(store: SessionStore) -> None:
    assert form_of(source([a_tree()])) == "chatgpt"
    (adopted,) = adopt_all(store, source([a_tree()]))
    session = store.open(adopted.session_id).session
    assert words(list(session.turns.values())) == [
        *(("user", "A haiku"), ("assistant", "Old pond"), ("assistant", "New pond")),
        ("user", "More"),
    ]
    assert [turn.content for turn in session.path()] == ["A haiku", "New pond", "More"]
    first = session.children(session.path()[0].id)[0]
    assert (first.model, first.reasoning) == ("gpt-4o", "Frogs\nPonds have them.")
    assert session.title == "Haiku"
    assert session.created == datetime.fromtimestamp(1.7e9, tz=timezone.utc)
    assert session.id == adopted.session_id


def test_a_later_export_of_chatgpt_adds_what_is_new(store: SessionStore) -> None:
    adopt_all(store, source([a_tree()]))
    later = a_tree()
    mapping = later["mapping"]
    assert isinstance(mapping, dict)
    mapping["answer"] = node("more", "assistant", "Frogs")
    (adopted,) = adopt_all(store, source([{**later, "current_node": "answer"}]))
    assert (adopted.added, adopted.was_there) == (1, True)
    path = store.open(adopted.session_id).session.path()
    assert [turn.content for turn in path] == ["A haiku", "New pond", "More", "Frogs"]


def test_what_chatgpt_hides_calls_and_draws_is_reported_with_its_node() -> None:
    image = {"content_type": "image_asset_pointer"}
    mapping = {
        "hidden": node(None, text="x", metadata={"is_visually_hidden_from_conversation": True}),
        "q": node(
            "hidden",
            text="x",
            content={"content_type": "multimodal_text", "parts": ["Who?", image]},
        ),
        "call": node("q", "assistant", "search()", recipient="browser"),
        "tool": node("call", "tool", "found"),
        "code": node("tool", "assistant", "x", content={"content_type": "code", "text": "1"}),
        "a": node(
            "code", "assistant", "You.", metadata={"finish_details": {"type": "interrupted"}}
        ),
        "odd": 7,
        "lost": node("gone", "user", "Lost"),
        "c1": node("c2", "user", "One"),
        "c2": node("c1", "user", "Two"),
        "none": {"parent": [], "message": 7},
    }
    (session,), problems = found_in(source([conversation({}), conversation(mapping)]))
    assert words(session.turns) == [("user", "Who?"), ("assistant", "You."), ("user", "Lost")]
    assert [turn.parent for turn in session.turns] == [None, session.turns[0].id, None]
    assert session.turns[1].status == "cancelled"
    assert problems == [
        "conversation 1: nothing in it can be read",
        "conversation 2, node odd: it is not an object",
        "conversation 2, node lost: what it follows is missing",
        "conversation 2, node none: what it follows is missing",
        "conversation 2: 2 nodes that follow each other in a circle are left out",
        "conversation 2, node hidden: a hidden message of the role 'user' is left out",
        "conversation 2, node q: a part of the kind 'image_asset_pointer' is left out",
        "conversation 2, node call: a call of the tool 'browser' is left out",
        "conversation 2, node tool: a message of the role 'tool' is left out",
        "conversation 2, node code: content of the kind 'code' is left out",
        "conversation 2, node none: it is not a message",
    ]


def test_times_that_are_none_are_those_of_what_is_around() -> None:
    wrongs: list[object] = [None, -1, 1e300, "soon", [], True, 1e18]
    for wrong in wrongs:
        mapping = {"a": node(None, "user", "Hi", create_time=wrong)}
        session = the_session(source([conversation(mapping)]))
        assert session.turns[0].time == session.created
        session = the_session(source([conversation(mapping, create_time=wrong)]))
        assert (session.created, session.undated) == (NOON, True)


def test_ten_megabytes_come_in_within_seconds_and_bounded_memory(store: SessionStore) -> None:
    long = "Once upon a time there was a pond. " * 60
    many = []
    for number in range(40):
        mapping = {"0": node(None, "user", f"Tale {number}")}
        for each in range(1, 120):
            role = "assistant" if each % 2 else "user"
            mapping[str(each)] = node(str(each - 1), role, f'{each} "{long}"\n')
        many.append(conversation(mapping, conversation_id=str(number)))
    given = source(many)
    assert len(given.given) > 10_000_000
    tracemalloc.start()
    with within(20):
        added = sum(
            adopt(store, each).added
            for each in read_sessions(given)
            if isinstance(each, ImportedSession)
        )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert added == 40 * 120
    assert peak < 20_000_000


# What is in any file


def test_a_file_of_no_known_form_is_refused() -> None:
    for data in ("", "Dear reader,", "[]", "{}", "[1, 2]", '{"a": 1}', b"\xff\xfe\0\1", "[[[["):
        with pytest.raises(UnknownForm):
            form_of(source(data))


def test_a_value_that_is_too_deep_or_cut_off_costs_only_itself() -> None:
    deep = '{"messages":' + "[" * 100_000 + "]" * 100_000 + "}"
    text = f"[{json.dumps(HAIKU)}, {deep}, 7, {json.dumps(HAIKU)}, {{"
    sessions, problems = found_in(source(text))
    assert len(sessions) == 2
    assert problems == [
        "item 2: it is nested more than 200 deep",
        "item 3: what stands before it is neither an object nor an array",
        "item 4: the file ends in the middle of it",
    ]


def test_control_characters_and_half_characters_stay_as_they_are(store: SessionStore) -> None:
    content = "\0 \x1b[2J \ud800 \u202e"
    (adopted,) = adopt_all(store, source({"messages": [{"role": "user", "content": content}]}))
    session = store.open(adopted.session_id).session
    assert [turn.content for turn in session.path()] == [content]
    assert [summary.id for summary in store.list()] == [adopted.session_id]


def test_a_pipe_is_read_as_a_file_is(tmp_path: Path) -> None:
    path = tmp_path / "haiku.json"
    path.write_text(json.dumps(HAIKU))
    with path.open("rb") as stream:
        assert piped_source("-", stream).data() == path.read_bytes()
    given = source_of(path)
    assert (given.name, given.data(), given.beginning(1)) == ("haiku.json", path.read_bytes(), b"{")
