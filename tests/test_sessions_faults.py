"""Full disks, failing disks, killed processes and other writers: nothing acknowledged is lost."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, TypeAlias

import pytest

from engine.types import Sampling
from sessions import SaveFailed, Session, SessionFile, SessionStore, Turn, new_turn_id
from sessions.codec import decode
from sessions.errors import DamagedLine
from sessions.log import OperatingSystem

ROOT = Path(__file__).parent.parent
NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


def said(content: str, parent: str | None = None) -> Turn:
    return Turn(new_turn_id(), parent, "user", content, NOON)


Failure: TypeAlias = Callable[[int, str], int | None]
"""Given a call's number and name, the errno that it fails with."""


def nothing_fails(_number: int, _name: str) -> None:
    return None


def at_call(failing: int, error: int) -> Failure:
    return lambda number, _: error if number == failing else None


class FailingSystem(OperatingSystem):
    """The real calls, but for some that fail or do less than they were asked to."""

    def __init__(
        self,
        fail: Failure = nothing_fails,
        *,
        longest_write: int = sys.maxsize,
    ) -> None:
        self.calls: list[str] = []
        self.fail = fail
        self.longest_write = longest_write

    def _count(self, name: str) -> None:
        self.calls.append(name)
        error = self.fail(len(self.calls), name)
        if error is not None:
            raise OSError(error, os.strerror(error))

    def open(self, path: Path, flags: int, mode: int) -> int:
        self._count("open")
        return super().open(path, flags, mode)

    def flock(self, fd: int, operation: int) -> None:
        self._count("flock")
        super().flock(fd, operation)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        self._count("write")
        return super().write(fd, data[: self.longest_write])

    def fsync(self, fd: int) -> None:
        self._count("fsync")
        super().fsync(fd)

    def ftruncate(self, fd: int, length: int) -> None:
        self._count("ftruncate")
        super().ftruncate(fd, length)


def reread(log: SessionFile) -> Session:
    return SessionStore(log.path.parent).open(log.session.id).session


def try_to(append: Callable[[Turn], None], turn: Turn) -> bool:
    try:
        append(turn)
    except SaveFailed:
        return False
    return True


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EINTR])
def test_no_failing_call_makes_a_turn_saved_that_is_not(
    tmp_path: Path, error: int, is_new: bool
) -> None:
    failed: list[str] = []
    for number in range(1, 100):
        system = FailingSystem()
        log = SessionStore(tmp_path / str(number) / "sessions", syscalls=system).create()
        if not is_new:
            log.append(said("Before"))
        before = dict(log.session.turns)
        started = len(system.calls)
        system.fail = at_call(started + number, error)
        first, second = said("First", log.session.head), said("Second", log.session.head)
        is_saved = try_to(log.append, first)
        assert log.session.turns == {**before, first.id: first}
        assert log.session.head == first.id
        if len(system.calls) < started + number:
            break
        failed.append(system.calls[started + number - 1])
        if is_saved:
            assert reread(log).turns == log.session.turns
        elif failed[-1] == "fsync":
            calls = list(system.calls)
            assert not try_to(log.append, second)
            assert system.calls == calls
            assert log.session.turns == {**before, first.id: first, second.id: second}
        else:
            log.append(second)
            assert list(reread(log).turns.values()) == [*before.values(), first, second]
            assert reread(log).damaged_lines == 0
    assert {"open", "flock", "write", "fsync"} <= set(failed)


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


def test_a_deleted_file_is_not_written_into_the_void(tmp_path: Path) -> None:
    log = SessionStore(tmp_path / "sessions").create()
    log.append(said("Question"))
    log.path.unlink()
    with pytest.raises(SaveFailed, match="No such file"):
        log.append(said("More", log.session.head))


def test_a_real_limit_on_the_file_loses_nothing_once_it_is_lifted(tmp_path: Path) -> None:
    finished = run_python(
        """
        import resource
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
        log = store.create()
        reasons = []
        for number in range(40):
            if number == 30:
                resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
            try:
                log.append(said(f"turn {number}", log.session.head))
            except SaveFailed as error:
                reasons.append(error.reason)
                assert store.open(log.session.id).session.damaged_lines == 0
        contents = [turn.content for turn in store.open(log.session.id).session.path()]
        assert contents == [f"turn {number}" for number in range(40)], contents
        print(reasons.count("File too large"), len(reasons))
        """,
        tmp_path,
    ).communicate(timeout=60)[0]
    too_large, failures = finished.split()
    assert too_large == failures
    assert 10 < int(failures) < 30


PRELUDE = """
import sys
from datetime import datetime, timezone
from pathlib import Path
from sessions import SaveFailed, SessionStore, Turn, new_turn_id
store = SessionStore(Path(sys.argv[1]) / "sessions")
def said(content, parent=None):
    return Turn(new_turn_id(), parent, "user", content, datetime.now(timezone.utc))
"""


def run_python(code: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    lines = [line.removeprefix(" " * 8) for line in code.splitlines()]
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + "\n".join(lines), str(folder), *arguments],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )


def output_of(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


WRITER = """
        log = store.open(sys.argv[2])
        for number in range(int(sys.argv[3])):
            turn = said(f"{sys.argv[4]} {number} " + "word " * 200, log.session.head)
            log.checkpoint(turn)
            log.append(turn)
            print(turn.id, flush=True)
"""


@pytest.mark.parametrize("writers", [1, 3])
def test_killed_writers_lose_no_acknowledged_turn(tmp_path: Path, writers: int) -> None:
    moments = random.Random(writers)
    log = SessionStore(tmp_path / "sessions").create()
    log.append(said("Question"))
    acknowledged = [log.session.turns.copy().popitem()[0]]
    for _ in range(4):
        processes = [
            run_python(WRITER, tmp_path, log.session.id, "100000", str(number))
            for number in range(writers)
        ]
        for process in processes:
            for _ in range(moments.randrange(1, 60)):
                acknowledged.append(output_of(process).readline().strip())
        for process in processes:
            process.kill()
        for process in processes:
            with process:
                lines = output_of(process).readlines()
            # A line that the kill tore was not an acknowledgement.
            acknowledged += [line.strip() for line in lines if line.endswith("\n")]
    session = reread(log)
    assert len(acknowledged) > 4 * writers
    assert set(acknowledged) <= {
        turn.id for turn in session.turns.values() if turn.status == "complete"
    }
    assert not any(session.has_gap(leaf.id) for leaf in session.leaves())


def test_processes_that_write_at_once_each_follow_their_own_turns(tmp_path: Path) -> None:
    log = SessionStore(tmp_path / "sessions").create()
    log.append(said("Question"))
    processes = [run_python(WRITER, tmp_path, log.session.id, "50", name) for name in "abc"]
    for process in processes:
        assert process.communicate(timeout=60)[0].count("\n") == 50
    session = reread(log)
    assert (len(session.turns), session.damaged_lines) == (151, 0)
    for name in "abc":
        own = [turn for turn in session.turns.values() if turn.content.startswith(name)]
        assert own == session.path(own[-1].id)[-50:]
        assert len(own) == 50


def test_two_writers_of_one_session_make_branches(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "sessions")
    ours = store.create()
    question = said("Question")
    ours.append(question)
    theirs = store.open(ours.session.id)
    a, b = said("Ours", question.id), said("Theirs", question.id)
    ours.append(a)
    theirs.append(b)
    theirs.set_title("Theirs")
    assert ours.session.head == a.id
    ours.append(said("More of ours", ours.session.head))
    session = reread(ours)
    assert session.children(question.id) == [a, b]
    assert [turn.content for turn in session.path()] == ["Question", "Ours", "More of ours"]
    assert ours.session == session
    assert list(ours.session.turns) == list(session.turns)
    assert theirs.session.head == b.id
    ours.set_head(a.id)
    theirs.append(said("More of theirs", b.id))
    ours.set_title("Ours")
    assert ours.session.head == a.id


class LockWatch(OperatingSystem):
    """The real calls, and whether the file could have been locked by somebody else at each."""

    def __init__(self, path: Callable[[], Path]) -> None:
        self.path = path
        self.was_free: dict[str, bool] = {}

    def _look(self, name: str) -> None:
        with self.path().open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.was_free[name] = False
            else:
                self.was_free[name] = True

    def write(self, fd: int, data: bytes | memoryview) -> int:
        self._look("write")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def ftruncate(self, fd: int, length: int) -> None:
        self._look("ftruncate")
        super().ftruncate(fd, length)


def test_the_file_is_locked_while_it_is_changed_and_free_afterwards(tmp_path: Path) -> None:
    watch = LockWatch(lambda: log.path)
    log = SessionStore(tmp_path / "sessions", syscalls=watch).create()
    assert not try_to(log.append, said("Question"))
    assert watch.was_free == {"write": False, "ftruncate": False}
    with log.path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_reader_waits_until_an_append_is_whole(tmp_path: Path) -> None:
    log = SessionStore(tmp_path / "sessions").create()
    log.append(said("Question"))
    data = log.path.read_bytes()
    with log.path.open("r+b", buffering=0) as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        writer.truncate(len(data) - 20)

        def finish(_number: int, _frame: object) -> None:
            os.pwrite(writer.fileno(), data, 0)
            fcntl.flock(writer, fcntl.LOCK_UN)

        earlier = signal.signal(signal.SIGALRM, finish)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        try:
            session = reread(log)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, earlier)
    assert session == log.session


def test_a_newer_program_that_joins_in_ends_our_writing(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "sessions")
    log = store.create()
    log.append(said("Question"))
    newer = log.path.read_bytes().splitlines(True)[0]
    body = newer[22:-2].replace(b'"v":1', b'"v":2')
    with log.path.open("ab") as file:
        file.write(b'{"crc":"%08x","r":%s}\n' % (zlib.crc32(body), body))
    assert not try_to(log.append, said("More", log.session.head))
    assert log.session.read_only


def small_session(store: SessionStore) -> SessionFile:
    log = store.create(title="Tales")
    question = said("Question — naïve")
    log.append(question)
    answer = replace(said("Once", question.id), role="assistant", sampling=Sampling(seed=7))
    log.checkpoint(replace(answer, content="On"))
    log.append(answer)
    log.name_branch("first", answer.id)
    log.set_head(question.id)
    log.append(said("Thanks", question.id))
    return log


def whole_turns(data: bytes) -> Mapping[str, Turn]:
    """The turns whose record is complete in the first bytes of a file."""
    turns = {}
    for line in data.split(b"\n"):
        try:
            record = decode(line)
        except DamagedLine:
            continue
        if isinstance(record, Turn):
            turns[record.id] = record
    return turns


def test_a_file_cut_at_any_byte_keeps_its_whole_turns_and_takes_new_ones(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "sessions")
    log = small_session(store)
    data = log.path.read_bytes()
    assert len(whole_turns(data)) == 3
    for length in range(len(data) + 1):
        log.path.write_bytes(data[:length])
        cut = store.open(log.session.id)
        kept = whole_turns(data[:length])
        assert {name: cut.session.turns.get(name) for name in kept} == kept
        new = said("New", cut.session.head)
        cut.append(new)
        assert log.path.read_bytes().startswith(data[:length])
        session = reread(log)
        assert session == cut.session
        assert session.turns.items() >= {**kept, new.id: new}.items()
        assert session.head == new.id
        assert session.damaged_lines <= 1
