"""Long files are decoded turn by turn: that shows in the time it takes and in nothing else."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from session_damage import damaged
from session_samples import NOON, NoWaiting, random_session, said
from test_sessions_codec import turn_json

from sessions import Session, SessionFile, SessionStore
from sessions.codec import encode, outline
from sessions.outline import outline_of, restore_outline
from sessions.records import Header
from sessions.replay import replay

Both: TypeAlias = tuple[SessionStore, SessionStore]
"""One that reads eagerly, and one that reads lazily."""


def stores(folder: Path) -> Both:
    """One folder, read eagerly and lazily."""
    root = folder / "sessions"
    lazy = SessionStore(root, index=folder / "index.db", syscalls=NoWaiting(), long_file=1)
    return SessionStore(root, syscalls=NoWaiting()), lazy


def same(eager: SessionStore, lazy: SessionStore, session_id: str) -> Session:
    """What is read, whichever way it is read."""
    one, other = eager.open(session_id).session, lazy.open(session_id).session
    assert list(one.turns) == list(other.turns)
    assert list(one.visible()) == list(other.visible())
    assert one.leaf_ids() == other.leaf_ids()
    assert one.display_title == other.display_title
    for turn in [None, *one.turns]:
        assert one.children(turn) == other.children(turn)
    for turn in one.turns:
        assert one.path(turn) == other.path(turn)
    assert one == other
    assert one.damaged_lines == other.damaged_lines
    return one


def read_both_ways(folder: Path, count: int) -> None:
    eager, lazy = stores(folder)
    turns = 0
    with closing(lazy):
        for seed in range(count):
            chance = random.Random(seed)
            log = random_session(eager, chance, records=chance.randrange(1, 25))
            if seed % 2:
                chunks = damaged(log.path.read_bytes(), chance)
                log.path.write_bytes(b"".join(chunk.data for chunk in chunks))
            turns += len(same(eager, lazy, log.session.id).turns)
            again = eager.open(log.session.id)
            again.append(said("More", again.session.head))
            same(eager, lazy, log.session.id)
            change_under_outline(log, chance)
            same(eager, lazy, log.session.id)
    print(f"{count} files with {turns} turns are the same read eagerly, lazily and by an outline")


def change_under_outline(log: SessionFile, chance: random.Random) -> None:
    """Leaves another file in the place of the one that the outline is of, perhaps as long."""
    lines = log.path.read_bytes().splitlines(True)
    if chance.random() < 0.5:
        log.path.write_bytes(b"".join(lines[: chance.randrange(1, len(lines))]))
    else:
        kept = b"".join(lines[:2])
        end = encode(replace(said("Other"), content="x" * chance.randrange(500)))
        log.path.write_bytes(kept + end)


def test_a_lazily_read_session_is_the_one_read_eagerly(tmp_path: Path) -> None:
    read_both_ways(tmp_path, 150)


@pytest.mark.soak
def test_thousands_of_lazily_read_sessions_are_those_read_eagerly(tmp_path: Path) -> None:
    read_both_ways(tmp_path, 3000)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    eager, lazy = stores(tmp_path)
    with closing(lazy):
        yield eager, lazy


def written(store: SessionStore, *lines: bytes) -> str:
    """A session of some lines; its id."""
    log = store.create()
    log.append(said("First"))
    log.path.write_bytes(b"".join([encode(Header(1, log.session.id, NOON)), *lines]))
    return log.session.id


def test_a_circle_is_cut_in_a_line_that_is_not_decoded_too(both: Both) -> None:
    circle = [encode(replace(said(name, parent), id=name)) for name, parent in ("ab", "ba", "cb")]
    session_id = written(both[0], *circle)
    assert [turn.id for turn in same(*both, session_id).path("c")] == ["b", "c"]
    assert both[1].open(session_id).session.damaged_lines == 1


def test_a_repeated_turn_of_a_circle_is_judged_alike(both: Both) -> None:
    circle = [encode(replace(said(name, parent), id=name)) for name, parent in ("ab", "ba", "ba")]
    assert same(*both, written(both[0], *circle)).damaged_lines == 2


def test_a_head_that_only_looks_like_a_turn_is_not_gone_to(both: Both) -> None:
    sound = said("Sound")
    record = turn_json(id="newer", parent=sound.id, status="dreamt")
    body = json.dumps(record, separators=(",", ":")).encode()
    newer = b'{"crc":"%08x","r":%s}\n' % (zlib.crc32(body), body)
    assert outline(newer[:-1]) is not None
    session = same(*both, written(both[0], encode(sound), newer))
    assert session.head == sound.id
    assert session.damaged_lines == 1


@pytest.mark.parametrize("place", [0, 1])
def test_a_line_that_rots_under_an_outline_is_counted_when_it_is_looked_at(
    both: Both, place: int
) -> None:
    eager, lazy = both
    first = said("First")
    second, third = said("Second", first.id), said("Third", first.id)
    session_id = written(eager, encode(first), encode(second), encode(third))
    assert len(lazy.open(session_id).session.turns) == 3
    path = eager.root / f"{session_id}.jsonl"
    words = (b"First", b"Second")[place]
    path.write_bytes(path.read_bytes().replace(words, words.swapcase()))
    session = lazy.open(session_id).session
    assert session.head == third.id
    assert session.display_title in ("First", "Second", "Third")
    assert [turn.content for turn in session.turns.values()] == [
        turn.content for turn in eager.open(session_id).session.turns.values()
    ]
    assert session.damaged_lines == 1
    assert len(session.children(None)) == len(eager.open(session_id).session.children(None))


def test_an_outline_that_is_none_changes_nothing() -> None:
    session = Session("01M855M4W0N3XK3PQB5ZW3H40T", NOON)
    replay(session, encode(said("First")), lazily=True)
    text = outline_of(session)
    assert text is not None
    whole = json.loads(text)
    empty = Session(session.id, NOON)
    for name in whole:
        broken = {key: value for key, value in whole.items() if key != name}
        assert not restore_outline(empty, json.dumps(broken)), name
        assert empty == Session(session.id, NOON)
    for text in ("", "[]", "{", "null", json.dumps({**whole, "v": 0})):
        assert not restore_outline(empty, text)
        assert empty == Session(session.id, NOON)
