"""The starter model in this process, for tests of what chooses its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from engine.abort import AbortFlag
from engine.grammars.grammar import Grammar
from engine.kvcache import CacheOptions, KvCache, KvSequence
from engine.native_log import NativeLog
from engine.sampling.sampler import Sampler
from engine.sampling_params import Sampling
from engine.weights import Weights

CHAT = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"


class Native:
    """Weights and a context, and answers written one token after another."""

    def __init__(self, path: Path) -> None:
        self.weights = Weights(
            path, gpu_layers=0, log=NativeLog(lambda _: None), progress=lambda _: True
        )
        options = CacheOptions(limit=1024, threads=1, batch=128, first_size=1024)
        self.cache = KvCache(self.weights, options, AbortFlag())
        self.sequence: KvSequence | None = None

    def read(self, text: str) -> list[int]:
        """Evaluate a text, control tokens included, so that the next token can be chosen."""
        return self.read_ids(self.weights.tokenize(text, special=True))

    def read_ids(self, ids: list[int]) -> list[int]:
        """The same for tokens. The last is read alone, as it is when all others are there: what is
        read twice must not be rounded in two ways."""
        if self.sequence is not None:
            self.cache.release(self.sequence)
        self.sequence, _ = self.cache.begin(ids, again=True)
        self.extend(ids[len(self.sequence.tokens) : -1])
        self.extend(ids[-1:])
        return ids

    def extend(self, tokens: Sequence[int]) -> None:
        """Evaluate more tokens after those that were read."""
        assert self.sequence is not None
        self.cache.extend(self.sequence, tokens)

    def go_on(self, sampler: Sampler, count: int) -> list[int]:
        """The next tokens, up to an end, which is the last of them then."""
        tokens: list[int] = []
        while len(tokens) < count and not (tokens and self.weights.is_end(tokens[-1])):
            tokens.append(sampler.sample(self.cache.handle))
            self.extend(tokens[-1:])
        return tokens

    def tokens(
        self, question: str, sampling: Sampling, count: int = 16, grammar: Grammar | None = None
    ) -> list[int]:
        """An answer's tokens."""
        ids = self.read(CHAT.format(question))
        with Sampler(sampling, self.weights, ids, grammar=grammar) as sampler:
            return self.go_on(sampler, count)

    def text(self, tokens: Sequence[int]) -> str:
        """What the tokens say."""
        return b"".join(map(self.weights.token_bytes, tokens)).decode(errors="replace")


@lru_cache(maxsize=1)
def native(path: Path) -> Native:
    """Loaded once: llama.cpp goes on to call the log of whoever came last."""
    return Native(path)
