"""``chat sessions import``: what it says, what it leaves, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scripted_chat import Chat

from sessions import Session, SessionStore
from sessions.importers import FORMS
from tui.session_commands import IMPORT_FORMS

HAIKU = [
    {"role": "user", "content": "A haiku, please"},
    {"role": "assistant", "content": "Old pond"},
]


def store(chat: Chat) -> SessionStore:
    return SessionStore(chat.home / "data" / "sessions")


def the_session(chat: Chat) -> Session:
    (session_id,) = store(chat).ids()
    return store(chat).open(session_id).session


@pytest.fixture
def haiku(tmp_path: Path) -> Path:
    path = tmp_path / "haiku.json"
    path.write_text(json.dumps({"messages": HAIKU}))
    return path


def test_a_file_comes_in_and_can_be_shown(chat: Chat, haiku: Path) -> None:
    assert chat("sessions", "import", str(haiku)) == 0
    assert (chat.out, chat.err) == ("", "chat: haiku.json: 1 session, 2 turns\n")
    assert chat("sessions", "show") == 0
    assert chat.out == "[user]\nA haiku, please\n\n[assistant]\nOld pond\n\n"


def test_a_file_that_came_in_before_adds_nothing(chat: Chat, haiku: Path) -> None:
    chat("sessions", "import", str(haiku))
    before = the_session(chat)
    assert chat("sessions", "import", str(haiku)) == 0
    assert chat.err == "chat: haiku.json: 1 session already here\n"
    assert the_session(chat) == before


def test_a_session_that_has_grown_gets_what_is_new(chat: Chat, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    for length in (1, 2):
        path.write_text(json.dumps({"id": "abc", "created": 1.7e9, "messages": HAIKU[:length]}))
        assert chat("sessions", "import", str(path)) == 0
    assert chat.err == "chat: log.json: 1 turn more in 1 session of before\n"
    assert [turn.content for turn in the_session(chat).path()] == ["A haiku, please", "Old pond"]


def test_an_imported_session_goes_on(chat: Chat, haiku: Path) -> None:
    chat("sessions", "import", str(haiku))
    assert chat("-c", "Another") == 0
    assert chat.asked == [
        *(("user", "A haiku, please"), ("assistant", "Old pond"), ("user", "Another")),
    ]


def test_parts_that_cannot_be_read_are_told_and_the_rest_comes_in(
    chat: Chat, tmp_path: Path
) -> None:
    messages = [*HAIKU, *({"role": "tool", "content": "\x1b[2J"} for _ in range(23))]
    (tmp_path / "log.json").write_text(json.dumps(messages))
    assert chat("sessions", "import", "log.json") == 1
    lines = chat.err.splitlines()
    assert lines[0] == "chat: log.json: 1 session, 2 turns; 23 parts could not be read"
    assert lines[1] == "chat: log.json: message 3: a message of the role 'tool' is left out"
    assert lines[21] == "chat: and 3 more like these; --json lists them all"
    assert len(lines) == 22
    assert len(the_session(chat).turns) == 2


def test_a_file_of_no_known_form_is_wrong_usage_and_the_others_come_in(
    chat: Chat, haiku: Path
) -> None:
    (haiku.parent / "letter\x1b.txt").write_text("Dear reader,")
    assert chat("sessions", "import", "letter\x1b.txt", "haiku.json") == 2
    forms = ", ".join(FORMS)
    assert chat.err == (
        f"chat: letter␛.txt: its format is none of those that can be imported ({forms})\n"
        "chat: haiku.json: 1 session, 2 turns\n"
    )


def test_a_file_that_is_not_there_is_told(chat: Chat, haiku: Path) -> None:
    assert chat("sessions", "import", "nowhere.json", "haiku.json") == 1
    assert chat.err == (
        "chat: nowhere.json: 0 sessions, 0 turns; 1 part could not be read\n"
        "chat: haiku.json: 1 session, 2 turns\n"
        "chat: nowhere.json: No such file or directory\n"
    )


def test_standard_input_is_a_file_too(chat: Chat) -> None:
    assert chat("sessions", "import", "-", stdin=json.dumps(HAIKU)) == 0
    assert chat.err == "chat: standard input: 1 session, 2 turns\n"
    assert len(the_session(chat).turns) == 2


def test_a_dry_run_saves_nothing(chat: Chat, haiku: Path) -> None:
    assert chat("sessions", "import", "--dry-run", str(haiku)) == 0
    assert chat.err == "chat: haiku.json: would import: 1 session, 2 turns\n"
    assert store(chat).ids() == []


def test_json_says_what_came_of_each_file(chat: Chat, haiku: Path) -> None:
    assert chat("sessions", "import", "--json", "--from", "openai", str(haiku)) == 0
    (report,) = json.loads(chat.out)["files"]
    assert report == {
        "file": "haiku.json",
        "form": "openai",
        "sessions": [{"session": the_session(chat).id, "added": 2, "was_there": False}],
        "turns": 2,
        "problems": [],
    }


def test_the_names_of_the_forms_are_those_of_the_importers() -> None:
    assert IMPORT_FORMS == FORMS


def test_an_import_without_a_file_or_from_nowhere_is_wrong_usage(chat: Chat) -> None:
    assert chat("sessions", "import") == 2
    assert chat("sessions", "import", "--from", "letters", "a.json") == 2
