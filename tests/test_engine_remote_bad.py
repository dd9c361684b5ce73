"""Servers that are wrong, broken or bad: each is a line that says so, and the engine goes on."""

from __future__ import annotations

import gzip
import json
import random
import threading
from collections.abc import Iterable, Iterator
from itertools import repeat
from time import monotonic, sleep

import pytest
from leftovers import Cleanup
from loopback import DONE, Loopback, Told, chunk, end, usage

from engine.errors import EngineError
from engine.remote.client import RemoteEngine
from engine.remote.endpoint import Endpoint
from engine.types import Event, Finished, Message, Notice, Piece, Request, Scored

REQUEST = Request((Message("user", "Name a colour."),), top_logprobs=1)
KEY = "sk-test-8f14e45fceea167a"

GOOD = (chunk("Blue 🌊"), chunk("."), end(), usage(21, 3), DONE)
PAGE = b"<html><body>" + b"<p>Something went wrong here.</p>" * 32_000 + b"</body></html>"


@pytest.fixture
def engine(cleanup: Cleanup, loopback: Loopback) -> RemoteEngine:
    """An engine for the loopback server, with a key."""
    return cleanup(described(loopback))


@pytest.fixture
def impatient(cleanup: Cleanup, loopback: Loopback) -> RemoteEngine:
    """One that gives up after a second of silence, and after two without a word."""
    return cleanup(described(loopback, timeout_s=1))


def described(loopback: Loopback, timeout_s: int = 300) -> RemoteEngine:
    """An engine that has asked its server once."""
    endpoint = Endpoint("big", loopback.url, key_env="BIG_KEY", timeout_s=timeout_s)
    engine = RemoteEngine(endpoint, {"BIG_KEY": KEY}, pause_s=0.001)
    engine.describe()
    return engine


def asked(engine: RemoteEngine) -> tuple[str, str, list[Event]]:
    """The words of an answer, and what went wrong."""
    events: list[Event] = []
    try:
        events += engine.stream(REQUEST)
    except EngineError as error:
        assert not any(isinstance(event, Piece) for event in events), "words that came are kept"
        return "", str(error), events
    (finished,) = (event for event in events if isinstance(event, Finished))
    assert (finished.reason == "error") == (finished.error is not None)
    words = "".join(event.text for event in events if isinstance(event, Piece))
    return words, finished.error or "", events


def in_parts(data: bytes, size: int) -> list[bytes]:
    """The bytes, in parts that know nothing of lines and characters."""
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize(
    "parts",
    [
        in_parts(b"".join(GOOD), 1),
        in_parts(b"".join(GOOD), 7),
        [part.replace(b"\n", b"\r\n") for part in GOOD],
        in_parts(b"".join(GOOD).replace(b"\n", b"\r\n"), 3),
        [part.replace(b"\n", b"\r") for part in GOOD],
        [part.replace(b"data: ", b"data:") for part in GOOD],
        [b": ping\n\n" + b"event: message\nid: 7\nretry: 5\n" + part for part in GOOD],
        [part.replace(b"\\ud83c\\udf0a", "🌊".encode()) for part in GOOD],
        [b'data: {"choices": []}\n\n', b"data: \n\n", *GOOD],
        [*GOOD[:-1]],
    ],
    ids=[
        *("bytes", "sevens", "CRLF", "CRLF in parts", "CR", "no blank", "comments", "UTF-8"),
        *("empty events", "no DONE"),
    ],
)
def test_the_same_answer_however_its_bytes_come(
    parts: list[bytes], loopback: Loopback, engine: RemoteEngine
) -> None:
    loopback.say(*parts)
    words, error, _ = asked(engine)
    assert (words, error) == ("Blue 🌊.", "")


def bomb() -> bytes:
    """A few bytes that would become 64 MiB."""
    return gzip.compress(b"data: " + bytes(2**26))


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (Told((PAGE,), 500, kind="text/html"), "cannot answer now (500 Internal Server Error)"),
        (Told((PAGE,), 404, kind="text/html"), "has no model 'tiny'"),
        (Told((PAGE,), kind="text/html"), "does not stream answers: is url in [endpoints.big]"),
        (Told((b"It works!",), kind="text/plain"), "is url in [endpoints.big] right?: It works!"),
        (Told.json({"choices": [{"message": {"content": "Blue."}}]}), "does not stream answers"),
        (Told.json({"error": {"message": "no GPU is free"}}), "request: no GPU is free"),
        (Told.json({"object": "error", "message": "no"}), "refused the request: no"),
        (Told((bomb(),), headers={"Content-Encoding": "gzip"}), "does not stream answers"),
        (Told((bomb(),), 500, {"Content-Encoding": "gzip"}), "cannot answer now (500"),
        (Told((DONE,)), "broke off without an answer"),
        (Told((b'data: {"choices": []}\n\n', DONE)), "broke off without an answer"),
        (Told(()), "broke off without an answer"),
        (Told((b"data: {oops\n\n",)), "cannot be understood: it sent something that is not JSON"),
        (Told((b"\x15\x03\x01\x00\x02\x02F",), has_head=False), "does not speak HTTP as url in"),
        (Told((b"HTTP/1.1 200 OK\r\nContent-",), has_head=False), "https in place of http"),
        (Told.json({"error": "slow down"}, 429, Retry_After="9" * 5000), "try again later"),
        (Told((), 204), "refused the request (204 No Content)"),
        (Told.json({"error": {"message": "x" * 10_000}}, 400), "x…"),
    ],
)
def test_what_is_no_answer_is_said_as_what_it_is(
    told: Told, said: str, loopback: Loopback, engine: RemoteEngine
) -> None:
    for _ in range(4):
        loopback.reply(told)
    words, error, _ = asked(engine)
    assert not words
    assert said in error
    assert "\n" not in error
    assert len(error) < 500
    loopback.replies.clear()
    loopback.say(*GOOD)
    assert asked(engine)[:2] == ("Blue 🌊.", ""), "the engine goes on"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((b'data: {"choices": [{"del',), "broke off before its answer was complete"),
        ((chunk(delta={"tool_calls": [{}]}), end("tool_calls"), DONE), "(tool_calls)"),
        ((end("content_filter"), DONE), "(content_filter)"),
        ((chunk(finish_reason={"odd": 1}), DONE), "the server ended the answer"),
        ((b'data: {"error": ' + b'{"error": ' * 700 + b"{}" + b"}" * 701 + b"\n\n",), ""),
        ((b"data: " + b"[" * 100_000 + b"\n\n",), "not JSON"),
        ((b'data: {"choices": [{"index": 99999999999999999999}]}\n\n',), "something else"),
        ((b'data: {"choices": {"delta": 1}}\n\n',), "not part of an answer"),
    ],
)
def test_words_that_came_before_it_broke_are_kept(
    parts: tuple[bytes, ...], said: str, loopback: Loopback, engine: RemoteEngine
) -> None:
    loopback.say(chunk("Blue and"), *parts)
    words, error, _ = asked(engine)
    assert words == "Blue and"
    assert said in error
    assert len(loopback.asked) == 1, "it is not asked again"


def test_an_impossible_probability_is_a_number(loopback: Loopback, engine: RemoteEngine) -> None:
    others = '[{"token": "Red", "logprob": -Infinity}, {"token": "Odd", "logprob": NaN}]'
    content = f'[{{"token": "Blue", "logprob": -0.5, "top_logprobs": {others}}}]'
    delta = f'{{"delta": {{"content": "Blue"}}, "logprobs": {{"content": {content}}}}}'
    loopback.say(f'data: {{"choices": [{delta}]}}\n\n'.encode(), end(), DONE)
    (scored,) = (event for event in asked(engine)[2] if isinstance(event, Scored))
    json.dumps(scored.tokens[0].others, allow_nan=False)


NOW_AND_THEN_S = 0.1
"""Far below a second, also where the machine is busy."""


def slowly(data: bytes) -> Iterator[bytes]:
    """A byte now and then: never silent for long, never done."""
    for byte in data:
        yield bytes([byte])
        sleep(NOW_AND_THEN_S)


def slowly_said(event: bytes, times: int) -> Iterator[bytes]:
    """The same event again and again."""
    for _ in range(times):
        yield event
        sleep(NOW_AND_THEN_S)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            Told(slowly(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500), has_head=False),
            "was silent for 1 s",
        ),
        (Told(slowly(b"x" * 500), 200, kind="text/plain"), "was silent for 1 s"),
        (Told(slowly(b": ping\n\n" * 50)), "kept the line open for 2 s without a word"),
        (Told(slowly_said(chunk(""), 400)), "kept the line open for 2 s without a word"),
    ],
    ids=["head", "page", "comments", "no words"],
)
def test_a_server_that_never_gets_to_the_point_is_given_up(
    told: Told,
    said: str,
    loopback: Loopback,
    impatient: RemoteEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.remote.connection._CONNECT_S", 0.5)
    loopback.reply(told)
    started = monotonic()
    assert said in asked(impatient)[1]
    assert monotonic() - started < 20


def test_a_server_that_thinks_slowly_and_says_so_is_not(
    loopback: Loopback, impatient: RemoteEngine
) -> None:
    thought = chunk(delta={"reasoning_content": "Hm. "})

    def parts() -> Iterator[bytes]:
        for _ in range(4):
            yield from slowly_said(b": ping\n\n", 6)
            yield thought
        yield from GOOD

    loopback.reply(Told(parts()))
    assert asked(impatient)[:2] == ("Blue 🌊.", "")


def test_the_key_does_not_follow_to_another_host(
    cleanup: Cleanup, loopback: Loopback, engine: RemoteEngine
) -> None:
    other = cleanup(Loopback())
    for status in (301, 302, 303, 307, 308):
        loopback.reply(Told((), status, {"Location": f"{other.url}/chat/completions"}))
        assert f"redirects to {other.url}/chat/completions: put that address" in asked(engine)[1]
    assert not other.asked
    assert not other.looked_up


def test_a_flood_of_events_waits_for_whoever_reads(
    loopback: Loopback, engine: RemoteEngine
) -> None:
    sent = 0

    def flood() -> Iterable[bytes]:
        nonlocal sent
        for part in repeat(chunk("blue " * 2000), 20_000):
            sent += len(part)
            yield part

    loopback.reply(Told(flood()))
    events = engine.stream(REQUEST)
    while not isinstance(next(events), Piece):
        pass
    before = -1
    while sent != before:  # as much as the queue and the sockets hold
        before = sent
        sleep(0.1)
    events.close()
    assert loopback.hung_up.wait(60)
    assert sent < 40 * 2**20


def test_tls_where_there_is_none(cleanup: Cleanup, loopback: Loopback) -> None:
    engine = cleanup(RemoteEngine(Endpoint("big", loopback.url.replace("http:", "https:")), {}))
    assert "says: http in place of https, or another port?" in asked(engine)[1]


def mutated(part: bytes, dice: random.Random) -> bytes:
    """An event with some value of its JSON replaced, taken out, or with broken bytes."""
    value = json.loads(part.removeprefix(b"data: "))
    odd = [None, -1, 10**30, 1.5, "x", "\ud800", [], {}, [None], {"a": [1]}, True, "9" * 5000]

    def change(node: object) -> object:
        if dice.random() < 0.15:
            return dice.choice(odd)
        if isinstance(node, dict):
            return {key: change(one) for key, one in node.items() if dice.random() > 0.05}
        return [change(one) for one in node] if isinstance(node, list) else node

    text = f"data: {json.dumps(change(value))}\n\n".encode()
    if dice.random() < 0.1:
        place = dice.randrange(len(text))
        text = text[:place] + dice.randbytes(2) + text[place:]
    return text


def test_whatever_an_event_holds_an_answer_ends(loopback: Loopback, engine: RemoteEngine) -> None:
    score = {"token": "Blue", "logprob": -0.1, "top_logprobs": [{"token": "R", "logprob": -2}]}
    whole = [chunk("Blue", logprobs={"content": [score]}), chunk("."), end(), usage(21, 3)]
    dice = random.Random(5)
    for _ in range(150):
        loopback.say(*(mutated(part, dice) for part in whole), DONE)
        _, _, events = asked(engine)
        assert all(isinstance(event.text, str) for event in events if isinstance(event, Notice))
        loopback.replies.clear()


@pytest.mark.parametrize(
    "models",
    [
        b"[]",
        b"{}",
        b"null",
        b'{"data": null}',
        b'{"data": [null]}',
        b'{"data": [{"id": "\\ud800"}]}',
        b'{"data": [{"id": "' + b"x" * 100_000 + b'"}, {"id": "y"}]}',
        b'{"error": "no GPU is free"}',
        b"[" * 100_000,
        PAGE,
    ],
)
def test_a_list_of_models_that_is_none_is_a_line(
    cleanup: Cleanup, models: bytes, loopback: Loopback
) -> None:
    loopback.models = Told((models,), kind="application/json")
    engine = cleanup(RemoteEngine(Endpoint("big", loopback.url), {}))
    loopback.say(*GOOD)
    _, error, _ = asked(engine)
    assert len(error) < 500


def test_closed_while_it_waits_for_another_try_it_connects_no_more(
    loopback: Loopback, engine: RemoteEngine
) -> None:
    loopback.reply(Told.json({"error": "busy"}, 503))
    events = engine.stream(REQUEST)
    while not (isinstance(event := next(events), Notice) and "trying again" in event.text):
        pass
    engine.close()
    assert [event.reason for event in events if isinstance(event, Finished)] == ["cancelled"]
    for thread in threading.enumerate():
        if thread.name == "endpoint":
            thread.join()


def test_half_a_character_of_an_imported_session_is_no_obstacle(
    loopback: Loopback, engine: RemoteEngine
) -> None:
    loopback.say(*GOOD)
    request = Request((Message("user", "a\ud800b"),))
    assert any(isinstance(event, Finished) for event in engine.stream(request))
    assert loopback.asked[-1].body["messages"][0]["content"] == "a\ufffdb"
