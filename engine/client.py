"""An engine that asks a worker process, and survives its death."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from engine import wire
from engine.answer_progress import AnswerProgress
from engine.errors import EngineError, WorkerFailed
from engine.load_options import LoadOptions
from engine.loaded_worker import LoadedWorker
from engine.process import Worker, WorkerKilled, WorkerProcess
from engine.reports import ModelCard
from engine.types import Event, Loading, Message, Request, TokenScore


class WorkerEngine:
    """An `Engine` whose weights live in a worker process, started again when it died."""

    def __init__(
        self,
        path: Path,
        options: LoadOptions | None = None,
        start_worker: Callable[[], Worker] = WorkerProcess,
    ) -> None:
        """Start the worker loading; nothing waits for it yet. See `LoadedWorker`."""
        self._busy = threading.Lock()
        self._worker = LoadedWorker(path, options or LoadOptions(), start_worker)

    @property
    def model_name(self) -> str:
        """See `Engine`."""
        return self._worker.name

    @property
    def card(self) -> ModelCard | None:
        """See `Engine`."""
        return self._worker.card

    @property
    def host(self) -> None:
        """See `Engine`."""
        return None

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id, while there is one."""
        return self._worker.pid

    def describe(self) -> ModelCard:
        """See `Engine`."""
        with self._busy:
            return self._wait_for_card()

    def load(self) -> Generator[Event, None, None]:
        """See `Engine`."""
        last: Event = Loading(0.0)
        with self._busy:
            self._worker.is_cancelled = False
            for event in self._worker.loading():
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
        self._worker.is_cancelled = False
        return self._events(request)

    def cancel(self) -> None:
        """See `Engine`. Only raises a flag: the thread that waits for the answer acts on it, so a
        frame that is being written is never cut in two."""
        self._worker.is_cancelled = True

    def check(self) -> None:
        """See `Engine`."""
        if self.card is None or not self._busy.acquire(blocking=False):
            # A request in progress reports a death itself.
            return
        try:
            self._worker.check()
        finally:
            self._busy.release()

    def let_go(self) -> None:
        """See `Engine`."""
        with self._busy:
            self._worker.let_go()

    def close(self) -> None:
        """See `Engine`."""
        self._worker.close()

    def _wait_for_card(self) -> ModelCard:
        self._worker.is_cancelled = False
        for _ in self._worker.loading():
            pass
        if self._worker.card is None:
            raise WorkerFailed("loading was cancelled")
        return self._worker.card

    def _ask(self, op: str, **values: object) -> wire.Frame:
        """The one frame that answers a request."""
        with self._busy:
            self._wait_for_card()
            for frame in self._worker.frames(self._worker.send(op, **values)):
                return frame
            raise WorkerFailed("it was cancelled")

    def _events(self, request: Request) -> Generator[Event, None, None]:
        with self._busy:
            # Twice, if the worker turns out to have been killed since the last answer.
            for is_last in (False, True):
                yield from filter(None, self._worker.loading())
                if (yield from self._answer(request, is_last)):
                    return

    def _answer(self, request: Request, is_last: bool) -> Generator[Event, None, bool]:
        """Yields the events of an answer; returns False if it is worth another try.

        That is if the worker was killed from outside before its first event. A worker that aborts
        or hangs would do so again.
        """
        progress = AnswerProgress(request.alternatives)
        try:
            if self._worker.pid is not None:
                yield from self._followed(request, progress)
        except WorkerFailed as error:
            self._worker.discard()
            if isinstance(error, WorkerKilled) and not (progress.heard or is_last):
                return False
            self._worker.take_layers_off(error)
            yield from progress.ended("error", str(error))
        else:
            yield from progress.ended("cancelled")
        return True

    def _followed(self, request: Request, progress: AnswerProgress) -> Generator[Event, None, None]:
        """The events that the worker sends. Closing it ends the answer in the worker too."""
        request_id = self._worker.send("stream", request=wire.encode_request(request))
        try:
            for frame in self._worker.frames(request_id):
                event = wire.decode_event(frame)
                progress.follow(event)
                yield event
                if progress.is_complete:
                    return
        except EngineError:
            raise
        except BaseException:
            if not progress.is_complete:
                self._drain(request_id, progress)
            raise

    def _drain(self, request_id: int, progress: AnswerProgress) -> None:
        """Cancel a request whose events nobody reads any more."""
        if self._worker.is_cancelled:
            # Cancelled already, and the caller has stopped waiting for the end.
            self._worker.discard()
            return
        self._worker.is_cancelled = True
        try:
            for frame in self._worker.frames(request_id):
                progress.follow(wire.decode_event(frame))
                if progress.is_complete:
                    return
        except EngineError:
            self._worker.discard()
