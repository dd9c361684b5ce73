"""Sessions found by the bytes of their files: no more than those that are wanted, and no others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from session_samples import NoWaiting, said

from sessions import SessionStore, new_turn_id, sift_sessions


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path / "sessions", syscalls=NoWaiting())


def session(store: SessionStore, words: str, changed: int) -> str:
    log = store.create()
    log.append(said(words))
    os.utime(log.path, (changed, changed))
    return log.session.id


def test_those_that_are_wanted_come_with_the_last_changed_first(store: SessionStore) -> None:
    old = session(store, "A lamp", 1_000)
    session(store, "A door", 2_000)
    new = session(store, "A lamp", 3_000)
    assert list(sift_sessions(store.root, lambda data: b"lamp" in data)) == [new, old]


def test_what_is_no_session_or_cannot_be_read_is_passed_over(store: SessionStore) -> None:
    kept = session(store, "A lamp", 1_000)
    (store.root / "notes.txt").write_text("lamp")
    (store.root / f"{new_turn_id()}.jsonl").symlink_to(store.root / "notes.txt")
    (store.root / f"{new_turn_id()}.jsonl").mkdir()
    assert list(sift_sessions(store.root, lambda data: b"lamp" in data)) == [kept]


def test_a_store_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert list(sift_sessions(tmp_path / "none", lambda _: True)) == []


def test_progress_is_told_before_the_first(store: SessionStore) -> None:
    session(store, "A lamp", 1_000)
    told: list[tuple[int, int]] = []
    wanted = sift_sessions(
        store.root, lambda _: False, progress=lambda done, total: told.append((done, total))
    )
    assert list(wanted) == []
    assert told == [(0, 1)]
