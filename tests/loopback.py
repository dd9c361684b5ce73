"""A server on loopback that says what it was told to, byte by byte."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DONE = b"data: [DONE]\n\n"

MODELS: Mapping[str, Any] = {
    "object": "list",
    "data": [{"id": "tiny", "object": "model", "owned_by": "vllm", "max_model_len": 4096}],
}


def chunk(text: str | None = None, index: int = 0, **choice: Any) -> bytes:
    """An event that adds to an answer."""
    delta = choice.pop("delta", {} if text is None else {"content": text})
    value = {"choices": [{"index": index, "delta": delta, "finish_reason": None, **choice}]}
    return f"data: {json.dumps(value)}\n\n".encode()


def end(reason: str = "stop", index: int = 0) -> bytes:
    """An event that ends an answer."""
    return chunk(index=index, finish_reason=reason)


def usage(prompt: int, completion: int, cached: int = 0) -> bytes:
    """The event with the counts."""
    counts = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
    return f"data: {json.dumps({'choices': [], 'usage': counts})}\n\n".encode()


@dataclass
class Told:
    """A response: what of it comes before the connection is closed, or held open."""

    parts: Iterable[bytes] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "text/event-stream"
    hold: bool = False
    """Say nothing more, and wait for the client to hang up."""
    has_head: bool = True
    """Whether a status and headers come first; otherwise the parts are all that is sent."""

    @classmethod
    def json(cls, value: object, status: int = 200, **headers: str) -> Told:
        """A response that is a JSON value."""
        body = json.dumps(value).encode()
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls((body,), status, named, "application/json")


@dataclass
class Asked:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


class Loopback:
    """A server that gives its replies in turn, whatever it is asked, and keeps what it was."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Begin to listen.

        Args:
            tls: Of a server that speaks HTTPS.
        """
        self.models: Told = Told.json(MODELS)
        self.lookups: deque[Told] = deque()
        """What comes in place of `models`, as long as there is any."""
        self.replies: deque[Told] = deque()
        self.asked: list[Asked] = []
        self.looked_up = 0
        """How often its models were asked for."""
        self.hung_up = threading.Event()
        """Set when a client has closed a connection that was held."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "https" if tls else "http"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """What an endpoint has."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}/v1"

    def say(self, *parts: bytes, hold: bool = False) -> None:
        """Answer the next request with these events."""
        self.replies.append(Told(parts, hold=hold))

    def reply(self, told: Told) -> None:
        """Answer the next request so."""
        self.replies.append(told)

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                loopback.looked_up += 1
                self._tell(loopback.lookups.popleft() if loopback.lookups else loopback.models)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                loopback.asked.append(Asked(self.path, dict(self.headers), json.loads(body)))
                self._tell(loopback.replies.popleft())

            def _tell(self, told: Told) -> None:
                if told.has_head:
                    self.send_response(told.status)
                    for name, value in {"Content-Type": told.kind, **told.headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                try:
                    for part in told.parts:
                        self.wfile.write(part)
                        self.wfile.flush()
                    if told.hold:
                        self.rfile.read(1)
                        loopback.hung_up.set()
                except ConnectionError:
                    loopback.hung_up.set()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


@contextmanager
def silent_port() -> Iterator[int]:
    """A port where connections are made and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def closed_port() -> int:
    """A port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
