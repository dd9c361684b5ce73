"""Choosing the next token: llama.cpp's own samplers, in llama.cpp's default order."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from llama_cpp import llama_cpp as ll

from engine.types import Sampling


class Sampler:
    """A chain of llama.cpp samplers. `close` it, or use it as a context manager."""

    def __init__(self, sampling: Sampling, n_vocab: int, prompt: Sequence[int]) -> None:
        """Build the chain.

        Args:
            sampling: Without a seed, one is drawn.
            n_vocab: Tokens in the vocabulary.
            prompt: The prompt's tokens, of which the penalties see the last ones.
        """
        self._chain = ll.llama_sampler_chain_init(ll.llama_sampler_chain_default_params())
        if _penalises(sampling):
            self._add_penalties(sampling, n_vocab, prompt)
        if sampling.temperature == 0:
            self._add(ll.llama_sampler_init_greedy())
            return
        self._add(ll.llama_sampler_init_top_k(sampling.top_k))
        self._add(ll.llama_sampler_init_top_p(sampling.top_p, 1))
        self._add(ll.llama_sampler_init_min_p(sampling.min_p, 1))
        self._add(ll.llama_sampler_init_temp(sampling.temperature))
        seed = secrets.randbits(31) if sampling.seed is None else sampling.seed
        self._add(ll.llama_sampler_init_dist(seed))

    def __enter__(self) -> Sampler:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def sample(self, context: ll.llama_context_p) -> int:
        """The next token after the last one that was decoded; the chain remembers it."""
        token: int = ll.llama_sampler_sample(self._chain, context, -1)
        return token

    def close(self) -> None:
        """Free the chain and its samplers."""
        ll.llama_sampler_free(self._chain)

    def _add(self, sampler: ll.llama_sampler_p) -> None:
        ll.llama_sampler_chain_add(self._chain, sampler)

    def _add_penalties(self, sampling: Sampling, n_vocab: int, prompt: Sequence[int]) -> None:
        # llama.cpp has no "whole context" here any more; the prompt's length is what it saw, and
        # more than an answer can add to it is never needed.
        last_n = len(prompt) + 65_536 if sampling.repeat_last_n < 0 else sampling.repeat_last_n
        self._add(
            ll.llama_sampler_init_penalties(
                n_vocab,
                last_n,
                sampling.repeat_penalty,
                sampling.frequency_penalty,
                sampling.presence_penalty,
            )
        )
        for token in prompt[-last_n:]:
            ll.llama_sampler_accept(self._chain, token)


def _penalises(sampling: Sampling) -> bool:
    off = (1.0, 0.0, 0.0)
    penalties = (
        sampling.repeat_penalty,
        sampling.frequency_penalty,
        sampling.presence_penalty,
    )
    return sampling.repeat_last_n != 0 and penalties != off
