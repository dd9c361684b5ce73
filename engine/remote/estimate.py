"""How many tokens a text probably has: counting them would mean to send it away."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.types import Message

_FRAME = 4
"""Tokens that a chat template puts around a message."""

_ENGLISH = 4.0
"""Bytes of a token, before anything is known."""

_LEAST_BYTES = 200
"""Less than this says nothing of a tokenizer."""


class TokenEstimate:
    """Learns from what a server counted."""

    def __init__(self) -> None:
        self._bytes_per_token = _ENGLISH

    def of(self, messages: Sequence[Message]) -> int:
        """Tokens of messages, with a template around each."""
        return math.ceil(_bytes(messages) / self._bytes_per_token) + _FRAME * len(messages)

    def learn(self, messages: Sequence[Message], tokens: int) -> None:
        """Take note of how many tokens messages had."""
        size, own = _bytes(messages), tokens - _FRAME * len(messages)
        if size >= _LEAST_BYTES and own > 0:
            self._bytes_per_token = min(max(size / own, 0.5), 12.0)


def _bytes(messages: Sequence[Message]) -> int:
    return sum(len(message.content.encode("utf-8", "replace")) for message in messages)
