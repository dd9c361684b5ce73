"""The worker as a process: alive while it works, dead when it hangs, gone with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from time import monotonic

import pytest
from leftovers import Cleanup

from engine import process
from engine.client import WorkerEngine
from engine.load_options import LoadOptions
from engine.sampling_params import Sampling
from engine.types import Finished, Message, Piece, Request

GREEDY = Sampling(temperature=0)
STORY = "The keeper climbed the stairs and lit the lamp, as she had done every night. " * 40


def ask(text: str, **options: object) -> Request:
    values = {"sampling": GREEDY, "max_tokens": 16, **options}
    return Request((Message("user", text),), **values)  # type: ignore[arg-type]


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert monotonic() < deadline, "it did not happen in time"
        pause.wait(0.01)


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def rss(pid: int) -> int:
    """Resident memory in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_a_hanging_worker_is_a_dead_one_and_the_next_answer_has_another(
    cleanup: Cleanup, starter_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = cleanup(WorkerEngine(starter_path))
    events = engine.stream(ask("Count to a thousand.", max_tokens=None))
    for event in events:
        if isinstance(event, Piece):
            break
    first = engine.worker_pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    # Not before: a worker that starts beside other programs is silent for longer.
    with monkeypatch.context() as impatient:
        impatient.setattr(process, "_SILENCE_S", 1.0)
        *_, finished = events
    assert isinstance(finished, Finished)
    assert finished.reason == "error"
    assert "hangs" in (finished.error or "")
    assert not is_alive(first)
    *_, finished = engine.stream(ask("Hello."))
    assert isinstance(finished, Finished)
    assert finished.reason in ("end", "length")


def test_time_in_which_the_program_was_stopped_itself_is_no_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A container that is paused stops the worker too: it is not to blame."""
    worker = process.WorkerProcess()
    monkeypatch.setattr(process, "monotonic", count(step=3600).__next__)
    assert worker.receive(10) is None
    assert worker.is_alive
    worker.kill()


def test_a_cancel_counts_while_a_stopped_worker_reads_nothing(
    cleanup: Cleanup, starter_path: Path
) -> None:
    """A long text is more than a pipe has room for: whoever writes it must not wait for ever."""
    engine = cleanup(WorkerEngine(starter_path))
    engine.describe()
    first = engine.worker_pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    events = engine.stream(ask(STORY * 100))
    engine.cancel()
    began = monotonic()
    *_, finished = events
    assert isinstance(finished, Finished)
    assert finished.reason == "cancelled"
    assert monotonic() - began < 10
    assert not is_alive(first)


def test_long_work_without_an_event_is_no_hang(
    starter_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scoring answers once, at its end; until then only the heartbeat shows that it works."""
    monkeypatch.setattr(process, "_SILENCE_S", 2.5)
    story, took = STORY, 0.0
    with closing(WorkerEngine(starter_path)) as engine:
        engine.describe()
        while took <= 2.5:
            began = monotonic()
            assert len(engine.score((Message("user", "A story."),), story)) > 500
            took, story = monotonic() - began, story * 2


def test_no_orphan_is_left_by_a_killed_parent(
    cleanup: Cleanup, starter_path: Path, tmp_path: Path
) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from engine.client import WorkerEngine\n"
        "from engine.load_options import LoadOptions\n"
        "from engine.sampling_params import Sampling\n"
        "from engine.types import Message, Piece, Request\n"
        f"options = LoadOptions(snapshots={str(tmp_path)!r})\n"
        f"engine = WorkerEngine(Path({str(starter_path)!r}), options)\n"
        "request = Request((Message('user', 'Count to a thousand.'),), Sampling(temperature=0))\n"
        "for event in engine.stream(request):\n"
        "    if isinstance(event, Piece):\n"
        "        print(engine.worker_pid, flush=True)\n"
        "        sys.stdin.read()\n"
    )
    parent = cleanup(
        subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    worker = int(parent.stdout.readline())
    assert is_alive(worker)
    parent.kill()
    parent.wait()
    wait_until(lambda: not is_alive(worker))
    parent.stdin.close()
    parent.stdout.close()


def test_closing_waits_for_the_snapshot(
    cleanup: Cleanup, starter_path: Path, tmp_path: Path
) -> None:
    engine = cleanup(WorkerEngine(starter_path, LoadOptions(snapshots=str(tmp_path))))
    list(engine.stream(ask(STORY[:400])))
    worker = engine.worker_pid
    assert worker is not None
    engine.close()
    assert not is_alive(worker)
    assert len(list(tmp_path.glob("*/*.kv"))) == 1


def test_an_idle_worker_saves_by_itself(
    cleanup: Cleanup, starter_path: Path, tmp_path: Path
) -> None:
    engine = cleanup(WorkerEngine(starter_path, LoadOptions(snapshots=str(tmp_path))))
    list(engine.stream(ask(STORY[:400])))
    wait_until(lambda: len(list(tmp_path.glob("*/*.kv"))) == 1)


@pytest.mark.soak
def test_memory_does_not_grow_with_the_number_of_requests(
    cleanup: Cleanup, starter_path: Path
) -> None:
    engine = cleanup(WorkerEngine(starter_path, LoadOptions(n_ctx=512)))
    pid = 0
    sizes = []
    for number in range(200):
        list(engine.stream(ask(f"Say {number}.", max_tokens=2, top_logprobs=1)))
        pid = pid or engine.worker_pid or 0
        sizes.append(rss(pid))
    engine.close()
    assert engine.worker_pid is None
    assert sizes[-1] - sizes[49] < 8 * 2**20, "after the cache and the buffers are warm"
