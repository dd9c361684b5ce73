"""A worker that outlives who started it: found again, used by one at a time, and gone in time."""

from __future__ import annotations

import json
import os
import resource
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from leftovers import Cleanup
from tiny_gguf import tiny_gguf

from engine import wire
from engine.client import WorkerEngine
from engine.errors import LoadFailed
from engine.load_options import LoadOptions
from engine.residence import Record, Residence, residences
from engine.resident import attach, dismiss, residents
from engine.sampling_params import Sampling
from engine.types import Event, Finished, Message, Notice, Piece, Request

SHORT = Request((Message("user", "Count to ten."),), Sampling(temperature=0), max_tokens=3)

_CALLER = """
import sys
from pathlib import Path
from engine.client import WorkerEngine
from engine.load_options import LoadOptions
from engine.sampling_params import Sampling
from engine.types import Message, Piece, Request
options = LoadOptions(n_ctx=1024, keep_alive=int(sys.argv[3]), runtime=sys.argv[2])
engine = WorkerEngine(Path(sys.argv[1]), options)
messages = (Message("user", "Count to a thousand."),)
request = Request(messages, Sampling(temperature=0), grammar="root ::= [a-z ]{1900}")
for event in engine.stream(request):
    if isinstance(event, Piece):
        print(engine.worker_pid, flush=True)
"""
"""Asks for a long answer, and says with each piece which worker it has."""


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert monotonic() < deadline, "it did not happen in time"
        pause.wait(0.01)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    model = tmp_path / "tiny.gguf"
    model.write_bytes(tiny_gguf())
    return model


@pytest.fixture
def options(tmp_path: Path) -> Iterator[LoadOptions]:
    # The path of the socket becomes longer than the system takes.
    folder = tmp_path / ("long" * 25) / "run"
    yield LoadOptions(n_ctx=1024, keep_alive=60, runtime=str(folder))
    for each in residents(folder):
        os.kill(each.record.pid, signal.SIGKILL)


def answer(engine: WorkerEngine, request: Request = SHORT) -> list[Event]:
    events = list(engine.stream(request))
    assert isinstance(events[-1], Finished)
    assert events[-1].reason in ("end", "length")
    return events


def pid_after_an_answer(path: Path, options: LoadOptions) -> int:
    with closing(WorkerEngine(path, options)) as engine:
        answer(engine)
        pid = engine.worker_pid
    assert pid is not None
    return pid


def test_the_next_one_gets_the_worker_with_all_that_it_has_read(
    cleanup: Cleanup, starter_path: Path, options: LoadOptions
) -> None:
    folder = Path(str(options.runtime))
    first = pid_after_an_answer(starter_path, options)
    (resident,) = residents(folder)
    assert (resident.record.pid, resident.record.model) == (first, starter_path.stem)
    assert resident.until is not None
    assert 0 < resident.until - resident.record.since < 120
    assert folder.stat().st_mode & 0o777 == 0o700
    (residence,) = residences(folder)
    assert residence.socket_file.stat().st_mode & 0o777 == 0o600
    engine = cleanup(WorkerEngine(starter_path, options))
    finished = answer(engine)[-1]
    assert engine.worker_pid == first
    assert isinstance(finished, Finished)
    assert finished.usage.cached_tokens > 10
    engine.close()
    assert dismiss(folder, first)
    wait_until(lambda: not is_alive(first))
    assert residents(folder) == []
    assert [file.suffix for file in folder.iterdir()] == [".lock"]


def test_while_it_is_in_use_others_have_workers_of_their_own(
    cleanup: Cleanup, tiny: Path, options: LoadOptions
) -> None:
    folder = Path(str(options.runtime))
    first, second = (cleanup(WorkerEngine(tiny, options)) for _ in range(2))
    answer(first)
    answer(second)
    resident, own = first.worker_pid, second.worker_pid
    assert resident != own
    assert own is not None
    for _ in range(20):
        assert [each.until for each in residents(folder)] == [None]
    assert resident is not None
    assert not dismiss(folder, resident)
    second.close()
    assert not is_alive(own)
    os.kill(resident, signal.SIGKILL)
    answer(first)
    assert first.worker_pid != resident
    first.close()
    assert [each.record.pid for each in residents(folder)] == [first_pid(folder)]


def test_closed_while_it_loads_it_does_not_begin_again(
    cleanup: Cleanup, tiny: Path, options: LoadOptions
) -> None:
    engine = cleanup(WorkerEngine(tiny, options))
    events = engine.load()
    next(events)
    engine.close()
    with pytest.raises(LoadFailed, match="closed"):
        list(events)
    assert engine.worker_pid is None


def first_pid(folder: Path) -> int:
    (residence,) = residences(folder)
    record = residence.record()
    assert record is not None
    return record.pid


def test_what_a_killed_caller_asked_for_is_cancelled(
    cleanup: Cleanup, starter_path: Path, options: LoadOptions
) -> None:
    command = [sys.executable, "-c", _CALLER, str(starter_path), str(options.runtime), "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        pid = int(caller.stdout.readline())
        caller.kill()
    ticks = os.sysconf("SC_CLK_TCK")
    engine = cleanup(WorkerEngine(starter_path, options))
    before = cpu_ticks(pid)
    answer(engine)
    assert engine.worker_pid == pid
    # The many hundred tokens of the other answer would take several seconds of each core.
    assert (cpu_ticks(pid) - before) / ticks < 2


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_it_goes_after_its_time_and_what_a_killed_one_left_is_no_obstacle(
    tiny: Path, options: LoadOptions
) -> None:
    folder = Path(str(options.runtime))
    killed = pid_after_an_answer(tiny, options)
    os.kill(killed, signal.SIGKILL)
    (residence,) = residences(folder)
    record = residence.record()
    assert record is not None
    residence.write_record(replace(record, pid=os.getpid()))  # its number is given to another one
    short = replace(options, keep_alive=1)
    fresh = pid_after_an_answer(tiny, short)
    assert fresh != killed
    wait_until(lambda: not is_alive(fresh))
    assert [file.suffix for file in folder.iterdir()] == [".lock"]


def noted_record(residence: Residence) -> Record:
    """The record, once the worker has noted there that it was used."""
    noted: list[Record] = []

    def is_noted() -> bool:
        record = residence.record()
        noted.extend([record] if record is not None and record.used > record.since else [])
        return bool(noted)

    wait_until(is_noted)
    return noted[0]


@pytest.mark.parametrize("pid", [0, -1, 1, "7"])
def test_a_record_that_would_end_other_processes_is_none(
    tiny: Path, options: LoadOptions, pid: Any
) -> None:
    folder = Path(str(options.runtime))
    real = pid_after_an_answer(tiny, options)
    (residence,) = residences(folder)
    record = noted_record(residence)
    residence.write_record(replace(record, pid=pid))
    assert residence.record() is None
    assert residents(folder) == []
    wait_until(lambda: not is_alive(real))


def test_one_that_was_loaded_otherwise_is_out_of_memory_before_another_one_loads(
    cleanup: Cleanup, tiny: Path, options: LoadOptions
) -> None:
    folder = Path(str(options.runtime))
    old = pid_after_an_answer(tiny, options)
    assert pid_after_an_answer(tiny, replace(options, name="tale", keep_alive=50)) == old
    other = replace(options, n_ctx=512)
    second = cleanup(WorkerEngine(tiny, other))
    assert not is_alive(old)
    answer(second)
    third = cleanup(WorkerEngine(tiny, options))
    answer(third)
    resident, own = second.worker_pid, third.worker_pid
    third.close()
    second.close()
    assert own is not None
    assert not is_alive(own)
    assert [each.record.pid for each in residents(folder)] == [resident]
    assert pid_after_an_answer(tiny, other) == resident


def test_a_model_that_was_overwritten_is_loaded_anew(tiny: Path, options: LoadOptions) -> None:
    old = pid_after_an_answer(tiny, options)
    assert pid_after_an_answer(tiny, options) == old
    before = tiny.stat()
    tiny.write_bytes(tiny_gguf(seed=1))
    os.utime(tiny, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert tiny.stat().st_size == before.st_size
    assert pid_after_an_answer(tiny, options) != old
    assert not is_alive(old)
    assert len(residents(Path(str(options.runtime)))) == 1


def test_of_two_that_begin_at_the_same_instant_one_worker_stays(
    cleanup: Cleanup, tiny: Path, options: LoadOptions
) -> None:
    command = [sys.executable, "-c", _CALLER, str(tiny), str(options.runtime), "60"]
    callers = [cleanup(subprocess.Popen(command, stdout=subprocess.PIPE)) for _ in range(2)]
    pids = set()
    for caller in callers:
        with caller:
            assert caller.stdout is not None
            pids.add(int(caller.stdout.readline()))
            caller.kill()
    (resident,) = residents(Path(str(options.runtime)))
    (own,) = pids - {resident.record.pid}
    wait_until(lambda: not is_alive(own))
    assert is_alive(resident.record.pid)


def workers_of(folder: Path) -> list[int]:
    """Processes that were started to stay there, whatever is noted of them."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            told = os.fsencode(folder) in file.read_bytes()
        except OSError:
            continue
        if told and is_alive(int(file.parent.name)):
            found.append(int(file.parent.name))
    return found


def test_none_is_left_that_could_not_be_noted(tiny: Path, options: LoadOptions) -> None:
    folder = Path(str(options.runtime))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # as if the disk were full
    try:
        with pytest.raises(OSError, match="too large"):
            attach(tiny, options)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert workers_of(folder) == []
    assert [file.suffix for file in folder.iterdir()] == [".lock"]
    assert pid_after_an_answer(tiny, options) in workers_of(folder)


def test_one_that_cannot_be_found_any_more_goes(
    cleanup: Cleanup, tiny: Path, options: LoadOptions
) -> None:
    folder = Path(str(options.runtime))
    engine = cleanup(WorkerEngine(tiny, options))
    answer(engine)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    assert workers_of(folder) == [engine.worker_pid]
    engine.close()
    wait_until(lambda: workers_of(folder) == [])


@pytest.mark.parametrize(
    "said",
    [
        b"\0",
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack(">I", 2**32 - 1) + b"x" * 1000,
        struct.pack(">I", 3) + b"{7}",
        struct.pack(">I", 2) + b"[]",
        struct.pack(">I", 2) + b"{}",
        struct.pack(">I", 22) + b'{"op":"handle","id":1}',
    ],
    ids=["a beginning", "http", "4 GB", "no JSON", "a list", "no request", "unknown"],
)
def test_who_does_not_talk_like_a_caller_is_left(
    tiny: Path, options: LoadOptions, said: bytes
) -> None:
    pid = pid_after_an_answer(tiny, options)
    (residence,) = residences(Path(str(options.runtime)))
    stranger = residence.connect()
    assert stranger is not None
    with stranger:
        is_heard_first = len(said) > 1
        stranger.sendall(wire.pack({"op": "system", "id": 1}) * is_heard_first + said)
        stranger.settimeout(20)
        while heard := stranger.recv(65_536):
            assert is_heard_first, heard
        assert pid_after_an_answer(tiny, options) == pid


def test_why_one_aborted_is_said(cleanup: Cleanup, tiny: Path, options: LoadOptions) -> None:
    engine = cleanup(WorkerEngine(tiny, options))
    answer(engine)
    events = engine.stream(replace(SHORT, max_tokens=400, grammar="root ::= [a-z ]{390}"))
    next(event for event in events if isinstance(event, Piece))
    assert engine.worker_pid is not None
    os.kill(engine.worker_pid, signal.SIGABRT)
    last = list(events)[-1]
    engine.close()
    assert isinstance(last, Finished)
    assert last.reason == "error"
    assert "SIGABRT" in str(last.error)


@pytest.mark.parametrize("kind", ["open", "link"])
def test_a_folder_that_others_can_look_into_is_refused(
    cleanup: Cleanup, starter_path: Path, options: LoadOptions, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "shared"
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    if kind == "link":
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.mkdir(mode=0o755)
    (folder / "x.json").write_text(json.dumps({"pid": os.getpid()}))
    assert residences(folder) == []
    engine = cleanup(WorkerEngine(starter_path, replace(options, runtime=str(folder))))
    notices = [event.text for event in answer(engine) if isinstance(event, Notice)]
    assert "cannot be kept alive" in notices[0]
    pid = engine.worker_pid
    engine.close()
    assert pid is not None
    assert not is_alive(pid)
    assert [file.name for file in folder.iterdir()] == ["x.json"]
