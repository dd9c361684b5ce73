"""Has a server write the alternatives of one request, in as many calls as it takes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import httpx

from engine.errors import EndpointFailed, EngineError
from engine.remote.answer import Answer
from engine.remote.card import Introduction
from engine.remote.chunks import BrokenChunk, Chunk, Delta, ReportedError, Tokens, read_chunk
from engine.remote.connection import DONE, Connection
from engine.remote.estimate import TokenEstimate
from engine.remote.failures import Page, ParameterRefused
from engine.remote.payload import can_be_left_out, payload_of, without
from engine.types import Event, FinishReason, Notice, Prefill, Request

_NEARLY_FULL = 0.9
"""The share of the context from which on an estimate is worth a word."""


class Asking:
    """One request, from its first call to the end of its last answer."""

    def __init__(
        self,
        request: Request,
        introduction: Introduction,
        connection: Connection,
        estimate: TokenEstimate,
        once: Callable[[str], Iterator[Notice]],
    ) -> None:
        """Nothing is sent yet.

        Args:
            request: What is asked for.
            introduction: What the server is.
            connection: Leads to it.
            estimate: Stands in for what the server does not count, and learns from what it does.
            once: Makes a notice of a text that was not told before.
        """
        self._request = request
        self._introduction = introduction
        self._connection = connection
        self._estimate = estimate
        self._prompt_tokens = prompt_tokens = estimate.of_request(request)
        self._has_words = False
        self._once = once
        self._answers = [
            Answer(request, index, prompt_tokens) for index in range(request.alternatives)
        ]

    def events(self) -> Generator[Event, None, None]:
        """The events of all answers, each ending in `Finished`.

        Servers that know nothing of ``n`` write one answer where several are asked for: the others
        are asked for one by one.

        Raises:
            EngineError: If the server fails before anything of an answer came.
        """
        yield Prefill(0, self._prompt_tokens, 0)
        together = self._introduction.dialect.several
        try:
            while (waiting := self._waiting()) and not self._connection.is_cancelled:
                yield from self._call(waiting if together else waiting[:1])
                together = False
        except EngineError as error:
            if not any(answer.has_begun for answer in self._answers):
                raise
            yield from self._break_off("error", str(error))
        yield from self._break_off("cancelled")

    def _waiting(self) -> list[Answer]:
        return [answer for answer in self._answers if not answer.is_over]

    def _break_off(self, reason: FinishReason, error: str | None = None) -> Iterator[Event]:
        for answer in self._waiting():
            yield from answer.break_off(reason, error)
            yield answer.finished(None)

    def _call(self, group: Sequence[Answer]) -> Generator[Event, None, None]:
        """Ask for some of the answers, without what the server turns out not to take."""
        payload = payload_of(
            self._request,
            [answer.index for answer in group],
            self._introduction.model,
            self._introduction.dialect,
            self._introduction.card.n_ctx,
        )
        refused = self._connection.refused
        while True:
            body = without(payload.body, refused)
            try:
                yield from self._post(group, payload.path, body)
            except ParameterRefused as error:
                if not can_be_left_out(error.parameter, body):
                    raise
                refused.add(error.parameter)
                if error.parameter != "max_tokens":
                    yield from self._once(
                        f"the server does not take {error.parameter} with this model: left out"
                    )
            else:
                return

    def _post(
        self, group: Sequence[Answer], path: str, body: Mapping[str, Any]
    ) -> Generator[Event, None, None]:
        """One call, which ends those of the answers that the server has ended."""
        for answer in group:
            answer.ask()
        tokens: Tokens | None = None
        is_done = False
        with closing(self._connection.events(path, body)) as stream:
            for data in stream:
                if isinstance(data, Notice):
                    yield data
                    continue
                if data == DONE:
                    is_done = True
                    continue
                chunk = self._read(data, len(group))
                tokens = chunk.tokens or tokens
                for delta in chunk.deltas:
                    yield from self._first_word(delta)
                    yield from group[delta.index].take(delta)
                if _is_all_that_is_wanted(group):
                    break
        if self._connection.is_cancelled:
            return
        if is_done and any(answer.reason for answer in group):
            yield from _conclude(group)
        yield from self._end(group, tokens)

    def _end(self, group: Sequence[Answer], tokens: Tokens | None) -> Generator[Event, None, None]:
        """End the answers that the server has ended; those that it has not begun go on waiting.

        The end of the stream is not that of an answer: llama-cpp-python ends it when somebody else
        asks for something.

        Raises:
            EndpointFailed: If it has ended none, or broke one off.
        """
        begun = [answer for answer in group if answer.has_begun or answer.reason is not None]
        broken_off = [answer for answer in begun if answer.reason is None]
        if not begun or broken_off:
            when = "before its answer was complete" if broken_off else "without an answer"
            raise EndpointFailed(f"{self._host} broke off {when}: try again")
        if tokens is not None:
            yield from self._counted(tokens)
            # What several answers have together says nothing of one of them.
            tokens = tokens if len(group) == 1 else Tokens(tokens.prompt, 0, tokens.cached)
        elif any(answer.reason != "stop" for answer in begun):  # what was hung up on had no time to
            yield from self._nearly_full()
        spoken = [answer for answer in begun if answer.has_begun]
        wants_scores = self._request.top_logprobs is not None
        if wants_scores and spoken and not any(answer.was_scored for answer in spoken):
            yield from self._once("the server gave no token probabilities")
        for answer in begun:
            yield answer.finished(tokens)

    def _nearly_full(self) -> Iterator[Event]:
        """Say that nobody has counted a prompt that may not have fitted."""
        n_ctx = self._introduction.card.n_ctx
        if self._prompt_tokens >= _NEARLY_FULL * n_ctx:
            yield from self._once(
                f"the server does not count tokens: the text has about {self._prompt_tokens:,} of "
                f"the {n_ctx:,} that its context holds, and it may have left some out"
            )

    def _counted(self, tokens: Tokens) -> Iterator[Event]:
        """Take note of the server's count of the prompt."""
        if self._estimate.shows_a_cut(self._request, tokens.prompt):
            yield Notice(
                f"{self._host} has read {tokens.prompt:,} tokens of about "
                f"{self._prompt_tokens:,}: it cuts off what is too long for its context"
            )
        self._estimate.learn(self._request, tokens.prompt)

    @property
    def _host(self) -> str:
        return self._connection.host

    def _first_word(self, delta: Delta) -> Iterator[Event]:
        """With it the prompt has been read."""
        if delta.text or delta.reasoning:
            self._connection.has_heard_a_word = True
        if not self._has_words and (delta.text or delta.reasoning):
            self._has_words = True
            yield Prefill(self._prompt_tokens, self._prompt_tokens, 0)

    def _read(self, data: str, answers: int) -> Chunk:
        try:
            chunk = read_chunk(data)
        except BrokenChunk as error:
            raise EndpointFailed(
                f"{self._host} sent something that cannot be understood: {error}"
            ) from error
        except ReportedError as error:
            raise self._connection.error(Page(httpx.codes.OK, httpx.Headers(), data)) from error
        if any(not 0 <= delta.index < answers for delta in chunk.deltas):
            raise EndpointFailed(f"{self._host} sent an answer to something else")
        return chunk


def _conclude(group: Sequence[Answer]) -> Iterator[Event]:
    """End what was begun and has no end of its own, though the server ended the whole.

    LiteLLM's proxy says of only one of several answers why it ended.
    """
    for answer in group:
        if answer.has_begun and answer.reason is None:
            yield from answer.conclude()


def _is_all_that_is_wanted(group: Sequence[Answer]) -> bool:
    """Whether a stop string has ended what the server would go on with."""
    reasons = [answer.reason for answer in group]
    return None not in reasons and "stop" in reasons
