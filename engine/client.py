"""The caller's side of the worker process: starts it, talks to it, and survives its death."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic

from engine import wire
from engine.answer_progress import AnswerProgress
from engine.errors import EngineError, LoadFailed, WorkerFailed
from engine.gpu_layers import is_about_memory, lower
from engine.load_options import LoadOptions
from engine.models.finding import model_at
from engine.models.summary import summarise
from engine.process import Worker, WorkerKilled, WorkerProcess
from engine.reports import ModelCard
from engine.resident import ResidentWorker, attach
from engine.types import Event, Loading, Message, Notice, Request, TokenScore

_POLL_MS = 50
"""How often a wait for the worker looks whether it was cancelled."""

_CANCEL_GRACE_S = 2.0
"""How long a cancelled worker may go on before it is killed: a GPU batch cannot be interrupted."""


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
        self._is_closed = False
        self._last_id = 0
        self._card: ModelCard | None = None
        self._worker: Worker | None = None
        self._notices: list[str] = []
        self._layers = 0
        """Those that were last put onto a graphics card."""
        self._too_many_layers: int | None = None
        self._start()

    @property
    def model_name(self) -> str:
        """See `Engine`."""
        return self._options.name or self._path.stem

    @property
    def card(self) -> ModelCard | None:
        """See `Engine`."""
        return self._card

    @property
    def host(self) -> None:
        """See `Engine`."""
        return None

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id, while there is one."""
        return self._worker.pid if self._worker else None

    def describe(self) -> ModelCard:
        """See `Engine`."""
        with self._busy:
            return self._wait_for_card()

    def load(self) -> Generator[Event, None, None]:
        """See `Engine`."""
        last: Event = Loading(0.0)
        with self._busy:
            self._cancelled = False
            for event in self._loading():
                last = event or last
                yield last

    def count(self, messages: Sequence[Message]) -> int:
        """See `Engine`."""
        return int(self._ask("count", messages=wire.encode_messages(tuple(messages)))["count"])

    def score(
        self, messages: Sequence[Message], text: str, *, after: str = ""
    ) -> tuple[TokenScore, ...]:
        """See `Engine`."""
        values = {"messages": wire.encode_messages(tuple(messages)), "text": text, "after": after}
        return wire.decode_scores(self._ask("score", **values)["scores"])

    def variants(
        self, messages: Sequence[Message], text: str, *, within: float, most: int = 16
    ) -> tuple[str, ...]:
        """See `Engine`."""
        values = {"messages": wire.encode_messages(tuple(messages)), "text": text}
        return tuple(self._ask("variants", **values, within=within, most=most)["variants"])

    def stream(self, request: Request) -> Generator[Event, None, None]:
        """See `Engine`."""
        self._cancelled = False
        return self._events(request)

    def _events(self, request: Request) -> Generator[Event, None, None]:
        with self._busy:
            answered = False
            # Twice where the worker turns out to have been killed since the last answer.
            for is_last in (False, True):
                if not answered:
                    yield from filter(None, self._loading())
                    answered = yield from self._answer(request, is_last)

    def cancel(self) -> None:
        """See `Engine`. Only raises a flag: the thread that waits for the answer acts on it, so a
        frame that is being written is never cut in two."""
        self._cancelled = True

    def check(self) -> None:
        """See `Engine`."""
        if self._card is None or not self._busy.acquire(blocking=False):
            # Whoever waits for it hears of it.
            return
        try:
            while self._worker is not None and not self._worker.is_alive:
                self._worker.receive(_POLL_MS)
        except WorkerFailed:
            self._discard()
            raise
        finally:
            self._busy.release()

    def close(self) -> None:
        """See `Engine`."""
        self._is_closed = True
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.leave()

    def _discard(self) -> None:
        """End a worker that is of no use any more."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def _ask(self, op: str, **values: object) -> wire.Frame:
        """The one frame that answers a request."""
        with self._busy:
            self._wait_for_card()
            for frame in self._until_cancelled(self._send(op, **values)):
                return frame
            raise WorkerFailed("it was cancelled")

    def _start(self) -> None:
        self._card = None
        self._worker = self._find_worker()
        options = replace(self._options, too_many_layers=self._too_many_layers)
        self._load_id = self._send(
            "load", path=os.path.abspath(self._path), options=asdict(options)
        )

    def _find_worker(self) -> Worker:
        """One that stays, where that is wanted and it is free; else one of our own."""
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
        return WorkerProcess()

    def _wait_for_card(self) -> ModelCard:
        self._cancelled = False
        for _ in self._loading():
            pass
        if self._card is None:
            raise WorkerFailed("loading was cancelled")
        return self._card

    def _loading(self) -> Iterator[Event | None]:
        """Loading events until the weights are there, and None where nothing came for a moment. A
        cancel kills the worker instead."""
        if self._is_closed:
            raise WorkerFailed("the engine is closed")
        try:
            if self._worker is None or not self._worker.is_alive:
                self._discard()
                self._start()
            yield from self._in_the_end_loaded()
        except WorkerFailed as error:
            self._discard()
            self._blame_the_file(error)
            raise LoadFailed(f"{self._path.name} cannot be loaded: {error}") from error
        except EngineError:
            self._discard()
            raise

    def _blame_the_file(self, failure: WorkerFailed) -> None:
        """Say what is wrong with a file that llama.cpp aborted over, where its head tells. Nobody
        waits for that where there is nothing wrong.

        Raises:
            LoadFailed: If something is.
        """
        if isinstance(failure, WorkerKilled) or self._is_closed:
            return
        try:
            summarise(model_at(self._path).parts)
        except LoadFailed as error:
            raise error from failure
        except OSError:
            return  # it is gone, and that is not why

    def _in_the_end_loaded(self) -> Iterator[Event | None]:
        """As `_until_loaded`, once more by another worker where the one that was found was just
        ending, or has hung for who knows how long; and with fewer layers on a graphics card as
        long as llama.cpp aborts, as it does where one has no memory left."""
        was_found = isinstance(self._worker, ResidentWorker)
        while self._card is None and self._worker is not None:
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
                self._discard()
                self._start()

    def _until_loaded(self) -> Iterator[Event | None]:
        while self._card is None:
            if self._cancelled:
                self._discard()
                return
            frame = self._receive(self._load_id)
            if frame is not None and "card" in frame:
                self._card = replace(wire.decode_card(frame["card"]), name=self.model_name)
                yield from map(Notice, [*self._notices, *self._card.notices])
                self._notices.clear()
            else:
                event = None if frame is None else wire.decode_event(frame)
                if isinstance(event, Loading):
                    self._layers = event.layers
                yield event

    def _answer(self, request: Request, is_last: bool) -> Generator[Event, None, bool]:
        """Yields the events of an answer; returns whether there was one.

        There is none where the worker was killed before it said anything, and this is not the last
        try. One that aborts or hangs would do so again.
        """
        progress = AnswerProgress(request.alternatives)
        if self._worker is None:
            yield from progress.ended("cancelled")
            return True
        request_id = 0
        ended = True
        try:
            request_id = self._send("stream", request=wire.encode_request(request))
            ended = False
            for frame in self._until_cancelled(request_id):
                event = wire.decode_event(frame)
                ended = progress.follow(event)
                yield event
                if ended:
                    return True
            ended = True
            yield from progress.ended("cancelled")
        except WorkerFailed as error:
            ended = True
            self._discard()
            if isinstance(error, WorkerKilled) and not (progress.heard or is_last):
                return False
            self._take_layers_off(error)
            yield from progress.ended("error", str(error))
        except EngineError:
            ended = True
            raise
        finally:
            if not ended:
                self._drain(request_id, progress)
        return True

    def _take_layers_off(self, failure: WorkerFailed) -> None:
        """Have fewer layers on a graphics card from the next loading on, in later processes too,
        where an answer took more memory than there was."""
        if isinstance(failure, WorkerKilled) or not is_about_memory(str(failure)):
            return
        if self._options.gpu_layers == "auto" and self._options.layers_file:
            lower(Path(self._options.layers_file), self._path)
        elif self._layers:
            self._too_many_layers = self._layers

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
        self._discard()

    def _drain(self, request_id: int, progress: AnswerProgress) -> None:
        """End a request whose events nobody reads any more."""
        if self._cancelled:
            # It was cancelled before, and somebody lost patience.
            self._discard()
            return
        self._cancelled = True
        try:
            for frame in self._until_cancelled(request_id):
                if progress.follow(wire.decode_event(frame)):
                    return
        except EngineError:
            self._discard()

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

    def _worker_or_fail(self) -> Worker:
        if self._worker is None:
            raise WorkerFailed("the engine is closed")
        return self._worker
