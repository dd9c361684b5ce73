"""A hub on loopback: the parts of Hugging Face's API that a download needs, and what can go wrong.

As on the real one, files are served from another host, which must not see who asks.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" * 6 + "c0ff"


@dataclass
class HubServer:
    """What it serves, how it fails, and what it was asked."""

    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Contents by path, by repository."""
    url: str = ""
    statuses: dict[str, tuple[int, Mapping[str, str]]] = field(default_factory=dict)
    """What is answered to requests whose path has this in it, once each."""
    cuts: list[int] = field(default_factory=list)
    """Of how many bytes of the next files the connection is cut."""
    stall_after: int | None = None
    """Of how many bytes of a file the server falls silent."""
    wrong: bool = False
    """Whether files come with a wrong byte."""
    said_sizes: dict[str, int] = field(default_factory=dict)
    """Sizes that are told instead of the true ones, by path."""
    plain_git: bool = False
    """Whether files are told to be no large ones."""
    asked: list[str] = field(default_factory=list)
    """The path of each request."""
    ranges: list[str | None] = field(default_factory=list)
    """The Range header of each request for a file."""
    tokens: dict[str, list[str | None]] = field(default_factory=lambda: {"hub": [], "files": []})
    """The Authorization headers that each host saw."""
    moved: dict[str, str] = field(default_factory=dict)
    """Repositories that have another name now."""
    closing: threading.Event = field(default_factory=threading.Event)

    def info(self, repo: str) -> dict[str, object]:
        """What the API says of a repository."""
        siblings = []
        for path, data in self.repos[repo].items():
            size = self.said_sizes.get(path, len(data))
            blob = hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
            lfs = {"sha256": hashlib.sha256(data).hexdigest(), "size": size, "pointerSize": 134}
            entry = {"rfilename": path, "size": size, "blobId": blob}
            siblings.append(entry if self.plain_git else {**entry, "lfs": lfs})
        return {
            "_id": "0",
            "id": repo,
            "modelId": repo,
            "sha": COMMIT,
            "private": False,
            "gated": False,
            "disabled": False,
            "downloads": 1,
            "likes": 1,
            "tags": ["gguf"],
            "cardData": {"license": "apache-2.0"},
            "siblings": siblings,
        }


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """A server for as long as the block lasts."""
    hub = HubServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        hub.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: ClassVar[HubServer]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.hub.asked.append(path)
        for part in [part for part in self.hub.statuses if part in path]:
            status, headers = self.hub.statuses.pop(part)
            self._answer(status, b"{}", headers)
            return
        if path.startswith("/api/models/"):
            self._tell(path.removeprefix("/api/models/"))
        elif path.startswith("/files/"):
            self._serve(path.removeprefix("/files/"))
        else:
            self._redirect(path)

    def _tell(self, repo: str) -> None:
        self.hub.tokens["hub"].append(self.headers.get("Authorization"))
        if repo in self.hub.moved:
            self._answer(307, b"", {"Location": f"/api/models/{self.hub.moved[repo]}?blobs=True"})
        elif repo in self.hub.repos:
            self._answer(200, json.dumps(self.hub.info(repo)).encode(), {})
        else:
            self._answer(401, b"{}", {"X-Error-Message": "Invalid username or password."})

    def _redirect(self, path: str) -> None:
        self.hub.tokens["hub"].append(self.headers.get("Authorization"))
        repo, _, rest = path.removeprefix("/").partition("/resolve/")
        place = f"{self.hub.url.replace('127.0.0.1', 'localhost')}/files/{repo}//"
        self._answer(302, b"", {"Location": place + rest.partition("/")[2]})

    def _serve(self, path: str) -> None:
        repo, _, name = path.partition("//")
        data = self.hub.repos[repo][unquote(name)]
        asked = self.headers.get("Range")
        self.hub.ranges.append(asked)
        self.hub.tokens["files"].append(self.headers.get("Authorization"))
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        body = data[start:-1] + bytes([data[-1] ^ 1]) if self.hub.wrong else data[start:]
        extra = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if asked else {}
        self._head(206 if asked else 200, {"Content-Length": str(len(body)), **extra})
        if self.hub.cuts:
            self.wfile.write(body[: self.hub.cuts.pop(0)])
            self.close_connection = True
        elif self.hub.stall_after is not None:
            self.wfile.write(body[: self.hub.stall_after])
            self.wfile.flush()
            self.hub.closing.wait()
        else:
            self.wfile.write(body)

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self._head(status, {"Content-Length": str(len(body)), **headers})
        self.wfile.write(body)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
