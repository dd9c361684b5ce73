"""What each sampler does to what the starter model writes, and who else has a say in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pytest
from llama_cpp import llama_cpp as ll
from native import CHAT, Native, native

from engine.errors import GrammarFailed
from engine.grammars.grammar import Grammar
from engine.sampling.candidates import logits_of
from engine.sampling.sampler import NothingLeft, Sampler
from engine.sampling_params import SAMPLERS, Sampling

Floats: TypeAlias = npt.NDArray[np.float64]

STORY = "Tell me a story about a lighthouse."
GREEDY = Sampling(temperature=0)
LOOP = "one two three four. " * 4 + "one two three"


@pytest.fixture
def model(starter_path: Path) -> Native:
    return native(starter_path)


def probabilities(model: Native) -> Floats:
    logits = logits_of(model.cache.handle, -1, model.weights.n_vocab).astype(np.float64)
    weights: Floats = np.exp(logits - logits.max())
    weights /= weights.sum()
    return weights


def next_token(model: Native, ids: list[int], sampling: Sampling) -> int:
    with Sampler(sampling, model.weights, ids) as sampler:
        return sampler.sample(model.cache.handle)


def plain_chain(*samplers: ll.llama_sampler_p) -> ll.llama_sampler_p:
    chain = ll.llama_sampler_chain_init(ll.llama_sampler_chain_default_params())
    for sampler in samplers:
        ll.llama_sampler_chain_add(chain, sampler)
    return chain


BEFORE: dict[str, tuple[Sampling, Callable[[], list[ll.llama_sampler_p]]]] = {
    "defaults": (
        Sampling(seed=3),
        lambda: [
            ll.llama_sampler_init_top_k(40),
            ll.llama_sampler_init_top_p(0.95, 1),
            ll.llama_sampler_init_min_p(0.05, 1),
            ll.llama_sampler_init_temp(0.7),
            ll.llama_sampler_init_dist(3),
        ],
    ),
    "hot": (
        Sampling(temperature=2, top_k=0, top_p=1, min_p=0, seed=4),
        lambda: [ll.llama_sampler_init_temp(2.0), ll.llama_sampler_init_dist(4)],
    ),
    "greedy": (GREEDY, lambda: [ll.llama_sampler_init_greedy()]),
}


@pytest.mark.parametrize("name", BEFORE)
def test_the_first_samplers_choose_the_tokens_that_they_always_chose(
    model: Native, name: str
) -> None:
    sampling, samplers = BEFORE[name]
    chain = plain_chain(*samplers())
    model.read(CHAT.format(STORY))
    expected: list[int] = []
    for _ in range(16):
        expected.append(ll.llama_sampler_sample(chain, model.cache.handle, -1))
        model.extend(expected[-1:])
    ll.llama_sampler_free(chain)
    assert model.tokens(STORY, sampling) == expected


CHANGES: list[dict[str, object]] = [
    {"typical_p": 0.2},
    {"top_n_sigma": 0.3},
    {"xtc_probability": 1.0, "xtc_threshold": 0.05},
    {"dynatemp_range": 0.9},
    {"dynatemp_range": 0.9, "dynatemp_exponent": 4.0},
    {"adaptive_target": 0.1},
    {"mirostat": 2, "mirostat_tau": 3.0},
    {"repeat_penalty": 1.8},
    {"presence_penalty": 2.0},
    {"samplers": ["top_k"]},
    {"seed": 8},
]


def test_every_option_changes_what_is_written(model: Native) -> None:
    base: dict[str, object] = {"temperature": 1.0, "seed": 7}
    before = model.tokens(STORY, Sampling(**base), 10)  # type: ignore[arg-type]
    for change in CHANGES:
        changed = Sampling(**{**base, **change})  # type: ignore[arg-type]
        assert model.tokens(STORY, changed, 10) != before, change


def test_whatever_draws_draws_the_same_with_the_same_seed(model: Native) -> None:
    ids = model.read(CHAT.format(STORY))
    for change in CHANGES:
        sampling = Sampling(**{"temperature": 1.5, "seed": 7, **change})  # type: ignore[arg-type]
        drawn = []
        for _ in range(2):
            with Sampler(sampling, model.weights, ids) as sampler:
                drawn.append([sampler.sample(model.cache.handle) for _ in range(12)])
        assert drawn[0] == drawn[1], change


def test_xtc_leaves_out_the_obvious_but_the_last_of_it(model: Native) -> None:
    ids = model.read("The sun rises in the")
    chances = probabilities(model)
    obvious = chances[chances >= 0.02]
    assert len(obvious) > 1
    options = {"xtc_probability": 1.0, "xtc_threshold": 0.02, "samplers": ("xtc",)}
    for seed in range(20):
        token = next_token(model, ids, Sampling(seed=seed, **options))  # type: ignore[arg-type]
        assert chances[token] <= obvious.min()


def test_typical_p_of_nothing_takes_the_token_that_surprises_as_expected(model: Native) -> None:
    ids = model.read("My favourite thing about the sea is")
    chances = probabilities(model)
    some = chances[chances > 0]
    expected = -(some * np.log(some)).sum()
    with np.errstate(divide="ignore"):
        nearest = int(np.abs(-np.log(chances) - expected).argmin())
    sampling = Sampling(typical_p=0, samplers=("typical_p",), seed=1)
    assert next_token(model, ids, sampling) == nearest != int(chances.argmax())


def test_masked_tokens_do_not_spoil_typical_p(model: Native) -> None:
    ids = model.read("My favourite thing about the sea is")
    order = ("top_n_sigma", "typical_p", "temperature")
    chosen = {
        next_token(model, ids, Sampling(1.0, top_n_sigma=4, typical_p=0.0, samplers=order, seed=n))
        for n in range(10)
    }
    assert len(chosen) == 1
    assert chosen != {int(probabilities(model).argmax())}


def test_what_leaves_nothing_else_leaves_the_likeliest(model: Native) -> None:
    expected = model.tokens(STORY, GREEDY, 6)
    for narrow in (
        {"top_k": 1},
        {"top_p": 0.0},
        {"min_p": 1.0},
        {"top_n_sigma": 0.001},
        {"mirostat": 2, "mirostat_tau": 0.0},
    ):
        sampling = Sampling(temperature=1.5, seed=2, **narrow)
        assert model.tokens(STORY, sampling, 6) == expected, narrow


def test_a_dynamic_temperature_lies_between_its_ends(model: Native) -> None:
    always_high = Sampling(1.0, dynatemp_range=0.9, dynatemp_exponent=0, seed=5)
    assert model.tokens(STORY, always_high) == model.tokens(STORY, Sampling(1.9, seed=5))
    alone = ("temperature",)
    always_low = Sampling(1, dynatemp_range=1, dynatemp_exponent=10, samplers=alone, seed=5)
    assert model.tokens(STORY, always_low, 6) == model.tokens(STORY, GREEDY, 6)


def test_adaptive_p_aims_at_a_probability(model: Native) -> None:
    def average(target: float) -> float:
        chances = []
        for seed in range(3):
            ids = model.read(CHAT.format(STORY))
            sampling = Sampling(1.0, adaptive_target=target, samplers=("min_p",), seed=seed)
            with Sampler(sampling, model.weights, ids) as sampler:
                for _ in range(12):
                    token = sampler.sample(model.cache.handle)
                    chances.append(probabilities(model)[token])
                    model.extend([token])
        return float(np.mean(chances))

    assert average(0.9) > average(0.1) + 0.1


def test_dry_breaks_a_loop_that_is_long_enough_and_near_enough(model: Native) -> None:
    ids = model.read(LOOP)
    looping = next_token(model, ids, GREEDY)
    assert model.text([looping]) == " four"

    def dry(**options: object) -> int:
        return next_token(model, ids, Sampling(0, dry_multiplier=9.0, **options))  # type: ignore[arg-type]

    assert dry() != looping
    assert dry(dry_allowed_length=50) == looping
    assert dry(dry_penalty_last_n=3) == looping
    assert dry(dry_sequence_breakers=[" two"]) == looping
    assert dry(dry_sequence_breakers=[]) != looping
    assert dry(samplers=["top_k"]) == looping


def test_penalties_look_as_far_back_as_they_are_told(model: Native) -> None:
    ids = model.read(LOOP)
    looping = next_token(model, ids, GREEDY)
    far = next_token(model, ids, Sampling(0, repeat_penalty=3.0))
    assert far != looping
    assert next_token(model, ids, Sampling(0, repeat_penalty=3.0, repeat_last_n=3)) == looping
    assert next_token(model, ids, Sampling(0, repeat_penalty=3.0, repeat_last_n=-1)) == far
    assert next_token(model, ids, Sampling(0, repeat_penalty=3.0, repeat_last_n=0)) == looping
    assert next_token(model, ids, Sampling(0, frequency_penalty=2.0)) != looping
    assert next_token(model, ids, Sampling(0, frequency_penalty=-2.0)) in ids


def test_only_the_samplers_that_are_named_are_applied(model: Native) -> None:
    expected = model.tokens(STORY, GREEDY, 6)
    assert model.tokens(STORY, Sampling(1, top_k=1, samplers=("top_k",), seed=1), 6) == expected
    others = tuple(name for name in SAMPLERS if name != "top_k")
    assert model.tokens(STORY, Sampling(1, top_k=1, samplers=others, seed=1), 6) != expected


@pytest.mark.parametrize("word", ["history", "lighthouses", "Ozymandias"])
def test_a_banned_word_does_not_appear_however_it_could_be_spelt(model: Native, word: str) -> None:
    again = f"{word}, " * 8

    def times(sampling: Sampling, count: int) -> int:
        ids = model.read(again.strip())
        with Sampler(sampling, model.weights, ids) as sampler:
            text = model.text(model.go_on(sampler, count))
        return len(re.findall(rf"\b{word}\b", again.strip() + text)) - 8

    assert times(GREEDY, 6) > 0
    for temperature in (0.0, 1.0):
        banned = Sampling(temperature, seed=1, logit_bias={word: -100})  # type: ignore[arg-type]
        assert times(banned, 12) == 0


def biased(model: Native, ids: list[int], text: str, **biases: float) -> bool:
    """Whether the first token of a text can come next."""
    token = model.weights.tokenize(text, special=False)[0]
    sampling = Sampling(0, logit_bias=biases)  # type: ignore[arg-type]
    with Sampler(sampling, model.weights, ids) as sampler:
        try:
            return sampler.sample(model.cache.handle, only=[token]) == token
        except NothingLeft:
            return False


def test_a_ban_is_one_of_words(model: Native) -> None:
    ids = model.read("We went to the")
    assert not biased(model, ids, " art", art=-100)
    assert biased(model, ids, " party", art=-100)
    assert biased(model, ids, " arts", art=-100)
    assert biased(model, ids, " Art", art=-100)
    assert biased(model, ids, " art", art=-99)
    joined = model.read("We went to the p")
    assert biased(model, joined, "art", art=-100)
    assert not biased(model, joined, ",", **{",": -100})


def test_a_ban_of_what_nearly_every_token_has_ends(model: Native) -> None:
    ids = model.read("We went to the")
    with Sampler(Sampling(0, logit_bias={" ": -100}), model.weights, ids) as sampler:  # type: ignore[arg-type]
        assert " " not in model.text(model.go_on(sampler, 6))


def test_biases_raise_a_text_and_lower_it(model: Native) -> None:
    ids = model.read("My favourite animal is the")
    spelt = model.weights.tokenize(" hippopotamus", special=False)
    assert len(spelt) > 1
    raised = Sampling(0, logit_bias={"hippopotamus": 30})  # type: ignore[arg-type]
    with Sampler(raised, model.weights, ids) as sampler:
        assert model.go_on(sampler, len(spelt)) == spelt
    model.read("My favourite animal is the")
    lowered = Sampling(0, logit_bias={"hippopotamus": -50})  # type: ignore[arg-type]
    with Sampler(lowered, model.weights, ids) as sampler:
        begun = [sampler.sample(model.cache.handle, only=[token]) for token in spelt[:-1]]
        assert begun == spelt[:-1]
        rest = [spelt[-1], model.weights.tokenize(" sea", special=False)[0]]
        assert sampler.sample(model.cache.handle, only=rest) == rest[1]


def test_only_some_tokens_or_all_but_some(model: Native) -> None:
    ids = model.read("The sun rises in the")
    chances = probabilities(model)
    best, second = (int(token) for token in chances.argsort()[::-1][:2])
    with Sampler(GREEDY, model.weights, ids) as sampler:
        handle = model.cache.handle
        assert sampler.sample(handle) == best
        assert sampler.sample(handle, never=[best]) == second
        assert sampler.sample(handle, only=[7, second, 9]) == second
        assert sampler.sample(handle, only=[7]) == 7
        with pytest.raises(NothingLeft, match="no token to continue with"):
            sampler.sample(handle, only=[])
        with pytest.raises(NothingLeft, match="no token to continue with"):
            sampler.sample(handle, only=[7], never={7})


def test_an_answer_rolled_back_is_written_as_if_nothing_had_been(model: Native) -> None:
    sampling = Sampling(0, frequency_penalty=1.5, repeat_last_n=-1, dry_multiplier=2.0)
    ids = model.read(LOOP)
    with Sampler(sampling, model.weights, ids) as sampler:
        whole = model.go_on(sampler, 12)

    again = [*ids, *whole[:5]]
    model.read_ids(again)
    with Sampler(sampling, model.weights, ids, generated=whole[:5]) as sampler:
        assert model.go_on(sampler, 7) == whole[5:]


def test_each_attempt_draws_differently_and_repeatably(model: Native) -> None:
    ids = model.read(CHAT.format(STORY))
    sampling = Sampling(1.5, top_k=0, top_p=1, min_p=0, seed=2**32 - 2)

    def drawn(attempt: int) -> list[int]:
        with Sampler(sampling, model.weights, ids, attempt=attempt) as sampler:
            return [sampler.sample(model.cache.handle) for _ in range(5)]

    attempts = [drawn(attempt) for attempt in range(5)]
    assert len({tuple(tokens) for tokens in attempts}) == 5
    assert [drawn(attempt) for attempt in range(5)] == attempts


DIGITS = Grammar.from_gbnf('root ::= [0-9]{3} ("-" [0-9]{2})?')


def test_a_grammar_is_followed_to_its_end_and_no_further(model: Native) -> None:
    for seed in range(6):
        tokens = model.tokens("Hello!", Sampling(1.5, seed=seed), 20, DIGITS)
        assert model.weights.is_end(tokens[-1])
        assert re.fullmatch(r"\d{3}(-\d{2})?", model.text(tokens))


def test_a_grammar_that_agrees_changes_nothing(model: Native) -> None:
    anything = Grammar.from_gbnf("root ::= ([^\\x00] | [\\n])*")
    for sampling in (GREEDY, Sampling(1.0, seed=5)):
        expected = model.tokens(STORY, sampling, 12)
        assert model.tokens(STORY, sampling, 12, anything) == expected


def test_control_tokens_are_not_the_text_they_are_written_as(model: Native) -> None:
    ids = model.read(CHAT.format(STORY))
    marker = model.weights.tokenize("<|im_start|>", special=True)
    spelt = Grammar.from_gbnf('root ::= "<|im_start|>"')
    with Sampler(GREEDY, model.weights, ids, grammar=spelt) as sampler:
        tokens = model.go_on(sampler, 12)
    assert marker[0] not in tokens
    assert model.text(tokens) == "<|im_start|>"
    named = Grammar.from_gbnf("root ::= <|im_start|>")
    with Sampler(GREEDY, model.weights, ids, grammar=named) as sampler:
        assert sampler.sample(model.cache.handle) == marker[0]
    unknown = Grammar.from_gbnf('root ::= "a" |\n <no such thing>')
    with pytest.raises(GrammarFailed, match=r"^line 2, column 2: the model has no token"):
        Sampler(GREEDY, model.weights, ids, grammar=unknown)


def test_a_grammar_goes_on_from_what_is_there(model: Native) -> None:
    ids = model.read(CHAT.format(STORY))
    begun = model.weights.tokenize("12", special=False)
    with Sampler(GREEDY, model.weights, ids, grammar=DIGITS, generated=begun) as sampler:
        assert re.fullmatch(r"\d(-\d\d)?", model.text(model.go_on(sampler, 8)))
    other = model.weights.tokenize("12x", special=False)
    with pytest.raises(GrammarFailed, match="does not follow the grammar"):
        Sampler(GREEDY, model.weights, ids, grammar=DIGITS, generated=other)
    end = next(token for token in range(model.weights.n_vocab) if model.weights.is_end(token))
    with pytest.raises(GrammarFailed, match="does not follow the grammar"):
        Sampler(GREEDY, model.weights, ids, grammar=DIGITS, generated=[*begun, end])


def test_a_grammar_and_a_ban_that_exclude_each_other_leave_nothing(model: Native) -> None:
    ids = model.read(CHAT.format(STORY))
    banned = Sampling(0, logit_bias={"yes": -100})  # type: ignore[arg-type]
    grammar = Grammar.from_gbnf('root ::= "yes"')
    with (
        Sampler(banned, model.weights, ids, grammar=grammar) as sampler,
        pytest.raises(NothingLeft, match="the grammar leaves no token"),
    ):
        model.go_on(sampler, 8)


def resident_kib() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="counts pages as Linux does")
def test_thousands_of_samplers_leave_nothing_behind(model: Native) -> None:
    ids = model.read(CHAT.format(STORY))
    everything = Sampling(
        1.0,
        repeat_penalty=1.1,
        repeat_last_n=-1,
        dry_multiplier=1.0,
        typical_p=0.9,
        xtc_probability=0.5,
        adaptive_target=0.5,
        logit_bias={"sea": 1, "ocean": -100},  # type: ignore[arg-type]
    )

    def use(times: int) -> None:
        for attempt in range(times):
            with Sampler(
                everything, model.weights, ids, grammar=DIGITS, attempt=attempt
            ) as sampler:
                if attempt % 20 == 0:
                    sampler.sample(model.cache.handle)

    sampler = Sampler(everything, model.weights, ids, grammar=DIGITS)
    sampler.close()
    sampler.close()
    use(100)
    before = resident_kib()
    use(1500)
    assert resident_kib() - before < 2048
