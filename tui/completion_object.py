"""The OpenAI ``chat.completion`` object that ``--json`` prints."""

from __future__ import annotations

from typing import Any

from sessions import Session, Turn


def completion_object(session: Session, turn: Turn) -> dict[str, Any]:
    """An answer in the form of OpenAI's API reference, with session, turn and timings beside.

    ``finish_reason`` is ``stop`` for a finished answer and ``length`` for one that was cut off: by
    a limit, by the person, or by a failure. Reasoning is in the message's ``reasoning_content``,
    where servers of such models put it.
    """
    usage = turn.usage
    message: dict[str, Any] = {"role": "assistant", "content": turn.content, "refusal": None}
    if turn.reasoning:
        message["reasoning_content"] = turn.reasoning
    prompt_tokens = usage.prompt_tokens if usage else 0
    completion_tokens = usage.completion_tokens if usage else 0
    finished = turn.status in ("complete", "stop")
    return {
        "id": f"chatcmpl-{turn.id}",
        "object": "chat.completion",
        "created": int(turn.time.timestamp()),
        "model": turn.model,
        "choices": [
            {
                "index": 0,
                "message": message,
                "logprobs": None,
                "finish_reason": "stop" if finished else "length",
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_tokens if usage else 0},
        },
        "session": session.id,
        "turn": turn.id,
        "timings": {
            "prefill_s": turn.timings.prefill_s,
            "decode_s": turn.timings.decode_s,
        }
        if turn.timings
        else None,
    }
