"""The caller's side of a worker process: its frames, its stderr, and its end."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from time import monotonic

from engine import wire
from engine.errors import WorkerFailed

_SILENCE_S = 30.0
"""How long a worker may be silent while a caller waits: it reports as long as it makes progress."""

_FAREWELL_S = 5.0
"""How long a worker may take to save its state before it is killed."""

ENVIRONMENT = {"GOMP_SPINCOUNT": "1000"}
"""llama.cpp's threads wait for each other some thousand times per token. By default they spin so
long that two programs on the same cores slow each other down a hundredfold."""

_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from engine.worker import main; main()"
"""Takes over the parent's import path, so that the working directory is never on it: a folder there
called ``engine`` may be anybody's."""

OUTSIDE_SIGNALS = (signal.SIGHUP, signal.SIGKILL, signal.SIGTERM)
"""Signals that somebody else sends: no failure of llama.cpp ends in one of them."""

_TORN_AWAY = "the model's file was cut off meanwhile, or cannot be read any more"
"""What the system's signal for memory that is mapped from a file means."""

_SOURCE_FOLDER = re.compile(r"^\S*/(?=[^/\s]+:\d+: )")
"""The build machine's folder, in front of the file and line of a failed assertion."""


class WorkerKilled(WorkerFailed):
    """The process was killed from outside: the request is not to blame."""


class Worker(ABC):
    """Sends frames to a worker and receives its own, over pipes or a socket. Not for more than one
    thread at a time."""

    def __init__(self, read_fd: int, write_fd: int, stderr_fd: int | None = None) -> None:
        """Nothing is sent yet.

        Args:
            read_fd: Where its answers come from.
            write_fd: Where requests go.
            stderr_fd: Its stderr, where that is a pipe.
        """
        self._read_fd, self._write_fd, self._stderr_fd = read_fd, write_fd, stderr_fd
        # A worker that does not read must not hold up who could cancel.
        os.set_blocking(write_fd, False)
        self._unsent = bytearray()
        self._stderr_tail = b""
        self._unpacker = wire.Unpacker()
        self._frames: list[wire.Frame] = []
        self._silent_s = 0.0

    @property
    @abstractmethod
    def pid(self) -> int:
        """The process id."""

    @property
    @abstractmethod
    def is_alive(self) -> bool:
        """Whether it can still answer."""

    @abstractmethod
    def leave(self) -> None:
        """Let it go: there are no more requests."""

    @abstractmethod
    def kill(self) -> None:
        """Kill the process."""

    @abstractmethod
    def _failed(self) -> WorkerFailed:
        """Why it has stopped."""

    def send(self, frame: wire.Frame) -> None:
        """Queue one frame. What the pipe has no room for is written while `receive` waits."""
        self._silent_s = 0.0
        self._unsent += wire.pack(frame)
        self._write()

    def receive(self, timeout_ms: int) -> wire.Frame | None:
        """The next frame, or None when there was none in time.

        Raises:
            WorkerFailed: If the process is gone, or hangs.
        """
        waiting = monotonic()
        if not self._frames:
            self._exchange(timeout_ms)
        if self._frames:
            self._silent_s = 0.0
            return self._frames.pop(0)
        # Time in which this process was stopped, and maybe the worker with it, is no silence.
        self._silent_s += min(monotonic() - waiting, timeout_ms / 1000)
        if self._silent_s > _SILENCE_S:
            self.kill()
            raise WorkerFailed(f"the engine hangs: it said nothing for {_SILENCE_S:.0f} s")
        return None

    def receive_answer(self, request_id: int, timeout_ms: int) -> wire.Frame | None:
        """The next frame if it answers that request, or None.

        Raises:
            EngineError: If the worker answered with one, is gone, or hangs.
        """
        frame = self.receive(timeout_ms)
        if frame is None or frame["id"] != request_id:
            return None
        if "failure" in frame:
            raise wire.decode_error(frame)
        return frame

    def _exchange(self, timeout_ms: int) -> None:
        """Wait until it can be read or written, and do that."""
        poll = select.poll()
        wanted = {self._read_fd: select.POLLIN}
        if self._stderr_fd is not None:
            wanted[self._stderr_fd] = select.POLLIN
        if self._unsent:
            wanted[self._write_fd] = wanted.get(self._write_fd, 0) | select.POLLOUT
        for fd, events in wanted.items():
            poll.register(fd, events)
        ready = dict(poll.poll(timeout_ms))
        if self._unsent and self._write_fd in ready:
            self._write()
        if self._stderr_fd in ready:
            self._read_stderr()
        if ready.get(self._read_fd, 0) & ~select.POLLOUT:
            data = self._read()
            if not data:
                raise self._failed()
            self._take(data)

    def _take(self, data: bytes) -> None:
        try:
            self._frames += self._unpacker.feed(data)
        except wire.Garbled as error:
            self.kill()
            raise WorkerFailed(f"the engine sent something unintelligible ({error})") from error

    def _read(self) -> bytes:
        try:
            return os.read(self._read_fd, 65_536)
        except ConnectionResetError:
            return b""

    def _write(self) -> None:
        """Write what is unsent, as far as the pipe has room."""
        try:
            while self._unsent:
                del self._unsent[: os.write(self._write_fd, self._unsent)]
                self._silent_s = 0.0
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            # Nobody reads any more: the end of the answers says why.
            self._unsent.clear()

    def _read_stderr(self) -> bool:
        """Keep the end of its stderr; whether there may be more."""
        assert self._stderr_fd is not None
        data = os.read(self._stderr_fd, 65_536)
        self._stderr_tail = (self._stderr_tail + data)[-4096:]
        return bool(data)

    def _last_stderr_line(self) -> str:
        """The last line of its stderr, where C code says why it aborts."""
        while self._stderr_fd is not None and self._read_stderr():
            pass
        lines = self._stderr_tail.decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f": {_SOURCE_FOLDER.sub('', last)}" if last else ""


class WorkerProcess(Worker):
    """A worker behind pipes that ends with its caller."""

    def __init__(self) -> None:
        """Spawn it, in a session of its own so that Ctrl+C in the terminal does not reach it."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BOOT, *filter(None, sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env=worker_environment(),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin = self._process.stdin
        self._stdout = self._process.stdout
        self._stderr = self._process.stderr
        super().__init__(self._stdout.fileno(), self._stdin.fileno(), self._stderr.fileno())

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def leave(self) -> None:
        """Let the process save its state and exit, and wait for that."""
        self._stdin.close()
        try:
            self._process.wait(_FAREWELL_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill the process and close its pipes."""
        self._process.kill()
        self._process.wait()
        self._stdin.close()
        self._stdout.close()
        self._stderr.close()

    def _failed(self) -> WorkerFailed:
        code = self._process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        if -code in OUTSIDE_SIGNALS:  # what it said last was about something else
            return WorkerKilled(f"the engine stopped ({how})")
        if -code == signal.SIGBUS:
            return WorkerFailed(f"the engine stopped ({how}): {_TORN_AWAY}")
        return WorkerFailed(f"the engine stopped ({how}){self._last_stderr_line()}")


def worker_environment() -> dict[str, str]:
    """The environment variables of a worker process."""
    return {**ENVIRONMENT, **os.environ, "GGML_NO_BACKTRACE": "1"}
