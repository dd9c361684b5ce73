"""Full disks, failing calls and a late hand: a file has its old bytes or its new ones."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pytest

from drafts import (
    Consent,
    DraftChanged,
    DraftError,
    HalfWritten,
    Journal,
    JournalFailed,
    NotGivenBack,
    NothingToUndo,
    WriteFailed,
    read_draft,
    write_draft,
    write_new,
)
from drafts.syscalls import OperatingSystem

OLD, NEW = b"Old words\n" * 40, b"New words\n" * 50


Failure: TypeAlias = Callable[[int, str], bool]
"""Given a call's number and name, whether it fails."""


def nothing_fails(_number: int, _name: str) -> bool:
    return False


@dataclass
class FailingSystem(OperatingSystem):
    """The real calls, but for some that fail or do less than they were asked to."""

    fails: Failure = nothing_fails
    error: int = errno.EIO
    longest_write: int = sys.maxsize
    calls: list[str] = field(default_factory=list)

    def _count(self, name: str) -> None:
        self.calls.append(name)
        if self.fails(len(self.calls), name):
            raise OSError(self.error, os.strerror(self.error))

    def open(self, path: Path, flags: int, mode: int) -> int:
        self._count("open")
        return super().open(path, flags, mode)

    def flock(self, fd: int, operation: int) -> None:
        # The journal's lock is waited for, a temporary file's is there to be had.
        self._count("try_flock" if operation & fcntl.LOCK_NB else "flock")
        super().flock(fd, operation)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        self._count("write")
        return super().write(fd, data[: self.longest_write])

    def ftruncate(self, fd: int, length: int) -> None:
        self._count("ftruncate")
        super().ftruncate(fd, length)

    def fchown(self, fd: int, uid: int, gid: int) -> None:
        self._count("fchown")
        super().fchown(fd, uid, gid)

    def fchmod(self, fd: int, mode: int) -> None:
        self._count("fchmod")
        super().fchmod(fd, mode)

    def fsync(self, fd: int) -> None:
        self._count("fsync")
        super().fsync(fd)

    def link(self, source: Path, target: Path) -> None:
        self._count("link")
        super().link(source, target)

    def exchange(self, one: Path, other: Path) -> None:
        self._count("exchange")
        super().exchange(one, other)

    def replace(self, source: Path, target: Path) -> None:
        self._count("replace")
        super().replace(source, target)


Operation: TypeAlias = Callable[[Path, Journal], object]


@dataclass(frozen=True)
class Case:
    """Something that is done to the file ``draft.md``, and what it makes of it."""

    prepare: Operation
    operate: Operation
    before: bytes | None
    after: bytes


def write(path: Path, journal: Journal) -> None:
    write_draft(read_draft(path), NEW, journal, session=None)


def write_old(path: Path, _: Journal) -> None:
    path.write_bytes(OLD)
    path.chmod(0o640)


def write_then_delete(path: Path, journal: Journal) -> None:
    write_old(path, journal)
    write(path, journal)
    path.unlink()


def write_twice(path: Path, journal: Journal) -> None:
    write_old(path, journal)
    write_draft(read_draft(path), b"Between", journal, session=None)
    write(path, journal)


CASES = {
    "first write": Case(write_old, write, OLD, NEW),
    "undo": Case(write_twice, lambda path, journal: journal.undo(path), NEW, b"Between"),
    "undo of a deleted file": Case(
        write_then_delete, lambda path, journal: journal.undo(path), None, OLD
    ),
    "new file": Case(
        lambda path, journal: None,
        lambda path, journal: write_new(path, NEW, syscalls=journal.syscalls),
        None,
        NEW,
    ),
}


def prepared(case: Case, folder: Path, system: OperatingSystem) -> tuple[Path, Journal]:
    """The draft and a journal with that system, in a folder of their own."""
    (folder / "texts").mkdir(parents=True)
    path = folder / "texts" / "draft.md"
    case.prepare(path, Journal(folder / "data"))
    return path, Journal(folder / "data", syscalls=system)


def at_call(failing: int, *, is_lasting: bool = False) -> Failure:
    """The one call, or all from it on."""
    return lambda number, _: number >= failing if is_lasting else number == failing


def try_to(operate: Operation, path: Path, journal: Journal) -> bool:
    try:
        operate(path, journal)
    except DraftError:
        return False
    return True


def content_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EPERM])
@pytest.mark.parametrize("is_lasting", [False, True])
def test_no_failing_call_leaves_anything_but_old_or_new_bytes(
    tmp_path: Path, name: str, error: int, is_lasting: bool
) -> None:
    case = CASES[name]
    failed: set[str] = set()
    for failing in range(1, 100):
        folder = tmp_path / str(failing)
        system = FailingSystem(error=error)
        path, journal = prepared(case, folder, system)
        system.fails = at_call(failing, is_lasting=is_lasting)
        expected: bytes | None = case.after
        reason = os.strerror(error)
        try:
            case.operate(path, journal)
        except DraftError as caught:
            if not (isinstance(caught, WriteFailed) and caught.is_in_place):
                expected = case.before
            reason = str(caught)
        assert os.strerror(error) in reason
        assert content_of(path) == expected
        assert os.listdir(path.parent) == ([] if expected is None else ["draft.md"])
        assert not list(folder.rglob("*.tmp"))
        if len(system.calls) < failing:
            break
        failed.add(system.calls[failing - 1])
    assert failed >= {"open", "write", "fsync", "link" if case.before is None else "exchange"}


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_whatever_failed_the_next_try_works_and_can_be_undone(tmp_path: Path, error: int) -> None:
    for failing in range(1, 100):
        system = FailingSystem(error=error)
        path, journal = prepared(CASES["first write"], tmp_path / str(failing), system)
        system.fails = at_call(failing)
        is_reached = not try_to(write, path, journal)
        system.fails = nothing_fails
        if path.read_bytes() == OLD:
            with pytest.raises(NothingToUndo):
                journal.undo(path)
            assert journal.history() == []
            write(path, journal)
        assert len(journal.history()) == 1
        assert journal.read().damaged_lines == 0
        journal.undo(path)
        assert path.read_bytes() == OLD
        if not is_reached:
            return
    pytest.fail("the write never came to an end")


def test_nothing_is_touched_before_the_old_bytes_are_kept(tmp_path: Path) -> None:
    system = FailingSystem(error=errno.ENOSPC)
    path, journal = prepared(CASES["first write"], tmp_path, system)
    system.fails = lambda _, name: name == "write"
    before = path.stat()
    with pytest.raises(JournalFailed, match="No space left on device"):
        write(path, journal)
    now = path.stat()
    # Whatever is done to a file, its name included, changes its ctime; reading it does not.
    assert (now.st_ino, now.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)
    assert os.listdir(path.parent) == ["draft.md"]


def test_a_write_that_a_disk_may_forget_says_so(tmp_path: Path) -> None:
    system = FailingSystem()
    path, journal = prepared(CASES["first write"], tmp_path, system)
    system.fails = lambda _, name: name == "fsync" and "exchange" in after_append(system.calls)
    with pytest.raises(WriteFailed, match="may not outlive a power cut") as caught:
        write(path, journal)
    assert caught.value.is_in_place
    assert path.read_bytes() == NEW


def after_append(calls: list[str]) -> list[str]:
    """The calls that follow the locking of the journal."""
    return calls[calls.index("flock") :] if "flock" in calls else []


def test_short_writes_are_carried_on_to_the_end(tmp_path: Path) -> None:
    path, journal = prepared(CASES["first write"], tmp_path, FailingSystem(longest_write=7))
    write(path, journal)
    assert path.read_bytes() == NEW
    journal.undo(path)
    assert path.read_bytes() == OLD


def test_a_disk_that_takes_nothing_is_an_error_and_not_an_endless_loop(tmp_path: Path) -> None:
    path, journal = prepared(CASES["first write"], tmp_path, FailingSystem(longest_write=0))
    with pytest.raises(DraftError):
        write(path, journal)
    assert path.read_bytes() == OLD


def test_a_line_torn_by_a_full_disk_is_cut_off_again(tmp_path: Path) -> None:
    system = FailingSystem(error=errno.ENOSPC)
    path, journal = prepared(CASES["undo"], tmp_path, system)
    listed = (journal.root / "journal.jsonl").read_bytes()

    def fill_up(_: int, name: str) -> bool:
        system.longest_write = 10 if "flock" in system.calls else sys.maxsize
        return name == "write" and after_append(system.calls).count("write") > 3

    system.fails = fill_up
    with pytest.raises(JournalFailed):
        journal.undo(path)
    assert (journal.root / "journal.jsonl").read_bytes() == listed


def test_file_systems_that_cannot_sync_a_folder_still_keep_drafts(tmp_path: Path) -> None:
    system = FailingSystem(error=errno.EINVAL)
    path, journal = prepared(CASES["first write"], tmp_path, system)
    system.fails = lambda _, name: name == "fsync" and system.calls[-2] == "open"
    write(path, journal)
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("error", [errno.EPERM, errno.ENOTSUP])
def test_file_systems_without_hard_links_get_new_files_all_the_same(
    tmp_path: Path, error: int
) -> None:
    system = FailingSystem(lambda _, name: name == "link", error)
    path = tmp_path / "new.md"
    write_new(path, NEW, syscalls=system)
    with pytest.raises(DraftError):
        write_new(path, OLD, syscalls=system)
    assert path.read_bytes() == NEW
    assert os.listdir(tmp_path) == ["new.md"]


class WatchingSystem(OperatingSystem):
    """The real calls, and a list of what a power cut could still take away."""

    def __init__(self) -> None:
        self.paths: dict[int, Path] = {}
        self.unsynced: set[Path] = set()
        self.unsynced_when_renamed: list[set[Path]] = []

    def open(self, path: Path, flags: int, mode: int) -> int:
        fd = super().open(path, flags, mode)
        self.paths[fd] = path
        if flags & os.O_CREAT:
            self.unsynced.add(path.parent)
        return fd

    def write(self, fd: int, data: bytes | memoryview) -> int:
        self.unsynced.add(self.paths[fd])
        return super().write(fd, data)

    def fchmod(self, fd: int, mode: int) -> None:
        self.unsynced.add(self.paths[fd])
        super().fchmod(fd, mode)

    def fsync(self, fd: int) -> None:
        super().fsync(fd)
        self.unsynced.discard(self.paths[fd])

    def link(self, source: Path, target: Path) -> None:
        self.replace(source, target)

    def exchange(self, one: Path, other: Path) -> None:
        self.unsynced_when_renamed.append(self.unsynced - {one.parent})
        super().exchange(one, other)
        self.unsynced.add(other.parent)

    def replace(self, source: Path, target: Path) -> None:
        self.unsynced_when_renamed.append(self.unsynced - {source.parent})
        super().replace(source, target)
        self.unsynced.add(target.parent)


@pytest.mark.parametrize("name", CASES)
def test_everything_is_on_the_disk_before_the_next_step_relies_on_it(
    tmp_path: Path, name: str
) -> None:
    system = WatchingSystem()
    path, journal = prepared(CASES[name], tmp_path, system)
    CASES[name].operate(path, journal)
    assert path.read_bytes() == CASES[name].after
    assert system.unsynced_when_renamed
    assert not any(system.unsynced_when_renamed)
    assert not system.unsynced


class TypingSystem(OperatingSystem):
    """The real calls, and a person who saves the file just before the journal is locked."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def flock(self, fd: int, operation: int) -> None:
        super().flock(fd, operation)
        self.path.write_bytes(b"Typed meanwhile")


def test_what_is_saved_at_the_last_moment_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "draft.md"
    path.write_bytes(OLD)
    journal = Journal(tmp_path / "data", syscalls=TypingSystem(path))
    with pytest.raises(DraftChanged):
        write(path, journal)
    assert path.read_bytes() == b"Typed meanwhile"
    assert sorted(os.listdir(tmp_path)) == ["data", "draft.md"]


class SavingSystem(FailingSystem):
    """The real calls, and a person who saves the file just before some exchanges of names."""

    def __init__(self, path: Path, saves: dict[int, bytes]) -> None:
        super().__init__()
        self.path, self.saves = path, saves

    def exchange(self, one: Path, other: Path) -> None:
        number = self.calls.count("exchange")
        if number in self.saves:
            self.path.write_bytes(self.saves[number])
        super().exchange(one, other)


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "texts" / "draft.md"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


def test_what_is_saved_between_the_last_look_and_the_exchange_gets_its_name_back(
    draft: Path, tmp_path: Path
) -> None:
    number = draft.stat().st_ino
    system = SavingSystem(draft, {0: b"Typed"})
    with pytest.raises(DraftChanged):
        write(draft, Journal(tmp_path / "data", syscalls=system))
    assert system.calls.count("exchange") == 2
    assert (draft.read_bytes(), draft.stat().st_ino) == (b"Typed", number)
    assert os.listdir(draft.parent) == ["draft.md"]
    assert Journal(tmp_path / "data").read().entries == ()


def test_what_is_saved_over_our_own_text_too_is_the_one_that_has_the_name(
    draft: Path, tmp_path: Path
) -> None:
    system = SavingSystem(draft, {0: b"Typed", 1: b"Typed again"})
    with pytest.raises(NotGivenBack, match="was saved by somebody else") as caught:
        write(draft, Journal(tmp_path / "data", syscalls=system))
    assert draft.read_bytes() == b"Typed again"
    assert caught.value.theirs.read_bytes() == b"Typed"


def test_what_cannot_be_given_back_stays_beside_the_file(draft: Path, tmp_path: Path) -> None:
    system = SavingSystem(draft, {0: b"Typed"})
    system.fails = lambda _, name: name == "exchange" and system.calls.count(name) == 2
    journal = Journal(tmp_path / "data", syscalls=system)
    with pytest.raises(NotGivenBack) as caught:
        write(draft, journal)
    assert (draft.read_bytes(), caught.value.theirs.read_bytes()) == (NEW, b"Typed")
    journal.undo(draft)
    assert draft.read_bytes() == OLD
    assert caught.value.theirs.exists()


@pytest.mark.parametrize("error", [errno.ENOSYS, errno.EINVAL, errno.EPERM])
def test_where_names_cannot_be_exchanged_they_are_replaced(
    draft: Path, tmp_path: Path, error: int
) -> None:
    system = FailingSystem(lambda _, name: name == "exchange", error)
    journal = Journal(tmp_path / "data", syscalls=system)
    write(draft, journal)
    assert draft.read_bytes() == NEW
    assert system.calls[-3:] == ["replace", "open", "fsync"]
    assert os.listdir(draft.parent) == ["draft.md"]
    journal.undo(draft)
    assert draft.read_bytes() == OLD


@pytest.mark.parametrize("is_lasting", [False, True])
def test_a_write_in_place_that_breaks_off_is_put_back_or_says_where_both_texts_are(
    draft: Path, tmp_path: Path, is_lasting: bool
) -> None:
    os.link(draft, draft.with_name("other.md"))
    system = FailingSystem(error=errno.ENOSPC)

    def fails(_: int, name: str) -> bool:
        # The first is the journal's line, the second what lies beyond the old end.
        writes = after_append(system.calls).count("write")
        is_in_place = writes > 2 if is_lasting else writes == 3 and name == "write"
        return is_in_place and name in ("write", "ftruncate")

    system.fails = fails
    journal = Journal(tmp_path / "data", syscalls=system)
    through = Consent(write_through=True)
    with pytest.raises(HalfWritten if is_lasting else WriteFailed, match="No space left") as caught:
        write_draft(read_draft(draft), NEW, journal, session=None, consent=through)
    if isinstance(caught.value, HalfWritten):
        assert (caught.value.old.read_bytes(), caught.value.new.read_bytes()) == (OLD, NEW)
        assert draft.read_bytes() == OLD + NEW[len(OLD) :]
        system.fails = nothing_fails
        with pytest.raises(DraftChanged, match=str(caught.value.old)):
            journal.undo(draft, consent=through)
    else:
        assert draft.read_bytes() == OLD
        assert journal.history() == []
