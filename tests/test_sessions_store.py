"""The folder of sessions: made with care, found by name, read whatever is in it."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from sessions import (
    AmbiguousSession,
    NoSessions,
    ReadFailed,
    SaveFailed,
    SessionFile,
    SessionStore,
    Turn,
    UnknownSession,
    UnsafeStore,
    memory_session,
    new_turn_id,
)
from sessions.codec import encode
from sessions.records import Header

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)
NOBODY = 65534


def said(content: str, parent: str | None = None) -> Turn:
    return Turn(new_turn_id(), parent, "user", content, NOON)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def not_root() -> Iterator[None]:
    """Gives up root's power to read everything, where there is any."""
    user = os.geteuid()
    os.seteuid(user or NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path / "data" / "sessions")


def saved(store: SessionStore, content: str, *, title: str | None = None) -> SessionFile:
    """A session of one turn, changed later than any before it."""
    log = store.create(title=title)
    log.append(said(content))
    now = len(list(store.root.iterdir()))
    os.utime(log.path, (now, now))
    return log


def test_a_session_reads_as_it_was_written(store: SessionStore) -> None:
    log = store.create(title="Tales")
    question = said("Question")
    log.append(question)
    answer = replace(said("Once", question.id), role="assistant", model="SmolLM2")
    log.checkpoint(replace(answer, content="On"))
    log.append(answer)
    log.name_branch("first", answer.id)
    log.set_head(question.id)
    log.append(said("Thanks", answer.id))
    log.set_head(question.id)
    again = store.open(log.session.id).session
    assert again == log.session
    assert list(again.turns) == list(log.session.turns)
    assert (again.head, again.title) == (question.id, "Tales")


def test_nothing_is_on_disk_before_the_first_turn(store: SessionStore) -> None:
    log = store.create(title="Tales")
    log.set_title("Other tales")
    assert not store.root.parent.exists()
    log.append(said("Question"))
    assert store.open(log.session.id).session.title == "Other tales"


def test_a_process_that_died_while_answering_leaves_what_it_had(store: SessionStore) -> None:
    log = saved(store, "Question")
    answer = replace(said("Once upon", log.session.head), role="assistant")
    log.checkpoint(answer)
    session = store.open(log.session.id).session
    assert replace(session.turns[answer.id], extra={}) == replace(answer, status="partial")
    assert session.head == answer.id


def test_folders_and_files_are_for_their_owner_only(store: SessionStore) -> None:
    umask = os.umask(0)
    try:
        log = saved(store, "Question")
    finally:
        os.umask(umask)
    assert [mode(path) for path in (log.path, store.root, store.root.parent)] == [
        0o600,
        0o700,
        0o700,
    ]


def test_a_folder_open_to_others_is_closed(store: SessionStore) -> None:
    saved(store, "Question")
    store.root.chmod(0o755)
    store.list()
    assert mode(store.root) == 0o700


def test_a_folder_that_is_another_users_and_open_is_refused(tmp_path: Path) -> None:
    root = Path("/usr")
    if os.geteuid() == 0:
        root = tmp_path / "theirs"
        root.mkdir(mode=0o755)
        os.chown(root, NOBODY, NOBODY)
    with pytest.raises(UnsafeStore, match="another user"):
        SessionStore(root).create()


def test_a_folder_that_is_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "sessions").symlink_to(tmp_path / "real")
    store = SessionStore(tmp_path / "sessions")
    for use in (store.create, store.list, store.latest):
        with pytest.raises(UnsafeStore, match="symbolic link"):
            use()


def test_a_session_file_that_is_a_symbolic_link_is_not_followed(store: SessionStore) -> None:
    log = saved(store, "Question")
    target = store.root / "elsewhere"
    log.path.rename(target)
    before = target.read_bytes()
    log.path.symlink_to(target)
    with pytest.raises(ReadFailed):
        store.open(log.session.id)
    with pytest.raises(SaveFailed):
        log.append(said("More"))
    assert store.list() == []
    assert target.read_bytes() == before


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "", ".", "8" * 26, "0" * 25, "0" * 26 + "\n", "u" * 26]
)
def test_what_is_not_an_id_never_becomes_a_path(store: SessionStore, name: str) -> None:
    saved(store, "Question")
    (store.root.parent / "secret.jsonl").write_bytes(encode(Header(1, "secret", NOON)))
    with pytest.raises(UnknownSession):
        store.open(name)
    with pytest.raises(UnknownSession):
        store.resolve(name)


def test_only_sessions_are_listed(store: SessionStore) -> None:
    log = saved(store, "Question")
    (store.root / "notes.jsonl").write_text("no id")
    (store.root / log.session.id).write_text("no suffix")
    (store.root / f"{new_turn_id()}.jsonl").touch()
    (store.root / f"{new_turn_id()}.jsonl").mkdir()
    assert [summary.id for summary in store.list()] == [log.session.id]


def test_a_list_says_what_each_session_is_newest_first(store: SessionStore) -> None:
    old = saved(store, "Old question")
    new = saved(store, "New question", title="Tales")
    for content in ("Once", "Twice"):
        answer = replace(said(content, next(iter(new.session.turns))), role="assistant")
        new.append(replace(answer, model=f"model {content}"))
    first, second = store.list()
    assert (first.id, second.id) == (new.session.id, old.session.id)
    assert (first.title, second.title) == ("Tales", "Old question")
    assert (first.turns, first.branches, first.model) == (3, 2, "model Twice")
    assert (second.turns, second.branches, second.model) == (1, 1, None)
    assert first.updated > second.updated
    assert second.updated == datetime.fromtimestamp(1, tz=timezone.utc)
    assert first.created == new.session.created


def test_one_unreadable_file_does_not_hide_the_others() -> None:
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        with not_root():
            store = SessionStore(Path(folder) / "sessions")
            good, bad = saved(store, "Good"), saved(store, "Bad")
            bad.path.chmod(0)
            summaries = store.list()
            with pytest.raises(ReadFailed, match="Permission denied"):
                store.open(bad.session.id)
    assert [(summary.id, summary.unreadable) for summary in summaries] == [
        (bad.session.id, "Permission denied"),
        (good.session.id, None),
    ]


def test_the_latest_is_the_one_changed_last(store: SessionStore) -> None:
    first, second = saved(store, "First"), saved(store, "Second")
    assert store.latest() == second.session.id
    os.utime(first.path, (1000, 1000))
    assert store.latest() == first.session.id


def test_an_empty_store_says_so(store: SessionStore) -> None:
    assert store.list() == []
    with pytest.raises(NoSessions, match="no saved sessions"):
        store.latest()
    with pytest.raises(UnknownSession) as caught:
        store.resolve("anything")
    assert caught.value.nearest == ()


def rename(log: SessionFile, session_id: str) -> None:
    log.path.rename(log.path.with_name(f"{session_id}.jsonl"))


A, B, C = "01M85AAAAAAAAAAAAAAAAAAAAA", "01M85AABBBBBBBBBBBBBBBBBBB", "01M85CCCCCCCCCCCCCCCCCCCCC"


@pytest.fixture
def three(store: SessionStore) -> SessionStore:
    for session_id, title in ((A, "Letter"), (B, "Letter to Ada"), (C, "Straße")):
        rename(saved(store, "Question", title=title), session_id)
    return store


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (A, A),
        (A.lower(), A),
        ("01M85C", C),
        ("01m85aab", B),
        ("Letter", A),
        ("letter  TO", B),
        ("STRASSE", C),
        ("str", C),
        ("ada", B),
        ("to ad", B),
    ],
)
def test_sessions_go_by_id_by_title_and_by_their_beginnings(
    three: SessionStore, query: str, found: str
) -> None:
    assert three.resolve(query) == found


@pytest.mark.parametrize(("query", "matches"), [("01M8", {A, B, C}), ("lett", {A, B})])
def test_a_name_that_fits_several_names_them(
    three: SessionStore, query: str, matches: set[str]
) -> None:
    with pytest.raises(AmbiguousSession, match=f"fits {len(matches)} sessions: 01M85") as caught:
        three.resolve(query)
    assert set(caught.value.matches) == matches


def test_the_work_on_a_draft_is_no_conversation_to_go_on_with(store: SessionStore) -> None:
    work = store.create(is_revision=True)
    work.append(said("Their is a light."))
    assert store.latest_conversation() == work.session.id
    talk = saved(store, "Question")
    work.append(said("It have burned.", work.session.head))
    assert store.latest() == work.session.id
    assert store.latest_conversation() == talk.session.id
    assert store.open(work.session.id).session.is_revision


def test_part_of_a_word_is_no_name(three: SessionStore) -> None:
    with pytest.raises(UnknownSession):
        three.resolve("da")
    with pytest.raises(UnknownSession):
        three.resolve("")
    with pytest.raises(UnknownSession):
        three.resolve("ada", by_word=False)


def test_those_that_a_name_fits_are_told_by_their_titles(three: SessionStore) -> None:
    with pytest.raises(AmbiguousSession, match=rf"{B} \(Letter to Ada\)"):
        three.resolve("lett")


def test_two_sessions_of_one_title_are_told_apart_by_id(three: SessionStore) -> None:
    twin = saved(three, "Question", title="Letter")
    with pytest.raises(AmbiguousSession) as caught:
        three.resolve("letter")
    assert set(caught.value.matches) == {A, twin.session.id}


@pytest.mark.parametrize(
    ("query", "nearest"), [("Leter", "Letter"), ("Strase", "Straße"), (C[:-1] + "D", C)]
)
def test_a_misspelled_name_gets_a_suggestion(three: SessionStore, query: str, nearest: str) -> None:
    with pytest.raises(UnknownSession) as caught:
        three.resolve(query)
    assert caught.value.nearest[0] == nearest


def test_fewer_than_four_characters_are_no_id(store: SessionStore) -> None:
    saved(store, "Question")
    with pytest.raises(UnknownSession):
        store.resolve("01M")


def test_a_session_of_a_newer_version_is_read_and_not_written(store: SessionStore) -> None:
    log = saved(store, "Question")
    newer = encode(Header(2, log.session.id, NOON))
    log.path.write_bytes(newer + b"".join(log.path.read_bytes().splitlines(True)[1:]))
    before = log.path.read_bytes()
    again = store.open(log.session.id)
    assert again.session.read_only
    assert again.session.messages() == log.session.messages()
    more = said("More", again.session.head)
    with pytest.raises(SaveFailed, match="newer version"):
        again.append(more)
    assert again.session.path()[-1] == more
    assert log.path.read_bytes() == before


def test_what_a_newer_program_added_stays_in_the_file(store: SessionStore) -> None:
    log = saved(store, "Question")
    turn = replace(said("More", log.session.head), extra={"rating": "+"})
    log.append(turn)
    again = store.open(log.session.id)
    assert again.session.turns[turn.id].extra == {"rating": "+"}
    again.append(said("And more", turn.id))
    assert log.path.read_bytes().count(b'"rating":"+"') == 1


def test_a_copied_file_is_a_session_of_its_own(store: SessionStore) -> None:
    log = saved(store, "Question")
    copy = store.root / f"{C}.jsonl"
    copy.write_bytes(log.path.read_bytes())
    assert store.open(C).session.id == C
    assert {summary.id for summary in store.list()} == {log.session.id, C}


def test_a_session_that_is_not_saved_grows_like_one_that_is(store: SessionStore) -> None:
    question = said("Question")
    answer = said("Once", question.id)
    logs = [store.create(), memory_session()]
    for log in logs:
        log.append(question)
        log.checkpoint(replace(answer, content="On"))
        log.name_branch("first", question.id)
        log.append(answer)
        log.set_head(question.id)
        log.set_title("Tales")
    on_disk, in_memory = (log.session for log in logs)
    assert in_memory.turns == on_disk.turns
    assert (in_memory.head, in_memory.branches) == (on_disk.head, on_disk.branches)
    assert in_memory.display_title == "Tales"
    assert len(store.list()) == 1


def test_a_turn_that_json_cannot_express_changes_nothing(store: SessionStore) -> None:
    log = saved(store, "Question")
    before = log.path.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        log.append(replace(said("More"), variables={"x": float("inf")}))
    assert len(log.session.turns) == 1
    log.append(said("More", log.session.head))
    assert log.path.read_bytes().startswith(before)
    assert len(store.open(log.session.id).session.turns) == 2


def test_times_that_python_has_no_date_for_do_not_hide_the_others(
    store: SessionStore, tmp_path: Path
) -> None:
    log = saved(store, "Question")
    (store.root / "7ZZZZZZZZZ0000000000000000.jsonl").write_bytes(log.path.read_bytes())
    far = 253402300900  # in the year 10000, where the file system has one
    os.utime(log.path, (far, far))
    assert [summary.id for summary in store.list()] == [log.session.id]
    assert store.latest() == log.session.id
