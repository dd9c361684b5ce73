"""An engine that says what it was told to: for demos and for tests of everything above engines."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path

from engine.detokenize import StopStrings
from engine.errors import CannotFit
from engine.reports import ModelCard
from engine.types import (
    Event,
    Finished,
    FinishReason,
    Message,
    Notice,
    Piece,
    Prefill,
    Reasoning,
    Request,
    Scored,
    Timings,
    TokenScore,
    Usage,
)

_TOKEN = re.compile(r"\s*\S+|\s+")
_WORD = re.compile(r"\w+|[^\w\s]")

_NATS = 10.0
"""What a word or mark that differs from the reply takes off a plain text's score."""


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
    notices: tuple[str, ...] = ()
    """What is said of the request before anything else."""


class ScriptedEngine:
    """An `Engine` that gives scripted replies in turn, the last of them again and again.

    A token is a word with the space before it, the likelier the longer it is. Alternatives take a
    reply each and come a word of each at a time. Requests are kept in `requests`.
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
        self._replied = 0
        self.requests: list[Request] = []

    @property
    def host(self) -> None:
        """See `Engine`."""
        return None

    def describe(self) -> ModelCard:
        """See `Engine`."""
        return self._card()

    def load(self) -> Generator[Event, None, None]:
        """See `Engine`."""
        yield from ()

    @property
    def card(self) -> ModelCard | None:
        """See `Engine`."""
        return self._card()

    def _card(self) -> ModelCard:
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
            fingerprint="5c" * 32,
            template_sha256="7e" * 32,
            llama_cpp="scripted",
        )

    def count(self, messages: Sequence[Message]) -> int:
        """See `Engine`."""
        return sum(len(_TOKEN.findall(message.content)) for message in messages)

    def score(
        self, messages: Sequence[Message], text: str, *, after: str = ""
    ) -> tuple[TokenScore, ...]:
        """See `Engine`. A plain text is the likelier the less it differs from the last reply:
        its last token has the whole difference."""
        tokens = _TOKEN.findall(text)
        self._check_room(self.count(messages) + len(_TOKEN.findall(after)) + len(tokens))
        scores = [_score(token, 0) for token in tokens]
        if not messages and scores:
            differing = _differing(after + text, self._last_reply().text)
            scores[-1] = replace(scores[-1], logprob=scores[-1].logprob - _NATS * differing)
        return tuple(scores)

    def variants(
        self, messages: Sequence[Message], text: str, *, within: float, most: int = 16
    ) -> tuple[str, ...]:
        """See `Engine`. It would never have written anything else."""
        return ()

    def stream(self, request: Request) -> Generator[Event, None, None]:
        """See `Engine`."""
        self._cancelled = False
        return self._events(request)

    def _events(self, request: Request) -> Generator[Event, None, None]:
        prompt_tokens = self.count(request.messages) + len(_TOKEN.findall(request.prefill))
        self._check_room(prompt_tokens)
        self.requests.append(request)
        replies = [self._next_reply() for _ in range(request.alternatives)]
        yield Prefill(prompt_tokens, prompt_tokens, 0)
        yield from (Notice(text) for reply in replies for text in reply.notices)
        answers = [
            self._answer(reply, request, prompt_tokens, index)
            for index, reply in enumerate(replies)
        ]
        for step in zip_longest(*answers, fillvalue=()):
            for events in step:
                yield from events

    def _answer(
        self, reply: Reply, request: Request, prompt_tokens: int, index: int
    ) -> Iterator[tuple[Event, ...]]:
        """The events of one answer, those of a token together."""
        made = 0
        stops = StopStrings(request.stop)
        if reply.reasoning:
            yield (Reasoning(reply.reasoning, index),)
        reason = reply.reason
        for token in self._tokens(reply):
            if self._cancelled:
                reason = "cancelled"
                break
            if made == request.max_tokens:
                reason = "length"
                break
            made += 1
            shown, was_stopped = stops.feed(token)
            if shown:
                yield _shown(shown, request.top_logprobs, index)
            if was_stopped:
                reason = "stop"
                break
        if held := stops.flush():
            yield _shown(held, request.top_logprobs, index)
        usage = Usage(prompt_tokens, made)
        yield (Finished(reason, usage, Timings(0.001, 0.001), reply.error, index),)

    def cancel(self) -> None:
        """See `Engine`."""
        self._cancelled = True

    def check(self) -> None:
        """See `Engine`."""

    def let_go(self) -> None:
        """See `Engine`."""

    def close(self) -> None:
        """See `Engine`."""

    def _next_reply(self) -> Reply:
        self._replied += 1
        return self._last_reply()

    def _last_reply(self) -> Reply:
        return self._replies[max(0, min(self._replied, len(self._replies)) - 1)]

    def _check_room(self, tokens: int) -> None:
        if tokens >= self._n_ctx:
            raise CannotFit(tokens, self._n_ctx - 1)

    def _tokens(self, reply: Reply) -> Iterator[str]:
        yield from _TOKEN.findall(reply.text)
        while reply.endless:
            yield from _TOKEN.findall(reply.text)


def _shown(text: str, others: int | None, index: int) -> tuple[Event, ...]:
    """The events of a token; without stop strings its text is all of it."""
    piece = Piece(text, index)
    return (piece,) if others is None else (piece, Scored((_score(text, others),), index))


def _differing(text: str, reply: str) -> int:
    """How many words and marks of either are not in the other, in order."""
    one, other = _WORD.findall(text), _WORD.findall(reply)
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return len(one) + len(other) - 2 * sum(block.size for block in blocks)


def _score(token: str, others: int) -> TokenScore:
    """What a token is thought of: the likeliest, with made-up ones behind it."""
    logprob = -1 / len(token)
    alike = [(token, logprob), *((f" {token.strip()}{n}", logprob - n) for n in range(1, others))]
    return TokenScore(token, logprob, 0, tuple(alike[:others]))
