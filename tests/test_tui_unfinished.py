"""What is decided in a review that is left: kept as it is made, and recalled in its place alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from drafts.batches import Piece
from drafts.hunks import hunks
from tui.edit_parts import Task
from tui.piece_names import PieceNames
from tui.reviewing.state import Change
from tui.unfinished import Unfinished

OLD = "Their is a light. It have burned."
NEW = "There is a light. It has burned."


def changes() -> list[Change]:
    return [Change(0, hunk, name=f"a.{hunk.start}") for hunk in hunks(OLD, NEW)]


@pytest.fixture
def note(tmp_path: Path) -> Unfinished:
    return Unfinished.of(tmp_path / "unfinished", "draft.md")


def test_decisions_are_recalled_by_a_later_process_with_the_persons_own_words(
    note: Unfinished,
) -> None:
    first, second = changes()
    note.begin("s")
    kept = note.decided()
    kept.keep([replace(first, decision="taken", text="Here\ud800")])
    kept.keep([replace(second, decision="taken")])
    kept.keep([replace(second, decision="open", text="had")])
    assert len(kept) == 1
    note.begin("s")
    recalled = note.decided()
    assert len(recalled) == 1
    assert recalled.recalled(first) == replace(first, decision="taken", text="Here\ud800")
    assert recalled.recalled(second) == second
    assert note.path.stat().st_mode & 0o777 == 0o600


def test_another_session_begins_without_what_was_decided(note: Unfinished) -> None:
    note.begin("s")
    note.add([replace(changes()[0], decision="skipped")])
    note.begin("t")
    assert len(note.decided()) == 0


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_that_a_crash_tore_costs_itself_alone(note: Unfinished, cut: int) -> None:
    first, second = changes()
    note.begin("s")
    note.add([replace(first, decision="skipped")])
    note.add([replace(second, decision="taken")])
    note.path.write_bytes(note.path.read_bytes()[:-cut])
    note.add([replace(first, decision="taken")])
    recalled = note.decided()
    assert recalled.recalled(first).decision == "taken"
    assert recalled.recalled(second).decision == ("taken" if cut == 1 else "open")


@pytest.mark.parametrize(
    "damage", [b"\xff\x00", b"[1]\n", b'{"change": 1, "decision": "taken"}\n', b"{}\n", b""]
)
def test_what_cannot_be_read_is_passed_over(note: Unfinished, damage: bytes) -> None:
    note.begin("s")
    note.path.write_bytes(damage)
    assert len(note.decided()) == 0
    note.begin("s")
    note.add([replace(changes()[0], decision="taken")])
    assert len(note.decided()) == 1


def test_a_disk_that_takes_no_decisions_is_told_and_stops_nothing(note: Unfinished) -> None:
    kept = note.decided()
    kept.keep([replace(changes()[0], decision="taken")])
    assert kept.problem is not None
    assert len(kept) == 0


def test_other_words_in_the_same_place_are_not_decided(note: Unfinished) -> None:
    first, _ = changes()
    note.begin("s")
    note.add([replace(first, decision="taken")])
    (other, *_) = hunks(OLD, NEW.replace("There", "Here"))
    assert note.decided().recalled(replace(first, hunk=other)).decision == "open"


def names_in(text: str, *starts: int) -> list[str]:
    names = PieceNames()
    task = Task("draft.md", text, (), ())
    pieces = [Piece(start, start + 4, text[start : start + 4], ()) for start in starts]
    return [names.name_of(task, piece, "The.") for piece in pieces]


def test_a_piece_is_named_by_its_words_and_those_around_it() -> None:
    far = "word " * 60
    (name,) = names_in(f"Teh.\n\n{far}", 0)
    assert names_in(f"Teh.\n\n{far}New.", 0) == [name]
    assert names_in(f"Teh.\n\nNew. {far}", 0) != [name]
    moved, again = names_in(f"{far}\n\nTeh.\n\n{far}\n\nTeh.\n\n{far}", 302, 610)
    assert moved != again
    assert names_in(f"New.{far}\n\nTeh.\n\n{far}", 306) == [moved]
