"""The process that owns llama.cpp: it reads requests from one pipe and writes events to another.

llama.cpp aborts its process when an assertion fails, prints to fds 1 and 2, and blocks for as
long as a batch takes. In a process of its own none of that reaches the terminal or the
conversation.
"""

from __future__ import annotations

import os
import queue
import resource
import signal
import threading
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from time import sleep

from llama_cpp import llama_cpp as ll

from engine import wire
from engine.abort import AbortFlag
from engine.devices import backends, devices
from engine.errors import EngineError, LoadFailed, WorkerFailed
from engine.formatting.inspection import inspect_template
from engine.inference import Inference
from engine.load_options import LoadOptions
from engine.loading import load
from engine.native_log import NativeLog
from engine.quantizing import QuantizeTask, quantize
from engine.reports import ModelCard
from engine.types import Loading

_BEAT_S = 1.0
"""How often a worker that is at work says so."""

_IDLE_S = 1.0
"""How long nothing is asked before snapshots are written."""

_LAST_SECONDS = 10.0
"""How long the process may live on without a parent, to write them."""


_OPERATIONS = frozenset(
    {
        *("cancel", "count", "inspect", "leave", "load"),
        *("quantize", "score", "stream", "system", "variants"),
    }
)


def _operation(frame: wire.Frame) -> str:
    """What a request asks for.

    Raises:
        Garbled: If it is none.
    """
    operation = frame.get("op")
    if operation not in _OPERATIONS or not isinstance(frame.get("id"), int):
        raise wire.Garbled("that is no request")
    return str(operation)


class Pipes:
    """The two ends that the process talks through."""

    def __init__(self, requests: int, answers: int) -> None:
        """Take two file descriptors over; they may be one."""
        self._requests, self._answers = requests, answers
        self._writing = threading.Lock()
        self._is_read = True

    def read_into(self, frames: queue.SimpleQueue[wire.Frame | None], abort: AbortFlag) -> None:
        """Queue requests as they come, and act on a cancel at once.

        None is put at the end of the pipe: then the caller is gone.
        """
        unpacker = wire.Unpacker()
        # Who says something else than requests is no caller.
        with suppress(wire.Garbled):
            while data := self._read():
                for frame in unpacker.feed(data):
                    if _operation(frame) == "cancel":
                        abort.cancel(frame["id"])
                    else:
                        frames.put(frame)
        abort.cancel_everything()
        frames.put(None)

    def _read(self) -> bytes:
        try:
            return os.read(self._requests, 65_536)
        except ConnectionResetError:
            return b""

    def write(self, frame: wire.Frame) -> None:
        """Send a frame whole, as long as anybody reads."""
        data = wire.pack(frame)
        with self._writing:
            try:
                while data and self._is_read:
                    data = data[os.write(self._answers, data) :]
            except (BrokenPipeError, ConnectionResetError):
                self._is_read = False

    def close(self) -> None:
        """Give the ends back; what is written from now on goes nowhere."""
        with self._writing:
            self._is_read = False
            for fd in {self._requests, self._answers}:
                os.close(fd)


def pipes_of_process() -> Pipes:
    """The process's own, off fds 0 and 1: whatever C code prints goes to the file on fd 2."""
    pipes = Pipes(os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return pipes


class Worker:
    """Carries out one request after another."""

    def __init__(self, pipes: Pipes, abort: AbortFlag) -> None:
        self.pipes = pipes
        self.options: LoadOptions | None = None
        """Those of the last request to load."""
        self.is_dismissed = False
        """Whether it was asked to end."""
        self._card: ModelCard | None = None
        self._abort = abort
        self._log = NativeLog(lambda text: os.write(2, text))
        self._inference: Inference | None = None
        self._is_busy = self._is_saving = self._is_quantizing = False

    def serve(
        self, frames: queue.SimpleQueue[wire.Frame | None], first_within: float | None = None
    ) -> None:
        """Answer frames until None comes; write snapshots when nothing else is to do.

        Args:
            frames: What was asked.
            first_within: Seconds that the first one may take; None waits for ever.
        """
        frame = None
        with suppress(queue.Empty):
            frame = frames.get(timeout=first_within)
        while frame is not None:
            self._is_busy = True
            self._handle(frame)
            self._is_busy = False
            frame = None if self.is_dismissed else self._next(frames)
        self._save()

    def beat(self) -> None:
        """Say again and again that there is progress, for as long as there is."""
        polls = 0
        while True:
            sleep(_BEAT_S)
            if (
                self._is_saving
                or self._is_quantizing
                or self._is_formatting
                or (self._is_busy and self._abort.polls != polls)
            ):
                polls = self._abort.polls
                self.pipes.write({"id": 0, "beat": polls})

    @property
    def _is_formatting(self) -> bool:
        return self._inference is not None and self._inference.is_formatting

    def _next(self, frames: queue.SimpleQueue[wire.Frame | None]) -> wire.Frame | None:
        if self._inference is not None and self._inference.has_unsaved:
            try:
                return frames.get(timeout=_IDLE_S)
            except queue.Empty:
                self._save()
        return frames.get()

    def _save(self) -> None:
        if self._inference is None:
            return
        self._is_saving = True
        try:
            self._inference.save()
        except Exception as error:  # noqa: BLE001  a snapshot is only ever a shortcut
            os.write(2, f"no snapshot was written: {error}\n".encode(errors="replace"))
        self._is_saving = False

    def _handle(self, frame: wire.Frame) -> None:
        """Answer one frame; every failure is an answer too."""
        request_id = frame["id"]
        self._abort.begin(request_id)
        operation = getattr(self, f"_{frame['op']}")
        try:
            operation(request_id, frame)
        except EngineError as error:
            self.pipes.write({"id": request_id, **wire.encode_error(error)})
        except Exception as error:  # noqa: BLE001  the worker's boundary: the caller gets every failure
            failed = WorkerFailed(f"the engine failed: {type(error).__name__}: {error}")
            self.pipes.write({"id": request_id, **wire.encode_error(failed)})

    def _system(self, request_id: int, _frame: wire.Frame) -> None:
        report = {
            "llama_cpp": ll.llama_version().decode(errors="replace"),
            "binding": version("llama-cpp-python"),
            "features": ll.llama_print_system_info().decode(errors="replace"),
            "gpu_offload": bool(ll.llama_supports_gpu_offload()),
            "backends": backends(),
            "devices": [asdict(device) for device in devices()],
        }
        self.pipes.write({"id": request_id, "system": report})

    def _inspect(self, request_id: int, frame: wire.Frame) -> None:
        report = inspect_template(frame["template"], frame["specials"])
        self.pipes.write({"id": request_id, "report": asdict(report)})

    def _quantize(self, request_id: int, frame: wire.Frame) -> None:
        def progress(fraction: float) -> None:
            self.pipes.write({"id": request_id, "progress": fraction})

        # A large tensor takes minutes, and says nothing meanwhile.
        self._is_quantizing = True
        try:
            quantize(QuantizeTask(**frame["task"]), self._log, progress)
        finally:
            self._is_quantizing = False
        self.pipes.write({"id": request_id, "done": True})

    def _load(self, request_id: int, frame: wire.Frame) -> None:
        shown = -1.0

        def progress(fraction: float, layers: int) -> bool:
            nonlocal shown
            self._abort.polls += 1
            if abs(fraction - shown) >= 0.02:
                shown = fraction
                event = wire.encode_event(Loading(fraction, layers))
                self.pipes.write({"id": request_id, **event})
            return not self._abort.ends_everything

        self.options = LoadOptions(**frame["options"])
        if self._inference is None:
            self._inference, self._card = load(
                frame["path"], self.options, self._log, progress, self._abort
            )
        assert self._card is not None
        self.pipes.write({"id": request_id, "card": wire.encode_card(self._card)})

    def _leave(self, _request_id: int, _frame: wire.Frame) -> None:
        self.is_dismissed = True

    def _count(self, request_id: int, frame: wire.Frame) -> None:
        count = self._loaded().count(wire.decode_messages(frame["messages"]))
        self.pipes.write({"id": request_id, "count": count})

    def _score(self, request_id: int, frame: wire.Frame) -> None:
        messages = wire.decode_messages(frame["messages"])
        scores = self._loaded().score(messages, frame["text"], frame["after"])
        self.pipes.write({"id": request_id, "scores": [asdict(score) for score in scores]})

    def _variants(self, request_id: int, frame: wire.Frame) -> None:
        messages = wire.decode_messages(frame["messages"])
        found = self._loaded().variants(messages, frame["text"], frame["within"], frame["most"])
        self.pipes.write({"id": request_id, "variants": found})

    def _stream(self, request_id: int, frame: wire.Frame) -> None:
        for event in self._loaded().answer(wire.decode_request(frame["request"])):
            self.pipes.write({"id": request_id, **wire.encode_event(event)})

    def _loaded(self) -> Inference:
        if self._inference is None:
            raise LoadFailed("no weights are loaded")
        return self._inference


def prepare_process() -> None:
    """What holds for a worker of either kind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # An abort must not leave the conversation and gigabytes beside it in the working directory.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Serve until the parent closes the pipe."""
    prepare_process()
    pipes = pipes_of_process()
    abort = AbortFlag()
    frames: queue.SimpleQueue[wire.Frame | None] = queue.SimpleQueue()
    worker = Worker(pipes, abort)

    def read() -> None:
        pipes.read_into(frames, abort)
        # The parent is gone, and soon this process is too.
        sleep(_LAST_SECONDS)
        os._exit(1)

    for task in (read, worker.beat):
        threading.Thread(target=task, daemon=True).start()
    worker.serve(frames)
    # Taking llama.cpp down in order takes time that nobody has any more.
    os._exit(0)
