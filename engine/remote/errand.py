"""One call to a server, in a thread of its own, so that a wait for it can always be given up.

A read from a socket cannot be interrupted from a signal handler, nor can the lookup of a name. So a
thread does both, and whoever waits for it looks a few times a second whether they still want to.
What it brings is bounded: a server may be a wrong one, or a bad one.
"""

from __future__ import annotations

import json
import queue
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx
from httpx_sse import EventSource, SSEError

from engine.remote.chunks import clean
from engine.remote.failures import Page

POLL_S = 0.05
"""How often a wait looks whether it was given up."""

_MOST_BODY = 2**20
"""Bytes that are read of what is not an answer."""

_MOST_WAITING = 256
"""Events that wait for whoever reads them. Then the server waits as well."""

_FAILURES = (
    *(httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, SSEError, OSError),
    RuntimeError,  # httpx's word for a client that was closed meanwhile
)

Item: TypeAlias = "str | Page | Exception"
"""An event's data, what came in place of a stream, or what failed."""


_GET_HEADERS = {"Accept": "application/json"}
_POST_HEADERS = {"Accept": "text/event-stream", "Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of a server."""

    method: str
    url: str
    body: Mapping[str, Any] | None = None
    """What is posted; the answer is then a stream of events."""


class Errand:
    """A thread that makes one call and brings what comes of it. Left, it hangs up."""

    def __init__(self, client: httpx.Client, call: Call) -> None:
        """Nothing is sent yet."""
        self.items: queue.Queue[Item | None] = queue.Queue(_MOST_WAITING)
        """What came; None is the end."""
        self.heard = 0
        """Steps that the call has made, events among them."""
        self.is_streaming = False
        """Whether events are coming."""
        self._client = client
        self._call = call
        self._socket: socket.socket | None = None
        self._response: httpx.Response | None = None
        self._counted = 0
        self._is_left = False
        self._has_ended = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="endpoint")

    def __enter__(self) -> Errand:
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
        except _FAILURES as error:
            self._put(error)
        finally:
            self._has_ended = True
            self._put(None)

    def _put(self, item: Item | None) -> None:
        """Hand something on, as soon as there is room for it, unless nobody waits any more."""
        while not self._is_left:
            with suppress(queue.Full):
                self.items.put(item, timeout=POLL_S)
                return

    def _make_call(self) -> None:
        call = self._call
        with self._client.stream(
            call.method,
            call.url,
            content=_content(call.body),
            headers=_GET_HEADERS if call.body is None else _POST_HEADERS,
            extensions={"trace": self._trace},
        ) as response:
            self._response = response
            stream = response.extensions["network_stream"]
            self._socket = stream.get_extra_info("socket")
            if call.body is None or not _is_stream(response):
                self._put(_page(response))
                return
            self.is_streaming = True
            response.encoding = "utf-8"
            for event in EventSource(response).iter_sse():
                self._counted = response.num_bytes_downloaded
                self.heard += 1
                if event.data:
                    self._put(event.data)

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Knows the socket as soon as there is one, and ends the call once it is left."""
        self.heard += 1
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


def _content(body: Mapping[str, Any] | None) -> bytes | None:
    """The body as JSON; a lone surrogate, which a session may have, cannot be sent."""
    return None if body is None else clean(json.dumps(body, ensure_ascii=False)).encode()


def hang_up(connected: socket.socket) -> None:
    """End a connection under whoever reads from it. TLS's own end would wait for the reader.

    What is still on its way is thrown away, so that a server that has much to say learns at once
    that nobody listens.
    """
    with suppress(OSError):  # it has ended already
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _is_stream(response: httpx.Response) -> bool:
    kind = response.headers.get("content-type", "")
    is_ok = response.status_code == httpx.codes.OK
    return is_ok and "text/event-stream" in kind and not _is_compressed(response)


def _is_compressed(response: httpx.Response) -> bool:
    """Whether it was compressed, though it was not to be: a few bytes can become any number."""
    return response.headers.get("content-encoding", "identity").strip() not in ("", "identity")


def _page(response: httpx.Response) -> Page:
    body = bytearray()
    chunks: Iterator[bytes] = iter(()) if _is_compressed(response) else response.iter_raw()
    for data in chunks:
        body += data
        if len(body) >= _MOST_BODY:
            break
    return Page(response.status_code, response.headers, body.decode("utf-8", "replace"))
