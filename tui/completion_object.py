"""The OpenAI ``chat.completion`` object that ``--json`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sessions import Session, TokenLogprob, Turn


def completion_object(session: Session, answers: Sequence[Turn]) -> dict[str, Any]:
    """Answers in the form of OpenAI's API reference, with session, turns and timings beside.

    ``finish_reason`` is ``stop`` for a finished answer and ``length`` for one that was cut off: by
    a limit, by the person, or by a failure. Reasoning is in the message's ``reasoning_content``,
    where servers of such models put it. The prompt of several answers counts once.
    """
    first = answers[0]
    usages = [turn.usage for turn in answers if turn.usage]
    prompt_tokens = usages[0].prompt_tokens if usages else 0
    completion_tokens = sum(usage.completion_tokens for usage in usages)
    return {
        "id": f"chatcmpl-{first.id}",
        "object": "chat.completion",
        "created": int(first.time.timestamp()),
        "model": first.model,
        "choices": [_choice(index, turn) for index, turn in enumerate(answers)],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
            "prompt_tokens_details": {"cached_tokens": usages[0].cached_tokens if usages else 0},
        },
        "session": session.id,
        "turn": first.id,
        "timings": _timings(answers),
    }


def _choice(index: int, turn: Turn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": turn.content, "refusal": None}
    if turn.reasoning:
        message["reasoning_content"] = turn.reasoning
    finished = turn.status in ("complete", "stop")
    return {
        "index": index,
        "message": message,
        "logprobs": _logprobs(turn.logprobs) if turn.logprobs else None,
        "finish_reason": "stop" if finished else "length",
        "turn": turn.id,
    }


def _logprobs(tokens: Sequence[TokenLogprob]) -> dict[str, Any]:
    content = [
        {
            **_token(token.text, token.logprob),
            "top_logprobs": [_token(text, logprob) for text, logprob in token.others],
        }
        for token in tokens
    ]
    return {"content": content, "refusal": None}


def _token(text: str, logprob: float) -> dict[str, Any]:
    """A token and its bytes; those of a part of a character are not known."""
    known = "\N{REPLACEMENT CHARACTER}" not in text
    return {"token": text, "logprob": logprob, "bytes": list(text.encode()) if known else None}


def _timings(answers: Sequence[Turn]) -> dict[str, float] | None:
    """Of the request: alternatives are read once and made side by side."""
    timings = [turn.timings for turn in answers if turn.timings]
    if not timings:
        return None
    return {
        "prefill_s": timings[0].prefill_s,
        "decode_s": max(one.decode_s for one in timings),
    }
