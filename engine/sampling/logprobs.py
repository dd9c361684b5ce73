"""What the model thought of its tokens: log-probabilities and ranks out of raw logits."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from llama_cpp import llama_cpp as ll

from engine.sampling import candidates
from engine.types import TokenScore
from engine.weights import Weights

Logits: TypeAlias = npt.NDArray[Any]


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


def _text(weights: Weights, token: int) -> str:
    """How a token reads, control tokens included."""
    text = weights.token_bytes(token).decode(errors="replace")
    return text or weights.token_text(token)
