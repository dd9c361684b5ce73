"""Where workers that outlive their caller are found: a lock, a socket and a record for each.

All three are in a folder that only this person can look into, under a name made of the model and of
how it is loaded, so that there is one worker for both. Whoever uses the worker holds the lock; the
system gives it back however they end. A worker takes it before it goes, so that nobody can come in
between.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from engine.models.summary import file_state, write_json
from engine.types import LoadOptions

_LONGEST_ADDRESS = 100
"""Bytes of a socket's path that every system takes."""

_ENVIRONMENT = ("CUDA_", "GGML_", "GOMP_", "HIP_", "LLAMA_", "OMP_", "ROCR_", "VK_")
"""Beginnings of the names of environment variables that llama.cpp and its libraries look at."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a worker that stays."""

    model: str
    path: str
    pid: int
    since: float
    """Seconds since 1970."""
    keep_alive: int
    """Seconds, as who started it wanted."""
    stamp: str
    """Of the program, the library and the model's file: with another one it is of no use."""


@dataclass(frozen=True, slots=True)
class Residence:
    """The place of one worker."""

    folder: Path
    name: str

    @property
    def record_file(self) -> Path:
        """JSON; its time is when the worker was last used."""
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
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return fd

    def record(self) -> Record | None:
        """What is known of the worker; None where nothing is."""
        with suppress(OSError, ValueError, TypeError, RecursionError):
            return Record(**json.loads(self.record_file.read_bytes()))
        return None

    def write_record(self, record: Record) -> None:
        """Put a record in place.

        Raises:
            OSError: If the system refuses.
        """
        write_json(self.record_file, asdict(record))

    def clear(self) -> None:
        """Delete what a worker that is gone has left. Whoever calls has the lock."""
        for file in (self.socket_file, self.record_file, self.log_file):
            with suppress(OSError):
                file.unlink()

    def connect(self) -> socket.socket | None:
        """A way to the worker; None where there is none."""
        way = socket.socket(socket.AF_UNIX)
        try:
            with _address(self.socket_file) as address:
                way.connect(address)
        except OSError:
            way.close()
            return None
        return way

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


def residence_of(path: Path, options: LoadOptions) -> Residence:
    """The place of the worker for a model and a way of loading it.

    Raises:
        OSError: If the folder cannot be made, or is not this person's alone.
    """
    assert options.runtime is not None
    folder = Path(options.runtime)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_private(folder):
        raise PermissionError(f"{folder} is not a folder that only you can look into")
    loading: dict[str, Any] = asdict(replace(options, name=None, keep_alive=0, runtime=None))
    around = {k: v for k, v in os.environ.items() if k.startswith(_ENVIRONMENT)}
    text = json.dumps([os.path.realpath(path), loading, around], sort_keys=True)
    return Residence(folder, hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16])


def residences(folder: Path) -> list[Residence]:
    """All places where a worker may be; none in a folder that is not this person's alone."""
    with suppress(OSError):
        if _is_private(folder):
            return [Residence(folder, file.stem) for file in sorted(folder.glob("*.json"))]
    return []


def _is_private(folder: Path) -> bool:
    """Whether nobody else can look into a folder, or put another one in its place."""
    found, above = folder.lstat(), folder.parent.stat()
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return is_ours and not found.st_mode & 0o077 and above.st_uid in (0, os.geteuid())


def stamp_of(path: Path) -> str:
    """What a worker must have in common with who uses it.

    Raises:
        OSError: If the model is not there.
    """
    folder = Path(__file__).parent
    program = max(file.stat().st_mtime_ns for file in folder.rglob("*.py"))
    return f"{folder} {program} {version('llama-cpp-python')} {file_state(path)}"


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
