"""From a branch and the settings to what the engine is asked."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from engine.types import Request
from sessions import Limits, Turn, messages_to_answer, plain_text, standing_messages
from tui.questions import Settings


def request_after(path: Sequence[Turn], settings: Settings) -> Request:
    """Asks for the answer to the question that a path ends with.

    Where the settings have no seed one is drawn, so that it can be recorded.
    """
    sampling = settings.sampling
    is_drawn = sampling.temperature > 0 or sampling.dynatemp_range > 0
    is_chosen = sampling.seed is not None and is_drawn
    if sampling.seed is None:
        sampling = replace(sampling, seed=secrets.randbits(31))
    is_raw = path[-1].raw
    return Request(
        messages=() if is_raw else tuple(messages_to_answer(path)),
        sampling=sampling,
        max_tokens=settings.max_tokens,
        stop=settings.stop,
        prefill=plain_text(path) if is_raw else "",
        grammar=settings.grammar,
        schema=settings.schema,
        banned=settings.banned,
        top_logprobs=settings.top_logprobs,
        think=settings.think,
        reproducible=is_chosen,
        stable_messages=0 if is_raw else len(standing_messages(path)),
    )


def limits_of(request: Request) -> Limits | None:
    """What a request asks of its answers beside sampling; None where it asks for nothing."""
    limits = Limits(
        max_tokens=request.max_tokens,
        stop=request.stop,
        grammar=request.grammar,
        schema=request.schema,
        banned=request.banned,
        think=request.think,
    )
    return None if limits == Limits() else limits
