"""One line to a server: asked in a thread of its own, so that a wait can always be given up.

A read from a socket cannot be interrupted from a signal handler, nor can the lookup of a name. So a
thread does both, and whoever waits for it looks a few times a second whether they still want to.
"""

from __future__ import annotations

import queue
import random
import socket
import ssl
import threading
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from time import monotonic, sleep
from typing import Any, TypeAlias

import httpx
from httpx_sse import EventSource, SSEError

from engine.errors import EndpointFailed
from engine.remote.endpoint import Endpoint
from engine.remote.failures import (
    PASSING,
    Page,
    failure_as_error,
    refusal_as_error,
    status_in_words,
)
from engine.types import Notice

_POLL_S = 0.05
"""How often a wait looks whether it was given up."""

_CONNECT_S = 10.0
_WRITE_S = 60.0

_TRIES = 4
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0

_MOST_UNREAD = 32 * 2**20
"""Bytes without an event among them: no answer, and it would fill the memory."""

_MOST_BODY = 2**20
"""Bytes that are read of what is not an answer."""

_GRACE_S = 0.3
"""How long after the last event a server may take to end the response, so that the connection can
be used again."""

DONE = "[DONE]"
"""The data of the last event."""

_Item: TypeAlias = "str | Page | Exception"
"""An event's data, what came in place of a stream, or what failed."""


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    url: str
    body: Mapping[str, Any] | None = None


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
        # A plain flag: setting an Event takes a lock that a signal handler could find taken.
        self.is_cancelled = False

    def page(self, url: str) -> Generator[None, None, Page | None]:
        """What a page holds, whatever its status; None where it was cancelled.

        Yields many times a second, so that whoever waits can turn to something else.

        Raises:
            EndpointFailed: If the server is not there.
        """
        with _Errand(self._client, _Call("GET", url)) as errand:
            for item in self._items(errand):
                if isinstance(item, Exception):
                    raise failure_as_error(item, self._endpoint) from item
                if isinstance(item, Page):
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
        call = _Call("POST", f"{self._endpoint.url}{path}", body)
        for tries_left in reversed(range(_TRIES)):
            again = yield from self._attempt(call, tries_left)
            if again is None or self.is_cancelled:
                return
            yield Notice(f"{self._endpoint.host} {again.why}: trying again")
            self._wait(again.pause_s)

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

    def _attempt(
        self, call: _Call, tries_left: int
    ) -> Generator[str | Notice, None, _Again | None]:
        """Yields what is streamed; returns why and when to try again, if at all."""
        has_begun = False
        with _Errand(self._client, call) as errand:
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
                raise failure_as_error(item, self._endpoint) from item
        return None

    def _items(self, errand: _Errand) -> Generator[_Item | None, None, None]:
        """What a thread brings, until it ends or nobody wants any more of it; None while it
        brings nothing."""
        deadline: float | None = None
        while not self.is_cancelled and (deadline is None or monotonic() < deadline):
            try:
                item = errand.items.get(timeout=_POLL_S)
            except queue.Empty:
                if errand.unread > _MOST_UNREAD:
                    raise EndpointFailed(
                        f"{self._endpoint.host} sends what is no answer: is its url right?"
                    ) from None
                yield None
                continue
            if item is None or (deadline is not None and isinstance(item, Exception)):
                return
            if item == DONE:
                deadline = monotonic() + _GRACE_S
            yield item

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

    def _wait(self, seconds: float) -> None:
        until = monotonic() + seconds
        while not self.is_cancelled and (left := until - monotonic()) > 0:
            sleep(min(_POLL_S, left))


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
    return max(0.0, (when - datetime.now(when.tzinfo or timezone.utc)).total_seconds())


class _Errand:
    """A thread that makes one call and brings what comes of it. Left, it hangs up."""

    def __init__(self, client: httpx.Client, call: _Call) -> None:
        self.items: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._client = client
        self._call = call
        self._socket: socket.socket | None = None
        self._response: httpx.Response | None = None
        self._counted = 0
        self._is_left = False
        self._has_ended = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="endpoint")

    def __enter__(self) -> _Errand:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._is_left = True
        if not self._has_ended and self._socket is not None:
            hang_up(self._socket)

    @property
    def unread(self) -> int:
        """Bytes that came since the last event."""
        response = self._response
        return response.num_bytes_downloaded - self._counted if response else 0

    def _run(self) -> None:
        try:
            self._make_call()
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, SSEError, OSError) as error:
            self.items.put(error)
        finally:
            self._has_ended = True
            self.items.put(None)

    def _make_call(self) -> None:
        call = self._call
        accept = "application/json" if call.body is None else "text/event-stream"
        with self._client.stream(
            call.method,
            call.url,
            json=call.body,
            headers={"Accept": accept},
            extensions={"trace": self._trace},
        ) as response:
            self._response = response
            stream = response.extensions["network_stream"]
            self._socket = stream.get_extra_info("socket")
            if call.body is None or response.status_code != httpx.codes.OK:
                self.items.put(_page(response))
                return
            response.encoding = "utf-8"
            for event in EventSource(response).iter_sse():
                self._counted = response.num_bytes_downloaded
                if event.data:
                    self.items.put(event.data)

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Knows the socket as soon as there is one, and ends the call once it is left."""
        is_connected = event in (
            "connection.connect_tcp.complete",
            "connection.start_tls.complete",
        )
        if is_connected:
            self._socket = info["return_value"].get_extra_info("socket")
        if self._is_left and not event.startswith("http11.response_closed"):
            if is_connected:
                info["return_value"].close()
            raise httpx.ReadError("nobody waits for it any more")


def hang_up(connected: socket.socket) -> None:
    """End a connection under whoever reads from it. TLS's own end would wait for the reader."""
    with suppress(OSError):  # it has ended already
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _page(response: httpx.Response) -> Page:
    body = bytearray()
    for data in response.iter_bytes():
        body += data
        if len(body) >= _MOST_BODY:
            break
    return Page(response.status_code, response.headers, body.decode("utf-8", "replace"))
