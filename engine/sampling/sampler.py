"""Choosing the next token: llama.cpp's samplers, and what else has a say in it."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence

import numpy as np
from llama_cpp import llama_cpp as ll

from engine.grammars.grammar import Grammar, GrammarState
from engine.sampling.bias import Biases
from engine.sampling.candidates import (
    Candidates,
    Logits,
    NothingLeft,
    keep_only,
    likeliest,
    logits_of,
    raised,
)
from engine.sampling.chain import build_chain
from engine.sampling_params import SAMPLING_RANGES, Sampling
from engine.weights import Weights

__all__ = ["NothingLeft", "Sampler"]

_FIRST_LOOK = 64
"""How many of the likeliest tokens are looked at when one of them is banned."""

_SEEDS = int(SAMPLING_RANGES["seed"][1]) + 1


class Sampler:
    """Chooses one token after another. `close` it, or use it as a context manager."""

    def __init__(
        self,
        sampling: Sampling,
        weights: Weights,
        history: Sequence[int],
        *,
        grammar: Grammar | None = None,
        generated: Sequence[int] = (),
        attempt: int = 0,
    ) -> None:
        """Get ready for the next token.

        Args:
            sampling: Without a seed, one is drawn.
            weights: Whose vocabulary is chosen from.
            history: The prompt's tokens, which the penalties see.
            grammar: What the answer must follow.
            generated: The tokens of the answer that are there already; the grammar sees them too.
            attempt: Counts how often an answer was rolled back; each draws differently.

        Raises:
            GrammarFailed: If the grammar cannot be used, or `generated` does not follow it.
        """
        seen = [*history, *generated]
        seed = secrets.randbits(31) if sampling.seed is None else sampling.seed
        self._weights = weights
        self._keep = sampling.keep
        self._biases = Biases(sampling, weights, seen) if sampling.logit_bias else None
        self._grammar = GrammarState(grammar, weights, generated) if grammar else None
        self._candidates: Candidates | None = None
        self._chain = build_chain(sampling, weights, (seed + attempt) % _SEEDS, seen)

    def __enter__(self) -> Sampler:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def sample(
        self,
        context: ll.llama_context_p,
        index: int = -1,
        *,
        only: Collection[int] | None = None,
        never: Collection[int] = (),
        kept: Collection[int] = (),
    ) -> int:
        """Choose a token from an output row of the last evaluation, and remember it.

        Args:
            context: What evaluated.
            index: The row, as `llama_get_logits_ith` counts; -1 is the last.
            only: The tokens to choose from; None is all of them.
            never: Tokens that may not be chosen.
            kept: Those by which the answer follows its reference; `Sampling.keep` is added to their
                logits.

        Raises:
            NothingLeft: If no token is left to choose; the text says why.
        """
        if not self._keep or not kept:
            return self._sample(context, index, only, never)
        with raised(context, index, kept, self._keep):
            return self._sample(context, index, only, never)

    def _sample(
        self,
        context: ll.llama_context_p,
        index: int,
        only: Collection[int] | None,
        never: Collection[int],
    ) -> int:
        is_plain = self._grammar is None and self._biases is None
        if is_plain and only is None and not never:
            token: int = ll.llama_sampler_sample(self._chain, context, index)
            return token
        logits = logits_of(context, index, self._weights.n_vocab)
        if only is not None:
            logits = keep_only(logits, only)
        for forbidden in never:
            logits[forbidden] = -np.inf
        try:
            token = self._choose(logits)
        except NothingLeft:
            reason = "the grammar leaves no" if self._grammar else "there is no"
            raise NothingLeft(f"{reason} token to continue with") from None
        self._accept(token)
        return token

    def close(self) -> None:
        """Free the samplers; a second time does nothing."""
        ll.llama_sampler_free(self._chain)
        self._chain = None
        if self._grammar:
            self._grammar.close()

    def _choose(self, logits: Logits) -> int:
        """Choose freely, and again where a grammar or a ban is against it.

        As llama.cpp's own `common_sampler_sample` does: to look at one token is quick, and to look
        at all of them is not, so that waits until the first choice is refused.
        """
        if self._candidates is None:
            self._candidates = Candidates(self._weights.n_vocab)
        for token, change in self._biases.changes() if self._biases else ():
            logits[token] += change
        looked_at = _FIRST_LOOK
        is_restricted = False
        while True:
            token = self._candidates.choose(self._chain, logits)
            if self._biases and self._biases.bans(token):
                self._drop_banned(logits, looked_at)
                looked_at *= 4
            elif self._grammar is None or self._grammar.allows(token):
                return token
            elif not is_restricted:
                self._grammar.restrict(self._candidates, logits)
                is_restricted = True
            logits[token] = -np.inf

    def _drop_banned(self, logits: Logits, count: int) -> None:
        """Forbid what would complete a banned text, among the likeliest tokens."""
        assert self._biases
        for token in likeliest(logits, count):
            if self._biases.bans(token):
                logits[token] = -np.inf

    def _accept(self, token: int) -> None:
        ll.llama_sampler_accept(self._chain, token)
        if self._grammar:
            self._grammar.accept(token)
        if self._biases:
            self._biases.accept(token)
