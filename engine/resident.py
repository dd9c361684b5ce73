"""The caller's side of a worker that stays: found or started, used by one at a time, dismissed."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time

from engine import wire
from engine.errors import WorkerFailed
from engine.process import Worker, WorkerKilled, worker_environment
from engine.residence import Record, Residence, residence_of, residences, stamp_of
from engine.types import LoadOptions

_BOOT = (
    "import os, sys; os.closerange(3, 65536); own, sys.path[:] = sys.argv[1:4], sys.argv[4:]; "
    "sys.argv[1:] = own; "
    "from engine.staying import stay; stay()"
)
"""As for a worker of one's own: with the parent's import path, without the working directory. Files
that the caller was given open are somebody else's, who may wait for their end."""

_FAREWELL_S = 10.0
"""How long a worker that is dismissed may take to save its state."""


class ResidentWorker(Worker):
    """A worker that stays when its caller leaves it."""

    def __init__(self, way: socket.socket, pid: int, lock: int) -> None:
        """Take both over.

        Args:
            way: To the worker.
            pid: Its process.
            lock: Which says that it is in use.
        """
        self._way, self._pid, self._lock = way, pid, lock
        self._is_open, self._is_gone = True, False
        super().__init__(way.fileno(), way.fileno())

    @property
    def pid(self) -> int:
        """The process id."""
        return self._pid

    @property
    def is_alive(self) -> bool:
        """Whether its end is open."""
        ways = select.poll()
        if self._is_open:
            ways.register(self._way, 0)
        return self._is_open and not ways.poll(0)

    def leave(self) -> None:
        """Leave it to the next one; it saves its state meanwhile."""
        if self._is_open:
            self._is_open = False
            self._way.close()
            os.close(self._lock)

    def kill(self) -> None:
        """End the process at once."""
        if self._is_open and not self._is_gone:
            _end(self._pid)
        self.leave()

    def _failed(self) -> WorkerFailed:
        # Its number may soon be another process's.
        self._is_gone = True
        return WorkerKilled("the engine that was kept alive stopped")


def attach(path: Path, options: LoadOptions) -> ResidentWorker | None:
    """The worker for a model and a way of loading it, started if there is none.

    None where somebody else is using it: a conversation can last for hours, so nobody waits for the
    end of one.

    Raises:
        OSError: If there can be none.
    """
    residence = residence_of(path, options)
    lock = residence.lock()
    if lock is None:
        return None
    try:
        way, record = residence.connect(), residence.record()
        stamp = stamp_of(path)
        if way is not None and record is not None and record.stamp == stamp:
            return ResidentWorker(way, record.pid, lock)
        if way is not None:
            _dismiss(way, record)
        residence.clear()
        name = options.name or path.stem
        pid = _start(residence, options.keep_alive)
        kept = Record(name, str(path), pid, time(), options.keep_alive, stamp)
        residence.write_record(kept)
        way = residence.connect()
        if way is None:
            raise ConnectionError("the engine's socket is gone")
        return ResidentWorker(way, pid, lock)
    except BaseException:
        os.close(lock)
        raise


@dataclass(frozen=True, slots=True)
class Resident:
    """A worker that is alive."""

    record: Record
    memory_bytes: int | None
    """What it has resident; None where the system does not say."""
    until: float | None
    """When it ends, in seconds since 1970, unless it is used; None where it is in use."""


def residents(folder: Path) -> list[Resident]:
    """All workers that stay. What those that died have left is cleared away."""
    found = (_look_at(residence) for residence in residences(folder))
    return [resident for resident in found if resident is not None]


def dismiss(folder: Path, pid: int) -> bool:
    """End a worker; whether it ended. One in use is left alone."""
    for residence in residences(folder):
        record = residence.record()
        if record is None or record.pid != pid:
            continue
        lock = residence.lock()
        if lock is None:
            return False
        try:
            way = residence.connect()
            if way is not None:
                _dismiss(way, record)
            residence.clear()
        finally:
            os.close(lock)
        return True
    return False


def _look_at(residence: Residence) -> Resident | None:
    record = residence.record()
    lock = residence.lock()
    try:
        way = residence.connect()
        if way is None or record is None:
            if lock is not None:
                residence.clear()
            return None
        way.close()
        with suppress(OSError):
            used = residence.record_file.stat().st_mtime
            until = used + record.keep_alive if lock is not None else None
            return Resident(record, _memory(record.pid), until)
        return None
    finally:
        if lock is not None:
            os.close(lock)


def _start(residence: Residence, keep_alive: int) -> int:
    """Start a worker on a new socket; its process id.

    It is no child that anybody waits for: it lives on.
    """
    own = [str(residence.folder), residence.name, str(keep_alive)]
    command = [sys.executable, "-c", _BOOT, *own, *filter(None, sys.path)]
    with residence.listen() as listener:
        log_flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        return os.posix_spawn(
            sys.executable,
            command,
            worker_environment(),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, listener.fileno(), 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, str(residence.log_file), log_flags, 0o600),
            ],
            setsid=True,
        )


def _dismiss(way: socket.socket, record: Record | None) -> None:
    """Have a worker end, and wait for it; kill one that does not."""
    deadline = monotonic() + _FAREWELL_S
    with way, suppress(OSError):
        way.sendall(wire.pack({"op": "leave", "id": 1}))
        while (left := deadline - monotonic()) > 0:
            way.settimeout(left)
            if not way.recv(65_536):
                return
    if record is not None:
        _end(record.pid)


def _end(pid: int) -> None:
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    with suppress(OSError):  # it may be nobody's child any more
        os.waitpid(pid, 0)


def _memory(pid: int) -> int | None:
    with suppress(OSError, ValueError):
        text = Path(f"/proc/{pid}/statm").read_text(encoding="ascii")
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return None
