"""A worker with a model loaded into it: found or started, loaded, and replaced when it dies."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic

from engine import wire
from engine.errors import EngineError, LoadFailed, WorkerFailed
from engine.gpu_layers import is_about_memory, lower
from engine.load_options import LoadOptions
from engine.models.finding import model_at
from engine.models.summary import summarise
from engine.process import Worker, WorkerKilled, WorkerProcess
from engine.reports import ModelCard
from engine.resident import ResidentWorker, attach
from engine.types import Event, Loading, Notice

_POLL_MS = 50
"""How often a wait for the worker looks whether it was cancelled."""

_CANCEL_GRACE_S = 2.0
"""How long a cancelled worker may go on before it is killed: a GPU batch cannot be interrupted."""


class LoadedWorker:
    """A worker, loading or loaded. For one thread at a time, except `is_cancelled` and `close`."""

    def __init__(
        self,
        path: Path,
        options: LoadOptions,
        start_worker: Callable[[], Worker] = WorkerProcess,
    ) -> None:
        """Start loading; nothing waits for it yet.

        Args:
            path: A GGUF file.
            options: How to put it to work.
            start_worker: Starts a worker that does not outlive its caller.
        """
        self.name = options.name or path.stem
        self.card: ModelCard | None = None
        """None until the weights are loaded."""
        # A plain flag: setting an Event takes a lock that a signal handler could find taken.
        self.is_cancelled = False
        """Set by anyone who no longer wants what this waits for."""
        self._path = path
        self._options = options
        self._start_worker = start_worker
        self._is_closed = False
        self._last_id = 0
        self._worker: Worker | None = None
        self._notices: list[str] = []
        self._layers = 0
        """Layers that the last attempt put onto a graphics card."""
        self._too_many_layers: int | None = None
        self._start()

    @property
    def pid(self) -> int | None:
        """The process id; None where there is no process."""
        return self._worker.pid if self._worker else None

    def loading(self) -> Iterator[Event | None]:
        """Loading events until the weights are loaded, and None whenever none came for a moment. A
        cancel kills the worker: then there is no `card`.

        Raises:
            LoadFailed: If the weights cannot be used.
            WorkerFailed: If it is closed.
        """
        if self._is_closed:
            raise WorkerFailed("the engine is closed")
        try:
            if self._worker is None or not self._worker.is_alive:
                self.discard()
                self._start()
            yield from self._loading_again_where_it_helps()
        except WorkerFailed as error:
            self.discard()
            self._blame_the_file(error)
            raise LoadFailed(f"{self._path.name} cannot be loaded: {error}") from error
        except EngineError:
            self.discard()
            raise

    def send(self, op: str, **values: object) -> int:
        """Send a request; returns the id of the frames that will answer it.

        Raises:
            WorkerFailed: If there is no worker.
        """
        self._last_id += 1
        self._worker_or_fail().send({"op": op, "id": self._last_id, **values})
        return self._last_id

    def frames(self, request_id: int) -> Iterator[wire.Frame]:
        """The frames that answer a request, without end: the caller knows the last one. After a
        cancel they end soon, because a worker that goes on is killed.

        Raises:
            EngineError: If the worker answered with one, or died.
        """
        deadline = None
        while deadline is None or monotonic() < deadline:
            if self.is_cancelled and deadline is None:
                deadline = monotonic() + _CANCEL_GRACE_S
                self._worker_or_fail().send({"op": "cancel", "id": request_id})
            frame = self._worker_or_fail().receive_answer(request_id, _POLL_MS)
            if frame is not None:
                yield frame
        self.discard()

    def take_layers_off(self, failure: WorkerFailed) -> None:
        """Put fewer layers onto a graphics card from the next load on, in later processes too, if
        an answer failed for lack of memory."""
        if isinstance(failure, WorkerKilled) or not is_about_memory(str(failure)):
            return
        if self._options.gpu_layers == "auto" and self._options.layers_file:
            lower(Path(self._options.layers_file), self._path)
        elif self._layers:
            self._too_many_layers = self._layers

    def check(self) -> None:
        """Check that the process still runs, without waiting.

        Raises:
            WorkerFailed: If it has died.
        """
        try:
            while self._worker is not None and not self._worker.is_alive:
                self._worker.receive(_POLL_MS)
        except WorkerFailed:
            self.discard()
            raise

    def discard(self) -> None:
        """Kill the worker; `loading` starts another one."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def let_go(self) -> None:
        """Release a resident worker; `loading` finds one again. Any other stays."""
        if isinstance(self._worker, ResidentWorker):
            worker, self._worker = self._worker, None
            worker.leave()

    def close(self) -> None:
        """Release the worker: it saves its state and, unless resident, exits. From any thread."""
        self._is_closed = True
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.leave()

    def _start(self) -> None:
        self.card = None
        self._worker = self._find_worker()
        options = replace(self._options, too_many_layers=self._too_many_layers)
        self._load_id = self.send("load", path=os.path.abspath(self._path), options=asdict(options))

    def _find_worker(self) -> Worker:
        """A resident worker, if one is wanted and free; else one that ends with us."""
        if self._options.keep_alive:
            try:
                resident = attach(self._path, self._options)
            except OSError as error:
                why = f"{error.strerror}: {error.filename or self._options.runtime}"
                self._notices.append(
                    f"the model cannot be kept alive: {why if error.strerror else error}"
                )
            else:
                if resident is not None:
                    return resident
        return self._start_worker()

    def _loading_again_where_it_helps(self) -> Iterator[Event | None]:
        """As `_until_loaded`, but tries another worker once if a resident one turns out to be dying
        or hung, and fewer layers for as long as llama.cpp aborts: it does when a graphics card is
        out of memory."""
        was_found = isinstance(self._worker, ResidentWorker)
        while self.card is None and self._worker is not None:
            try:
                yield from self._until_loaded()
            except WorkerFailed as error:
                if self._is_closed:
                    raise
                if self._layers and not isinstance(error, WorkerKilled):
                    self._too_many_layers, self._layers = self._layers, 0
                elif not was_found:
                    raise
                was_found = False
                self.discard()
                self._start()

    def _until_loaded(self) -> Iterator[Event | None]:
        while self.card is None:
            if self.is_cancelled:
                self.discard()
                return
            frame = self._worker_or_fail().receive_answer(self._load_id, _POLL_MS)
            if frame is not None and "card" in frame:
                self.card = replace(wire.decode_card(frame["card"]), name=self.name)
                yield from map(Notice, [*self._notices, *self.card.notices])
                self._notices.clear()
            else:
                event = None if frame is None else wire.decode_event(frame)
                if isinstance(event, Loading):
                    self._layers = event.layers
                yield event

    def _blame_the_file(self, failure: WorkerFailed) -> None:
        """Find out what is wrong with a file that llama.cpp aborted over, if its header tells. Only
        done after a failure, as it takes time.

        Raises:
            LoadFailed: If something is wrong with it.
        """
        if isinstance(failure, WorkerKilled) or self._is_closed:
            return
        try:
            summarise(model_at(self._path).parts)
        except LoadFailed as error:
            raise error from failure
        except OSError:
            return  # the file has gone since, which is not why the worker aborted

    def _worker_or_fail(self) -> Worker:
        if self._worker is None:
            raise WorkerFailed("the engine is closed")
        return self._worker
