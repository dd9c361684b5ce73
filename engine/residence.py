"""Where to find a worker that outlives its caller: a lock, a socket and a record on disk.

All three lie in a folder that only its owner can read, under a name derived from the model's path,
so that a model has at most one such worker. A caller holds the lock while it uses the worker, and
the system releases it however the caller dies. A worker takes the lock before it exits, so that
nobody can connect in between.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from engine.load_options import LoadOptions
from engine.machine import usable_cores
from engine.models.finding import model_at
from engine.models.summary import write_json

_LONGEST_ADDRESS = 100
"""Bytes of a socket's path that every system accepts."""

_PATIENCE_S, _PAUSE_S = 0.05, 0.01
"""How long to wait for a lock: a listing holds it for a moment, and so does a worker that exits."""

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

_ENVIRONMENT = ("CUDA_", "GGML_", "GOMP_", "HIP_", "LLAMA_", "OMP_", "ROCR_", "VK_")
"""Prefixes of the environment variables that llama.cpp and its libraries read."""


@dataclass(frozen=True, slots=True)
class Record:
    """What others can learn about a resident worker."""

    model: str
    path: str
    pid: int
    since: float
    """When it was started, in seconds of `machine_clock`."""
    used: float
    """When it was last used, on the same clock."""
    keep_alive: int
    """Seconds that it stays after its last use, as the last caller asked."""
    stamp: str
    """See `stamp_of`: a caller with another stamp cannot use it."""


@dataclass(frozen=True, slots=True)
class Residence:
    """The lock, socket and record of one worker."""

    folder: Path
    name: str

    @property
    def record_file(self) -> Path:
        """JSON."""
        return self.folder / f"{self.name}.json"

    @property
    def socket_file(self) -> Path:
        """What the worker listens on."""
        return self.folder / f"{self.name}.sock"

    @property
    def log_file(self) -> Path:
        """The worker's stderr."""
        return self.folder / f"{self.name}.log"

    def lock(self) -> int | None:
        """Take the lock, until its descriptor is closed; None if somebody else holds it.

        Raises:
            OSError: If the system refuses.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        fd = os.open(self.folder / f"{self.name}.lock", flags, 0o600)
        is_locked = False
        try:
            is_locked = _is_locked_in_time(fd)
        finally:
            if not is_locked:
                os.close(fd)
        return fd if is_locked else None

    def record(self) -> Record | None:
        """The worker's record; None where there is none, or it cannot be read."""
        with suppress(OSError, ValueError, TypeError, RecursionError):
            record = Record(**json.loads(self.record_file.read_bytes()))
            if record.pid > 1:  # a signal to another number goes to more than one process
                return record
        return None

    def write_record(self, record: Record) -> None:
        """Replace the record.

        Raises:
            OSError: If the system refuses.
        """
        write_json(self.record_file, asdict(record))

    def clear(self) -> None:
        """Delete what a dead worker left behind. The caller must hold the lock.

        Raises:
            OSError: If the system refuses: then no other worker may start here, as its process
                would be mistaken for that of the old record.
        """
        for file in (self.socket_file, self.record_file, self.log_file):
            file.unlink(missing_ok=True)

    def connect(self) -> socket.socket | None:
        """A connection to the worker; None where nobody listens."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(_PATIENCE_S)  # else it would wait where too many others do
        try:
            with _address(self.socket_file) as address:
                connection.connect(address)
            connection.settimeout(None)
        except OSError:
            connection.close()
            return None
        return connection

    def listen(self) -> socket.socket:
        """The worker's socket, which only this user may connect to.

        Raises:
            OSError: If the system refuses.
        """
        listener = socket.socket(socket.AF_UNIX)
        try:
            with _address(self.socket_file) as address:
                listener.bind(address)
            self.socket_file.chmod(0o600)
            listener.listen(16)
        except OSError:
            listener.close()
            raise
        return listener


def residence_of(path: Path, runtime: Path) -> Residence:
    """The residence of a model's worker.

    Args:
        path: The model's first file.
        runtime: The folder of all residences.

    Raises:
        OSError: If the folder cannot be made, or others can read it.
    """
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_private(runtime):
        raise PermissionError(
            f"{runtime} is not a folder that only you can open; delete it, or chmod 700"
        )
    name = hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:16]
    return Residence(runtime, name)


def residences(folder: Path) -> list[Residence]:
    """All residences where a worker may be; none in a folder that others can read."""
    with suppress(OSError):
        if _is_private(folder):
            return [Residence(folder, file.stem) for file in sorted(folder.glob("*.json"))]
    return []


def _is_locked_in_time(fd: int) -> bool:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_S)


def _is_private(folder: Path) -> bool:
    """Whether nobody else can read a folder, or put another one in its place."""
    found, above = folder.lstat(), folder.parent.stat()
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    is_fixed = not above.st_mode & 0o022 or above.st_mode & stat.S_ISVTX
    return bool(
        is_ours and not found.st_mode & 0o077 and is_fixed and above.st_uid in (0, os.geteuid())
    )


def stamp_of(path: Path, options: LoadOptions) -> str:
    """A hash of all that a worker and its caller must agree on: program, library, files, loading
    options, environment and processors.

    Args:
        path: The model's first file.
        options: How it is loaded.

    Raises:
        OSError: If the model is not there.
    """
    folder = Path(__file__).parent
    processors = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    library = find_spec("llama_cpp")
    code = [library.origin] if library and library.origin else []
    parts = (
        str(folder),
        [_change(file) for file in sorted(folder.rglob("*.py"))],
        # And not its version: built anew it has the same one.
        [_change(file) for file in code],
        [_change(part) for part in model_at(path).parts],
        asdict(replace(options, name=None, keep_alive=0, runtime=None)),
        {name: v for name, v in os.environ.items() if name.startswith(_ENVIRONMENT)},
        [usable_cores(), *sorted(processors)],
    )
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _change(file: Path | str) -> tuple[int, ...]:
    """Values that change with a file; its ctime cannot be set by hand."""
    found = os.stat(file)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def machine_clock() -> float:
    """Seconds since the machine started, asleep or not: the same in all processes, and not to be
    set."""
    return time.clock_gettime(_CLOCK)


@contextmanager
def _address(file: Path) -> Iterator[str]:
    """A socket's path, through its folder's descriptor if it is too long for the system."""
    if len(os.fsencode(file)) <= _LONGEST_ADDRESS:
        yield str(file)
        return
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{file.name}"
    finally:
        os.close(folder)
