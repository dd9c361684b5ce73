"""Each form of an export, read back by what reads it elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from itertools import pairwise
from typing import Any

import pytest

from engine.types import Message, Role
from sessions import Attachment, Change, ExportFailed, MemorySession, Session, Turn, memory_session
from sessions.codec import from_json, to_json
from sessions.export import FORMATS, to_archive, to_chat, to_markdown, to_text, to_training_lines
from sessions.files import sha256_of
from sessions.records import Partial

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)

NASTY = "\x1b[2J\x1b]0;owned\x07 \x00 \x7f \x9b31m \u202edetrevni \ud800 </script><!-- "


def turn(
    name: str, parent: str | None = None, role: Role = "user", content: str | None = None
) -> Turn:
    return Turn(name, parent, role, name if content is None else content, NOON)


def talk(*turns: Turn) -> MemorySession:
    log = memory_session()
    for each in turns:
        log.append(each)
    return log


@pytest.fixture
def forked() -> MemorySession:
    """Two answers, the first of which goes on and has a name, and a third that was deleted."""
    log = talk(
        replace(turn("s", role="system", content="Be brief."), examples=EXAMPLES),
        turn("q", "s", content="Why?"),
        replace(turn("a", "q", "assistant", "Because."), model="tiny", reasoning="Hmm, hidden."),
        turn("more", "a", content="And then?"),
        turn("then", "more", "assistant", "That."),
        turn("gone", "q", "assistant", "Forget this."),
        replace(turn("b", "q", "assistant", "So."), model="large"),
    )
    log.name_branch("first", "a")
    log.name_branch("forgotten", "gone")
    log.delete("gone")
    log.set_title("Reasons", by_model=True)
    log.rate("b", -1, "too short")
    log.review("b", [Change(True, (0, 2))])
    return log


EXAMPLES = (Message("user", "How?"), Message("assistant", "Like so."))


def with_files() -> Turn:
    """A question with two attached texts, the first of which has fences of its own."""
    texts = ["# A\n```python\n````\n", "no newline"]
    parts = ["Compare.\n\n--- a.md ---\n", texts[0], "\n--- `b`\n.md ---\n", texts[1], "\nThanks!"]
    starts = [len("".join(parts[:number])) for number in (1, 3)]
    attachments = tuple(
        Attachment(name, sha256_of(text), start, len(text))
        for name, text, start in zip(["a.md", "`b`\n.md"], texts, starts, strict=True)
    )
    return replace(turn("q", content="".join(parts)), attachments=attachments)


def archive(session: Session) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(to_archive(session))
    return loaded


def roles_and_contents(chat: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["role"], each["content"]) for each in chat["messages"]]


def test_json_has_the_whole_tree(forked: MemorySession) -> None:
    whole, session = archive(forked.session), forked.session
    turns = whole.pop("turns")
    assert whole == {
        "format": "draftsmith-session",
        "v": 1,
        "id": session.id,
        "created": session.created.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "title": "Reasons",
        "title_is_own": False,
        "head": "b",
        "undone": [],
        "branches": {"first": "a", "forgotten": "gone"},
        "deleted": ["gone"],
        "ratings": [{"type": "rating", "turn": "b", "rating": -1, "note": "too short"}],
        "reviews": [{"type": "review", "turn": "b", "changes": [{"taken": True, "old": [0, 2]}]}],
        "texts": {},
    }
    assert turns == [to_json(each) for each in session.turns.values()]
    assert [from_json(each) for each in turns] == list(session.turns.values())


def test_json_has_what_was_undone_and_where_the_head_went(forked: MemorySession) -> None:
    forked.undo("q")
    forked.undo(None)
    whole = archive(forked.session)
    assert (whole["head"], whole["undone"]) == (None, ["b", "q"])


def test_json_keeps_unknown_fields_and_answers_that_were_cut_off() -> None:
    log = talk(replace(turn("q"), extra={"mood": ["curious", None]}))
    log.checkpoint(turn("a", "q", "assistant", "Beca"))
    question, answer = archive(log.session)["turns"]
    assert question["mood"] == ["curious", None]
    assert answer["type"] == "partial"
    read = from_json(answer)
    assert isinstance(read, Partial)
    assert replace(read.turn, status="partial") == log.session.turns["a"]


def test_json_has_the_attached_texts_once_and_by_their_hashes() -> None:
    question = with_files()
    again = replace(question, id="again", parent="q")
    whole = archive(talk(question, again).session)
    texts = whole["texts"]
    assert len(texts) == 2
    assert all(sha256_of(text) == sha256 for sha256, text in texts.items())
    assert [from_json(each, texts.get) for each in whole["turns"]] == [question, again]
    assert "no newline" not in json.dumps(whole["turns"])


def test_a_missing_attachment_has_no_text_in_json() -> None:
    sha256 = "0" * 64
    record = {**to_json(turn("q")), "attachments": [{"name": "x.md", "sha256": sha256, "at": 0}]}
    question = from_json(record)
    assert isinstance(question, Turn)
    whole = archive(talk(question).session)
    assert (whole["turns"], whole["texts"]) == ([record], {})


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_what_json_cannot_express_is_told(value: float) -> None:
    log = talk(turn("q"))
    log.session.place(replace(turn("a", "q"), extra={"odd": value}))
    with pytest.raises(ExportFailed, match="cannot be written as JSON"):
        to_archive(log.session)


def test_openai_is_what_a_model_would_get_of_the_branch_in_use(forked: MemorySession) -> None:
    chat = json.loads(to_chat(forked.session))
    assert chat["model"] == "large"
    assert roles_and_contents(chat) == [
        ("system", "Be brief."),
        ("user", "How?"),
        ("assistant", "Like so."),
        ("user", "Why?"),
        ("assistant", "So."),
    ]
    assert all(set(message) == {"role", "content"} for message in chat["messages"])


def test_openai_takes_another_branch_and_never_its_reasoning(forked: MemorySession) -> None:
    text = to_chat(forked.session, "then")
    chat = json.loads(text)
    assert chat["model"] == "tiny"
    assert roles_and_contents(chat)[-3:] == [
        ("assistant", "Because."),
        ("user", "And then?"),
        ("assistant", "That."),
    ]
    assert "hidden" not in text


def test_jsonl_has_a_line_for_each_branch_that_is_not_deleted(forked: MemorySession) -> None:
    text = to_training_lines(forked.session)
    lines = [json.loads(line) for line in text.splitlines()]
    assert [list(line) for line in lines] == [["messages"]] * 2
    assert [line["messages"][-1]["content"] for line in lines] == ["That.", "So."]
    assert "hidden" not in text
    assert "Forget" not in text


def test_jsonl_of_a_chosen_branch_is_one_line(forked: MemorySession) -> None:
    (line,) = to_training_lines(forked.session, "then").splitlines()
    assert roles_and_contents(json.loads(line))[-1] == ("assistant", "That.")


def test_jsonl_leaves_out_a_branch_that_has_no_answer() -> None:
    log = talk(turn("q"), turn("a", "q", "assistant"), turn("other"))
    assert len(to_training_lines(log.session).splitlines()) == 1


def test_a_line_separator_in_a_turn_does_not_break_a_line_of_jsonl() -> None:
    log = talk(turn("q", content="a\nb\u2028c\x85d"), turn("a", "q", "assistant"))
    (line, rest) = to_training_lines(log.session).split("\n")
    assert roles_and_contents(json.loads(line))[0] == ("user", "a\nb\u2028c\x85d")
    assert rest == ""


def test_text_has_the_turns_of_a_branch_under_their_roles(forked: MemorySession) -> None:
    assert to_text(forked.session) == "[system]\nBe brief.\n\n[user]\nWhy?\n\n[assistant]\nSo.\n"


def test_text_says_how_a_turn_ended_and_what_a_summary_stands_for() -> None:
    log = talk(
        replace(turn("s", role="system", content="They talked."), summarises=("x", "y")),
        replace(turn("a", "s", "assistant", "Bec"), status="cancelled"),
    )
    assert to_text(log.session) == (
        "[system] (summary of 2 turns)\nThey talked.\n\n[assistant] (cancelled)\nBec\n"
    )


def test_markdown_has_front_matter_and_a_heading_for_each_turn(forked: MemorySession) -> None:
    forked.session.created = NOON
    forked.set_title('Reasons: "why" \x1b[2J')
    assert to_markdown(forked.session) == (
        '---\ntitle: "Reasons: \\"why\\" \\u001b[2J"\ndate: "2026-05-04T12:00:00+00:00"\n'
        f'model: "large"\nsession: "{forked.session.id}"\n---\n'
        "\n## System\n\nBe brief.\n\n## User\n\nWhy?\n\n## Assistant\n\nSo.\n"
    )


def test_markdown_fences_attachments_longer_than_any_fence_in_them() -> None:
    text = to_markdown(talk(with_files()).session)
    _, _, said = text.partition("## User\n\n")
    assert said == (
        "Compare.\n\n--- a.md ---\n"
        "`````a.md\n# A\n```python\n````\n`````\n"
        "\n--- `b`\n.md ---\n"
        "```b.md\nno newline\n```\n"
        "Thanks!\n"
    )


def test_an_attachment_at_the_end_is_fenced_on_lines_of_its_own() -> None:
    text = "x"
    part = Attachment(None, sha256_of(text), len("See: "), len(text))
    said = to_markdown(talk(replace(turn("q", content="See: x"), attachments=(part,))).session)
    assert said.endswith("## User\n\nSee: \n```\nx\n```\n")


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_session_can_be_exported(name: str) -> None:
    assert isinstance(FORMATS[name].make(memory_session().session, None), str)


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"json"}))
def test_deleted_turns_are_in_json_alone(forked: MemorySession, name: str) -> None:
    assert "Forget this." not in FORMATS[name].make(forked.session, None)
    assert "gone" not in [each.id for each in FORMATS[name].turns(forked.session, None)]
    assert "Forget this." in to_archive(forked.session)


@pytest.mark.parametrize("name", FORMATS)
def test_characters_that_no_file_holds_or_a_terminal_obeys_stop_no_export(name: str) -> None:
    log = talk(turn("q", content=NASTY), turn("a", "q", "assistant", NASTY))
    data = FORMATS[name].make(log.session, None).encode()
    if FORMATS[name].is_json:
        for line in data.splitlines():
            whole = json.loads(line)
            said = whole.get("messages") or whole["turns"]
            assert [each["content"] for each in said] == [NASTY, NASTY]
    elif name != "html":
        assert data.decode().count(NASTY.replace("\ud800", "\ufffd")) == 2


def test_a_long_session_is_exported_in_its_order() -> None:
    log = memory_session()
    names = [f"t{number}" for number in range(2000)]
    log.append(turn(names[0]))
    for parent, name in pairwise(names):
        log.append(turn(name, parent))
    for form in FORMATS.values():
        assert [each.id for each in form.turns(log.session, None)] == names
        form.make(log.session, None)
