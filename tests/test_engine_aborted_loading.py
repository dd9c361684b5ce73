"""llama.cpp aborts where a graphics card's memory ends: then fewer layers are tried."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_gguf import tiny_gguf

from engine import wire
from engine.client import WorkerEngine
from engine.errors import LoadFailed, WorkerFailed
from engine.load_options import GpuLayers, LoadOptions
from engine.process import WorkerProcess
from engine.sampling_params import Sampling
from engine.types import Finished, Loading, Message, Request

_TOTAL = 33


class CardWorker(WorkerProcess):
    """A worker on a machine with a card that has room for so many layers: with one more it dies of
    an assertion, as that of a build with CUDA does."""

    def __init__(self, room: int, tried: list[int], *, is_mean: bool = False) -> None:
        super().__init__()
        self._room, self._tried, self._is_mean = room, tried, is_mean
        self._layers = 0

    def send(self, frame: wire.Frame) -> None:
        if frame["op"] == "load":
            too_many = frame["options"]["too_many_layers"]
            self._layers = _TOTAL if too_many is None else too_many // 2
            self._tried.append(self._layers)
            progress = wire.encode_event(Loading(0.5, self._layers))
            self._frames.append({"id": frame["id"], **progress})
        if frame["op"] == "stream" and self._is_mean:
            self._layers = _TOTAL
            return
        super().send(frame)

    def receive(self, timeout_ms: int) -> wire.Frame | None:
        if not self._frames and self._layers > self._room:
            self.kill()
            raise WorkerFailed("the engine stopped (SIGABRT): CUDA error: out of memory")
        frame = super().receive(timeout_ms)
        return {**frame, "layers": self._layers} if frame and "layers" in frame else frame


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.gguf"
    file.write_bytes(tiny_gguf())
    return file


def test_an_abort_over_layers_on_a_card_is_not_the_end(model: Path) -> None:
    tried: list[int] = []
    engine = WorkerEngine(model, start_worker=lambda: CardWorker(9, tried))
    assert engine.describe().name == "tiny"
    engine.close()
    assert tried == [33, 16, 8]


def test_one_that_has_nothing_to_do_with_layers_is(model: Path) -> None:
    tried: list[int] = []
    engine = WorkerEngine(model, start_worker=lambda: CardWorker(-1, tried))
    with pytest.raises(LoadFailed, match="SIGABRT"):
        engine.describe()
    assert tried == [33, 16, 8, 4, 2, 1, 0]


@pytest.mark.parametrize("gpu_layers", ["auto", "all"])
def test_an_abort_while_it_answers_leaves_fewer_layers_for_the_next_time(
    model: Path, tmp_path: Path, gpu_layers: GpuLayers
) -> None:
    tried: list[int] = []
    file = tmp_path / "layers.json"
    file.write_text(json.dumps({"a key": [16, [10**9], str(model)]}))
    options = LoadOptions(gpu_layers=gpu_layers, layers_file=str(file))
    engine = WorkerEngine(model, options, lambda: CardWorker(32, tried, is_mean=True))
    (*_, last) = engine.stream(Request((Message("user", "Hi"),), Sampling()))
    assert isinstance(last, Finished)
    assert (last.reason, tried) == ("error", [33, 16])
    engine.load().__next__()
    engine.close()
    assert json.loads(file.read_text())["a key"][0] == (14 if gpu_layers == "auto" else 16)
    assert tried[2:] == ([16] if gpu_layers == "auto" else [8])
