"""The caller's side of a resident worker: find it or start it, use it alone, dismiss it."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from engine import wire
from engine.errors import WorkerFailed
from engine.load_options import LoadOptions
from engine.process import OUTSIDE_SIGNALS, Worker, WorkerKilled, worker_environment
from engine.residence import (
    Record,
    Residence,
    machine_clock,
    residence_of,
    residences,
    stamp_of,
)

_BOOT = (
    "import os, sys; os.closerange(3, 65536); own, sys.path[:] = sys.argv[1:4], sys.argv[4:]; "
    "sys.argv[1:] = own; "
    "from engine.staying import stay; stay()"
)
"""Takes over the parent's import path, without the working directory. Closes inherited files, whose
other ends may be waited for."""

_FAREWELL_S = 10.0
"""How long a dismissed worker may take to save its state."""

_LAST_MOMENT_S = 1.0
"""How long a process may take to exit after it has hung up."""


class ResidentWorker(Worker):
    """A worker that keeps running when its caller leaves."""

    def __init__(self, connection: socket.socket, pid: int, lock: int, log: Path) -> None:
        """Take over the connection and the lock.

        Args:
            connection: To the worker.
            pid: Its process.
            lock: Held while it is in use.
            log: Its stderr.
        """
        self._connection, self._pid, self._lock, self._log = connection, pid, lock, log
        self._is_open, self._is_gone = True, False
        super().__init__(connection.fileno(), connection.fileno())

    @property
    def pid(self) -> int:
        """The process id."""
        return self._pid

    @property
    def is_alive(self) -> bool:
        """Whether it has not hung up."""
        poll = select.poll()
        if self._is_open:
            poll.register(self._connection, 0)
        return self._is_open and not poll.poll(0)

    def leave(self) -> None:
        """Release it for the next caller; it saves its state meanwhile."""
        if self._is_open:
            self._is_open = False
            self._connection.close()
            os.close(self._lock)

    def kill(self) -> None:
        """End the process at once."""
        if self._is_open and not self._is_gone:
            _end(self._pid)
        self.leave()

    def _failed(self) -> WorkerFailed:
        # Its pid may soon be another process's.
        self._is_gone = True
        code = _wait_for_end(self._pid, _LAST_MOMENT_S)
        if code is None or code >= 0 or -code in OUTSIDE_SIGNALS:
            return WorkerKilled("the engine that was kept alive stopped")
        with suppress(OSError):
            self._stderr_tail = self._log.read_bytes()[-4096:]
        return WorkerFailed(
            f"the engine stopped ({signal.Signals(-code).name}){self._last_stderr_line()}"
        )


def attach(path: Path, options: LoadOptions) -> ResidentWorker | None:
    """The worker for a model, started if there is none. A worker with other options, or of another
    program, is ended first, so that its memory is free.

    None where somebody else is using it: a conversation can last for hours, so nobody waits for the
    end of one.

    Raises:
        OSError: If there can be none.
    """
    assert options.runtime is not None
    residence = residence_of(path, Path(options.runtime))
    lock = residence.lock()
    if lock is None:
        return None
    try:
        stamp = stamp_of(path, options)
        connection, record = residence.connect(), residence.record()
        if connection is not None and record is not None and record.stamp == stamp:
            return ResidentWorker(connection, record.pid, lock, residence.log_file)
        if connection is not None:
            _dismiss(connection, record)
        residence.clear()
        now = machine_clock()
        name = options.name or path.stem
        new = Record(name, str(path), 0, now, now, options.keep_alive, stamp)
        connection, pid = _start(residence, new)
        return ResidentWorker(connection, pid, lock, residence.log_file)
    except BaseException:
        os.close(lock)
        raise


@dataclass(frozen=True, slots=True)
class Resident:
    """A resident worker that is alive."""

    record: Record
    memory_bytes: int | None
    """Its resident memory; None where the system does not say."""
    until: float | None
    """When it exits unless it is used, in seconds of `machine_clock`; None while it is in use."""


def residents(folder: Path) -> list[Resident]:
    """All resident workers that are alive. What dead ones left behind is deleted."""
    found = (_look_at(residence) for residence in residences(folder))
    return [resident for resident in found if resident is not None]


def dismiss(folder: Path, pid: int) -> bool:
    """End an idle worker; returns whether it ended."""
    for residence in residences(folder):
        record = residence.record()
        if record is None or record.pid != pid:
            continue
        lock = residence.lock()
        if lock is None:
            return False
        try:
            connection = residence.connect()
            if connection is not None:
                _dismiss(connection, record)
            with suppress(OSError):  # the next caller clears it, or says why not
                residence.clear()
        finally:
            os.close(lock)
        return True
    return False


def _look_at(residence: Residence) -> Resident | None:
    record = residence.record()
    lock = residence.lock()
    if lock is None:  # in use, so alive; it listens to nobody else meanwhile
        return Resident(record, _memory(record.pid), None) if record is not None else None
    try:
        connection = residence.connect()
        if connection is not None:
            connection.close()
        if connection is None or record is None:
            with suppress(OSError):
                residence.clear()
            return None
        return Resident(record, _memory(record.pid), record.used + record.keep_alive)
    finally:
        os.close(lock)


def _start(residence: Residence, record: Record) -> tuple[socket.socket, int]:
    """Start a worker and write its record; returns the connection and the process id. A worker
    without a record is killed, because nobody could find it or end it.

    Raises:
        OSError: If the system refuses.
    """
    pid = None
    try:
        with residence.listen() as listener:
            pid = _spawn(residence, listener, record.keep_alive)
        residence.write_record(replace(record, pid=pid))
        connection = residence.connect()
        if connection is None:
            raise ConnectionError("the engine's socket is gone")
        return connection, pid
    except BaseException:
        if pid is not None:
            _end(pid)
        with suppress(OSError):
            residence.clear()
        raise


def _spawn(residence: Residence, listener: socket.socket, keep_alive: int) -> int:
    """Spawn a process that outlives this one; returns its pid."""
    own = [str(residence.folder), residence.name, str(keep_alive)]
    log_flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-c", _BOOT, *own, *filter(None, sys.path)],
        worker_environment(),
        file_actions=[
            (os.POSIX_SPAWN_DUP2, listener.fileno(), 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, str(residence.log_file), log_flags, 0o600),
        ],
        setsid=True,
    )


def _dismiss(connection: socket.socket, record: Record | None) -> None:
    """Ask a worker to exit and wait for it; kill it if it does not."""
    deadline = monotonic() + _FAREWELL_S
    with connection:
        try:
            connection.settimeout(_FAREWELL_S)
            connection.sendall(wire.pack({"op": "leave", "id": 1}))
            while connection.recv(65_536):
                connection.settimeout(max(0.01, deadline - monotonic()))
        except TimeoutError:
            if record is not None:
                _end(record.pid)
        except OSError:
            pass  # it has just ended
    if record is not None:
        _wait_for_end(record.pid, _LAST_MOMENT_S)


def _end(pid: int) -> None:
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    _wait_for_end(pid, _FAREWELL_S)


def _wait_for_end(pid: int, seconds: float) -> int | None:
    """Wait until a process has exited: only then is its memory free, on a graphics card too.

    Where the system has no pidfd this returns at once: a closed socket has to be enough.

    Returns:
        The exit code of a child, negative for a signal; None of any other process.
    """
    with suppress(AttributeError, OSError), open(os.pidfd_open(pid), closefd=True) as process:
        end = select.poll()
        end.register(process, select.POLLIN)
        end.poll(seconds * 1000)
    with suppress(OSError):  # it may be nobody's child any more
        ended, status = os.waitpid(pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if ended else None
    return None


def _memory(pid: int) -> int | None:
    with suppress(OSError, ValueError):
        text = Path(f"/proc/{pid}/statm").read_text(encoding="ascii")
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return None
