"""llama.cpp aborts where a graphics card's memory ends: then fewer layers are tried."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_gguf import tiny_gguf

from engine import wire
from engine.client import WorkerEngine
from engine.errors import LoadFailed, WorkerFailed
from engine.process import WorkerProcess
from engine.types import Loading

_TOTAL = 33


class CardWorker(WorkerProcess):
    """A worker on a machine with a card that has room for so many layers: with one more it dies of
    an assertion, as that of a build with CUDA does."""

    def __init__(self, room: int, tried: list[int]) -> None:
        super().__init__()
        self._room, self._tried = room, tried
        self._layers = 0

    def send(self, frame: wire.Frame) -> None:
        if frame["op"] == "load":
            too_many = frame["options"]["too_many_layers"]
            self._layers = _TOTAL if too_many is None else too_many // 2
            self._tried.append(self._layers)
            progress = wire.encode_event(Loading(0.5, self._layers))
            self._frames.append({"id": frame["id"], **progress})
        super().send(frame)

    def receive(self, timeout_ms: int) -> wire.Frame | None:
        if not self._frames and self._layers > self._room:
            self.kill()
            raise WorkerFailed("the engine stopped (SIGABRT): CUDA error: out of memory")
        return super().receive(timeout_ms)


class CardEngine(WorkerEngine):
    """An engine on that machine."""

    def __init__(self, path: Path, start: Callable[[], CardWorker]) -> None:
        self._start_worker = start
        super().__init__(path)

    def _find_worker(self) -> CardWorker:
        return self._start_worker()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.gguf"
    file.write_bytes(tiny_gguf())
    return file


def test_an_abort_over_layers_on_a_card_is_not_the_end(model: Path) -> None:
    tried: list[int] = []
    engine = CardEngine(model, lambda: CardWorker(9, tried))
    assert engine.describe().name == "tiny"
    engine.close()
    assert tried == [33, 16, 8]


def test_one_that_has_nothing_to_do_with_layers_is(model: Path) -> None:
    tried: list[int] = []
    engine = CardEngine(model, lambda: CardWorker(-1, tried))
    with pytest.raises(LoadFailed, match="SIGABRT"):
        engine.describe()
    assert tried == [33, 16, 8, 4, 2, 1, 0]
