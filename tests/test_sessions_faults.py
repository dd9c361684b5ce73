"""Full and failing disks, interrupted calls: nothing is called saved that is not."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import sys
import zlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from failing_system import FailingSystem, Failure, at_call, nothing_fails, reread, try_to
from session_samples import attached, said

from sessions import SaveFailed, SessionFile, SessionStore, new_turn_id

ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EINTR)


def fail_everywhere(folder: Path, error: int, *, is_new: bool, longest_write: int) -> list[str]:
    """Has each call of an append fail in turn; the names of those that did."""
    failed: list[str] = []
    for number in range(1, 200):
        system = FailingSystem(longest_write=longest_write)
        log = SessionStore(folder / str(number) / "sessions", syscalls=system).create()
        if not is_new:
            log.append(attached(said("Before"), "An old letter."))
        before = dict(log.session.turns)
        started = len(system.calls)
        system.fail = at_call(started + number, error)
        first = attached(said("First", log.session.head), "A letter.", "An old letter.")
        is_saved = try_to(log.append, first)
        assert log.session.turns == {**before, first.id: first}
        assert log.session.head == first.id
        if len(system.calls) < started + number:
            assert is_saved
            return failed
        failed.append(system.calls[started + number - 1])
        go_on_after_failure(system, log, is_saved=is_saved)
    raise AssertionError("an append ends")


def go_on_after_failure(system: FailingSystem, log: SessionFile, *, is_saved: bool) -> None:
    """Appends once more: what is called saved is on disk, and what is not is in memory."""
    if is_saved:
        assert system.is_durable(log.path.parent)
        assert reread(log).turns == log.session.turns
    second = said("Second", log.session.head)
    expected = {**log.session.turns, second.id: second}
    calls = len(system.calls)
    if try_to(log.append, second):
        assert system.is_durable(log.path.parent)
        assert reread(log).turns == expected
        assert reread(log).damaged_lines == 0
    else:
        assert len(system.calls) == calls, "nothing is tried on a disk that dropped what it had"
    assert log.session.turns == expected


@pytest.mark.parametrize("longest_write", [sys.maxsize, 100])
@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize("error", ERRORS)
def test_no_failing_call_makes_a_turn_saved_that_is_not(
    tmp_path: Path, error: int, is_new: bool, longest_write: int
) -> None:
    failed = fail_everywhere(tmp_path, error, is_new=is_new, longest_write=longest_write)
    assert {"open", "flock", "write", "fsync", "replace"} == set(failed)
    print(f"{os.strerror(error)} at each of {len(failed)} calls: nothing saved that was not")


def test_a_failed_sync_of_the_attachments_folder_is_the_end_of_saving(tmp_path: Path) -> None:
    system = FailingSystem()
    log = SessionStore(tmp_path / "sessions", syscalls=system).create()
    log.append(said("Before"))
    system.fail = lambda _, name: errno.EIO if system.calls[-2:] == ["open", "fsync"] else None
    assert not try_to(log.append, attached(said("First", log.session.head), "A letter."))
    assert system.calls[-5:-2] == ["write", "fsync", "replace"]
    system.fail = nothing_fails
    assert not try_to(log.append, said("Second", log.session.head))
    assert [turn.content for turn in log.session.path()] == ["Before", "FirstA letter.", "Second"]


def test_a_text_that_another_process_left_unsynced_is_made_durable(tmp_path: Path) -> None:
    system = FailingSystem()
    log = SessionStore(tmp_path / "sessions", syscalls=system).create()
    log.append(attached(said("Before"), "A letter."))
    calls = len(system.calls)
    log.append(attached(said("After", log.session.head), "A letter."))
    assert system.calls[calls:].count("replace") == 0
    assert system.calls[calls:].count("fsync") == 3


def test_a_rotten_attachment_is_written_anew_with_the_next_turn_that_has_it(
    tmp_path: Path,
) -> None:
    log = SessionStore(tmp_path / "sessions").create()
    log.append(attached(said("Before"), "A letter."))
    (file,) = log.files.folder.iterdir()
    file.write_bytes(b"A lettuce")
    assert reread(log).path()[0].content == "Before[letter.md is missing]"
    log.append(attached(said("After", log.session.head), "A letter."))
    assert [turn.content for turn in reread(log).path()] == ["BeforeA letter.", "AfterA letter."]


def test_an_attachment_that_is_no_text_is_missing(tmp_path: Path) -> None:
    log = SessionStore(tmp_path / "sessions").create()
    log.append(attached(said("Before"), "A letter."))
    data = b"\xff\xfe"
    sha256 = hashlib.sha256(data).hexdigest()
    (file,) = log.files.folder.iterdir()
    file.rename(file.with_name(sha256))
    (log.files.folder / sha256).write_bytes(data)
    body = log.path.read_bytes().splitlines()[1][22:-1].replace(file.name.encode(), sha256.encode())
    with log.path.open("ab") as lines:
        body = body.replace(log.session.path()[0].id.encode(), new_turn_id().encode())
        lines.write(b'{"crc":"%08x","r":%s}\n' % (zlib.crc32(body), body))
    assert reread(log).path()[-1].content == "Before[letter.md is missing]"


def test_a_checkpoint_keeps_its_attachments(tmp_path: Path) -> None:
    log = SessionStore(tmp_path / "sessions").create()
    log.append(said("Question"))
    log.checkpoint(attached(said("See ", log.session.head), "A letter."))
    assert reread(log).path()[-1].content == "See A letter."


def test_a_failed_append_to_a_deleted_session_leaves_nothing_in_its_place(tmp_path: Path) -> None:
    with closing(SessionStore(tmp_path / "sessions")) as store:
        log = store.create()
        log.append(attached(said("Before"), "A letter."))
        store.delete(log.session.id)
        assert not try_to(log.append, attached(said("Lost?", log.session.head), "Another."))
        assert not log.files.folder.exists()
        store.bring_back(log.session.id)
        log.append(said("After", log.session.head))
        assert [turn.content for turn in reread(log).path()] == [
            *("BeforeA letter.", "Lost?Another.", "After")
        ]


def test_an_interrupted_write_goes_on(tmp_path: Path) -> None:
    interruptions = iter([errno.EINTR, errno.EINTR])
    system = FailingSystem(lambda _, name: next(interruptions, None) if name == "write" else None)
    log = SessionStore(tmp_path / "sessions", syscalls=system).create()
    log.append(said("Question"))
    assert system.calls.count("write") == 3
    assert reread(log).turns == log.session.turns


def test_signals_while_appending_harm_nothing(tmp_path: Path) -> None:
    rings: list[int] = []
    earlier = signal.signal(signal.SIGALRM, lambda number, frame: rings.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        log = SessionStore(tmp_path / "sessions").create()
        while len(rings) < 50:
            log.append(said("Question", log.session.head))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, earlier)
    assert reread(log).turns == log.session.turns


def test_short_writes_are_carried_on_to_the_end(tmp_path: Path) -> None:
    log = SessionStore(tmp_path / "sessions", syscalls=FailingSystem(longest_write=7)).create()
    log.append(said("Question"))
    log.append(said("Question", log.session.head))
    assert reread(log).turns == log.session.turns


def test_a_disk_that_takes_nothing_is_an_error_and_not_an_endless_loop(tmp_path: Path) -> None:
    log = SessionStore(tmp_path / "sessions", syscalls=FailingSystem(longest_write=0)).create()
    with pytest.raises(SaveFailed):
        log.append(said("Question"))


def full_after(writes: int, *others: str) -> Failure:
    """A disk that fills up after some writes, while other calls fail altogether."""
    left = iter(range(writes))

    def fail(_: int, name: str) -> int | None:
        if name == "write":
            return None if next(left, None) is not None else errno.ENOSPC
        return errno.EIO if name in others else None

    return fail


def test_a_disk_that_fills_up_in_the_middle_of_a_line_leaves_the_file_as_it_was(
    tmp_path: Path,
) -> None:
    system = FailingSystem()
    log = SessionStore(tmp_path / "sessions", syscalls=system).create()
    log.append(said("Before"))
    before = log.path.read_bytes()
    system.fail, system.longest_write = full_after(2), 10
    with pytest.raises(SaveFailed) as caught:
        log.append(said("Lost?", log.session.head))
    assert str(caught.value) == "session not saved: No space left on device"
    assert caught.value.path == log.path
    assert log.path.read_bytes() == before


def test_a_torn_line_that_cannot_be_cut_off_costs_nothing_else(tmp_path: Path) -> None:
    system = FailingSystem()
    log = SessionStore(tmp_path / "sessions", syscalls=system).create()
    log.append(said("Before"))
    system.fail, system.longest_write = full_after(2, "ftruncate"), 10
    assert not try_to(log.append, said("Torn", log.session.head))
    system.fail = nothing_fails
    log.append(said("After", log.session.head))
    session = reread(log)
    assert [turn.content for turn in session.path()] == ["Before", "Torn", "After"]
    assert session.damaged_lines == log.session.damaged_lines == 1


def test_a_branch_that_the_disk_has_no_room_for_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    system = FailingSystem()
    log = SessionStore(tmp_path / "sessions", syscalls=system).create()
    log.append(first := said("Before"))
    before = log.path.read_bytes()
    one = said("One")
    system.longest_write = 300
    system.fail = lambda number, name: errno.ENOSPC if system.calls[-2:] == ["write"] * 2 else None
    with pytest.raises(SaveFailed):
        log.append_branch([one, said("Two", one.id)], name_of_head="before")
    assert log.path.read_bytes() == before
    system.fail, system.longest_write = nothing_fails, sys.maxsize
    log.append(said("Three", log.session.head))
    assert [turn.content for turn in reread(log).path()] == ["One", "Two", "Three"]
    assert reread(log).branches == {"before": first.id}


def test_everything_unsaved_is_saved_in_order_once_there_is_room(tmp_path: Path) -> None:
    system = FailingSystem(full_after(0))
    log = SessionStore(tmp_path / "sessions", syscalls=system).create()
    question, answer = said("Question"), said("Once", log.session.head)
    answer = replace(answer, parent=question.id, role="assistant")
    assert not try_to(log.append, question)
    assert not try_to(log.checkpoint, replace(answer, content="On"))
    assert not try_to(log.append, answer)
    with pytest.raises(SaveFailed):
        log.set_title("Tales")
    with pytest.raises(SaveFailed):
        log.name_branch("first", answer.id)
    with pytest.raises(SaveFailed):
        log.set_head(question.id)
    assert SessionStore(log.path.parent).list() == []
    system.fail = nothing_fails
    log.append(said("Thanks", answer.id))
    assert reread(log) == log.session
    assert [turn.content for turn in reread(log).path()] == ["Question", "Once", "Thanks"]
    assert reread(log).damaged_lines == 0


def test_a_checkpoint_waits_for_no_disk_but_saves_what_was_unsaved(tmp_path: Path) -> None:
    system = FailingSystem()
    log = SessionStore(tmp_path / "sessions", syscalls=system).create()
    log.append(said("Question"))
    system.calls.clear()
    log.checkpoint(said("On", log.session.head))
    assert system.calls == ["open", "flock", "write"]
    system.fail = full_after(0)
    late = said("Late", log.session.head)
    assert not try_to(log.append, late)
    system.fail = nothing_fails
    log.checkpoint(said("And", late.id))
    assert system.calls[-1] == "fsync"
    assert reread(log) == log.session


def test_file_systems_that_cannot_sync_a_folder_still_keep_sessions(tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir(mode=0o700)
    fsyncs = iter([None, errno.EINVAL])
    system = FailingSystem(lambda _, name: next(fsyncs, None) if name == "fsync" else None)
    log = SessionStore(tmp_path / "sessions", syscalls=system).create()
    log.append(said("Question"))
    log.append(said("Question", log.session.head))
    assert reread(log).turns == log.session.turns


def test_a_file_that_was_put_back_as_it_was_before_is_said_not_to_have_what_came_since(
    tmp_path: Path,
) -> None:
    log = SessionStore(tmp_path).create()
    log.append(said("First"))
    older = log.path.read_bytes()
    log.append(said("Second", log.session.head))
    log.path.write_bytes(older)
    with pytest.raises(SaveFailed, match="another program has shortened its file"):
        log.append(said("Third", log.session.head))
    assert log.path.read_bytes() == older
    assert [turn.content for turn in log.session.path()] == ["First", "Second", "Third"]


def test_a_deleted_file_is_not_written_into_the_void(tmp_path: Path) -> None:
    log = SessionStore(tmp_path / "sessions").create()
    log.append(said("Question"))
    log.path.unlink()
    with pytest.raises(SaveFailed, match="its file was deleted or moved away"):
        log.append(said("More", log.session.head))
