"""One worker process and its pipes: started, talked to, listened to, ended."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from time import monotonic

from engine import wire
from engine.errors import WorkerFailed

_SILENCE_S = 30.0
"""How long a worker may say nothing while it is waited for. It says so while it makes progress."""

_FAREWELL_S = 5.0
"""How long a worker may take to save its state when it is not needed any more."""

ENVIRONMENT = {"GOMP_SPINCOUNT": "1000"}
"""llama.cpp's threads wait for each other some thousand times per token. By default they spin so
long that two programs at work on the same cores slow each other a hundredfold."""

_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from engine.worker import main; main()"
"""Takes over the parent's import path, so that the working directory is never on it: a folder there
that happens to be called ``engine`` is not ours."""


_FROM_OUTSIDE = (signal.SIGHUP, signal.SIGKILL, signal.SIGTERM)

_SOURCE_FOLDER = re.compile(r"^\S*/(?=[^/\s]+:\d+: )")
"""The build machine's folder, in front of the file and line of a failed assertion."""


class WorkerKilled(WorkerFailed):
    """Somebody else ended the process: it is no fault of what it was asked."""


class WorkerProcess:
    """One worker process and its pipes. Not for more than one thread at a time."""

    def __init__(self) -> None:
        """Spawn it, in a session of its own so that Ctrl+C in the terminal does not reach it."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BOOT, *filter(None, sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env={**ENVIRONMENT, **os.environ, "GGML_NO_BACKTRACE": "1"},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin = self._process.stdin
        self._stdout = self._process.stdout
        self._stderr = self._process.stderr
        # A worker that does not read must not hold up who could cancel.
        os.set_blocking(self._stdin.fileno(), False)
        self._unsent = bytearray()
        self._said = b""
        self._unpacker = wire.Unpacker()
        self._frames: list[wire.Frame] = []
        self._silent_s = 0.0

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def send(self, frame: wire.Frame) -> None:
        """Take one frame. What the pipe has no room for is written while `receive` waits."""
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
        self._silent_s += monotonic() - waiting
        if self._silent_s > _SILENCE_S:
            self._process.kill()
            raise WorkerFailed(f"the engine hangs: it said nothing for {_SILENCE_S:.0f} s")
        return None

    def leave(self) -> None:
        """Let the process save what it wants to and end, and wait for that."""
        self._stdin.close()
        try:
            self._process.wait(_FAREWELL_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self.kill()

    def kill(self) -> None:
        """End the process at once and give its pipes back."""
        self._process.kill()
        self._process.wait()
        self._stdin.close()
        self._stdout.close()
        self._stderr.close()

    def _exchange(self, timeout_ms: int) -> None:
        """Wait for any of the pipes, and read or write what it has room for."""
        pipes = select.poll()
        pipes.register(self._stdout, select.POLLIN)
        pipes.register(self._stderr, select.POLLIN)
        if self._unsent:
            pipes.register(self._stdin, select.POLLOUT)
        ready = {fd for fd, _ in pipes.poll(timeout_ms)}
        if self._stdin.fileno() in ready:
            self._write()
        if self._stderr.fileno() in ready:
            self._listen()
        if self._stdout.fileno() in ready:
            data = os.read(self._stdout.fileno(), 65_536)
            if not data:
                raise self._failed()
            self._frames += self._unpacker.feed(data)

    def _write(self) -> None:
        """Write what is unsent, as far as the pipe has room."""
        try:
            while self._unsent:
                del self._unsent[: os.write(self._stdin.fileno(), self._unsent)]
                self._silent_s = 0.0
        except BlockingIOError:
            pass
        except BrokenPipeError:
            # Nobody reads any more: the end of the answers says why.
            self._unsent.clear()

    def _failed(self) -> WorkerFailed:
        code = self._process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        if -code in _FROM_OUTSIDE:  # what it said last was about something else
            return WorkerKilled(f"the engine stopped ({how})")
        return WorkerFailed(f"the engine stopped ({how}){self._last_words()}")

    def _listen(self) -> bool:
        """Remember the end of what it says on stderr; whether it says anything more."""
        data = os.read(self._stderr.fileno(), 65_536)
        self._said = (self._said + data)[-4096:]
        return bool(data)

    def _last_words(self) -> str:
        """The last line on its stderr, where C code says why it aborts."""
        while self._listen():
            pass
        lines = self._said.decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f": {_SOURCE_FOLDER.sub('', last)}" if last else ""
