"""Transcripts and aichat's YAML, and what none of the importers may do with anything at all."""

from __future__ import annotations

import json
import random
from datetime import datetime, timezone
from pathlib import Path

import pytest

from sessions import SessionStore, Turn
from sessions.adopt import adopt
from sessions.errors import DamagedLine
from sessions.importers import FORMS, ImportedSession, Problem, Source, form_of, read_sessions
from sessions.importers.plainyaml import parse

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


def source(data: str | bytes, name: str = "file") -> Source:
    given = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return Source(name, NOON, given=given)


def found_in(given: Source, form: str | None = None) -> tuple[list[ImportedSession], list[str]]:
    found = list(read_sessions(given, form))
    sessions = [each for each in found if isinstance(each, ImportedSession)]
    return sessions, [str(each) for each in found if isinstance(each, Problem)]


def the_session(given: Source) -> ImportedSession:
    (session,), problems = found_in(given)
    assert problems == []
    return session


def words(turns: tuple[Turn, ...]) -> list[tuple[str, str]]:
    return [(turn.role, turn.content) for turn in turns]


# Transcripts


@pytest.mark.parametrize(
    "text",
    [
        "# A talk\n\n## User\n\nA haiku\n\n### User\n\n## Assistant (cancelled)\n\nOld pond\n",
        "**You:** A haiku\n\n### User\n\n**ChatGPT:**\n\nOld pond",
        "**You**: A haiku\n\n### User\n\n**ChatGPT**\n\nOld pond",
        "Q: A haiku\n\n### User\nA: Old pond\r\n",
        "Hi!\n\nHuman:\nA haiku\n\n### User\n\nAssistant: Old pond\n",
    ],
)
def test_a_transcript_is_parted_at_its_own_kind_of_labels(text: str) -> None:
    assert form_of(source(text)) == "markdown"
    turns = the_session(source(text)).turns
    assert words(turns) == [("user", "A haiku\n\n### User"), ("assistant", "Old pond")]


def test_labels_in_a_block_of_code_are_text() -> None:
    text = "## User\n\n```` md\n## Assistant\n```\n## User\n````\n\n## Assistant\n\nYes\n"
    turns = the_session(source(text)).turns
    assert words(turns) == [
        *(("user", "```` md\n## Assistant\n```\n## User\n````"), ("assistant", "Yes")),
    ]


def test_an_exported_transcript_keeps_its_title_date_and_model() -> None:
    text = (
        '---\ntitle: "On \\"ponds\\": two"\ndate: 2026-01-02T03:04:05+00:00\nmodel: "tiny"\n---\n\n'
        "## System\n\nBe brief.\n\n## User\n\nHi\n\n## Assistant\n\nYo\n"
    )
    session = the_session(source(text))
    assert session.title == 'On "ponds": two'
    assert session.created == datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert session.turns[2].model == "tiny"
    assert words(session.turns)[0] == ("system", "Be brief.")


def test_an_exported_question_without_an_answer_is_a_transcript() -> None:
    text = '---\ntitle: "Hi"\nsession: "01M855M4W0N3XK3PQB5ZW3H40T"\n---\n\n## User\n\nHi\n'
    assert form_of(source(text)) == "markdown"
    assert words(the_session(source(text)).turns) == [("user", "Hi")]


def test_a_transcript_that_is_none_is_told() -> None:
    assert found_in(source("Dear you"), "markdown") == ([], ["no turn in it has a label"])
    assert found_in(source(b"## User\n\n\xff"), "markdown") == ([], ["byte 9: it is not UTF-8"])


# aichat

TALK = """model: openai:gpt-4o
temperature: null
save_session: true
compressed_messages:
- role: system
  content: Be brief.
- role: user
  content: 'It''s: #1'
messages:
- role: assistant
  content: |-
    Old pond

      frogs: "leap" \\n
    - in
- role: user
  content: |2+
      indented

- role: assistant
  content: "tab\\there\\x1b \\u2028"
- role: user
  content:
  - type: text
    text: What is it?
  - type: image_url
    image_url:
      url: data:image/png;base64,AA==
- role: tool
  content:
    tool_results: []
data_urls: {}
"""


def test_a_session_of_aichat_is_read_as_aichat_writes_it() -> None:
    given = source(TALK, "ponds.yaml")
    assert form_of(given) == "aichat"
    (session,), problems = found_in(given)
    assert words(session.turns) == [
        *(("system", "Be brief."), ("user", "It's: #1")),
        ("assistant", 'Old pond\n\n  frogs: "leap" \\n\n- in'),
        *(
            ("user", "  indented\n\n"),
            ("assistant", "tab\there\x1b \u2028"),
            ("user", "What is it?"),
        ),
    ]
    assert (session.title, session.turns[2].model) == ("ponds", "openai:gpt-4o")
    assert problems == [
        "message 4, part 2: a part of the kind 'image_url' is left out",
        "message 5: a message of the role 'tool' is left out",
    ]


def test_a_session_of_aichat_goes_on(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "sessions")
    for end, added in (("", 6), ("- role: user\n  content: More\n", 1)):
        text = TALK.replace("data_urls: {}\n", end)
        (session,), _ = found_in(source(text, "ponds.yaml"))
        assert adopt(store, session).added == added
    assert len(store.ids()) == 1


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a: &x 1\nb: *x\n",
            "a: !tag 1\n",
            "a: [1, 2]\n",
            "a: >\n  folded\n",
            "a: 'x\n",
            'a: "\\q"\n',
        ),
        *("a: 1\na: 2\n", "a:\n  b: 1\n c: 2\n", "nothing\n", "a: b: c\n", "a: |\n    x\n  y\n"),
        *("- " * 100 + "x\n", "a: 1\n  b: 2\n"),
    ],
)
def test_yaml_that_aichat_does_not_write_is_refused(text: str) -> None:
    with pytest.raises(DamagedLine, match=r"line \d+|a line of a text"):
        parse(text)


# Anything

SEEDS: dict[str, str] = {
    "aichat": TALK,
    "markdown": "---\ntitle: x\n---\n## User\n\n```\nHi\n```\n\n## Assistant\n\nYo\n",
    "llm": "SQLite format 3\0" + "x" * 200,
    "openai": json.dumps([{"messages": [{"role": "user", "content": ["a", {"type": "text"}]}]}]),
    "chatgpt": json.dumps(
        [
            {
                "conversation_id": "c",
                "create_time": 1.7e9,
                "current_node": "b",
                "mapping": {
                    "a": {"parent": None, "children": ["b"], "message": None},
                    "b": {
                        "parent": "a",
                        "message": {
                            "author": {"role": "user"},
                            "content": {"content_type": "text", "parts": ["Hi"]},
                        },
                    },
                },
            }
        ]
    ),
    "draftsmith": json.dumps(
        {
            "format": "draftsmith-session",
            "v": 1,
            "id": "01M855M4W0N3XK3PQB5ZW3H40T",
            "created": "2026-11-23T21:40:05.120417Z",
            "title": "T",
            "head": "01M855M4W0N3XK3PQB5ZW3H40V",
            "undone": [],
            "branches": {"b": "01M855M4W0N3XK3PQB5ZW3H40V"},
            "deleted": [],
            "ratings": [{"turn": "01M855M4W0N3XK3PQB5ZW3H40V", "rating": 1}],
            "texts": {"x": "y"},
            "turns": [
                {
                    "type": "turn",
                    "id": "01M855M4W0N3XK3PQB5ZW3H40V",
                    "parent": None,
                    "role": "user",
                    "content": "Hi",
                    "time": "2026-11-23T21:40:05.120417Z",
                    "status": "complete",
                    "sampling": {"seed": 7},
                    "usage": {"prompt_tokens": 1, "completion_tokens": 1},
                }
            ],
        }
    ),
}

ODD: tuple[object, ...] = (
    None,
    True,
    -1,
    1e300,
    2**70,
    "",
    "\0\ud800",
    "a" * 9,
    [],
    {},
    [[]],
    {"role": []},
    ["x"],
)


def mutated(dice: random.Random, value: object) -> object:
    """The value with something else somewhere in it."""
    if dice.random() < 0.15:
        return dice.choice(ODD)
    if isinstance(value, list):
        return [mutated(dice, each) for each in value]
    if isinstance(value, dict):
        return {key: mutated(dice, each) for key, each in value.items()}
    return value


def broken(dice: random.Random, text: str) -> str:
    """The text with something cut, doubled or put in."""
    start, end = sorted(dice.randrange(len(text) + 1) for _ in range(2))
    return dice.choice(
        (
            text[:start] + text[end:],
            text[:end] + text[start:],
            text[:start] + "\0\ufeff" + text[start:],
        )
    )


@pytest.mark.parametrize("form", FORMS)
def test_whatever_a_file_holds_there_is_no_exception_and_no_half_turn(
    form: str, tmp_path: Path
) -> None:
    dice = random.Random(form)
    store = SessionStore(tmp_path / "sessions")
    for number in range(200):
        text = SEEDS[form]
        if text.startswith(("{", "[")):
            text = json.dumps(mutated(dice, json.loads(text)))
        if number % 2:
            text = broken(dice, text)
        for session in found_in(source(text), form)[0]:
            known = {turn.id for turn in session.turns}
            assert form == "draftsmith" or all(
                turn.content and (turn.parent is None or turn.parent in known)
                for turn in session.turns
            )
            adopted = adopt(store, session)
            if session.turns:
                assert store.open(adopted.session_id).session.damaged_lines == 0
