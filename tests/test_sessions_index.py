"""The index: brought up to date, lost and made again, never in the way."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from sessions import (
    Attachment,
    NotMoved,
    ReadFailed,
    SaveFailed,
    Search,
    SessionFile,
    SessionStore,
    Turn,
    new_turn_id,
    sha256_of,
)
from sessions.index import SessionIndex

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "sessions.sqlite"


@pytest.fixture
def store(tmp_path: Path, index: Path) -> SessionStore:
    return SessionStore(tmp_path / "sessions", index=index)


def again(store: SessionStore, index: Path) -> SessionStore:
    """The same sessions, as another process sees them."""
    return SessionStore(store.root, index=index)


def said(content: str, parent: str | None = None) -> Turn:
    return Turn(new_turn_id(), parent, "user", content, NOON)


def saved(store: SessionStore, *contents: str) -> SessionFile:
    log = store.create()
    for content in contents:
        log.append(said(content, log.session.head))
    return log


def found(store: SessionStore, words: str) -> list[str]:
    return [hit.turn for hit in store.search(Search(words, limit=1000))]


def titles(store: SessionStore) -> set[str]:
    return {summary.title for summary in store.list()}


@contextmanager
def locked(index: Path) -> Iterator[None]:
    """Somebody else is writing, and takes long."""
    with closing(sqlite3.connect(index, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_what_was_added_and_taken_away_since_is_known(store: SessionStore, index: Path) -> None:
    log = saved(store, "the whale")
    whale = log.session.head
    assert whale is not None
    assert found(store, "whale") == [whale]
    log.append(more := said("another whale", whale))
    assert set(found(again(store, index), "whale")) == {whale, more.id}
    log.delete(more.id)
    assert found(again(store, index), "whale") == [whale]
    log.restore(more.id)
    assert set(found(again(store, index), "whale")) == {whale, more.id}
    store.delete(log.session.id)
    assert found(again(store, index), "whale") == []
    store.bring_back(log.session.id)
    assert set(found(again(store, index), "whale")) == {whale, more.id}


def test_a_partial_answer_is_found_as_far_as_it_has_come(store: SessionStore) -> None:
    log = saved(store, "question")
    answer = replace(said("alpha", log.session.head), role="assistant")
    log.checkpoint(answer)
    assert found(store, "alpha") == [answer.id]
    log.checkpoint(replace(answer, content="alpha beta"))
    assert found(store, "beta") == [answer.id]
    log.append(replace(answer, content="alpha beta gamma"))
    assert found(store, "gamma") == found(store, "alpha") == [answer.id]


def test_a_file_that_is_another_one_now_is_read_again(store: SessionStore) -> None:
    log, other = saved(store, "the whale"), saved(store, "the lighthouse")
    assert found(store, "whale")
    log.path.write_bytes(other.path.read_bytes())
    os.utime(log.path, (1, 1))
    assert found(store, "whale") == []
    assert titles(store) == {"the lighthouse"}


@pytest.mark.parametrize("harm", ["garbage", "truncated", "folder", "foreign", "older"])
def test_an_index_that_cannot_be_used_is_made_anew(
    store: SessionStore, index: Path, harm: str
) -> None:
    log = saved(store, "the whale")
    assert found(store, "whale")
    store.close()
    if harm == "garbage":
        index.write_bytes(b"no database" * 1000)
    elif harm == "truncated":
        with closing(sqlite3.connect(index)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.truncate(index, index.stat().st_size // 2)
    elif harm == "folder":
        index.unlink()
        index.mkdir()
    elif harm == "foreign":
        index.unlink()
        with closing(sqlite3.connect(index)) as connection:
            connection.execute("CREATE TABLE session (a, b)")
    else:
        with closing(sqlite3.connect(index)) as connection:
            connection.execute("PRAGMA user_version = 99")
    assert found(again(store, index), "whale") == [log.session.head]
    assert titles(again(store, index)) == {"the whale"}


def test_an_index_that_is_locked_is_done_without(
    store: SessionStore, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.index.BUSY_S", 0.01)
    logs = [saved(store, f"whale {number}") for number in range(3)]
    with locked_after_first_use(store, index):
        other = again(store, index)
        assert len(other.list()) == 3
        assert set(found(other, "whale")) == {log.session.head for log in logs}
    assert set(found(again(store, index), "whale")) == {log.session.head for log in logs}


@contextmanager
def locked_after_first_use(store: SessionStore, index: Path) -> Iterator[None]:
    store.list()
    with locked(index):
        yield


def test_a_full_disk_leaves_nothing_out(store: SessionStore, index: Path) -> None:
    store.list()
    saved(store, "the first")
    store.search(Search("first"))
    pages = SessionIndex(index)
    assert pages.stamps()
    pages.close()
    logs = [saved(store, f"whale {number} " + "word " * 500) for number in range(40)]
    connection = store._index._connected()
    (used,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {used + 3}")
    assert len(store.list()) == 41
    assert set(found(store, "whale")) == {log.session.head for log in logs}


def test_nobody_else_can_read_it(store: SessionStore, index: Path) -> None:
    saved(store, "the whale")
    umask = os.umask(0)
    try:
        store.search(Search("whale"))
    finally:
        os.umask(umask)
    for path in (index, *index.parent.glob("sessions.sqlite-*")):
        assert path.stat().st_mode & 0o077 == 0
    assert index.parent.stat().st_mode & 0o077 == 0


def test_a_purge_waits_for_an_index_that_others_use(
    store: SessionStore, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.index.BUSY_S", 0.01)
    log = saved(store, "a secret")
    store.search(Search("secret"))
    with locked(index), pytest.raises(NotMoved, match="in use"):
        again(store, index).delete(log.session.id, purge=True)
    assert log.path.exists()
    with closing(sqlite3.connect(index, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM turn").fetchone()
        with pytest.raises(NotMoved, match="in use"):
            again(store, index).delete(log.session.id, purge=True)
    store.delete(log.session.id, purge=True)
    assert not log.path.exists()
    store.close()
    left = [path.read_bytes() for path in index.parent.iterdir()]
    assert not any(b"secret" in data for data in left)


def test_a_purge_that_was_cut_short_is_finished(store: SessionStore) -> None:
    log = saved(store, "question")
    log.files.folder.mkdir()
    (log.files.folder / "left").write_text("a secret")
    log.path.unlink()
    store.delete(log.session.id, purge=True)
    assert not log.files.folder.exists()


def test_a_session_that_was_deleted_twice_is_in_the_trash_twice(store: SessionStore) -> None:
    log = saved(store, "first")
    first = log.path.read_bytes()
    store.delete(log.session.id)
    log.path.write_bytes(first + first.splitlines(True)[-1])
    second = log.path.read_bytes()
    store.delete(log.session.id)
    store.bring_back(log.session.id)
    assert log.path.read_bytes() == second
    with pytest.raises(NotMoved, match="there already"):
        store.bring_back(log.session.id)
    log.path.unlink()
    store.bring_back(log.session.id)
    assert log.path.read_bytes() == first


@pytest.mark.parametrize(
    ("content", "words", "is_there"),
    [
        ("我喜欢灯塔的故事", "灯塔", True),
        ("我喜欢灯塔的故事", "塔灯", False),
        ("灯台の話", "灯台", True),
        ("Ça va, naïve?", "ca naive", True),
        ("the last lamp", '"last lamp"', True),
        ("the last red lamp", '"last lamp"', False),
        ("lighthouses", "light*", True),
        ("lighthouses", "light", False),
        ("a AND b OR NOT", "AND NOT", True),
        ("x", 'content:x OR "x" NEAR(', False),
        ("half \udc80 pair", "pair", True),
    ],
)
def test_words_are_found_as_people_write_them(
    store: SessionStore, content: str, words: str, is_there: bool
) -> None:
    saved(store, content)
    assert bool(found(store, words)) is is_there


def test_what_was_found_is_marked_in_its_own_script(store: SessionStore) -> None:
    saved(store, "我喜欢灯塔的故事")
    (hit,) = store.search(Search("灯塔"))
    assert hit.snippet.replace("\ue000", "[").replace("\ue001", "]") == "我喜欢[灯塔]的故事"


@pytest.mark.parametrize("words", ["", "…", '"', "*", "\x00"])
def test_there_must_be_words(store: SessionStore, words: str) -> None:
    with pytest.raises(ValueError, match="no words"):
        store.search(Search(words))


def test_half_a_surrogate_pair_is_looked_for_in_vain(store: SessionStore) -> None:
    saved(store, "question")
    assert found(store, "a\udcff") == []
    assert store.search(Search("question", model="\udcff")) == []


@pytest.mark.parametrize("harm", ["pipe", "link", "folder of links"])
def test_an_attachment_that_is_no_file_holds_nobody_up(
    store: SessionStore, tmp_path: Path, harm: str
) -> None:
    log = store.create()
    text = "a long story"
    part = Attachment(None, sha256_of(text), 0, len(text))
    log.append(replace(said(text), attachments=(part,)))
    (file,) = log.files.folder.iterdir()
    file.unlink()
    if harm == "pipe":
        os.mkfifo(file)
    elif harm == "link":
        (tmp_path / "elsewhere").write_text(text)
        file.symlink_to(tmp_path / "elsewhere")
    else:
        (tmp_path / "elsewhere").mkdir()
        log.files.folder.rmdir()
        log.files.folder.symlink_to(tmp_path / "elsewhere")
    again = store.open(log.session.id)
    assert again.session.path()[0].content == "[piped text is missing]"
    if harm == "folder of links":
        with pytest.raises(SaveFailed):
            again.append(replace(said(text, again.session.head), attachments=(part,)))
        assert list((tmp_path / "elsewhere").iterdir()) == []
    store.delete(log.session.id, purge=True)
    assert not os.path.lexists(log.files.folder)


def test_a_session_that_is_a_pipe_holds_nobody_up(store: SessionStore) -> None:
    log = saved(store, "question")
    log.path.unlink()
    os.mkfifo(log.path)
    with pytest.raises(ReadFailed):
        store.open(log.session.id)
    assert store.list() == []


def test_a_trash_that_is_a_link_is_refused(store: SessionStore, tmp_path: Path) -> None:
    log = saved(store, "question")
    (store.root / "trash").symlink_to(tmp_path)
    with pytest.raises(NotMoved, match="symbolic link"):
        store.delete(log.session.id)
    assert log.path.exists()
