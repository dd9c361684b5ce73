"""The caller's side of the worker process: starts it, talks to it, and survives its death."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from time import monotonic

from engine import wire
from engine.errors import EngineError, LoadFailed, WorkerFailed
from engine.types import (
    Event,
    Finished,
    FinishReason,
    LoadOptions,
    Message,
    ModelCard,
    Piece,
    Prefill,
    Request,
    SystemReport,
    Timings,
    TokenScore,
    Usage,
)

_POLL_MS = 50
"""How often a wait for the worker looks whether it was cancelled."""

_CANCEL_GRACE_S = 2.0
"""How long a cancelled worker may go on before it is killed: a GPU batch cannot be interrupted."""

_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from engine.worker import main; main()"
"""Takes over the parent's import path, so that the working directory is never on it: a folder there
that happens to be called ``engine`` is not ours."""


_SOURCE_FOLDER = re.compile(r"^\S*/(?=[^/\s]+:\d+: )")
"""The build machine's folder, in front of the file and line of a failed assertion."""


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
            env={**os.environ, "GGML_NO_BACKTRACE": "1"},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin = self._process.stdin
        self._stdout = self._process.stdout
        self._stderr = self._process.stderr
        self._said = b""
        self._unpacker = wire.Unpacker()
        self._frames: list[wire.Frame] = []

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def send(self, frame: wire.Frame) -> None:
        """Write one frame whole.

        Raises:
            WorkerFailed: If nobody reads it any more.
        """
        data = wire.pack(frame)
        try:
            while data:
                data = data[os.write(self._stdin.fileno(), data) :]
        except BrokenPipeError as error:
            raise self._failed() from error

    def receive(self, timeout_ms: int) -> wire.Frame | None:
        """The next frame, or None when there was none in time.

        Raises:
            WorkerFailed: If the process is gone.
        """
        if not self._frames:
            readable = select.poll()
            readable.register(self._stdout, select.POLLIN)
            readable.register(self._stderr, select.POLLIN)
            ready = {fd for fd, _ in readable.poll(timeout_ms)}
            if self._stderr.fileno() in ready:
                self._listen()
            if self._stdout.fileno() in ready:
                data = os.read(self._stdout.fileno(), 65_536)
                if not data:
                    raise self._failed()
                self._frames += self._unpacker.feed(data)
        return self._frames.pop(0) if self._frames else None

    def kill(self) -> None:
        """End the process at once and give its pipes back."""
        self._process.kill()
        self._process.wait()
        self._stdin.close()
        self._stdout.close()
        self._stderr.close()

    def _failed(self) -> WorkerFailed:
        code = self._process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
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


class WorkerEngine:
    """An `Engine` whose weights live in a worker process, started again when it died."""

    def __init__(self, path: Path, options: LoadOptions | None = None) -> None:
        """Start the worker loading; nothing waits for it yet.

        Args:
            path: A GGUF file.
            options: How to put it to work.
        """
        self._path = path
        self._options = options or LoadOptions()
        self._busy = threading.Lock()
        # A plain flag: setting an Event takes a lock that a signal handler could find taken.
        self._cancelled = False
        self._last_id = 0
        self._card: ModelCard | None = None
        self._worker: WorkerProcess | None = None
        self._start()

    @property
    def model_name(self) -> str:
        """See `Engine`."""
        return self._path.stem

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id, while there is one."""
        return self._worker.pid if self._worker else None

    def describe(self) -> ModelCard:
        """See `Engine`."""
        with self._busy:
            return self._wait_for_card()

    def count(self, messages: Sequence[Message]) -> int:
        """See `Engine`."""
        return int(self._ask("count", messages=wire.encode_messages(tuple(messages)))["count"])

    def score(self, messages: Sequence[Message], text: str) -> tuple[TokenScore, ...]:
        """See `Engine`."""
        values = {"messages": wire.encode_messages(tuple(messages)), "text": text}
        return wire.decode_scores(self._ask("score", **values)["scores"])

    def stream(self, request: Request) -> Generator[Event, None, None]:
        """See `Engine`."""
        self._cancelled = False
        return self._events(request)

    def _events(self, request: Request) -> Generator[Event, None, None]:
        with self._busy:
            answered = False
            # Twice where the worker turns out to have died since the last answer.
            for is_last in (False, True):
                if not answered:
                    yield from self._loading()
                    answered = yield from self._answer(request, is_last)

    def cancel(self) -> None:
        """See `Engine`. Only raises a flag: the thread that waits for the answer acts on it, so a
        frame that is being written is never cut in two."""
        self._cancelled = True

    def close(self) -> None:
        """See `Engine`."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def _ask(self, op: str, **values: object) -> wire.Frame:
        """The one frame that answers a request."""
        with self._busy:
            self._wait_for_card()
            request_id = self._send(op, **values)
            while True:
                frame = self._receive(request_id)
                if frame is not None:
                    return frame

    def _start(self) -> None:
        self._card = None
        self._worker = WorkerProcess()
        self._load_id = self._send("load", path=str(self._path), options=asdict(self._options))

    def _wait_for_card(self) -> ModelCard:
        self._cancelled = False
        for _ in self._loading():
            pass
        if self._card is None:
            raise WorkerFailed("loading was cancelled")
        return self._card

    def _loading(self) -> Iterator[Event]:
        """Loading events until the weights are there. A cancel kills the worker instead."""
        if self._worker is None or not self._worker.is_alive:
            self.close()
            self._start()
        try:
            while self._card is None:
                if self._cancelled:
                    self.close()
                    return
                frame = self._receive(self._load_id)
                if frame is not None and "card" in frame:
                    self._card = wire.decode_card(frame["card"])
                elif frame is not None:
                    yield wire.decode_event(frame)
        except WorkerFailed as error:
            self.close()
            raise LoadFailed(f"{self._path.name} cannot be loaded: {error}") from error
        except EngineError:
            self.close()
            raise

    def _answer(self, request: Request, is_last: bool) -> Generator[Event, None, bool]:
        """Yields the events of an answer; returns whether there was one.

        There is none where the worker died before it said anything, and this is not the last try.
        """
        if self._worker is None:
            yield _finished("cancelled")
            return True
        prompt_tokens = pieces = request_id = 0
        heard = False
        ended = True
        try:
            request_id = self._send("stream", request=wire.encode_request(request))
            ended = False
            for frame in self._until_cancelled(request_id):
                heard = True
                event = wire.decode_event(frame)
                ended = isinstance(event, Finished)
                if isinstance(event, Prefill):
                    prompt_tokens = event.total
                pieces += isinstance(event, Piece)
                yield event
                if ended:
                    return True
            ended = True
            yield _finished("cancelled", Usage(prompt_tokens, pieces))
        except WorkerFailed as error:
            ended = True
            self.close()
            if not heard and not is_last:
                return False
            yield _finished("error", Usage(prompt_tokens, pieces), str(error))
        except EngineError:
            ended = True
            raise
        finally:
            if not ended:
                self._drain(request_id)
        return True

    def _until_cancelled(self, request_id: int) -> Iterator[wire.Frame]:
        """Frames of one request. Ends early only by killing a worker that a cancel did not stop."""
        deadline = None
        while deadline is None or monotonic() < deadline:
            if self._cancelled and deadline is None:
                deadline = monotonic() + _CANCEL_GRACE_S
                self._worker_or_fail().send({"op": "cancel", "id": request_id})
            frame = self._receive(request_id)
            if frame is not None:
                yield frame
        self.close()

    def _drain(self, request_id: int) -> None:
        """End a request whose events nobody reads any more."""
        if self._cancelled:
            # It was cancelled before, and somebody lost patience.
            self.close()
            return
        self._cancelled = True
        try:
            for frame in self._until_cancelled(request_id):
                if frame.get("event") == "finished":
                    return
        except EngineError:
            self.close()

    def _send(self, op: str, **values: object) -> int:
        self._last_id += 1
        self._worker_or_fail().send({"op": op, "id": self._last_id, **values})
        return self._last_id

    def _receive(self, request_id: int) -> wire.Frame | None:
        """A frame that answers the request, if one came within the poll's time.

        Raises:
            EngineError: The one that the worker answered with.
        """
        frame = self._worker_or_fail().receive(_POLL_MS)
        if frame is None or frame["id"] != request_id:
            return None
        if "failure" in frame:
            raise wire.decode_error(frame)
        return frame

    def _worker_or_fail(self) -> WorkerProcess:
        if self._worker is None:
            raise WorkerFailed("the engine is closed")
        return self._worker


def system_report() -> SystemReport:
    """What the llama.cpp that a worker would use is built with.

    Raises:
        WorkerFailed: If it cannot even be imported.
    """
    worker = WorkerProcess()
    try:
        worker.send({"op": "system", "id": 1})
        while True:
            frame = worker.receive(_POLL_MS)
            if frame is not None:
                return SystemReport(**frame["system"])
    finally:
        worker.kill()


def _finished(
    reason: FinishReason, usage: Usage | None = None, error: str | None = None
) -> Finished:
    return Finished(reason, usage or Usage(0, 0), Timings(0.0, 0.0), error)
