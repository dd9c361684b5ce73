"""What the model thought of its tokens: log-probabilities and ranks out of raw logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from llama_cpp import llama_cpp as ll

from engine.kvcache import Addition, KvCache, KvSequence
from engine.sampling import candidates
from engine.types import TokenScore
from engine.weights import Weights

Logits: TypeAlias = npt.NDArray[Any]

_SCORED_AT_ONCE = 64
"""Tokens whose logits are kept at once: a row has as many numbers as the vocabulary has tokens."""


def logits_of(context: ll.llama_context_p, row: int, weights: Weights) -> Logits:
    """A copy of one output row, in float64: one number for each token of the vocabulary."""
    return candidates.logits_of(context, row, weights.n_vocab).astype(np.float64)


def log_softmax(logits: Logits) -> Logits:
    """Natural logarithms of the probabilities that logits stand for."""
    highest = logits.max()
    probabilities: Logits = logits - (highest + np.log(np.exp(logits - highest).sum()))
    return probabilities


def likeliest(scores: Logits, count: int) -> list[int]:
    """The indices of the highest scores, highest first; of equal ones, the lower index."""
    count = min(count, len(scores))
    if count == 0:
        return []
    among = np.sort(np.argpartition(-scores, count - 1)[:count])
    best: list[int] = among[np.argsort(-scores[among], kind="stable")].tolist()
    return best


def token_score(weights: Weights, logits: Logits, token: int, top: int) -> TokenScore:
    """What the model thought of one token.

    Args:
        weights: Whose vocabulary it is from.
        logits: The row that predicts it, see `logits_of`.
        token: Its id.
        top: How many of the likeliest tokens to name.
    """
    logprobs = log_softmax(logits)
    return TokenScore(
        text=_text(weights, token),
        logprob=float(logprobs[token]),
        rank=int((logits > logits[token]).sum()),
        others=tuple(
            (_text(weights, other), float(logprobs[other])) for other in likeliest(logits, top)
        ),
    )


def teacher_forced(
    weights: Weights, cache: KvCache, sequence: KvSequence, tokens: Sequence[int]
) -> list[TokenScore]:
    """The score of every token but the first, each given those before it.

    Args:
        weights: Whose vocabulary they are from.
        cache: Evaluates them.
        sequence: What comes before; all tokens but the last are appended to it.
        tokens: At least one.

    Raises:
        Cancelled, CannotFit: See `KvCache.evaluate`.
    """
    scores = []
    step = min(_SCORED_AT_ONCE, cache.options.batch)
    for start in range(0, len(tokens) - 1, step):
        part = tokens[start : start + step]
        (row,) = cache.evaluate([Addition(sequence, part, len(part))])
        for place, token in enumerate(tokens[start + 1 : start + 1 + len(part)]):
            logits = logits_of(cache.handle, row + place, weights)
            scores.append(token_score(weights, logits, token, 0))
    return scores


def _text(weights: Weights, token: int) -> str:
    """How a token reads, control tokens included."""
    text = weights.token_bytes(token).decode(errors="replace")
    return text or weights.token_text(token)
