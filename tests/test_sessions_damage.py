"""Files that were cut, rotted, glued and mixed up: what was not hit is read, and only that."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from session_damage import damaged
from session_samples import NoWaiting, attached, random_session, said

from engine.sampling_params import Sampling
from sessions import Session, SessionFile, SessionStore, Turn, check_session
from sessions.codec import decode
from sessions.errors import DamagedLine
from sessions.records import Partial
from sessions.turncodec import Texts


def small_session(store: SessionStore) -> SessionFile:
    log = store.create(title="Tales")
    question = attached(said("Question — naïve"), "A letter.")
    log.append(question)
    answer = replace(said("Once", question.id), role="assistant", sampling=Sampling(seed=7))
    log.checkpoint(replace(answer, content="On"))
    log.append(answer)
    log.name_branch("first", answer.id)
    log.set_head(question.id)
    log.append(said("Thanks", question.id))
    return log


def whole_turns(data: bytes, texts: Texts) -> dict[str, Turn]:
    """The turns whose record is complete in some bytes of a file."""
    turns: dict[str, Turn] = {}
    for line in data.split(b"\n"):
        try:
            record = decode(line, texts)
        except DamagedLine:
            continue
        if isinstance(record, Turn):
            turns.setdefault(record.id, record)
    return turns


def cut_everywhere(store: SessionStore, log: SessionFile) -> int:
    """Cuts a session's file at every byte, and goes on with each; how many there were."""
    data = log.path.read_bytes()
    for length in range(len(data) + 1):
        log.path.write_bytes(data[:length])
        cut = store.open(log.session.id)
        kept = whole_turns(data[:length], log.files.text)
        assert {name: cut.session.turns.get(name) for name in kept} == kept
        new = said("New", cut.session.head)
        cut.append(new)
        assert log.path.read_bytes().startswith(data[:length])
        session = store.open(log.session.id).session
        assert session == cut.session
        assert session.turns.items() >= {**kept, new.id: new}.items()
        assert session.head == new.id
        assert session.damaged_lines <= 1
    return len(data) + 1


def cut_sessions(folder: Path, sessions: int, records: int) -> None:
    store = SessionStore(folder / "sessions", syscalls=NoWaiting())
    offsets = cut_everywhere(store, small_session(store))
    for seed in range(sessions - 1):
        offsets += cut_everywhere(store, random_session(store, random.Random(seed), records))
    print(f"{sessions} sessions cut at each of {offsets} offsets: no whole turn was lost")


def test_a_file_cut_at_any_byte_keeps_its_whole_turns_and_takes_new_ones(tmp_path: Path) -> None:
    cut_sessions(tmp_path, sessions=3, records=1)


@pytest.mark.soak
def test_two_hundred_files_cut_at_any_byte_keep_their_whole_turns(tmp_path: Path) -> None:
    cut_sessions(tmp_path, sessions=200, records=4)


def versions_of(data: bytes, texts: Texts) -> dict[str, list[Turn]]:
    """Everything that the lines of a sound file ever said of each turn."""
    versions: dict[str, list[Turn]] = {}
    for line in filter(None, data.split(b"\n")):
        record = decode(line, texts)
        if isinstance(record, Turn | Partial):
            turn = record.turn if isinstance(record, Partial) else record
            versions.setdefault(turn.id, []).append(turn)
    return versions


def damaged_files(store: SessionStore, count: int) -> Iterator[tuple[SessionFile, bytes, Session]]:
    """Random sessions, the bytes that each had before, and what is read of it now."""
    for seed in range(count):
        chance = random.Random(seed)
        log = random_session(store, chance, records=chance.randrange(1, 25))
        data = log.path.read_bytes()
        chunks = damaged(data, chance)
        log.path.write_bytes(b"".join(chunk.data for chunk in chunks))
        session = store.open(log.session.id).session
        sound = b"".join(chunk.data.rstrip(b"\n") + b"\n" for chunk in chunks if chunk.is_sound)
        untouched: Mapping[str, Turn] = whole_turns(sound, log.files.text)
        assert {name: session.turns.get(name) for name in untouched} == untouched, seed
        yield log, data, session


def damage_files(folder: Path, count: int) -> None:
    store = SessionStore(folder / "sessions", syscalls=NoWaiting())
    hit = turns = 0
    for log, data, session in damaged_files(store, count):
        written = versions_of(data, log.files.text)
        for turn in session.turns.values():
            assert turn in written[turn.id]
        report = check_session(store.root, log.session.id)
        own = [found for found in report.findings if "not there" not in found.reason]
        headless = session.version is None
        assert len(own) == session.damaged_lines + headless
        hit += session.damaged_lines > 0
        turns += len(session.turns)
    assert hit > count // 2
    print(
        f"{count} damaged files, {hit} with lines that are lost: {turns} turns, none of them wrong"
    )


def test_damage_costs_no_turn_that_it_did_not_hit_and_makes_none_up(tmp_path: Path) -> None:
    damage_files(tmp_path, 200)


@pytest.mark.soak
def test_five_thousand_damaged_files_cost_no_other_turn(tmp_path: Path) -> None:
    damage_files(tmp_path, 5000)
