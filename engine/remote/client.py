"""An engine whose model is at a server; everything above the protocol works the same with it."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace

from engine.errors import CannotFit, EndpointFailed, Unsupported
from engine.remote.asking import Asking
from engine.remote.card import Introduction, assumed, introduce
from engine.remote.connection import Connection
from engine.remote.endpoint import Endpoint, find_key
from engine.remote.estimate import TokenEstimate
from engine.remote.payload import left_out, refuse_what_it_cannot
from engine.reports import ModelCard
from engine.types import (
    Event,
    Finished,
    Loading,
    Message,
    Notice,
    Request,
    Timings,
    TokenScore,
    Usage,
)

_CERTAINLY_TOO_LONG = 1.25
"""An estimate that is over the context by this factor is not sent: some servers would cut the
beginning off without a word."""

MOST_ALTERNATIVES = 16


class RemoteEngine:
    """An `Engine` over an OpenAI-compatible server. Nothing is sent before something is asked."""

    def __init__(
        self,
        endpoint: Endpoint,
        environment: Mapping[str, str],
        *,
        sends: bool = True,
        pause_s: float = 0.5,
    ) -> None:
        """Find the key; nothing is connected yet.

        Args:
            endpoint: Where the model is.
            environment: The process's; has the key where the endpoint says so.
            sends: Whether the server may be asked at all; otherwise no key is needed either, and
                nothing is known of it but what the endpoint says.
            pause_s: Seconds before a second try; later pauses double.

        Raises:
            EndpointFailed: If there should be a key and there is none.
        """
        self._endpoint = endpoint
        key = find_key(endpoint, environment) if sends else None
        self._connection = Connection(endpoint, key, pause_s)
        self._busy = threading.Lock()
        self._introduction = None if sends else assumed(endpoint)
        self._sends = sends
        self._estimate = TokenEstimate()
        self._noticed: set[str] = set()

    @property
    def model_name(self) -> str:
        """See `Engine`."""
        return self._endpoint.name

    @property
    def card(self) -> ModelCard | None:
        """See `Engine`."""
        return self._introduction.card if self._introduction else None

    @property
    def host(self) -> str:
        """See `Engine`."""
        return self._endpoint.host

    def describe(self) -> ModelCard:
        """See `Engine`."""
        for _ in self.load():
            pass
        if self.card is None:
            raise EndpointFailed("it was cancelled")
        return self.card

    def load(self) -> Generator[Event, None, None]:
        """See `Engine`. The server has them already; it is asked what they are."""
        with self._busy:
            self._connection.is_cancelled = False
            for _ in self._introduced():
                yield Loading(0.0)

    def count(self, messages: Sequence[Message]) -> int:
        """See `Engine`. Nothing is sent."""
        return self._estimate.of(messages)

    def score(
        self, messages: Sequence[Message], text: str, *, after: str = ""
    ) -> tuple[TokenScore, ...]:
        """See `Engine`."""
        raise Unsupported(
            f"{self.model_name}'s server cannot score a given text; a model on this machine can"
        )

    def variants(
        self, messages: Sequence[Message], text: str, *, within: float, most: int = 16
    ) -> tuple[str, ...]:
        """See `Engine`."""
        raise Unsupported(
            f"{self.model_name}'s server cannot say what it would nearly have written; a model on "
            "this machine can"
        )

    def stream(self, request: Request) -> Generator[Event, None, None]:
        """See `Engine`."""
        self._connection.is_cancelled = False
        return self._events(request)

    def cancel(self) -> None:
        """See `Engine`. Only raises a flag: whoever waits for the server looks at it."""
        self._connection.is_cancelled = True

    def check(self) -> None:
        """See `Engine`. Nothing is loaded here."""

    def let_go(self) -> None:
        """See `Engine`. Nothing is loaded here."""

    def close(self) -> None:
        """See `Engine`."""
        self._connection.is_cancelled = True
        self._connection.close()

    def _introduced(self) -> Generator[None, None, Introduction | None]:
        if self._introduction is None:
            self._introduction = yield from introduce(self._endpoint, self._connection)
            self._connection.model = self._introduction.model if self._introduction else None
        return self._introduction

    def _events(self, request: Request) -> Generator[Event, None, None]:
        if not 1 <= request.alternatives <= MOST_ALTERNATIVES:
            raise Unsupported(f"alternatives must be from 1 to {MOST_ALTERNATIVES}")
        with self._busy:
            for _ in self._introduced():
                pass
            introduction = self._introduction
            if introduction is None:
                for index in range(request.alternatives):
                    yield Finished("cancelled", Usage(0, 0), Timings(0.0, 0.0), index=index)
                return
            if not self._sends:
                raise Unsupported("nothing is sent")
            refuse_what_it_cannot(request, introduction.dialect, self.model_name)
            self._check_room(request, introduction.card.n_ctx)
            request = _within_context(request, introduction)
            yield from self._new_notices(
                *introduction.card.notices, *left_out(request, introduction.dialect)
            )
            asking = Asking(
                request, introduction, self._connection, self._estimate, self._new_notices
            )
            yield from asking.events()

    def _check_room(self, request: Request, n_ctx: int) -> None:
        tokens = self._estimate.of_request(request)
        if tokens > n_ctx * _CERTAINLY_TOO_LONG:
            raise CannotFit(tokens, n_ctx - 1)

    def _new_notices(self, *texts: str) -> Iterator[Notice]:
        for text in texts:
            if text not in self._noticed:
                self._noticed.add(text)
                yield Notice(text)


def _within_context(request: Request, introduction: Introduction) -> Request:
    """The request with a limit that the context can hold. A model on this machine ends its answer
    where the context does; vLLM refuses to begin one that is allowed more."""
    most = introduction.card.n_ctx - 1
    if request.max_tokens is None or request.max_tokens <= most or not introduction.knows_context:
        return request
    return replace(request, max_tokens=most)
