"""An engine that says what it was told to: for demos and for tests of everything above engines."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import CannotFit
from engine.types import (
    Event,
    Finished,
    FinishReason,
    Message,
    ModelCard,
    Piece,
    Prefill,
    Reasoning,
    Request,
    Timings,
    TokenScore,
    Usage,
)

_TOKEN = re.compile(r"\s*\S+|\s+")


@dataclass(frozen=True, slots=True)
class Reply:
    """One scripted answer."""

    text: str
    reason: FinishReason = "end"
    error: str | None = None
    endless: bool = False
    """Repeat the text until somebody cancels."""
    reasoning: str = ""
    """What it thinks aloud first."""


class ScriptedEngine:
    """An `Engine` that gives scripted replies in turn, the last of them again and again.

    A token is a word with the space before it. Requests are kept in `requests`.
    """

    def __init__(
        self, replies: Sequence[Reply | str], *, n_ctx: int = 4096, model_name: str = "scripted"
    ) -> None:
        """Learn the script.

        Args:
            replies: At least one.
            n_ctx: Tokens that fit.
            model_name: What it says it is.
        """
        self.model_name = model_name
        self._replies = [Reply(reply) if isinstance(reply, str) else reply for reply in replies]
        self._n_ctx = n_ctx
        self._cancelled = False
        self.requests: list[Request] = []

    def describe(self) -> ModelCard:
        """See `Engine`."""
        return ModelCard(
            name=self.model_name,
            path=Path("scripted.gguf"),
            description="says what it was told to",
            parameters=0,
            size_bytes=0,
            n_ctx=self._n_ctx,
            n_ctx_train=self._n_ctx,
            has_chat_template=True,
            metadata={},
        )

    def count(self, messages: Sequence[Message]) -> int:
        """See `Engine`."""
        return sum(len(_TOKEN.findall(message.content)) for message in messages)

    def score(self, messages: Sequence[Message], text: str) -> tuple[TokenScore, ...]:
        """See `Engine`. It expects every word equally."""
        return tuple(TokenScore(token, -1.0, 0) for token in _TOKEN.findall(text))

    def stream(self, request: Request) -> Generator[Event, None, None]:
        """See `Engine`."""
        self._cancelled = False
        return self._events(request)

    def _events(self, request: Request) -> Generator[Event, None, None]:
        prompt_tokens = self.count(request.messages)
        if prompt_tokens >= self._n_ctx:
            raise CannotFit(prompt_tokens, self._n_ctx - 1)
        reply = self._replies[min(len(self.requests), len(self._replies) - 1)]
        self.requests.append(request)
        yield Prefill(prompt_tokens, prompt_tokens, 0)
        made = 0
        if reply.reasoning:
            yield Reasoning(reply.reasoning)
        reason = reply.reason
        for piece in self._pieces(reply):
            if self._cancelled:
                reason = "cancelled"
                break
            if made == request.max_tokens:
                reason = "length"
                break
            made += 1
            yield Piece(piece)
        usage = Usage(prompt_tokens, made)
        yield Finished(reason, usage, Timings(0.001, 0.001), reply.error)

    def cancel(self) -> None:
        """See `Engine`."""
        self._cancelled = True

    def close(self) -> None:
        """See `Engine`."""

    def _pieces(self, reply: Reply) -> Iterator[str]:
        yield from _TOKEN.findall(reply.text)
        while reply.endless:
            yield from _TOKEN.findall(reply.text)
