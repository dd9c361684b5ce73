"""Where workers that outlive their caller are found: a lock, a socket and a record for each.

All three are in a folder that only this person can look into, under a name made of the model's, so
that there is one worker for a model. Whoever uses the worker holds the lock; the system gives it
back however they end. A worker takes it before it goes, so that nobody can come in between.
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
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from engine.load_options import LoadOptions
from engine.machine import usable_cores
from engine.models.finding import model_at
from engine.models.summary import write_json

_LONGEST_ADDRESS = 100
"""Bytes of a socket's path that every system takes."""

_PATIENCE_S, _PAUSE_S = 0.05, 0.01
"""How long a lock is waited for: a listing has it for a moment, and so has a worker that goes."""

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

_ENVIRONMENT = ("CUDA_", "GGML_", "GOMP_", "HIP_", "LLAMA_", "OMP_", "ROCR_", "VK_")
"""Beginnings of the names of environment variables that llama.cpp and its libraries look at."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a worker that stays."""

    model: str
    path: str
    pid: int
    since: float
    """When it was started, in seconds of `machine_clock`."""
    used: float
    """When it was last used, on the same clock."""
    keep_alive: int
    """Seconds that it stays from then on, as who used it last wanted."""
    stamp: str
    """See `stamp_of`: with another one it is of no use."""


@dataclass(frozen=True, slots=True)
class Residence:
    """The place of one worker."""

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
        """The lock, held until its descriptor is closed; None where somebody else has it.

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
        """What is known of the worker; None where nothing is."""
        with suppress(OSError, ValueError, TypeError, RecursionError):
            record = Record(**json.loads(self.record_file.read_bytes()))
            if record.pid > 1:  # a signal to another number goes to more than one process
                return record
        return None

    def write_record(self, record: Record) -> None:
        """Put a record in place.

        Raises:
            OSError: If the system refuses.
        """
        write_json(self.record_file, asdict(record))

    def clear(self) -> None:
        """Delete what a worker that is gone has left. Whoever calls has the lock.

        Raises:
            OSError: If the system refuses: then no other worker may come here, as its process would
                be taken for that of the old record.
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
        """The worker's end, which only this person may connect to.

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
    """The place of the worker for a model.

    Args:
        path: Its first file.
        runtime: The folder of all residences.

    Raises:
        OSError: If the folder cannot be made, or is not this person's alone.
    """
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_private(runtime):
        raise PermissionError(
            f"{runtime} is not a folder that only you can look into; delete it, or chmod 700"
        )
    name = hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:16]
    return Residence(runtime, name)


def residences(folder: Path) -> list[Residence]:
    """All places where a worker may be; none in a folder that is not this person's alone."""
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
    """Whether nobody else can look into a folder, or put another one in its place."""
    found, above = folder.lstat(), folder.parent.stat()
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    is_fixed = not above.st_mode & 0o022 or above.st_mode & stat.S_ISVTX
    return bool(
        is_ours and not found.st_mode & 0o077 and is_fixed and above.st_uid in (0, os.geteuid())
    )


def stamp_of(path: Path, options: LoadOptions) -> str:
    """What a worker must have in common with who uses it: program, library, files, how it is loaded
    and what it may compute with.

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
        # Built anew it has the same version.
        [version("llama-cpp-python"), *map(_change, code)],
        [_change(part) for part in model_at(path).parts],
        asdict(replace(options, name=None, keep_alive=0, runtime=None)),
        {name: v for name, v in os.environ.items() if name.startswith(_ENVIRONMENT)},
        [usable_cores(), *sorted(processors)],
    )
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _change(file: Path | str) -> tuple[int, ...]:
    """What is another when a file is: its time of change is not to be set by hand."""
    found = os.stat(file)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def machine_clock() -> float:
    """Seconds since the machine started, asleep or not. All processes have the same, and nobody can
    set it."""
    return time.clock_gettime(_CLOCK)


@contextmanager
def _address(file: Path) -> Iterator[str]:
    """A socket's path, through its folder's descriptor where it is too long for the system."""
    if len(os.fsencode(file)) <= _LONGEST_ADDRESS:
        yield str(file)
        return
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{file.name}"
    finally:
        os.close(folder)
