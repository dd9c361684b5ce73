"""The process that owns llama.cpp: it reads requests from one pipe and writes events to another.

llama.cpp aborts its process when an assertion fails, prints to fds 1 and 2, and blocks for as
long as a batch takes. In a process of its own none of that reaches the terminal or the
conversation.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from llama_cpp import llama_cpp as ll

from engine import wire
from engine.chatformat import ChatFormat, Formatted, plain
from engine.context import AbortFlag, Context
from engine.decode import Answer
from engine.errors import EngineError, LoadFailed, TemplateFailed, WorkerFailed
from engine.machine import available_memory, usable_cores
from engine.types import Loading, LoadOptions, Notice, Request
from engine.weights import NativeLog, Weights

_BATCH_TOKENS = 512
_SMALLEST_CONTEXT = 512


class Pipes:
    """The two ends that this process talks through, with fds 0, 1 and 2 out of harm's way."""

    def __init__(self) -> None:
        """Move the pipes off fds 0 and 1: whatever C code prints goes to the file on fd 2."""
        self._requests = os.dup(0)
        self._answers = os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)

    def read_into(self, frames: queue.SimpleQueue[wire.Frame], abort: AbortFlag) -> None:
        """Queue requests as they come, and act on a cancel at once. Ends the process at the end
        of the pipe: then the parent is gone."""
        unpacker = wire.Unpacker()
        while data := os.read(self._requests, 65_536):
            for frame in unpacker.feed(data):
                if frame["op"] == "cancel":
                    abort.cancelled = frame["id"]
                else:
                    frames.put(frame)
        os._exit(0)

    def write(self, frame: wire.Frame) -> None:
        """Send a frame whole."""
        data = wire.pack(frame)
        try:
            while data:
                data = data[os.write(self._answers, data) :]
        except BrokenPipeError:
            os._exit(0)


class Worker:
    """Carries out one request after another."""

    def __init__(self, pipes: Pipes, abort: AbortFlag) -> None:
        self._pipes = pipes
        self._abort = abort
        self._log = NativeLog(lambda text: os.write(2, text))
        self._weights: Weights | None = None
        self._context: Context | None = None
        self._template: str | None = None
        self._format: ChatFormat | None = None

    def handle(self, frame: wire.Frame) -> None:
        """Answer one frame; every failure is an answer too."""
        self._abort.current = request_id = frame["id"]
        operation = getattr(self, f"_{frame['op']}")
        try:
            operation(request_id, frame)
        except EngineError as error:
            self._pipes.write({"id": request_id, **wire.encode_error(error)})
        except Exception as error:  # noqa: BLE001  the worker's boundary: the caller gets every failure
            failed = WorkerFailed(f"the engine failed: {type(error).__name__}: {error}")
            self._pipes.write({"id": request_id, **wire.encode_error(failed)})

    def _system(self, request_id: int, _frame: wire.Frame) -> None:
        report = {
            "llama_cpp": ll.llama_version().decode(errors="replace"),
            "binding": version("llama-cpp-python"),
            "features": ll.llama_print_system_info().decode(errors="replace"),
            "gpu_offload": bool(ll.llama_supports_gpu_offload()),
        }
        self._pipes.write({"id": request_id, "system": report})

    def _load(self, request_id: int, frame: wire.Frame) -> None:
        options = LoadOptions(**frame["options"])
        shown = -1.0

        def progress(fraction: float) -> bool:
            nonlocal shown
            if fraction - shown >= 0.02:
                shown = fraction
                self._pipes.write({"id": request_id, **wire.encode_event(Loading(fraction))})
            return True  # nobody cancels a load but by ending this process

        ll.llama_backend_init()
        weights = Weights(
            Path(frame["path"]), gpu_layers=options.gpu_layers, log=self._log, progress=progress
        )
        self._context = Context(
            weights,
            limit=options.n_ctx or _context_limit(weights),
            threads=options.threads or usable_cores(),
            n_batch=_BATCH_TOKENS,
            abort=self._abort,
        )
        self._weights = weights
        self._template = options.chat_template or weights.chat_template
        card = weights.card(self._context.limit)
        self._pipes.write({"id": request_id, "card": wire.encode_card(card)})

    def _count(self, request_id: int, frame: wire.Frame) -> None:
        prompt = self._prompt(Request(wire.decode_messages(frame["messages"])))
        self._pipes.write({"id": request_id, "count": len(prompt.tokens)})

    def _stream(self, request_id: int, frame: wire.Frame) -> None:
        arrived = perf_counter()
        request = wire.decode_request(frame["request"])
        weights, context = self._loaded()
        prompt = self._prompt(request)
        for notice in prompt.notices:
            self._pipes.write({"id": request_id, **wire.encode_event(Notice(notice))})
        answer = Answer(weights, context, request, prompt.tokens, arrived)
        for event in answer.events():
            self._pipes.write({"id": request_id, **wire.encode_event(event)})

    def _loaded(self) -> tuple[Weights, Context]:
        if self._weights is None or self._context is None:
            raise LoadFailed("no weights are loaded")
        return self._weights, self._context

    def _prompt(self, request: Request) -> Formatted:
        weights, _ = self._loaded()
        if not request.messages:
            return plain(request.prefill, weights)
        if self._template is None:
            raise TemplateFailed(
                f"{weights.path.stem} has no chat template: give one with --chat-template FILE, "
                "or complete plain text with --raw"
            )
        self._format = self._format or ChatFormat(self._template, weights)
        return self._format.format(request.messages, prefill=request.prefill, think=request.think)


def _context_limit(weights: Weights) -> int:
    """The trained context, or as much of it as half of the memory left beside the weights holds."""
    spare = max(0, available_memory() - weights.size_bytes) // 2
    fits = spare // max(1, weights.kv_bytes_per_token())
    return max(_SMALLEST_CONTEXT, min(weights.n_ctx_train, fits))


def main() -> None:
    """Serve until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipes = Pipes()
    abort = AbortFlag()
    frames: queue.SimpleQueue[wire.Frame] = queue.SimpleQueue()
    threading.Thread(target=pipes.read_into, args=(frames, abort), daemon=True).start()
    worker = Worker(pipes, abort)
    while True:
        worker.handle(frames.get())
