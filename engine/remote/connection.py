"""The line to a server: call after call, again where that may help, and given up in time."""

from __future__ import annotations

import queue
import random
import ssl
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from time import monotonic, sleep
from typing import Any

import httpx

from engine.errors import EndpointFailed
from engine.remote.endpoint import Endpoint
from engine.remote.errand import POLL_S, Call, Errand, Item
from engine.remote.failures import (
    PASSING,
    Page,
    failure_as_error,
    refusal_as_error,
    status_in_words,
    without_a_word,
)
from engine.types import Notice

_CONNECT_S = 10.0
_WRITE_S = 60.0

_TRIES = 4
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0

_MOST_UNREAD = 32 * 2**20
"""Bytes without an event among them: no answer, and it would fill the memory."""

_KEPT_ALIVE = 2
"""By how much longer a stream may have no word that is kept alive with something else meanwhile."""

_GRACE_S = 0.3
"""How long after the last event a server may take to end the response, so that the connection can
be used again."""

DONE = "[DONE]"
"""The data of the last event."""


@dataclass(frozen=True, slots=True)
class _Again:
    """That a call is worth another try."""

    pause_s: float
    why: str


_DROPS = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
_DROPPED = _Again(0.0, "closed the connection without a word")


class Connection:
    """Calls to one server, one at a time."""

    def __init__(
        self, endpoint: Endpoint, key: str | None, pause_s: float = _FIRST_PAUSE_S
    ) -> None:
        """Nothing is connected yet.

        Args:
            endpoint: Where.
            key: Sent with each call, and told to nobody else.
            pause_s: Seconds before a second try; later pauses double.
        """
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(
            headers={**headers, "Accept-Encoding": "identity"},
            verify=_trusted(endpoint),
            trust_env=not endpoint.is_on_this_machine,  # no proxy leads back here
            timeout=httpx.Timeout(endpoint.timeout_s, connect=_CONNECT_S, write=_WRITE_S),
        )
        self._endpoint = endpoint
        self._key = key
        self._pause_s = pause_s
        self.model: str | None = None
        """For words about it."""
        self.refused: set[str] = set()
        """Parameters that the server does not take with its model."""
        self.has_heard_a_word = False
        """Set by whoever reads the events, at each that has a word of an answer."""
        # A plain flag: setting an Event takes a lock that a signal handler could find taken.
        self.is_cancelled = False

    def page(self, url: str) -> Generator[None, None, Page | None]:
        """What a page holds, whatever its status; None where it was cancelled.

        Tried again where the server cannot answer now. Yields many times a second, so that whoever
        waits can turn to something else.

        Raises:
            EndpointFailed: If the server is not there.
        """
        for tries_left in reversed(range(_TRIES)):
            item = yield from self._page(Call("GET", url))
            again = self._again(item, tries_left) if item is not None and tries_left else None
            if isinstance(item, Exception) and again is None:
                raise failure_as_error(item, self._endpoint, is_first=True) from item
            if isinstance(item, Page) and again is None:
                return item
            if again is not None:
                yield from self._pauses(again.pause_s)
            if self.is_cancelled:
                break
        return None

    def _page(self, call: Call) -> Generator[None, None, Page | Exception | None]:
        """What comes of a call for a page; None where it was cancelled."""
        with Errand(self._client, call) as errand:
            for item in self._items(errand):
                if isinstance(item, Page | Exception):
                    return item
                yield
        return None

    def events(self, path: str, body: Mapping[str, Any]) -> Generator[str | Notice, None, None]:
        """The data of each event that a request is answered with, up to the one that is `DONE`.

        Tried again where the server is busy, or drops the connection, and has said nothing. Ends
        early where it is cancelled.

        Raises:
            EngineError: If there is no answer, or it breaks off.
        """
        call = Call("POST", f"{self._endpoint.url}{path}", body)
        for tries_left in reversed(range(_TRIES)):
            again = yield from self._attempt(call, tries_left)
            if again is None:
                return
            yield Notice(f"{self._endpoint.host} {again.why}: trying again")
            for _ in self._pauses(again.pause_s):
                pass
            if self.is_cancelled:
                return

    @property
    def host(self) -> str:
        """The server's name, for words about it."""
        return self._endpoint.host

    def close(self) -> None:
        """Give the sockets back."""
        self._client.close()

    def error(self, refusal: Page) -> Exception:
        """A refusal in words that do not have the key in them."""
        return refusal_as_error(replace(refusal, key=self._key), self._endpoint, self.model)

    def _attempt(self, call: Call, tries_left: int) -> Generator[str | Notice, None, _Again | None]:
        """Yields what is streamed; returns why and when to try again, if at all."""
        has_begun = False
        with Errand(self._client, call) as errand:
            for item in self._items(errand):
                if item is None:
                    continue
                if isinstance(item, str):
                    has_begun = True
                    yield item
                    continue
                again = None if has_begun or not tries_left else self._again(item, tries_left)
                if again is not None:
                    return again
                if isinstance(item, Page):
                    raise self.error(item)
                is_first = not errand.is_streaming
                raise failure_as_error(item, self._endpoint, is_first=is_first) from item
        return None

    def _items(self, errand: Errand) -> Generator[Item | None, None, None]:
        """What a thread brings, until it ends or nobody wants any more of it; None while it
        brings nothing."""
        deadline: float | None = None
        heard, silent_s = 0, 0.0
        while not self.is_cancelled and (deadline is None or monotonic() < deadline):
            try:
                item = errand.items.get(timeout=POLL_S)
            except queue.Empty:
                moved = not errand.is_streaming and errand.heard != heard
                silent_s = 0.0 if moved or self.has_heard_a_word else silent_s + POLL_S
                heard, self.has_heard_a_word = errand.heard, False
                self._bear_with(errand, silent_s)
                yield None
                continue
            if item is None or (deadline is not None and isinstance(item, Exception)):
                return
            if item == DONE:
                deadline = monotonic() + _GRACE_S
            yield item

    def _bear_with(self, errand: Errand, silent_s: float) -> None:
        """Go on waiting, unless a server sends bytes and says nothing: too many, or for too long.

        Time is what was waited, not the clock's: who was suspended has not waited. A server that
        sends nothing at all is the business of the client's own timeout.
        """
        if errand.unread > _MOST_UNREAD:
            raise EndpointFailed(
                f"{self._endpoint.host} sends something that is not an answer: is its url right?"
            )
        if errand.is_streaming and silent_s > self._endpoint.timeout_s * _KEPT_ALIVE:
            raise without_a_word(self._endpoint, self._endpoint.timeout_s * _KEPT_ALIVE)
        if silent_s > self._endpoint.timeout_s + _CONNECT_S and not errand.is_streaming:
            raise failure_as_error(httpx.ReadTimeout("it said nothing"), self._endpoint)

    def _again(self, item: Page | Exception, tries_left: int) -> _Again | None:
        """Whether there should be another try after a failure."""
        if isinstance(item, Exception):
            # Once: probably a connection that was kept from the last call, and that the server, or
            # something on the way to it, has given up.
            is_first = tries_left == _TRIES - 1
            return _DROPPED if is_first and isinstance(item, _DROPS) else None
        if item.status not in PASSING:
            return None
        pause_s = _retry_after(item.headers.get("retry-after", ""))
        if pause_s is None:
            doubled = 2.0 ** (_TRIES - 1 - tries_left)
            pause_s = self._pause_s * doubled * random.uniform(0.75, 1.25)
        why = f"cannot answer now{status_in_words(item.status)}"
        return _Again(pause_s, why) if pause_s <= _LONGEST_PAUSE_S else None

    def _pauses(self, seconds: float) -> Iterator[None]:
        """Wait, unless it is cancelled."""
        until = monotonic() + seconds
        while not self.is_cancelled and (left := until - monotonic()) > 0:
            sleep(min(POLL_S, left))
            yield


def _trusted(endpoint: Endpoint) -> ssl.SSLContext:
    """Whose certificates count. Reading them takes longer than many an answer begins in, so where
    none will be shown it is nobody's."""
    if endpoint.url.startswith("https:"):
        return httpx.create_ssl_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _retry_after(value: str) -> float | None:
    """Seconds that a server asks to wait, which it says as a number or as a date."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    if when.tzinfo is None:  # it is written as -0000
        when = when.replace(tzinfo=timezone.utc)
    return max(0.0, (when - datetime.now(timezone.utc)).total_seconds())
