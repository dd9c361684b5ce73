"""The pool of sequences with the starter model: shared, kept, evicted, moved and restored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from engine.abort import AbortFlag
from engine.errors import CannotFit
from engine.kvcache import CacheOptions, KvCache, KvSequence
from engine.native_log import NativeLog
from engine.sampling.logprobs import logits_of
from engine.weights import Weights

STORY = "The keeper climbed the stairs and lit the lamp, as she had done every night. " * 40


@pytest.fixture(scope="module")
def weights(starter_path: Path) -> Weights:
    return Weights(
        starter_path, gpu_layers=0, log=NativeLog(lambda _: None), progress=lambda _: True
    )


@pytest.fixture(scope="module")
def ids(weights: Weights) -> list[int]:
    return weights.tokenize(STORY, special=False)


def new_cache(weights: Weights, *, limit: int = 1024, first_size: int = 1024) -> KvCache:
    options = CacheOptions(limit=limit, threads=2, batch=64, first_size=first_size)
    return KvCache(weights, options, AbortFlag())


@pytest.fixture
def cache(weights: Weights) -> Iterator[KvCache]:
    cache = new_cache(weights)
    yield cache
    cache.close()


def read(cache: KvCache, prompt: Sequence[int]) -> tuple[KvSequence, int]:
    """Evaluate a prompt; returns its sequence and the row of its last logits."""
    sequence, spelled = cache.begin(prompt)
    row = cache.extend(sequence, spelled[len(sequence.tokens) :])
    assert sequence.tokens == spelled
    return sequence, row


def next_token(cache: KvCache, row: int, weights: Weights) -> int:
    return int(logits_of(cache.handle, row, weights).argmax())


def test_a_prompt_is_read_once(cache: KvCache, ids: list[int]) -> None:
    sequence, _ = read(cache, ids[:200])
    cache.release(sequence)
    again, spelled = cache.begin(ids[:200])
    assert spelled == ids[:200]
    assert len(again.tokens) == 199, "one is left, for its logits"


def test_going_back_to_an_old_branch_costs_nothing(cache: KvCache, ids: list[int]) -> None:
    one, other = ids[:300], [*ids[:200], *ids[300:400]]
    for prompt in (one, other):
        cache.release(read(cache, prompt)[0])
    for prompt in (one, other, one):
        sequence, _ = cache.begin(prompt)
        assert len(sequence.tokens) == len(prompt) - 1
        cache.release(sequence)


def test_a_branch_predicts_what_a_fresh_reading_does(weights: Weights, ids: list[int]) -> None:
    shared, fresh = new_cache(weights), new_cache(weights)
    cache_of = {"shared": shared, "fresh": fresh}
    prompt = [*ids[:150], *ids[300:380]]
    shared.release(read(shared, ids[:250])[0])
    tokens = {}
    for name, cache in cache_of.items():
        _, row = read(cache, prompt)
        tokens[name] = next_token(cache, row, weights)
        cache.close()
    assert tokens["shared"] == tokens["fresh"]


def test_the_other_spelling_of_a_text_is_not_read_again(
    cache: KvCache, weights: Weights, ids: list[int]
) -> None:
    letters = [
        token for letter in " lighthouse" for token in weights.tokenize(letter, special=False)
    ]
    word = weights.tokenize(" lighthouse", special=False)
    assert letters != word
    written = [*ids[:50], *letters, *ids[50:100]]
    cache.release(read(cache, written)[0])
    sequence, spelled = cache.begin([*ids[:50], *word, *ids[50:120]])
    assert spelled == [*written, *ids[100:120]]
    assert len(sequence.tokens) == len(written)


def test_it_grows_with_every_branch_and_predicts_the_same(weights: Weights, ids: list[int]) -> None:
    small, large = new_cache(weights, first_size=256), new_cache(weights)
    predicted = []
    for cache in (small, large):
        old, _ = read(cache, ids[:200])
        cache.release(old)
        branch, row = read(cache, [*ids[:100], *ids[200:500]])
        predicted.append(next_token(cache, row, weights))
        cache.release(branch)
        assert cache.known(ids[:200]) == 199, "the old branch came along"
        cache.close()
    assert predicted[0] == predicted[1]


def test_the_longest_unused_gives_way(weights: Weights, ids: list[int]) -> None:
    cache = new_cache(weights, limit=256, first_size=256)
    first, second, third = ids[:120], ids[1:120], ids[2:200]
    for prompt in (first, second, third):
        cache.release(read(cache, prompt)[0])
    assert cache.known(third) == len(third) - 1
    assert cache.known(first) == 0
    cache.close()


def test_more_than_the_limit_does_not_fit(weights: Weights, ids: list[int]) -> None:
    cache = new_cache(weights, limit=256, first_size=256)
    with pytest.raises(CannotFit) as failure:
        read(cache, ids[:300])
    assert failure.value.available == 256
    cache.close()


def test_more_branches_than_slots_are_forgotten_one_by_one(cache: KvCache, ids: list[int]) -> None:
    for start in range(cache.slots + 5):
        cache.release(read(cache, ids[start : start + 20])[0])
    last = ids[start : start + 20]
    assert cache.known(last) == 19


def test_a_saved_state_comes_back(weights: Weights, ids: list[int]) -> None:
    one, other = new_cache(weights), new_cache(weights, first_size=256)
    sequence, _ = read(one, ids[:400])
    state = one.state(sequence, 400)
    assert state is not None
    restored = other.restore(ids[:400], state)
    assert restored is not None
    predicted = []
    for cache in (one, other):
        _, row = read(cache, ids[:410])
        predicted.append(next_token(cache, row, weights))
        cache.close()
    assert predicted[0] == predicted[1]


def test_a_part_of_a_sequence_can_be_saved(cache: KvCache, ids: list[int]) -> None:
    sequence, _ = read(cache, ids[:300])
    whole, part = cache.state(sequence, 300), cache.state(sequence, 100)
    assert whole is not None
    assert part is not None
    assert len(part) < len(whole) / 2
    assert cache.restore(ids[:100], part) is not None


def test_a_state_of_other_weights_is_not_taken(cache: KvCache, ids: list[int]) -> None:
    assert cache.restore(ids[:100], memoryview(bytearray(4096))) is None
