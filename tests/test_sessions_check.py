"""Every kind of damage is found, its place is said, and a repaired copy is without it."""

from __future__ import annotations

import errno
import json
import random
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from failing_system import FailingSystem, at_call
from scripted_chat import Chat
from session_damage import damaged
from session_samples import NOON, NoWaiting, attached, random_session, said

from sessions import (
    SaveFailed,
    Session,
    SessionFile,
    SessionStore,
    UnknownSession,
    check_session,
    check_sessions,
    new_turn_id,
    salvage_session,
)
from sessions.codec import encode
from sessions.records import Header


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path / "home" / "data" / "sessions", syscalls=NoWaiting())


def talk(store: SessionStore) -> SessionFile:
    """Header and title, question and answer, one more question with a letter."""
    log = store.create(title="Tales")
    log.append(said("Question"))
    log.append(replace(said("Once", log.session.head), role="assistant"))
    log.append(attached(said("And? ", log.session.head), "A letter."))
    return log


def line_around(body: bytes) -> bytes:
    return b'{"crc":"%08x","r":%s}\n' % (zlib.crc32(body), body)


def rewrite(log: SessionFile, number: int, change: Callable[[bytes], bytes]) -> None:
    """Changes one line of a file, given by its number from 1."""
    lines = log.path.read_bytes().splitlines(True)
    lines[number - 1] = change(lines[number - 1])
    log.path.write_bytes(b"".join(lines))


def findings(log: SessionFile) -> list[tuple[int | None, str]]:
    """Lines and reasons, after a look at the offsets."""
    report = check_session(log.path.parent, log.session.id)
    data = log.path.read_bytes()
    for found in report.findings:
        if found.line is not None and found.offset is not None:
            line_start = sum(map(len, data.split(b"\n")[: found.line - 1])) + found.line - 1
            assert found.offset >= line_start
            assert b"\n" not in data[line_start : found.offset]
    return [(found.line, found.reason) for found in report.findings]


def test_a_sound_session_has_no_findings(store: SessionStore) -> None:
    log = talk(store)
    report = check_session(store.root, log.session.id)
    assert report.is_sound
    assert (report.lines, report.turns, report.title) == (5, 3, "Tales")


def test_random_sessions_are_sound(store: SessionStore) -> None:
    for seed in range(50):
        random_session(store, random.Random(seed), records=20)
    reports = list(check_sessions(store.root))
    assert [report.findings for report in reports] == [()] * 50


def test_a_flipped_bit_is_found_in_its_line(store: SessionStore) -> None:
    log = talk(store)
    rewrite(log, 5, lambda line: line.replace(b"And?", b"And!"))
    assert findings(log) == [(5, "the checksum does not fit")]


def test_a_torn_line_is_found(store: SessionStore) -> None:
    log = talk(store)
    rewrite(log, 5, lambda line: line[:-20])
    assert findings(log) == [(5, "it is not a whole record")]


def test_a_lost_line_is_found_as_a_gap_in_the_tree(store: SessionStore) -> None:
    log = talk(store)
    first, second, _ = log.session.turns
    rewrite(log, 3, lambda _: b"")
    assert findings(log) == [(3, f"turn {second} follows {first}, which is not there")]


def test_a_line_that_is_sound_and_no_json_is_found(store: SessionStore) -> None:
    log = talk(store)
    rewrite(log, 5, lambda _: line_around(b"{]}"))
    ((line, reason),) = findings(log)
    assert line == 5
    assert reason.startswith("it is not JSON")


def test_glued_lines_are_one_finding_and_cost_nothing(store: SessionStore) -> None:
    log = talk(store)
    rewrite(log, 4, lambda line: line[:-1])
    assert findings(log) == [(4, "a line break between records is lost")]
    assert check_session(store.root, log.session.id).turns == 3


def test_a_second_turn_of_the_same_id_is_found(store: SessionStore) -> None:
    log = talk(store)
    first = next(iter(log.session.turns.values()))
    rewrite(log, 5, lambda line: line + encode(replace(first, content="Forged")))
    assert findings(log) == [(6, f"turn {first.id} is there already, and different")]


def test_a_circle_is_found_where_it_closes(store: SessionStore) -> None:
    log = talk(store)
    first = said("a", "01M855M4W0N3XK3PQB5ZW3H40V")
    second = replace(said("b", first.id), id="01M855M4W0N3XK3PQB5ZW3H40V")
    rewrite(log, 5, lambda line: line + encode(first) + encode(second))
    assert findings(log) == [(7, "its turn would follow itself")]


@pytest.mark.parametrize(
    ("harm", "reason"),
    [(Path.unlink, "is missing"), (lambda file: file.write_bytes(b"?"), "has changed")],
)
def test_a_lost_or_changed_attachment_is_found(
    store: SessionStore, harm: Callable[[Path], object], reason: str
) -> None:
    log = talk(store)
    (file,) = log.files.folder.iterdir()
    harm(file)
    assert findings(log) == [(5, f"the attachment 'letter.md' {reason}: {file.name}")]


def test_a_lost_header_is_found(store: SessionStore) -> None:
    log = talk(store)
    rewrite(log, 1, lambda _: b"")
    assert findings(log) == [(None, "it has no header")]


def test_what_is_no_session_is_said(store: SessionStore) -> None:
    talk(store)
    for name in (new_turn_id(), "../secret"):
        with pytest.raises(UnknownSession):
            check_session(store.root, name)
        with pytest.raises(UnknownSession):
            salvage_session(store.root, name)


def state(session: Session) -> tuple[object, ...]:
    """What a repaired copy has in common with its session."""
    marks = (session.branches, session.ratings, session.reviews, session.deleted, session.undone)
    return (session.turns, list(session.turns), session.head, session.created, *marks)


def test_a_repaired_copy_has_all_that_is_sound_and_the_session_is_as_it_was(
    store: SessionStore,
) -> None:
    log = talk(store)
    rewrite(log, 4, lambda line: line[:50] + line[60:])
    before = log.path.read_bytes()
    first, second, third = log.session.turns.values()
    copy = store.open(salvage_session(store.root, log.session.id))
    assert log.path.read_bytes() == before
    assert list(copy.session.turns.values()) == [first, third]
    assert copy.session.display_title == "Tales (repaired)"
    assert copy.session.damaged_lines == 0
    assert findings(copy) == [(4, f"turn {third.id} follows {second.id}, which is not there")]
    copy.append(said("More", copy.session.head))
    assert log.path.read_bytes() == before


def test_what_a_newer_program_wrote_is_in_the_repaired_copy(store: SessionStore) -> None:
    log = talk(store)
    log.append(replace(said("Fog", log.session.head), extra={"weather": {"fog": 1}}))
    unknown = line_around(b'{"type":"weather","fog":[1.50]}')
    rewrite(log, 6, lambda line: line + unknown + b"rotten")
    copy = store.open(salvage_session(store.root, log.session.id))
    assert copy.session.path()[-1].extra == {"weather": {"fog": 1}}
    assert unknown in copy.path.read_bytes()
    assert b"rotten" not in copy.path.read_bytes()


def test_a_circle_and_a_double_are_gone_from_the_repaired_copy(store: SessionStore) -> None:
    log = talk(store)
    first = said("a", "01M855M4W0N3XK3PQB5ZW3H40V")
    second = replace(said("b", first.id), id="01M855M4W0N3XK3PQB5ZW3H40V")
    forged = replace(first, content="Forged", parent=None)
    rewrite(log, 5, lambda line: line + b"".join(map(encode, (first, second, forged))))
    copy = store.open(salvage_session(store.root, log.session.id))
    assert findings(copy) == []
    assert state(copy.session) == state(store.open(log.session.id).session)


def test_damaged_sessions_are_repaired_as_far_as_they_can_be_read(store: SessionStore) -> None:
    for seed in range(100):
        chance = random.Random(seed)
        log = random_session(store, chance, records=20)
        chunks = damaged(log.path.read_bytes(), chance)
        log.path.write_bytes(b"".join(chunk.data for chunk in chunks))
        session = store.open(log.session.id).session
        copy = store.open(salvage_session(store.root, log.session.id))
        lost_header = session.version is None
        assert (
            state(copy.session)[: 3 if lost_header else None]
            == (state(session)[: 3 if lost_header else None])
        )
        assert all("which is not there" in reason for _, reason in findings(copy))


def test_a_session_of_a_newer_version_is_checked_and_not_repaired(store: SessionStore) -> None:
    log = talk(store)
    rewrite(log, 1, lambda _: encode(Header(2, log.session.id, NOON)) + b"rotten\n")
    assert findings(log) == [(2, "it is not a whole record")]
    with pytest.raises(SaveFailed, match="newer version"):
        salvage_session(store.root, log.session.id)
    assert len(list(store.root.glob("*.jsonl*"))) == 1


def test_a_copy_that_cannot_be_written_leaves_nothing(store: SessionStore) -> None:
    log = talk(store)
    rewrite(log, 3, lambda _: b"rotten\n")
    before = sorted(store.root.iterdir())
    for number in range(1, 100):
        system = FailingSystem(at_call(number, errno.ENOSPC))
        try:
            new_id = salvage_session(store.root, log.session.id, syscalls=system)
        except SaveFailed:
            assert sorted(store.root.iterdir()) == before
        else:
            break
    assert {"open", "write", "fsync", "replace"} == set(system.calls)
    assert system.is_durable(store.root)
    assert store.open(new_id).session.path()[-1].content == "And? A letter."


def test_the_command_says_what_is_damaged_where_and_why(chat: Chat, store: SessionStore) -> None:
    assert chat("sessions", "check") == 0
    assert chat.out == "0 sessions, 0 damaged\n"
    assert chat("first question") == 0
    log = talk(store)
    assert chat("sessions", "check") == 0
    assert chat.out == "2 sessions, 0 damaged\n"
    assert chat("sessions", "check", "tales") == 0
    assert chat.out == f"{log.session.id} is sound, 3 turns\n"
    rewrite(log, 5, lambda line: line[:-20])
    assert chat("sessions", "check") == 1
    assert chat.out == f"{log.session.id}\tTales\t1 problem\n2 sessions, 1 damaged\n"
    assert chat("sessions", "check", "tales") == 1
    offset = log.path.read_bytes().rindex(b"\n") + 1
    assert chat.out == f"5\t{offset}\tit is not a whole record\n"


def test_the_command_writes_a_repaired_copy_and_says_its_id(
    chat: Chat, store: SessionStore
) -> None:
    log = talk(store)
    assert chat("sessions", "check", "tales", "--salvage") == 0
    assert "repaired" not in chat.out
    rewrite(log, 5, lambda line: line[:-20])
    assert chat("sessions", "check", "tales", "--salvage") == 1
    new_id = chat.out.split()[-1]
    assert chat.out.endswith(f"repaired copy: {new_id}\n")
    assert chat("sessions", "check", new_id) == 0
    assert chat("sessions", "show", new_id) == 0
    assert "Once" in chat.out
    assert chat("sessions", "check", "--salvage") == 2
    assert "--salvage needs a SESSION" in chat.err


def test_the_command_speaks_json(chat: Chat, store: SessionStore) -> None:
    log = talk(store)
    rewrite(log, 5, lambda line: line[:-20])
    assert chat("sessions", "check", log.session.id, "--salvage", "--json") == 1
    report = json.loads(chat.out)
    offset = log.path.read_bytes().rindex(b"\n") + 1
    reason = "it is not a whole record"
    assert report["findings"] == [{"line": 5, "offset": offset, "reason": reason}]
    assert store.open(report["repaired"]).session.display_title == "Tales (repaired)"
    assert chat("sessions", "check", "--json") == 1
    everything = json.loads(chat.out)
    assert everything["checked"] == 2
    assert [each["id"] for each in everything["damaged"]] == [log.session.id]
    assert chat("sessions", "check", report["repaired"], "--json") == 0
    assert json.loads(chat.out)["findings"] == []


def test_a_file_that_is_no_file_any_more_is_one_finding(chat: Chat, store: SessionStore) -> None:
    assert chat("sessions", "check", "nothing") == 2
    log = talk(store)
    log.path.write_bytes(b"\x00" * 4096)
    assert chat("sessions", "check", log.session.id) == 1
    assert chat.out.splitlines() == ["1\t0\tit is not a whole record", "\t\tit has no header"]
