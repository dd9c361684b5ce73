"""Too little memory: what is tried then, and what a person is told of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tiny_gguf import tiny_gguf

from engine import loading
from engine.abort import AbortFlag
from engine.devices import free_memory
from engine.errors import LoadFailed
from engine.gpu_layers import lower
from engine.kvcache import CacheOptions
from engine.load_options import GpuLayers, LoadOptions
from engine.native_log import NativeLog
from engine.reports import Device, ModelCard
from engine.sampling_params import Sampling
from engine.types import Finished, Message, Request

SPARE = 512 * 2**20
"""Bytes that stay free on a card."""


class FakeWeights:
    """Weights that fit into a GPU with room for so many layers."""

    room = 1000
    n_ctx_train = 8192
    n_layers = 33
    memory = at_first = 10**9
    """Bytes that are free on the card."""
    others: ClassVar[list[int]] = []
    """The same of other cards, whatever is loaded."""
    taken_by_computing = 0
    """Bytes for each layer on the card, from the first batch on."""
    loaded: ClassVar[list[int]] = []
    """Layers of every attempt."""

    def __init__(self, path: Path, *, gpu_layers: int, **_: Any) -> None:
        self.loaded.append(gpu_layers)
        type(self).memory = self.at_first
        if gpu_layers > self.room:
            raise LoadFailed("cannot be loaded: unable to allocate CUDA0 buffer")

    def kv_bytes_per_token(self, _kv_type: str) -> int:
        return 1024

    def close(self) -> None:
        type(self).memory = self.at_first


class FakeInference:
    """An engine whose cache fits so many tokens."""

    room = 100_000

    def __init__(self, _weights: Any, _options: Any, cache: CacheOptions, _abort: Any) -> None:
        if cache.limit > self.room:
            raise LoadFailed("no memory for a context")
        self.limit = cache.limit

    def warm_up(self) -> None:
        FakeWeights.memory -= FakeWeights.loaded[-1] * FakeWeights.taken_by_computing

    def close(self) -> None:
        pass

    def card(self) -> ModelCard:
        return ModelCard("fake", Path("fake.gguf"), "", 0, 0, self.limit, 0, True, {})


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "fake.gguf").write_bytes(tiny_gguf(changed={"llama.block_count": 32}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        loading, "graphics_memory", lambda: [FakeWeights.memory, *FakeWeights.others]
    )
    have_memory(monkeypatch, 10**9)
    monkeypatch.setattr(FakeWeights, "taken_by_computing", 0)
    monkeypatch.setattr(FakeWeights, "others", [])
    monkeypatch.setattr(FakeWeights, "loaded", [])
    monkeypatch.setattr(loading, "Weights", FakeWeights)
    monkeypatch.setattr(loading, "Inference", FakeInference)
    monkeypatch.setattr("engine.loading.ll.llama_supports_gpu_offload", lambda: True)
    monkeypatch.setattr(FakeWeights, "room", 1000)
    monkeypatch.setattr(FakeInference, "room", 100_000)


def load(**options: Any) -> ModelCard:
    log = NativeLog(lambda _: None)
    settings = LoadOptions(n_ctx=8192, **options)
    return loading.load("fake.gguf", settings, log, lambda *_: True, AbortFlag())[1]


def have_memory(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(FakeWeights, "at_first", size)
    monkeypatch.setattr(FakeWeights, "memory", size)


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
@pytest.mark.parametrize("room", [0, 1, 10, 32, 33])
def test_as_many_layers_as_fit_are_on_the_card_in_the_end(
    room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeWeights, "room", room)
    assert load().notices == ()
    assert FakeWeights.loaded[-1] == room
    assert len(FakeWeights.loaded) <= 8


@pytest.mark.usefixtures("fakes")
def test_layers_that_were_asked_for_and_do_not_fit_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FakeWeights, "room", 10)
    assert load(gpu_layers="all").notices == ("the GPU's memory has room for 10 of the layers",)
    assert load(gpu_layers=12).notices == ("the GPU's memory has room for 10 of the layers",)
    assert load(gpu_layers=9).notices == ()


@pytest.mark.usefixtures("fakes")
def test_what_fits_is_remembered_until_another_amount_of_memory_is_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(FakeWeights, "room", 10)
    file = str(tmp_path / "cache" / "layers.json")
    load(layers_file=file)
    FakeWeights.loaded.clear()
    load(layers_file=file)
    assert FakeWeights.loaded == [10]
    have_memory(monkeypatch, 2 * 10**9)
    monkeypatch.setattr(FakeWeights, "room", 20)
    load(layers_file=file)
    assert FakeWeights.loaded[-1] == 20
    kept = Path(file).read_text()
    for damaged in ('{"x": 1, ', re.sub(r"[\d.]+\]", "Infinity]", kept)):
        Path(file).write_text(damaged)
        load(layers_file=file)
        assert FakeWeights.loaded[-1] == 20


@pytest.mark.usefixtures("fakes")
def test_a_card_needs_room_for_the_context_too(monkeypatch: pytest.MonkeyPatch) -> None:
    have_memory(monkeypatch, SPARE + 8192 * 1024 * 20 // 33)
    load()
    assert FakeWeights.loaded[-1] == 20


@pytest.mark.usefixtures("fakes")
def test_what_is_taken_only_by_computing_counts_too_and_is_found_out_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    have_memory(monkeypatch, SPARE + 10**9)
    monkeypatch.setattr(FakeWeights, "taken_by_computing", 10**8)
    file = str(tmp_path / "layers.json")
    load(layers_file=file)
    assert FakeWeights.loaded[-1] == 9
    have_memory(monkeypatch, SPARE + 10**9)
    load(layers_file=file)
    assert FakeWeights.memory == SPARE + 10**9


@pytest.mark.usefixtures("fakes")
def test_memory_of_one_card_is_no_room_on_another(monkeypatch: pytest.MonkeyPatch) -> None:
    have_memory(monkeypatch, SPARE + 10**9)
    monkeypatch.setattr(FakeWeights, "others", [20 * 10**9])
    monkeypatch.setattr(FakeWeights, "taken_by_computing", 10**8)
    load()
    assert FakeWeights.loaded[-1] == 9, "the first one is full, however much the other has"
    monkeypatch.setattr(FakeWeights, "others", [SPARE - 1])
    have_memory(monkeypatch, 10**10)
    load()
    assert FakeWeights.loaded[-1] == 33, "and one that is full anyway takes nothing away"


@pytest.mark.usefixtures("fakes")
def test_what_an_answer_had_no_memory_for_is_remembered_as_too_much(tmp_path: Path) -> None:
    file, model = tmp_path / "layers.json", Path("fake.gguf")
    lower(file, model)
    assert not file.exists(), "nothing is known of it"
    load(layers_file=str(file))
    for layers in (29, 26, 23):
        lower(file, model)
        FakeWeights.loaded.clear()
        load(layers_file=str(file))
        assert FakeWeights.loaded == [layers]
    lower(file, tmp_path / "other.gguf")
    FakeWeights.loaded.clear()
    load(layers_file=str(file))
    assert FakeWeights.loaded == [23]


def test_the_batch_that_tries_it_is_forgotten(tmp_path: Path) -> None:
    model = tmp_path / "tiny.gguf"
    model.write_bytes(tiny_gguf())
    log, options = NativeLog(lambda _: None), LoadOptions(n_ctx=300, gpu_layers=0)
    inference, _ = loading.load(str(model), options, log, lambda *_: True, AbortFlag())
    inference.warm_up()
    prompt = Message("user", "Hello " * 125)
    last = list(inference.answer(Request((prompt,), Sampling(), max_tokens=9)))[-1]
    inference.close()
    assert isinstance(last, Finished)
    assert last.reason in ("length", "end")
    assert last.usage.cached_tokens == 0


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize("wanted", ["auto", "all", 30])
def test_after_an_abort_fewer_layers_are_tried(wanted: GpuLayers) -> None:
    load(gpu_layers=wanted, too_many_layers=20)
    assert FakeWeights.loaded[0] == 10
    assert FakeWeights.loaded[-1] == 19


def test_a_processors_own_graphics_counts_only_where_there_is_no_card() -> None:
    card, own = Device("CUDA0", "card", 5, 10), Device("Vulkan0", "own", 70, 100)
    processor = (0, Device("CPU", "processor", 900, 1000))
    assert free_memory([processor, (2, own), (1, card)]) == [5]
    assert free_memory([processor, (2, own)]) == [70]
    assert free_memory([processor]) == []
    assert free_memory([(1, card), (1, card)]) == [5, 5]
    assert free_memory([(1, Device("HTP0", "does not tell", 0, 0))])[0] > 2**40


@pytest.mark.usefixtures("fakes")
def test_a_build_without_graphics_tries_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.loading.ll.llama_supports_gpu_offload", lambda: False)
    load()
    assert FakeWeights.loaded == [0]


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
