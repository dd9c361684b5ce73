"""From what went wrong between here and a server to one line that says what to do."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx

from engine.errors import CannotFit, EndpointFailed, EngineError
from engine.remote.chunks import says_error, words_of
from engine.remote.endpoint import Endpoint

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""Statuses after which the same request may succeed a moment later."""

_LONGEST_WORDS = 240
"""Characters of a server's own words."""

_TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context length|exceeds? the available"
    r" context size|exceed context window|context window of",
    re.IGNORECASE,
)

_NUMBER = "([0-9][0-9,]{0,11})"

_CONTEXT = re.compile(
    r"(?:maximum context length (?:is|of)|context size \(|context window of|\"n_ctx\":)\s*"
    f"{_NUMBER}",
    re.IGNORECASE,
)
_NEEDED = re.compile(
    rf"{_NUMBER} in the messages|(?:request|tokens) \({_NUMBER}|contains at least {_NUMBER} input"
    rf"|resulted in {_NUMBER} tokens|\"n_prompt_tokens\":\s*{_NUMBER}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Page:
    """A response that came at once: what was asked for, or a refusal."""

    status: int
    headers: httpx.Headers
    text: str
    key: str | None = field(default=None, repr=False)
    """What the server was sent to prove who asks, and nobody is shown."""

    @property
    def words(self) -> str:
        """The server's own words, if it has any that a person could read."""
        try:
            found = words_of(json.loads(self.text))
        except (ValueError, RecursionError):
            is_prose = "html" not in self.headers.get("content-type", "")
            found = self.text.strip().partition("\n")[0] if is_prose else ""
        found = self._without_key(found)
        return found if len(found) <= _LONGEST_WORDS else f"{found[: _LONGEST_WORDS - 1]}…"

    @property
    def is_error(self) -> bool:
        """Whether it says that something failed, whatever its status."""
        try:
            value = json.loads(self.text)
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict) and says_error(value)

    @property
    def location(self) -> str:
        """Where the server sends whoever asks."""
        return self._without_key(self.headers.get("location", "elsewhere"))

    def _without_key(self, words: str) -> str:
        return words.replace(self.key, "…") if self.key else words


class ParameterRefused(EndpointFailed):
    """A server does not take a parameter with this model.

    Attributes:
        parameter: Its name.
    """

    def __init__(self, text: str, parameter: str) -> None:
        super().__init__(text)
        self.parameter = parameter


def refusal_as_error(refusal: Page, endpoint: Endpoint, model: str | None) -> EngineError:
    """What a person is told of a response that is no answer."""
    host, status = endpoint.host, refusal.status
    said = f": {refusal.words}" if refusal.words else ""
    table = f"[endpoints.{endpoint.name}]"
    if status in (200, 400, 413, 422, 500) and _TOO_LONG.search(refusal.text):
        return _too_long(refusal, endpoint) or EndpointFailed(f"{host} refused the request{said}")
    if status == HTTPStatus.OK and not refusal.is_error:
        return EndpointFailed(f"{host} does not stream answers: is url in {table} right?{said}")
    if status in (401, 403):
        return EndpointFailed(f"{host} {_key_advice(endpoint, table)}{said}")
    if status == HTTPStatus.NOT_FOUND:
        what = f"has no model {model!r}" if model else "has nothing there"
        return EndpointFailed(
            f"{host} {what}, or the url in {table} lacks /v1; "
            f"`chat models info {endpoint.name}` asks what it has{said}"
        )
    if status in PASSING:
        asked = refusal.headers.get("retry-after", "")
        when = f"in {int(asked):,} s" if re.fullmatch("[0-9]{1,9}", asked) else "later"
        return EndpointFailed(
            f"{host} cannot answer now{status_in_words(status)}; try again {when}{said}"
        )
    if 300 <= status < 400:
        where = refusal.location
        return EndpointFailed(f"{host} redirects to {where}: put that address into url in {table}")
    text = f"{host} refused the request{status_in_words(status)}{said}"
    parameter = _refused_parameter(refusal.text) if status == HTTPStatus.BAD_REQUEST else None
    return ParameterRefused(text, parameter) if parameter else EndpointFailed(text)


def status_in_words(status: int) -> str:
    """The status of a refusal, in brackets; what comes in the middle of a stream has none."""
    if status == HTTPStatus.OK:
        return ""
    try:
        return f" ({status} {HTTPStatus(status).phrase})"
    except ValueError:
        return f" ({status})"


_FIELD = re.compile(r"Field '(\w+)': ")


def _refused_parameter(text: str) -> str | None:
    """The parameter that OpenAI's reasoning models, for one, do not take, or whose value is out
    of llama-server's bounds."""
    try:
        error = json.loads(text)["error"]
        if named := _FIELD.match(str(error["message"])):
            return named[1]
        is_refused = str(error["code"]).startswith("unsupported_")
        return str(error["param"]) if is_refused and error["param"] else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


_BROKEN_OFF = re.compile("disconnected|peer closed", re.IGNORECASE)
_NO_HTTP = "does not speak HTTP as url in {table} says: https in place of http, or another port?"


_NOT_A_WORD = (
    "closed the connection without a word: try again, or https in place of http in url of {table}"
)


def without_a_word(endpoint: Endpoint, seconds: int) -> EndpointFailed:
    """What a person is told of a stream that goes on and says nothing."""
    return EndpointFailed(
        f"{endpoint.host} kept the line open for {seconds} s without a word: try again, or raise "
        f"timeout_s in [endpoints.{endpoint.name}]"
    )


def failure_as_error(
    failure: Exception, endpoint: Endpoint, *, is_first: bool = False
) -> EndpointFailed:
    """What a person is told of a connection that failed.

    Args:
        failure: How.
        endpoint: Where it led to.
        is_first: Whether nothing had come by it. Servers that speak TLS close so what is not.
    """
    table = f"[endpoints.{endpoint.name}]"
    words = _connecting(failure, table)
    if words is None and isinstance(failure, httpx.TimeoutException):
        words = f"was silent for {endpoint.timeout_s} s: try again, or raise timeout_s in {table}"
    if words is None and isinstance(failure, httpx.RemoteProtocolError):
        words = None if _BROKEN_OFF.search(str(failure)) else _NO_HTTP.format(table=table)
    is_closed = isinstance(failure, httpx.RemoteProtocolError | httpx.ReadError)
    if words is None and is_first and is_closed and endpoint.url.startswith("http:"):
        words = _NOT_A_WORD.format(table=table)
    return EndpointFailed(f"{endpoint.host} {words or 'broke the connection off: try again'}")


def _connecting(failure: Exception, table: str) -> str | None:
    """What is said where there never was a connection."""
    causes = list(_causes(failure))
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return f"is not found: check url in {table}, and the network"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"has a certificate that cannot be trusted ({cause.verify_message}): "
                "set SSL_CERT_FILE to a file with your own authorities"
            )
        if isinstance(cause, ssl.SSLError):
            is_plain = cause.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
            what = "http in place of https, or another port?" if is_plain else cause
            return f"does not speak TLS as url in {table} says: {what}"
    if isinstance(failure, httpx.ConnectTimeout):
        return f"does not answer: check url in {table}, and the network"
    if isinstance(failure, httpx.ConnectError | httpx.ProxyError):
        why = next((one.strerror for one in causes if isinstance(one, OSError)), None)
        return f"cannot be reached ({why or failure}): start the server, or correct url in {table}"
    return None


def _causes(failure: BaseException | None) -> Iterator[BaseException]:
    while failure is not None:
        yield failure
        failure = failure.__cause__ or failure.__context__


def _key_advice(endpoint: Endpoint, table: str) -> str:
    if endpoint.key_env:
        return f"does not accept the key in {endpoint.key_env}"
    if endpoint.in_keyring:
        return "does not accept the key in the keyring"
    return f"wants a key: name its variable with key_env in {table}"


def _too_long(refusal: Page, endpoint: Endpoint) -> CannotFit | None:
    """The numbers in a server's words, which each server has in others."""
    holds, needs = _CONTEXT.search(refusal.text), _NEEDED.search(refusal.text)
    context = int(holds[1].replace(",", "")) if holds else endpoint.n_ctx
    if context is None or needs is None:
        return None
    needed = int(next(filter(None, needs.groups())).replace(",", ""))
    if needed < context:
        return None
    return CannotFit(needed, context - 1, at_least="at least" in needs[0])
