"""llama.cpp's own samplers, put together as a `Sampling` says."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from llama_cpp import llama_cpp as ll

from engine.sampling_params import Sampling
from engine.weights import Weights

_SPARE = 65_536
"""llama.cpp has no "whole context" for its penalties any more. A window of what was there at the
beginning and of this many tokens does as well: no answer is longer."""

_NEVER_LIKELY = 1e-30
"""A share of the likeliest token's probability that is as good as none."""

_TRUNCATING = frozenset({"top_n_sigma", "top_k", "typical_p", "top_p", "min_p", "xtc"})


def build_chain(
    sampling: Sampling, weights: Weights, seed: int, seen: Sequence[int]
) -> ll.llama_sampler_p:
    """A chain of samplers, the last of which selects. The caller frees it.

    Args:
        sampling: Which samplers; its seed and its biases are not looked at.
        weights: Whose tokens are chosen from.
        seed: For every sampler that draws.
        seen: The tokens that the penalties know of when the chain begins.
    """
    chain = ll.llama_sampler_chain_init(ll.llama_sampler_chain_default_params())
    if weights.suppressed:
        ll.llama_sampler_chain_add(chain, _suppressing(weights))
    parts = _Parts(sampling, weights, seed, len(seen))
    for name in _active(sampling):
        for sampler in getattr(parts, name)():
            ll.llama_sampler_chain_add(chain, sampler)
    ll.llama_sampler_chain_add(chain, parts.selecting())
    for token in seen[max(0, len(seen) - parts.window) :]:
        ll.llama_sampler_accept(chain, token)
    return chain


def _suppressing(weights: Weights) -> ll.llama_sampler_p:
    """Forbids what the model's makers want never to be written."""
    tokens = weights.suppressed
    biases = (ll.llama_logit_bias * len(tokens))()
    for bias, token in zip(biases, tokens, strict=True):
        bias.token, bias.bias = token, -math.inf
    return ll.llama_sampler_init_logit_bias(weights.n_vocab, len(tokens), biases)


def _is_greedy(sampling: Sampling) -> bool:
    return sampling.temperature == 0 and sampling.dynatemp_range == 0


def _active(sampling: Sampling) -> list[str]:
    """The samplers that do anything, in the order asked for."""
    penalties = (
        sampling.repeat_penalty,
        sampling.frequency_penalty,
        sampling.presence_penalty,
    )
    is_on = {
        "penalties": sampling.repeat_last_n != 0 and penalties != (1, 0, 0),
        "dry": sampling.dry_multiplier > 0 and sampling.dry_penalty_last_n != 0,
        "top_n_sigma": sampling.top_n_sigma > 0,
        "top_k": sampling.top_k > 0,
        "typical_p": sampling.typical_p < 1,
        "top_p": sampling.top_p < 1,
        "min_p": sampling.min_p > 0,
        "xtc": sampling.xtc_probability > 0 and sampling.xtc_threshold <= 0.5,
        "temperature": not _is_greedy(sampling),
    }
    names = [name for name in sampling.samplers if is_on[name]]
    # Mirostat has its own way of cutting off; and where nothing removes the likeliest token,
    # removing others cannot change which one that is.
    may_lose_the_likeliest = bool({"typical_p", "xtc"} & set(names))
    if sampling.mirostat or (_is_greedy(sampling) and not may_lose_the_likeliest):
        return [name for name in names if name not in _TRUNCATING]
    return names


class _Parts:
    """Makes the samplers of a chain, each method those of one name of `Sampling.samplers`."""

    def __init__(self, sampling: Sampling, weights: Weights, seed: int, seen: int) -> None:
        self._sampling = sampling
        self._weights = weights
        self._seed = seed
        self._seen = seen
        self.window = 0
        """How many tokens back the parts made so far look."""

    def _last_n(self, asked: int) -> int:
        last_n = asked if asked >= 0 else (self._seen // _SPARE + 2) * _SPARE
        self.window = max(self.window, last_n)
        return last_n

    def penalties(self) -> list[ll.llama_sampler_p]:
        asked = self._sampling
        sampler = ll.llama_sampler_init_penalties(
            self._weights.n_vocab,
            self._last_n(asked.repeat_last_n),
            asked.repeat_penalty,
            asked.frequency_penalty,
            asked.presence_penalty,
        )
        return [sampler]

    def dry(self) -> list[ll.llama_sampler_p]:
        last_n = self._last_n(self._sampling.dry_penalty_last_n)
        return [ll.llama_sampler_clone(_dry_original(self._sampling, self._weights, last_n))]

    def top_n_sigma(self) -> list[ll.llama_sampler_p]:
        return [ll.llama_sampler_init_top_n_sigma(self._sampling.top_n_sigma)]

    def top_k(self) -> list[ll.llama_sampler_p]:
        return [ll.llama_sampler_init_top_k(self._sampling.top_k)]

    def typical_p(self) -> list[ll.llama_sampler_p]:
        # llama.cpp multiplies each probability by its logarithm, and 0 by -∞ spoils the sum.
        return [
            ll.llama_sampler_init_min_p(_NEVER_LIKELY, 1),
            ll.llama_sampler_init_typical(self._sampling.typical_p, 1),
        ]

    def top_p(self) -> list[ll.llama_sampler_p]:
        return [ll.llama_sampler_init_top_p(self._sampling.top_p, 1)]

    def min_p(self) -> list[ll.llama_sampler_p]:
        return [ll.llama_sampler_init_min_p(self._sampling.min_p, 1)]

    def xtc(self) -> list[ll.llama_sampler_p]:
        asked = self._sampling
        return [
            ll.llama_sampler_init_xtc(asked.xtc_probability, asked.xtc_threshold, 1, self._seed)
        ]

    def temperature(self) -> list[ll.llama_sampler_p]:
        asked = self._sampling
        if asked.dynatemp_range == 0:
            return [ll.llama_sampler_init_temp(asked.temperature)]
        return [
            ll.llama_sampler_init_temp_ext(
                asked.temperature, asked.dynatemp_range, asked.dynatemp_exponent
            )
        ]

    def selecting(self) -> ll.llama_sampler_p:
        """What comes last and chooses."""
        asked = self._sampling
        if _is_greedy(asked):
            return ll.llama_sampler_init_greedy()
        if asked.mirostat:
            return ll.llama_sampler_init_mirostat_v2(
                self._seed, asked.mirostat_tau, asked.mirostat_eta
            )
        if asked.adaptive_target >= 0:
            return ll.llama_sampler_init_adaptive_p(
                asked.adaptive_target, asked.adaptive_decay, self._seed
            )
        return ll.llama_sampler_init_dist(self._seed)


class _Owned:
    """A native sampler that goes when this object does."""

    def __init__(self, key: object, handle: ll.llama_sampler_p) -> None:
        self.key = key
        self.handle = handle

    def __del__(self) -> None:
        ll.llama_sampler_free(self.handle)


_dry_originals: WeakKeyDictionary[Weights, _Owned] = WeakKeyDictionary()
"""To find its breakers DRY reads the whole vocabulary, which takes as long as a token: once is
enough, and copies do for the rest. The last one made is kept for each model."""


def _dry_original(sampling: Sampling, weights: Weights, last_n: int) -> ll.llama_sampler_p:
    breakers = [text.encode(errors="replace") for text in sampling.dry_sequence_breakers]
    numbers = (sampling.dry_multiplier, sampling.dry_base, sampling.dry_allowed_length, last_n)
    key = (*numbers, *breakers)
    owned = _dry_originals.get(weights)
    if owned is None or owned.key != key:
        texts = (ctypes.c_char_p * len(breakers))(*breakers)
        handle = ll.llama_sampler_init_dry(weights.vocab, *numbers, texts, len(breakers))
        owned = _dry_originals[weights] = _Owned(key, handle)
    return owned.handle
