"""Killed processes and other writers of the same session: nothing acknowledged is lost."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TypeAlias

import pytest
from failing_system import reread, try_to
from leftovers import Cleanup
from session_samples import attached, said

from sessions import OperatingSystem, SessionStore

ROOT = Path(__file__).parent.parent


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


@dataclass(frozen=True, slots=True)
class Child:
    """A process that was forked, and the pipes from and to it."""

    pid: int
    reports: IO[bytes]
    orders: IO[bytes]

    def end(self, how: int = 0) -> bytes:
        """Kills it where a signal is given; what it said since it was last listened to."""
        if how:
            os.kill(self.pid, how)
        self.orders.close()
        with self.reports:
            rest = self.reports.read()
        os.waitpid(self.pid, 0)
        return rest


Work: TypeAlias = Callable[[Callable[[bytes], object], IO[bytes]], None]
"""Is given a way to report something, and what it is told, line by line."""


def fork(work: Work) -> Child:
    """A process that does some work."""
    reports, report = os.pipe()
    orders, order = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reports)
            os.close(order)
            with open(orders, "rb", buffering=0) as told:
                work(lambda data: os.write(report, data), told)
        finally:
            # Whatever happened: what follows is the parent's business.
            os._exit(0)
    os.close(report)
    os.close(orders)
    return Child(pid, open(reports, "rb", buffering=0), open(order, "wb", buffering=0))


def write_for_ever(store: SessionStore, session_id: str, seed: int) -> Work:
    """Appends turns to a session, and reports the id of each that was acknowledged."""

    def work(report: Callable[[bytes], object], _: IO[bytes]) -> None:
        chance = random.Random(seed)
        log = store.open(session_id)
        while True:
            turn = said("word " * chance.randrange(2000), log.session.head)
            if chance.random() < 0.5:
                turn = attached(turn, f"letter {chance.randrange(5)} " * chance.randrange(2000))
            log.checkpoint(replace(turn, content=turn.content[:9], attachments=()))
            log.append(turn)
            # Short enough to be written whole or not at all.
            report(turn.id.encode() + b"\n")

    return work


def kill_writers(folder: Path, kills: int) -> None:
    store = SessionStore(folder / "sessions")
    chance = random.Random(kills)
    killed = saved = 0
    while killed < kills:
        log = store.create()
        log.append(said("Question"))
        count = chance.randrange(1, 5)
        children = [
            fork(write_for_ever(store, log.session.id, chance.randrange(2**32)))
            for _ in range(count)
        ]
        acknowledged = {log.session.head}
        for child in children:
            for _ in range(chance.randrange(8)):
                acknowledged.add(child.reports.readline().decode().strip())
        for child in children:
            acknowledged |= {line.decode() for line in child.end(signal.SIGKILL).split()}
        session = reread(log)
        whole = {turn.id for turn in session.turns.values() if turn.status == "complete"}
        assert acknowledged <= whole
        assert not any(
            part.is_missing
            for turn in acknowledged
            if turn
            for part in session.turns[turn].attachments
        )
        assert not any(session.has_gap(leaf.id) for leaf in session.leaves())
        again = store.open(log.session.id)
        again.append(said("After", again.session.head))
        assert reread(again).turns == again.session.turns
        killed += count
        saved += len(acknowledged)
    print(f"{killed} writers killed, {saved} turns acknowledged, none lost")


def test_killed_writers_lose_no_acknowledged_turn(tmp_path: Path) -> None:
    kill_writers(tmp_path, 20)


@pytest.mark.soak
def test_two_thousand_killed_writers_lose_no_acknowledged_turn(tmp_path: Path) -> None:
    kill_writers(tmp_path, 2000)


def test_two_processes_at_once_make_branches_and_each_is_told_of_the_others(
    tmp_path: Path,
) -> None:
    store = SessionStore(tmp_path / "sessions")
    log = store.create()
    log.append(question := said("Question"))

    def work(report: Callable[[bytes], object], orders: IO[bytes]) -> None:
        own = store.open(log.session.id)
        report(b"ready\n")
        orders.readline()
        for _ in range(20):
            own.append(said("More", own.session.head))
        report(f"{own.session.head}\n".encode())
        orders.readline()
        own.set_head(own.session.head or "")
        report(f"{own.take_joined()} {own.take_joined()} {own.session.head}\n".encode())

    children = [fork(work), fork(work)]
    for _ in range(2):
        said_by = [child.reports.readline().decode().strip() for child in children]
        for child in children:
            child.orders.write(b"go\n")
    heads = said_by
    told = [child.end().decode().split() for child in children]
    assert told == [["20", "0", head] for head in heads]
    session = reread(log)
    assert (len(session.turns), session.damaged_lines) == (41, 0)
    assert len(session.children(question.id)) == 2
    for head in heads:
        assert len(session.path(head)) == 21


def test_processes_that_write_at_once_each_follow_their_own_turns(
    cleanup: Cleanup, tmp_path: Path
) -> None:
    log = SessionStore(tmp_path / "sessions").create()
    log.append(said("Question"))
    processes = [
        cleanup(run_python(WRITER, tmp_path, log.session.id, "50", name)) for name in "abc"
    ]
    for process in processes:
        assert process.communicate(timeout=60)[0].count("\n") == 50
    session = reread(log)
    assert (len(session.turns), session.damaged_lines) == (151, 0)
    for name in "abc":
        own = [turn for turn in session.turns.values() if turn.content.startswith(name)]
        assert own == session.path(own[-1].id)[-50:]
        assert len(own) == 50


_WRITING = """
import sys
from datetime import datetime, timezone
from pathlib import Path
from sessions import SessionStore, Turn
log = SessionStore(Path(sys.argv[1])).create()
now = datetime.now(timezone.utc)
log.append(Turn("q", None, "user", "Tell me a story.", now, "complete"))
log.checkpoint(Turn("a", "q", "assistant", "Once upon a", now, "partial"))
print(log.session.id, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell")
def test_an_answer_whose_writer_was_killed_is_at_once_known_to_be_broken_off(
    tmp_path: Path,
) -> None:
    store = SessionStore(tmp_path)
    command = [sys.executable, "-c", _WRITING, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        log = store.open(writer.stdout.readline().strip())
        turn = log.session.turn("a")
        assert log.is_being_written(turn)
        writer.kill()
        os.waitid(os.P_PID, writer.pid, os.WEXITED | os.WNOWAIT)
        assert not log.is_being_written(turn), "nobody has asked yet how it ended"
    assert not log.is_being_written(turn)
    for writer_elsewhere in ({}, {"writer": "a/b/1-1"}, {"writer": 7}):
        assert log.is_being_written(replace(turn, extra=writer_elsewhere)), "who knows?"


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
