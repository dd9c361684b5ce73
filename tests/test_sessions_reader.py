"""The page of the format is enough to write a reader, which reads what the store reads."""

from __future__ import annotations

import ast
import random
from pathlib import Path

import independent_reader
import pytest
from independent_reader import Reader
from session_samples import NoWaiting, random_session

from sessions import SessionStore, reviewed_changes


def compare(store: SessionStore, path: Path) -> None:
    """Fails where the two read anything in another way."""
    session, reader = store.open(path.stem).session, Reader(path)
    assert list(reader.turns) == list(session.turns)
    assert (reader.head, reader.redo) == (session.head, session.undone)
    assert (reader.title or None, reader.damaged) == (session.title, session.damaged_lines)
    assert reader.branches == session.branches
    assert reader.ratings == {name: rating.value for name, rating in session.ratings.items()}
    assert list(reader.reviews) == list(session.reviews)
    for turn in session.reviews:
        changes = reviewed_changes(session, turn)
        assert reader.taken(turn) == [(one.old, one.final) for one in changes if one.taken]
    for turn in [None, *session.turns]:
        assert reader.children(turn) == [child.id for child in session.children(turn)]
    for turn in session.turns:
        assert reader.content(turn) == session.turns[turn].content
        assert reader.is_hidden(turn) == session.is_deleted(turn)
        expected = [(message.role, message.content) for message in session.messages(turn)]
        assert reader.messages(turn) == expected


def read_random_sessions(folder: Path, count: int) -> None:
    store = SessionStore(folder / "sessions", syscalls=NoWaiting())
    turns = 0
    for seed in range(count):
        chance = random.Random(seed)
        log = random_session(store, chance, records=chance.randrange(30))
        turns += len(log.session.turns)
        compare(store, log.path)
        for file in sorted(log.files.folder.glob("*"))[:1]:
            file.write_bytes(b"rotten") if seed % 2 else file.unlink()
        lines = log.path.read_bytes().splitlines(True)
        del lines[chance.randrange(len(lines))]
        glued = chance.randrange(len(lines))
        lines[glued] = lines[glued].rstrip(b"\n")
        log.path.write_bytes(b"".join(lines))
        compare(store, log.path)
    print(f"{count} sessions with {turns} turns read alike, sound and damaged")


def test_a_reader_written_from_the_page_reads_what_the_store_wrote(tmp_path: Path) -> None:
    read_random_sessions(tmp_path, 100)


@pytest.mark.soak
def test_a_reader_written_from_the_page_reads_thousands_of_sessions(tmp_path: Path) -> None:
    read_random_sessions(tmp_path, 3000)


def test_the_reader_uses_nothing_of_ours() -> None:
    tree = ast.parse(Path(independent_reader.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {
        name.partition(".")[0]
        for node in imports
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [each.name for each in node.names]
        )
    }
    assert names == {"__future__", "hashlib", "json", "pathlib", "re", "typing", "zlib"}
