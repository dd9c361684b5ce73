"""Keeps phrases out of an answer: a token is shown only once it cannot be part of a banned one."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Token = TypeVar("Token")


@dataclass(frozen=True, slots=True)
class _Held(Generic[Token]):
    token: Token
    text: str
    """In lower case; nothing while a character is incomplete."""
    is_incomplete: bool
    """Whether its character ends in a later token."""


class PhraseGuard(Generic[Token]):
    """Holds tokens back for as long as they could begin a banned phrase, in whatever case."""

    def __init__(self, phrases: Sequence[str]) -> None:
        """Ban the phrases; empty ones are ignored."""
        self._phrases = tuple(phrase.lower() for phrase in phrases if phrase)
        self._reach = max(map(len, self._phrases), default=1) - 1
        self._held: list[_Held[Token]] = []
        self._shown = ""
        """The end of what was shown: after something was taken back, a phrase may begin there."""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, token: Token, data: bytes) -> tuple[list[Token], int]:
        """Take the next token.

        Returns:
            The tokens that may be shown, and how many of the last ones have to be taken back
            because a banned phrase begins in the first of them, or before it. Those are forgotten
            here.
        """
        if not self._phrases:
            return [token], 0
        text = self._decoder.decode(data).lower()
        self._held.append(_Held(token, text, bool(data) and not text))
        text = self._shown + "".join(held.text for held in self._held)
        starts = [at for at in map(text.find, self._phrases) if at >= 0]
        if starts:
            kept = self._token_at(min(starts))
            taken_back = len(self._held) - kept
            # What comes before the phrase in its first token goes with it.
            del self._held[kept:]
            self._decoder.reset()
            return [], taken_back
        return self._release(self._token_at(self._possible_start(text))), 0

    def flush(self) -> list[Token]:
        """What was held back and turned out to be harmless."""
        return self._release(len(self._held))

    def _release(self, count: int) -> list[Token]:
        released = self._held[:count]
        del self._held[:count]
        shown = self._shown + "".join(held.text for held in released)
        self._shown = shown[max(0, len(shown) - self._reach) :]
        return [held.token for held in released]

    def _token_at(self, offset: int) -> int:
        """The held token that the character at an offset of shown and held text begins in."""
        end = len(self._shown)
        first = 0
        for index, held in enumerate(self._held):
            end += len(held.text)
            if offset < end:
                return first
            if not held.is_incomplete:
                first = index + 1
        return first

    def _possible_start(self, text: str) -> int:
        """Where the longest end of the text that begins some phrase starts."""
        for at in range(max(0, len(text) - self._reach), len(text)):
            if any(phrase.startswith(text[at:]) for phrase in self._phrases):
                return at
        return len(text)
