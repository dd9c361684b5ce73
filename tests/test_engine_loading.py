"""Too little memory: what is tried then, and what a person is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import loading
from engine.abort import AbortFlag
from engine.errors import LoadFailed
from engine.kvcache import CacheOptions
from engine.types import LoadOptions, ModelCard
from engine.weights import NativeLog


class FakeWeights:
    """Weights that fit into a GPU with room for so many layers."""

    room = 1000
    n_ctx_train = 8192

    def __init__(self, path: Path, *, gpu_layers: int, **_: Any) -> None:
        if gpu_layers < 0 or gpu_layers > self.room:
            raise LoadFailed("cannot be loaded: unable to allocate CUDA0 buffer")


class FakeInference:
    """An engine whose cache fits so many tokens."""

    room = 100_000

    def __init__(self, _weights: Any, _options: Any, cache: CacheOptions, _abort: Any) -> None:
        if cache.limit > self.room:
            raise LoadFailed("no memory for a context")
        self.limit = cache.limit

    def card(self) -> ModelCard:
        return ModelCard("fake", Path("fake.gguf"), "", 0, 0, self.limit, 0, True, {})


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "Weights", FakeWeights)
    monkeypatch.setattr(loading, "Inference", FakeInference)
    monkeypatch.setattr("engine.loading.ll.llama_supports_gpu_offload", lambda: True)
    monkeypatch.setattr(FakeWeights, "room", 1000)
    monkeypatch.setattr(FakeInference, "room", 100_000)


def load(**options: Any) -> ModelCard:
    log = NativeLog(lambda _: None)
    settings = LoadOptions(n_ctx=8192, **options)
    return loading.load("fake.gguf", settings, log, lambda _: True, AbortFlag())[1]


@pytest.mark.usefixtures("fakes")
def test_with_enough_memory_nothing_is_said() -> None:
    assert load(gpu_layers=12).notices == ()


@pytest.mark.usefixtures("fakes")
def test_a_context_that_is_too_large_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeInference, "room", 3000)
    card = load(gpu_layers=0)
    assert card.n_ctx == 2048
    assert card.notices == ("no memory for a context of 8,192 tokens: it has 2,048",)


@pytest.mark.usefixtures("fakes")
def test_no_context_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeInference, "room", 100)
    with pytest.raises(LoadFailed):
        load(gpu_layers=0)


@pytest.mark.usefixtures("fakes")
def test_fewer_layers_are_put_on_a_gpu_that_is_too_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeWeights, "room", 10)
    assert load(gpu_layers=-1).notices[-1] == "not enough GPU memory: trying 8 layers there"


@pytest.mark.usefixtures("fakes")
def test_more_context_than_a_model_was_trained_on_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeWeights, "n_ctx_train", 2048)
    (notice,) = load(gpu_layers=12).notices
    assert notice.startswith("the model was trained on 2,048 tokens")


@pytest.mark.usefixtures("fakes")
def test_another_reason_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise LoadFailed("unknown model architecture")

    monkeypatch.setattr(loading, "Weights", refuse)
    with pytest.raises(LoadFailed, match="architecture"):
        load()
