"""How many tokens a text probably has: counting them would mean to send it away."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.types import Message, Request

_FRAME = 4
"""Tokens that a chat template puts around a message."""

_ENGLISH = 4.0
"""Bytes of a token, before anything is known."""

_LEAST_TO_CUT = 1000
"""Tokens; no context is shorter."""

_LEAST_BYTES = 200
"""Less than this says nothing of a tokenizer."""


class TokenEstimate:
    """Learns from what a server counted."""

    def __init__(self) -> None:
        self._bytes_per_token = _ENGLISH
        self._has_learned = False

    def of(self, messages: Sequence[Message]) -> int:
        """Tokens of messages, with a template around each."""
        return math.ceil(_bytes(messages) / self._bytes_per_token) + _FRAME * len(messages)

    def of_request(self, request: Request) -> int:
        """Tokens of everything that a request has the server read."""
        return self.of(_everything(request))

    def learn(self, request: Request, tokens: int) -> None:
        """Take note of how many tokens a request had, unless a part of it was not read."""
        messages = _everything(request)
        size, own = _bytes(messages), tokens - _FRAME * len(messages)
        if size >= _LEAST_BYTES and own > 0 and not self.shows_a_cut(request, tokens):
            self._bytes_per_token = min(max(size / own, 0.5), 12.0)
            self._has_learned = True

    def shows_a_cut(self, request: Request, tokens: int) -> bool:
        """Whether a server has counted so few tokens that it cannot have read all of a request.

        Some cut off the beginning of what is too long, and say nothing. The same tokenizer makes
        half as many tokens of no text that is like the one before it.
        """
        estimate = self.of_request(request)
        return self._has_learned and estimate >= _LEAST_TO_CUT and 2 * tokens < estimate


def _everything(request: Request) -> list[Message]:
    said = [Message("assistant", request.prefill)] if request.prefill else []
    return [*request.messages, *said]


def _bytes(messages: Sequence[Message]) -> int:
    return sum(len(message.content.encode("utf-8", "replace")) for message in messages)
