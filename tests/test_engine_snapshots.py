"""KV state on disk: found by the longest prefix, checked before use, never in the way."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.client import WorkerEngine
from engine.load_options import LoadOptions
from engine.sampling_params import Sampling
from engine.snapshots import Snapshot, SnapshotStore
from engine.types import Event, Finished, Message, Piece, Request

STORY = "The keeper climbed the stairs and lit the lamp, as she had done every night. " * 12
TOKENS = list(range(1000, 1300))
STATE = random.Random(1).randbytes(50_000)


def new_store(folder: Path, *, key: str = "weights", budget: int = 2**20) -> SnapshotStore:
    return SnapshotStore(folder, key=(key, "f16"), budget=budget)


def spell(token: int) -> bytes:
    return f"{token} ".encode()


def find(
    store: SnapshotStore, prompt: Sequence[int], *, known: int = 0, whole: bool = False
) -> Snapshot | None:
    return store.find(prompt, spell, better_than=known, whole_only=whole)


def only_file(folder: Path) -> Path:
    (path,) = folder.glob("*/*")
    return path


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    store.save(TOKENS, STATE)
    found = find(new_store(tmp_path), [*TOKENS, 1, 2])
    assert found is not None
    assert list(found.tokens) == TOKENS
    assert bytes(store.load(found) or b"") == STATE


def test_the_longest_prefix_is_found(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    for length in (100, 300, 200):
        store.save(TOKENS[:length], STATE)
    found = find(store, [*TOKENS[:250], 7, 7, 7])
    assert found is not None
    assert len(found.tokens) == 300, "of the longer one, 250 are of use"


def test_a_recurrent_model_needs_all_of_a_snapshot(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    for length in (100, 300, 200):
        store.save(TOKENS[:length], STATE)
    found = find(store, [*TOKENS[:250], 7, 7, 7], whole=True)
    assert found is not None
    assert len(found.tokens) == 200


def test_what_is_at_hand_already_is_not_read_from_disk(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    store.save(TOKENS, STATE)
    assert find(store, TOKENS, known=290) is None


def test_what_is_no_file_holds_nobody_up(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    store.save(TOKENS, STATE)
    os.mkfifo(only_file(tmp_path).with_name("6-pipe.kv"))
    assert find(new_store(tmp_path), TOKENS) is not None


@pytest.mark.parametrize("key", ["other weights", "weights "])
def test_a_foreign_snapshot_is_not_found(tmp_path: Path, key: str) -> None:
    new_store(tmp_path).save(TOKENS, STATE)
    assert find(new_store(tmp_path, key=key), TOKENS) is None


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "snapshots"
    new_store(folder).save(TOKENS, STATE)
    path = only_file(folder)
    assert path.stat().st_mode & 0o777 == 0o600
    assert {each.stat().st_mode & 0o777 for each in (folder, path.parent)} == {0o700}


def test_every_flipped_bit_is_noticed_and_the_file_deleted(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    store.save(TOKENS, STATE)
    path = only_file(tmp_path)
    whole = path.read_bytes()
    chance = random.Random(2)
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        fresh = new_store(tmp_path)
        found = find(fresh, TOKENS)
        assert found is None or fresh.load(found) is None
        if found is not None:
            assert not path.exists()


@pytest.mark.parametrize("length", [0, 4, 30, 47, 48, 500, -1])
def test_a_cut_file_is_noticed(tmp_path: Path, length: int) -> None:
    store = new_store(tmp_path)
    store.save(TOKENS, STATE)
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes()[:length])
    fresh = new_store(tmp_path)
    found = find(fresh, TOKENS)
    assert found is None or fresh.load(found) is None
    assert not path.exists()


def test_the_longest_unused_go_when_the_budget_is_full(tmp_path: Path) -> None:
    store = new_store(tmp_path, budget=160_000)
    saved = [store.save([first, *TOKENS], STATE) for first in range(3)]
    oldest, used, _ = [snapshot.path for snapshot in saved if snapshot]
    for age, path in enumerate((used, oldest)):
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    other = new_store(tmp_path, key="other weights", budget=160_000)
    other.save(TOKENS, STATE)
    assert not oldest.exists()
    assert used.exists()
    assert sum(path.stat().st_size for path in tmp_path.glob("*/*")) <= 160_000


def test_one_larger_than_the_budget_is_not_written(tmp_path: Path) -> None:
    assert new_store(tmp_path, budget=40_000).save(TOKENS, STATE) is None
    assert list(tmp_path.glob("*/*")) == []


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("engine.snapshots.os.replace", fail)
    assert new_store(tmp_path).save(TOKENS, STATE) is None
    assert list(tmp_path.glob("*/*")) == []


def test_an_unusable_folder_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = new_store(tmp_path / "file")
    assert store.save(TOKENS, STATE) is None
    assert find(store, TOKENS) is None


def talk(path: Path, folder: Path | None, *contents: str, stable: int = 0) -> list[Event]:
    """One question in a process of its own."""
    roles = ("user", "assistant")
    messages = tuple(Message(roles[i % 2], text) for i, text in enumerate(contents))  # type: ignore[arg-type]
    options = LoadOptions(snapshots=str(folder) if folder else None)
    engine = WorkerEngine(path, options)
    try:
        request = Request(messages, Sampling(temperature=0), max_tokens=16, stable_messages=stable)
        return list(engine.stream(request))
    finally:
        engine.close()


def text_of(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Piece))


def cached_of(events: Sequence[Event]) -> int:
    assert isinstance(events[-1], Finished)
    return events[-1].usage.cached_tokens


def test_a_new_process_goes_on_where_the_old_one_was(starter_path: Path, tmp_path: Path) -> None:
    first = talk(starter_path, tmp_path, STORY)
    follow_up = (STORY, text_of(first), "Go on.")
    second = talk(starter_path, tmp_path, *follow_up)
    finished = first[-1]
    assert isinstance(finished, Finished)
    assert cached_of(first) == 0
    assert cached_of(second) >= finished.usage.prompt_tokens + 10
    assert text_of(second) == text_of(talk(starter_path, None, *follow_up))
    assert len(list(tmp_path.glob("*/*"))) == 1, "the new snapshot is in place of the old one"


def test_what_questions_share_is_kept_for_others(starter_path: Path, tmp_path: Path) -> None:
    talk(starter_path, tmp_path, STORY, "I see.", "What is a lamp?", stable=2)
    other = talk(starter_path, tmp_path, STORY, "I see.", "Who climbs?", stable=2)
    assert cached_of(other) > 190
    assert len(list(tmp_path.glob("*/*"))) == 3, "what they share, and each of them"


def test_a_damaged_snapshot_only_costs_time(starter_path: Path, tmp_path: Path) -> None:
    first = talk(starter_path, tmp_path, STORY)
    path = only_file(tmp_path)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    again = talk(starter_path, tmp_path, STORY)
    assert cached_of(again) == 0
    assert text_of(again) == text_of(first)
    assert only_file(tmp_path).read_bytes() != damaged
