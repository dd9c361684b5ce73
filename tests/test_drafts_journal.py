"""Undo brings back what was there, one write at a time, and never anything else."""

from __future__ import annotations

import os
import stat
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from drafts import (
    BackupDamaged,
    DraftChanged,
    Entry,
    Journal,
    JournalFailed,
    NothingToRedo,
    NothingToUndo,
    ReadOnlyDraft,
    plan_pruning,
    prune,
    read_draft,
    write_draft,
)
from drafts.document import sha256_of


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "data" / "drafts")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "draft.md"
    path.write_bytes(b"0")
    return path


def write(path: Path, text: str, journal: Journal) -> Entry:
    return write_draft(read_draft(path), text.encode(), journal, session="01JXYZ")


def test_each_undo_goes_one_write_back_until_there_is_none(path: Path, journal: Journal) -> None:
    for text in ("1", "2", "3"):
        write(path, text, journal)
    for text in ("2", "1", "0"):
        journal.undo(path)
        assert path.read_text() == text
    with pytest.raises(NothingToUndo, match=f"nothing was written to {path} that can be undone"):
        journal.undo(path)
    assert path.read_text() == "0"


def test_a_write_after_an_undo_is_the_next_to_be_undone(path: Path, journal: Journal) -> None:
    write(path, "1", journal)
    write(path, "2", journal)
    journal.undo(path)
    write(path, "3", journal)
    journal.undo(path)
    assert path.read_text() == "1"
    journal.undo(path)
    assert path.read_text() == "0"


def test_undo_says_which_write_it_took_back(path: Path, journal: Journal) -> None:
    written = write(path, "1", journal)
    undone = journal.undo(path)
    assert (undone.action, undone.undoes, undone.session) == ("undo", written.id, "01JXYZ")
    assert (undone.before, undone.after) == (written.after, written.before)
    assert journal.history() == [undone, written]


def test_without_a_name_undo_stays_with_the_file_that_was_written_last(
    tmp_path: Path, path: Path, journal: Journal
) -> None:
    other = tmp_path / "other.md"
    other.write_bytes(b"zero")
    write(path, "1", journal)
    write(other, "one", journal)
    write(path, "2", journal)
    undone = [journal.undo().path for _ in range(3)]
    assert undone == [str(path), str(path), str(other)]
    assert (path.read_text(), other.read_text()) == ("0", "zero")
    with pytest.raises(NothingToUndo, match="nothing was written that can be undone"):
        journal.undo()


def test_history_is_newest_first_and_of_one_file_where_one_is_named(
    tmp_path: Path, path: Path, journal: Journal
) -> None:
    other = tmp_path / "other.md"
    other.write_bytes(b"zero")
    entries = [write(path, "1", journal), write(other, "one", journal), write(path, "2", journal)]
    assert journal.history() == entries[::-1]
    assert journal.history(path) == [entries[2], entries[0]]
    assert Journal(tmp_path / "none").history() == []


def test_a_file_is_known_by_every_name_that_leads_to_it(
    tmp_path: Path, path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link.md"
    link.symlink_to(path)
    write(link, "1", journal)
    write(path, "2", journal)
    monkeypatch.chdir(tmp_path)
    journal.undo(Path("draft.md"))
    journal.undo(link)
    assert path.read_text() == "0"
    assert link.is_symlink()


def test_what_a_person_typed_since_is_not_undone_away(path: Path, journal: Journal) -> None:
    written = write(path, "1", journal)
    path.write_bytes(b"Typed since")
    with pytest.raises(DraftChanged) as caught:
        journal.undo(path)
    assert caught.value.expected == written.after
    assert caught.value.found == sha256_of(b"Typed since")
    backup = Path(str(caught.value).rpartition(" is in ")[2])
    assert backup.read_bytes() == b"0"
    assert path.read_bytes() == b"Typed since"


def test_undo_stops_at_what_was_typed_between_two_writes(path: Path, journal: Journal) -> None:
    write(path, "1", journal)
    path.write_bytes(b"Typed")
    write(path, "2", journal)
    journal.undo(path)
    assert path.read_bytes() == b"Typed"
    with pytest.raises(DraftChanged):
        journal.undo(path)


def test_a_deleted_file_comes_back_with_its_mode(path: Path, journal: Journal) -> None:
    path.chmod(0o646)
    write(path, "1", journal)
    write(path, "2", journal)
    path.unlink()
    assert journal.undo(path).before is None
    assert path.read_text() == "1"
    assert stat.S_IMODE(path.stat().st_mode) == 0o646
    path.unlink()
    journal.undo(path)
    journal.undo(path)
    assert path.read_text() == "0"
    assert sorted(os.listdir(path.parent)) == ["data", "draft.md"]


def test_undo_keeps_the_mode_the_file_has_now(path: Path, journal: Journal) -> None:
    write(path, "1", journal)
    path.chmod(0o600)
    journal.undo(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_became_read_only_is_not_undone(path: Path, journal: Journal) -> None:
    write(path, "1", journal)
    path.chmod(0o400)
    with pytest.raises(ReadOnlyDraft):
        journal.undo(path)
    assert path.read_text() == "1"


def test_writing_what_is_there_already_is_nothing_to_undo(path: Path, journal: Journal) -> None:
    write(path, "1", journal)
    write(path, "1", journal)
    journal.undo(path)
    assert path.read_text() == "0"


@pytest.mark.parametrize("damage", [b"1", b"", None])
def test_a_damaged_backup_is_not_put_into_the_file(
    path: Path, journal: Journal, damage: bytes | None
) -> None:
    written = write(path, "new", journal)
    backup = journal.root / "objects" / written.replaced
    backup.unlink() if damage is None else backup.write_bytes(damage)
    with pytest.raises(BackupDamaged, match=f"the backup {backup}"):
        journal.undo(path)
    assert path.read_text() == "new"
    path.unlink()
    with pytest.raises(BackupDamaged):
        journal.undo(path)
    assert not path.exists()


def test_a_damaged_backup_is_replaced_when_the_same_bytes_are_kept_again(
    path: Path, journal: Journal
) -> None:
    written = write(path, "1", journal)
    journal.undo(path)
    (journal.root / "objects" / written.replaced).write_bytes(b"bad")
    write(path, "2", journal)
    journal.undo(path)
    assert path.read_text() == "0"


def test_journal_and_backups_are_closed_to_others(path: Path, journal: Journal) -> None:
    journal.root.mkdir(parents=True, mode=0o755)
    earlier = os.umask(0)
    try:
        write(path, "1", journal)
    finally:
        os.umask(earlier)
    modes = {
        file.relative_to(journal.root).parts[0]: stat.S_IMODE(file.stat().st_mode)
        for file in journal.root.rglob("*")
        if file.is_file()
    }
    assert modes == {"journal.jsonl": 0o600, "objects": 0o600}
    for folder in (journal.root, journal.root / "objects"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def damaged_copies(line: bytes) -> list[bytes]:
    return [line[:40], line.replace(b"01JXYZ", b"01JXYY"), b"{}", b"\xff\xfe", line[::-1], b"  "]


def test_damaged_lines_are_counted_and_cost_nothing_else(path: Path, journal: Journal) -> None:
    entries = [write(path, "1", journal), write(path, "2", journal)]
    file = journal.root / "journal.jsonl"
    first, second = file.read_bytes().splitlines()
    damage = damaged_copies(first)
    file.write_bytes(b"\n".join([*damage, first, *damage, second, b"", first[:50]]))
    assert journal.read().entries == tuple(entries)
    assert journal.read().damaged_lines == 2 * len(damage) + 1
    # The torn last line does not swallow what is appended to it.
    entries.append(journal.undo(path))
    assert journal.read().entries == tuple(entries)
    assert path.read_text() == "1"


def test_a_lost_line_makes_undo_refuse_rather_than_guess(path: Path, journal: Journal) -> None:
    write(path, "1", journal)
    write(path, "2", journal)
    file = journal.root / "journal.jsonl"
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(DraftChanged):
        journal.undo(path)
    assert path.read_text() == "2"


def test_a_journal_that_cannot_be_read_is_an_error(path: Path, journal: Journal) -> None:
    (journal.root / "journal.jsonl").mkdir(parents=True)
    with pytest.raises(JournalFailed, match="Is a directory"):
        journal.history()
    with pytest.raises(JournalFailed):
        write(path, "1", journal)
    assert path.read_text() == "0"


def test_redo_goes_forward_one_undo_at_a_time(path: Path, journal: Journal) -> None:
    writes = [write(path, text, journal) for text in ("1", "2", "3")]
    undos = [journal.undo(path) for _ in range(3)]
    for written, undone in zip(writes, reversed(undos), strict=True):
        redone = journal.redo(path)
        assert (redone.action, redone.undoes) == ("redo", undone.id)
        assert (redone.before, redone.after) == (written.before, written.after)
        assert sha256_of(path.read_bytes()) == written.after
    with pytest.raises(NothingToRedo, match=f"nothing was undone in {path}"):
        journal.redo(path)
    assert path.read_text() == "3"


def test_undo_and_redo_go_to_and_fro_without_end(path: Path, journal: Journal) -> None:
    write(path, "1", journal)
    write(path, "2", journal)
    for _ in range(3):
        for step, text in ((journal.undo, "1"), (journal.undo, "0"), (journal.redo, "1")):
            step(path)
            assert path.read_text() == text
        assert journal.redo(path).action == "redo"
        assert path.read_text() == "2"


def test_a_later_write_ends_what_can_be_redone(path: Path, journal: Journal) -> None:
    write(path, "1", journal)
    journal.undo(path)
    write(path, "2", journal)
    with pytest.raises(NothingToRedo, match="a later write ends it"):
        journal.redo(path)
    journal.undo(path)
    assert path.read_text() == "0"
    journal.redo(path)
    assert path.read_text() == "2"


def test_what_was_typed_since_an_undo_is_not_redone_away(path: Path, journal: Journal) -> None:
    write(path, "1", journal)
    journal.undo(path)
    path.write_bytes(b"Typed since")
    with pytest.raises(DraftChanged) as caught:
        journal.redo(path)
    assert Path(str(caught.value).rpartition(" is in ")[2]).read_bytes() == b"1"
    assert path.read_bytes() == b"Typed since"


def test_a_file_deleted_before_undo_or_redo_is_made_again(path: Path, journal: Journal) -> None:
    write(path, "1", journal)
    path.unlink()
    assert journal.undo(path).before is None
    assert path.read_text() == "0"
    journal.redo(path)
    assert path.read_text() == "1"
    journal.undo(path)
    path.unlink()
    assert journal.redo(path).before is None
    assert path.read_text() == "1"


def test_what_was_typed_over_a_written_text_leaves_that_in_the_store(
    path: Path, journal: Journal
) -> None:
    written = write(path, "1", journal)
    path.write_bytes(b"Typed since")
    assert journal.kept(written.after) == b"1"


def test_pruning_by_age_takes_the_oldest_of_each_file(path: Path, journal: Journal) -> None:
    for text in ("1", "2"):
        write(path, text, journal)
    cut = datetime.now(timezone.utc)
    newest = write(path, "3", journal)
    plan = plan_pruning(journal, older_than=cut)
    # The text "2" is what the write that stays replaced.
    assert ([entry.action for entry in plan.entries], plan.size) == (["write", "write"], 2)
    prune(journal, plan)
    assert journal.history() == [newest]
    journal.undo(path)
    with pytest.raises(NothingToUndo):
        journal.undo(path)
    assert path.read_text() == "2"
    assert journal.read().damaged_lines == 0
    write(path, "4", journal)
    assert [entry.action for entry in journal.history()] == ["write", "undo", "write"]


def test_pruning_by_size_takes_no_more_than_it_must(path: Path, journal: Journal) -> None:
    for number in range(10):
        write(path, str(number) * 100, journal)
    plan = plan_pruning(journal, larger_than=450)
    assert (len(plan.entries), plan.left) == (7, 400)
    prune(journal, plan)
    assert plan_pruning(journal, larger_than=400).entries == ()
    for _ in range(3):
        journal.undo(path)
    assert path.read_text() == "6" * 100


def test_a_write_whose_undo_is_left_after_pruning_is_not_redone(
    path: Path, journal: Journal
) -> None:
    write(path, "1", journal)
    cut = datetime.now(timezone.utc)
    journal.undo(path)
    prune(journal, plan_pruning(journal, older_than=cut))
    for step in (journal.undo, journal.redo):
        with pytest.raises((NothingToRedo, NothingToUndo)):
            step(path)
    assert path.read_text() == "0"


def test_what_is_written_between_plan_and_pruning_keeps_its_texts(
    path: Path, journal: Journal
) -> None:
    write(path, "1", journal)
    plan = plan_pruning(journal, larger_than=0)
    written = write(path, "0", journal)
    assert set(plan.texts) == {written.before, written.after}
    prune(journal, plan)
    journal.undo(path)
    assert path.read_text() == "1"


def test_texts_that_no_write_needs_go_by_their_age_too(path: Path, journal: Journal) -> None:
    journal.keep(b"swept up")
    assert (
        plan_pruning(journal, older_than=datetime.now(timezone.utc) - timedelta(days=1)).texts == ()
    )
    plan = plan_pruning(journal, older_than=datetime.now(timezone.utc) + timedelta(seconds=9))
    assert (plan.entries, plan.size) == ((), 8)
    write(path, "1", journal)
    prune(journal, plan)
    assert sorted(file.read_bytes() for file in (journal.root / "objects").iterdir()) == [
        b"0",
        b"1",
    ]
