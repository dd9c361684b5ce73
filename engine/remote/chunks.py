"""What a server streams, read into values; whatever is not as it should be is refused here."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.types import TokenScore

_SURROGATE = re.compile("[\ud800-\udfff]")


_IMPOSSIBLE = -9999.0
"""The log-probability of what cannot be, as OpenAI writes it."""

_LONGEST_REASON = 40
"""Characters of why an answer ended."""


_UNFIT = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading raises where a value is not as it should be."""


class BrokenChunk(Exception):
    """A server sent what is no part of an answer; the text says what."""


class ReportedError(Exception):
    """A server said, in the middle of its answer, that it failed; the text has its words."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a server counted."""

    prompt: int
    completion: int
    cached: int


@dataclass(frozen=True, slots=True)
class Delta:
    """What one chunk adds to one of the answers."""

    index: int
    text: str = ""
    reasoning: str = ""
    scores: tuple[TokenScore, ...] = ()
    reason: str | None = None
    """Why the answer ended, in the server's words."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One event of the stream."""

    deltas: tuple[Delta, ...]
    tokens: Tokens | None = None


def read_chunk(data: str) -> Chunk:
    """The values of one event's data.

    Raises:
        BrokenChunk: If it is not JSON, or not a chunk of an answer.
        ReportedError: If it says that the server failed.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BrokenChunk("it sent something that is not JSON") from error
    try:
        if says_error(value):
            raise ReportedError(words_of(value))
        deltas = tuple(map(_delta, value.get("choices") or ()))
        return Chunk(deltas, _tokens(value.get("usage")))
    except _UNFIT as error:
        raise BrokenChunk("it sent JSON that is not part of an answer") from error


def says_error(body: Mapping[str, Any]) -> bool:
    """Whether what a server sent is that it failed."""
    return bool(body.get("error")) or body.get("object") == "error"


def words_of(body: object) -> str:
    """What a server's error says: servers have it in half a dozen places."""
    for key in ("error", "message", "detail", "msg"):
        if isinstance(body, Mapping) and body.get(key):
            return words_of(body[key])
    if isinstance(body, list) and body:
        return words_of(body[0])
    return clean(body.strip()) if isinstance(body, str) else ""


def _delta(choice: Mapping[str, Any]) -> Delta:
    own = choice.get("delta")
    delta: Mapping[str, Any] = {"content": choice.get("text")} if own is None else own
    return Delta(
        index=int(choice.get("index") or 0),
        text=clean(delta.get("content")),
        reasoning=clean(delta.get("reasoning_content") or delta.get("reasoning")),
        scores=_scores(choice.get("logprobs")),
        reason=_reason(choice.get("finish_reason")),
    )


def _reason(reason: object) -> str | None:
    return None if reason is None else clean(str(reason))[:_LONGEST_REASON]


def clean(text: str | None) -> str:
    """The text with U+FFFD in place of each lone surrogate, which no file can hold."""
    if text is None:
        return ""
    return _SURROGATE.sub("\ufffd", text)


def _scores(logprobs: Mapping[str, Any] | None) -> tuple[TokenScore, ...]:
    if not logprobs:
        return ()
    content = logprobs.get("content")
    if content is None:
        return _plain_scores(logprobs)
    return tuple(
        _score(
            one["token"],
            one["logprob"],
            [(other["token"], other["logprob"]) for other in one.get("top_logprobs") or ()],
        )
        for one in content
    )


def _plain_scores(logprobs: Mapping[str, Any]) -> tuple[TokenScore, ...]:
    """The form that completions of plain text have."""
    tokens = logprobs.get("tokens") or ()
    others = logprobs.get("top_logprobs") or [{}] * len(tokens)
    return tuple(
        _score(token, logprob, list((top or {}).items()))
        for token, logprob, top in zip(tokens, logprobs["token_logprobs"], others, strict=True)
    )


def _score(token: str, logprob: float | None, others: list[tuple[str, float]]) -> TokenScore:
    own = 0.0 if logprob is None else _finite(logprob)
    ranked = sorted(((clean(text), _finite(one)) for text, one in others), key=lambda it: -it[1])
    return TokenScore(clean(token), own, sum(one > own for _, one in ranked), tuple(ranked))


def _finite(logprob: float) -> float:
    """A number that JSON can hold: servers write what is impossible in several ways."""
    value = float(logprob)
    return value if math.isfinite(value) else _IMPOSSIBLE


def _tokens(usage: Mapping[str, Any] | None) -> Tokens | None:
    if not usage:
        return None
    details = usage.get("prompt_tokens_details") or {}
    return Tokens(
        _count(usage["prompt_tokens"]),
        _count(usage.get("completion_tokens")),
        _count(details.get("cached_tokens")),
    )


def _count(value: Any) -> int:
    return max(0, int(value or 0))
