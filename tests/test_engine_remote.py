"""An endpoint's faults, keys and dialect, against a server that says what the test wrote."""

from __future__ import annotations

import dataclasses
import json
import signal
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from email.utils import formatdate
from pathlib import Path
from time import monotonic

import pytest
import trustme
from leftovers import Cleanup
from loopback import DONE, MODELS, Loopback, Told, chunk, closed_port, end, silent_port, usage

from engine.errors import CannotFit, EndpointFailed, EngineError, Unsupported
from engine.remote.client import RemoteEngine
from engine.remote.endpoint import Endpoint
from engine.sampling_params import Sampling
from engine.types import (
    Event,
    Finished,
    Loading,
    Message,
    Notice,
    Piece,
    Reasoning,
    Request,
    Scored,
    TokenScore,
    Usage,
)

QUESTION = (Message("user", "Name a colour."),)
KEY = "sk-test-8f14e45fceea167a"


@pytest.fixture
def remote(loopback: Loopback) -> Iterator[Callable[..., RemoteEngine]]:
    """Makes engines for the loopback server."""
    made: list[RemoteEngine] = []

    def make(**values: object) -> RemoteEngine:
        endpoint = dataclasses.replace(Endpoint("big", loopback.url), **values)  # type: ignore[arg-type]
        made.append(RemoteEngine(endpoint, {"BIG_KEY": f"{KEY}\n"}, pause_s=0.001))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def texts(events: list[Event], index: int = 0) -> str:
    """The words of an answer."""
    pieces = [event for event in events if isinstance(event, Piece)]
    return "".join(piece.text for piece in pieces if piece.index == index)


def finish(events: list[Event]) -> Finished:
    """How an answer ended."""
    assert isinstance(events[-1], Finished)
    return events[-1]


def notices(events: list[Event]) -> list[str]:
    """What was said of the request."""
    return [event.text for event in events if isinstance(event, Notice)]


def asked(engine: RemoteEngine, request: Request | None = None) -> list[Event]:
    """The events of an answer."""
    return list(engine.stream(request or Request(QUESTION)))


def failure(engine: RemoteEngine, request: Request | None = None) -> str:
    """What is said when nothing comes of a request."""
    with pytest.raises(EngineError) as caught:
        asked(engine, request)
    return str(caught.value)


def test_words_usage_and_the_servers_counts_come_through(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.say(
        b": a comment\n\n", chunk("Blu"), chunk("e 🌊."), end(), usage(21, 3, cached=16), DONE
    )
    events = asked(remote())
    assert texts(events) == "Blue 🌊."
    assert finish(events).reason == "end"
    assert finish(events).usage == Usage(21, 3, cached_tokens=16)


def test_that_a_server_does_not_count_is_said_where_the_context_is_nearly_full(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    engine = remote(n_ctx=1000)
    for _ in range(3):
        loopback.say(chunk("Blue"), chunk("."), end(), DONE)
    events = asked(engine)
    assert not notices(events)
    used = finish(events).usage
    assert (used.completion_tokens, used.estimated_tokens) == (2, used.prompt_tokens + 2)
    long = Request((Message("user", "four" * 920),))
    (said,) = notices(asked(engine, long))
    assert "the text has about 924 of the 1,000 that its context holds" in said
    assert not notices(asked(engine, long)), "once"


def test_later_estimates_follow_what_the_server_counted(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    engine = remote()
    messages = (Message("user", "a word and another " * 40),)
    before = engine.count(messages)
    loopback.say(chunk("Yes."), end(), usage(404, 2), DONE)
    asked(engine, Request(messages))
    assert engine.count(messages) == 404 != before


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_of_its_own_field_is_no_part_of_the_answer(
    field: str, loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.say(chunk(delta={field: "Hmm. "}), chunk("Blue."), end(), DONE)
    events = asked(remote())
    assert texts(events) == "Blue."
    assert [event.text for event in events if isinstance(event, Reasoning)] == ["Hmm. "]


def test_reasoning_between_markers_is_no_part_of_the_answer(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.say(chunk("<th"), chunk("ink>Hm"), chunk("m.</think>\n\nBlue."), end(), DONE)
    events = asked(remote())
    assert texts(events) == "Blue."
    thought = "".join(event.text for event in events if isinstance(event, Reasoning))
    assert thought == "Hmm."


def test_alternatives_are_asked_for_at_once_where_the_server_can(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.say(chunk("Red.", 0), chunk("Blue.", 1), end(index=1), end("length", index=0), DONE)
    events = asked(remote(), Request(QUESTION, alternatives=2))
    assert loopback.asked[0].body["n"] == 2
    assert (texts(events, 0), texts(events, 1)) == ("Red.", "Blue.")
    ends = {event.index: event.reason for event in events if isinstance(event, Finished)}
    assert ends == {0: "length", 1: "end"}


def test_alternatives_that_a_server_leaves_out_are_asked_for_one_by_one(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    for word in ("Red.", "Blue.", "Green."):
        loopback.say(chunk(word), end(), DONE)
    request = Request(QUESTION, Sampling(seed=7), alternatives=3)
    events = asked(remote(server="openai"), request)
    assert [texts(events, index) for index in range(3)] == ["Red.", "Blue.", "Green."]
    assert [one.body.get("n") for one in loopback.asked] == [3, None, None]
    assert [one.body["seed"] for one in loopback.asked] == [7, 8, 9]


def test_a_server_that_cuts_off_what_is_too_long_is_found_out(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    engine = remote(n_ctx=32_768)
    loopback.say(chunk("Yes."), end(), usage(404, 2), DONE)
    asked(engine, Request((Message("user", "a word and another " * 40),)))
    long = Request((Message("user", "a word and another " * 1000),))
    for _ in range(2):
        loopback.say(chunk("Yes."), end(), usage(4096, 2), DONE)
        (said,) = notices(asked(engine, long))
        assert "has read 4,096 tokens of about 10,004" in said
    loopback.say(chunk("Yes."), end(), usage(10_004, 2), DONE)
    assert not notices(asked(engine, long))


def test_log_probabilities_have_ranks_and_others(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    others = [{"token": "Blue", "logprob": -0.1}, {"token": "Red", "logprob": -2.5}]
    content = [{"token": "Red", "logprob": -2.5, "top_logprobs": others}]
    loopback.say(chunk("Red", logprobs={"content": content}), end(), DONE)
    events = asked(remote(), Request(QUESTION, top_logprobs=2))
    (scored,) = (event for event in events if isinstance(event, Scored))
    assert scored.tokens[0].rank == 1
    assert scored.tokens[0].others == (("Blue", -0.1), ("Red", -2.5))
    assert loopback.asked[0].body["top_logprobs"] == 2


def test_the_probability_alone_is_what_is_asked_for_with_no_others(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    content = [{"token": "Red", "logprob": -2.5, "top_logprobs": [{"token": "A", "logprob": -1}]}]
    loopback.say(chunk("Red", logprobs={"content": content}), end(), DONE)
    events = asked(remote(), Request(QUESTION, top_logprobs=0))
    (scored,) = (event for event in events if isinstance(event, Scored))
    assert scored.tokens == (TokenScore("Red", -2.5, 1),)
    assert loopback.asked[0].body["top_logprobs"] == 1


def test_missing_log_probabilities_are_pointed_out(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.say(chunk("Red"), end(), DONE)
    assert "the server gave no token probabilities" in notices(
        asked(remote(), Request(QUESTION, top_logprobs=2))
    )


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((chunk("Blue and"),), "broke off before its answer was complete"),
        ((chunk("Blue and"), DONE), "broke off before its answer was complete"),
        ((chunk("Blue and"), b"data: {oops\n\n"), "not JSON"),
        ((chunk("Blue and"), b"data: [1, 2]\n\n"), "not part of an answer"),
        ((chunk("Blue and"), b'data: {"choices": [{"delta": 5}]}\n\n'), "not part of an answer"),
        ((chunk("Blue and"), chunk("x", 4)), "sent an answer to something else"),
        (
            (chunk("Blue and"), b'data: {"error": {"message": "out of memory"}}\n\n'),
            "out of memory",
        ),
        ((chunk("Blue and"), b'data: {"object": "error", "message": "no room"}\n\n'), "no room"),
        ((chunk("Blue and"), end("content_filter"), DONE), "content_filter"),
    ],
)
def test_an_answer_that_breaks_off_is_kept_with_the_reason(
    parts: tuple[bytes, ...],
    said: str,
    loopback: Loopback,
    remote: Callable[..., RemoteEngine],
) -> None:
    engine = remote()
    loopback.say(*parts)
    events = asked(engine)
    assert texts(events) == "Blue and"
    assert finish(events).reason == "error"
    assert said in str(finish(events).error)
    loopback.say(chunk("Blue."), end(), DONE)
    assert texts(asked(engine)) == "Blue.", "the engine goes on"


def test_a_chunked_answer_that_is_cut_off_is_kept(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    part = chunk("Blue and")
    headers = {"Transfer-Encoding": "chunked"}
    loopback.reply(Told((f"{len(part):x}\r\n".encode(), part, b"\r\n"), headers=headers))
    events = asked(remote())
    assert (texts(events), finish(events).reason) == ("Blue and", "error")
    assert "broke the connection off" in str(finish(events).error)
    assert len(loopback.asked) == 1, "words came: it is not asked again"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_a_busy_server_is_asked_again_until_it_answers(
    status: int, loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    for _ in range(2):
        loopback.reply(Told.json({"error": {"message": "busy"}}, status))
    loopback.say(chunk("Blue."), end(), DONE)
    events = asked(remote())
    assert texts(events) == "Blue."
    assert len(loopback.asked) == 3
    said = [text for text in notices(events) if "trying again" in text]
    assert len(said) == 2
    assert f"cannot answer now ({status}" in said[0]


def test_a_server_that_is_not_ready_yet_is_asked_again_what_it_has(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loading = Told.json({"error": {"message": "Loading model"}}, 503)
    loopback.lookups += [loading, Told(has_head=False), loading]
    with pytest.raises(EndpointFailed, match="closed the connection without a word"):
        remote().describe()
    loopback.lookups.clear()
    loopback.lookups += [Told(has_head=False), loading, loading]
    assert remote().describe().n_ctx == 4096
    loopback.lookups += [loading] * 4
    with pytest.raises(EndpointFailed, match="try again later: Loading model"):
        remote().describe()
    assert not loopback.lookups


def test_a_connection_that_is_dropped_without_a_word_is_tried_once_more(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    engine = remote()
    loopback.reply(Told(has_head=False))
    loopback.say(chunk("Blue."), end(), usage(20, 2), DONE)
    events = asked(engine)
    assert texts(events) == "Blue."
    host = engine.host
    assert notices(events) == [f"{host} closed the connection without a word: trying again"]
    for _ in range(3):
        loopback.reply(Told(has_head=False))
    said = f"{host} closed the connection without a word: try again, or https in place of http"
    assert failure(engine) == f"{said} in url of [endpoints.big]"
    assert len(loopback.asked) == 4


def test_a_server_that_stays_busy_is_given_up(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    for _ in range(4):
        loopback.reply(Told.json({"error": {"message": "no GPU is free"}}, 503))
    said = failure(remote())
    assert "cannot answer now (503 Service Unavailable); try again later: no GPU is free" in said
    assert len(loopback.asked) == 4


def test_a_server_may_say_how_long_to_wait(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    engine = remote()
    loopback.reply(Told.json({}, 429, Retry_After="0.2"))
    loopback.say(chunk("Blue."), end(), DONE)
    started = monotonic()
    assert texts(asked(engine)) == "Blue."
    assert monotonic() - started >= 0.2
    loopback.reply(Told.json({}, 503, Retry_After=formatdate(usegmt=True)))
    loopback.say(chunk("Blue."), end(), DONE)
    assert texts(asked(engine)) == "Blue.", "a time that has come"
    loopback.reply(Told.json({"error": "come back tomorrow"}, 429, Retry_After="86400"))
    assert "try again in 86,400 s: come back tomorrow" in failure(engine)


def test_nothing_is_tried_again_once_words_came(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.say(chunk("Blue"), b'data: {"error": {"code": 503, "message": "busy"}}\n\n')
    loopback.say(chunk("Another."), end(), DONE)
    assert texts(asked(remote())) == "Blue"
    assert len(loopback.asked) == 1


def test_a_wait_for_a_busy_server_can_be_cancelled(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    engine = remote()
    loopback.reply(Told.json({}, 429, Retry_After="25"))
    started = monotonic()
    events = []
    for event in engine.stream(Request(QUESTION)):
        events.append(event)
        if isinstance(event, Notice):
            engine.cancel()
    assert finish(events).reason == "cancelled"
    assert monotonic() - started < 5


def test_a_cancel_hangs_up_on_a_server_that_says_nothing(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    engine = remote()
    loopback.say(chunk("Blue"), hold=True)
    events = []
    for event in engine.stream(Request(QUESTION)):
        events.append(event)
        if isinstance(event, Piece):
            # From a signal's handler, in the middle of the wait.
            threading.Timer(0.1, signal.raise_signal, [signal.SIGUSR1]).start()
            signal.signal(signal.SIGUSR1, lambda *_: engine.cancel())
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    assert finish(events).reason == "cancelled"
    assert texts(events) == "Blue"
    assert loopback.hung_up.wait(60)


def test_loading_can_be_left_while_the_server_says_nothing(cleanup: Cleanup) -> None:
    with silent_port() as port:
        engine = cleanup(RemoteEngine(Endpoint("big", f"http://127.0.0.1:{port}/v1"), {}))
        with closing(engine.load()) as events:
            assert next(events) == next(events) == Loading(0.0)
        assert engine.card is None
        engine.close()


def test_a_cancel_ends_a_wait_for_a_server_that_never_begins(cleanup: Cleanup) -> None:
    with silent_port() as port:
        engine = cleanup(RemoteEngine(Endpoint("big", f"http://127.0.0.1:{port}/v1"), {}))
        events = engine.stream(Request(QUESTION))
        canceller = threading.Timer(0.1, engine.cancel)
        canceller.start()
        (only,) = events
        canceller.join()
        engine.close()
    assert isinstance(only, Finished)
    assert only.reason == "cancelled"


def test_an_answer_that_is_left_hangs_up(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.say(chunk("Blue"), hold=True)
    with closing(remote().stream(Request(QUESTION))) as events:
        assert any(isinstance(event, Piece) for event in events)
    assert loopback.hung_up.wait(60)


def test_a_stop_string_hangs_up_where_the_server_would_go_on(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.say(chunk("Blue.\nQ"), chunk(": and"), hold=True)
    events = asked(remote(), Request(QUESTION, stop=("\nQ:",)))
    assert (texts(events), finish(events).reason) == ("Blue.", "stop")
    assert loopback.hung_up.wait(60)


def test_a_stop_string_is_the_reason_where_the_server_ends_as_well(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.say(chunk("Blue.\nQ:", finish_reason="length"), DONE)
    events = asked(remote(), Request(QUESTION, stop=("\nQ:",)))
    assert (texts(events), finish(events).reason) == ("Blue.", "stop")


def test_a_silent_server_is_given_up_after_its_time(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.say(chunk("Blue"), hold=True)
    events = asked(remote(timeout_s=1))
    assert finish(events).reason == "error"
    assert "was silent for 1 s: try again, or raise timeout_s" in str(finish(events).error)


def test_nothing_listens_at_the_address(cleanup: Cleanup) -> None:
    engine = cleanup(RemoteEngine(Endpoint("big", f"http://127.0.0.1:{closed_port()}/v1"), {}))
    said = failure(engine)
    assert "cannot be reached" in said
    assert "start the server, or correct url in [endpoints.big]" in said


def test_a_name_that_is_no_servers(cleanup: Cleanup) -> None:
    engine = cleanup(RemoteEngine(Endpoint("big", "http://no-such-host.invalid/v1"), {}))
    assert "no-such-host.invalid is not found" in failure(engine)


def test_a_server_that_does_not_speak_tls(cleanup: Cleanup, loopback: Loopback) -> None:
    url = loopback.url.replace("http://", "https://")
    engine = cleanup(RemoteEngine(Endpoint("big", url), {}))
    assert "does not speak TLS" in failure(engine)


def test_a_server_that_speaks_tls_and_is_spoken_to_without(cleanup: Cleanup) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = cleanup(Loopback(context))
    engine = cleanup(RemoteEngine(Endpoint("big", server.url.replace("https://", "http://")), {}))
    assert "https in place of http in url of [endpoints.big]" in failure(engine)


def test_no_proxy_stands_between_here_and_here(
    cleanup: Cleanup,
    loopback: Loopback,
    remote: Callable[..., RemoteEngine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    away = cleanup(RemoteEngine(Endpoint("away", "http://models.example/v1"), {}))
    assert "cannot be reached (Connection refused)" in failure(away)
    away.close()
    loopback.say(chunk("Blue."), end(), DONE)
    assert texts(asked(remote())) == "Blue."


def test_a_certificate_of_nobody_known_is_refused_until_its_authority_is_named(
    cleanup: Cleanup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = cleanup(Loopback(context))
    endpoint = Endpoint("big", server.url)
    engine = cleanup(RemoteEngine(endpoint, {}))
    assert "has a certificate that cannot be trusted" in failure(engine)
    assert "set SSL_CERT_FILE to a file with your own authorities" in failure(engine)
    engine.close()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    engine = cleanup(RemoteEngine(endpoint, {}))
    server.say(chunk("Blue"), hold=True)
    events = []
    for event in engine.stream(Request(QUESTION)):
        events.append(event)
        if isinstance(event, Piece):
            engine.cancel()
    assert (texts(events), finish(events).reason) == ("Blue", "cancelled")
    assert server.hung_up.wait(60)


def test_the_key_is_sent_and_never_said(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.say(chunk("Blue."), end(), DONE)
    engine = remote(key_env="BIG_KEY")
    asked(engine)
    assert loopback.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    loopback.reply(Told.json({"error": {"message": f"Incorrect API key provided: {KEY}"}}, 401))
    said = failure(engine)
    assert "does not accept the key in BIG_KEY: Incorrect API key provided: …" in said
    assert KEY not in said
    assert KEY not in repr(engine.describe())


def test_a_key_is_not_said_however_a_server_spells_it(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    spelled = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
    loopback.reply(Told((f'{{"error": "no key like {spelled}"}}'.encode(),), 401))
    assert "no key like …" in failure(remote(key_env="BIG_KEY"))
    loopback.reply(Told((), 302, {"Location": f"https://elsewhere.example/{KEY}"}))
    assert "redirects to https://elsewhere.example/…" in failure(remote(key_env="BIG_KEY"))


def test_a_server_that_wants_a_key_says_so_first(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.models = Told.json({"error": {"message": "Unauthorized"}}, 401)
    assert "wants a key: name its variable with key_env in [endpoints.big]" in failure(remote())
    assert not loopback.asked


@pytest.mark.parametrize(
    ("key", "said"), [("", "has no key in BIG_KEY: export BIG_KEY=…"), ("a\nb", "characters")]
)
def test_a_key_that_cannot_be_one_is_refused_before_anything_is_sent(key: str, said: str) -> None:
    endpoint = Endpoint("big", "https://models.example/v1", key_env="BIG_KEY")
    with pytest.raises(EndpointFailed, match=said):
        RemoteEngine(endpoint, {"BIG_KEY": key})


def test_a_model_that_the_server_lacks(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    assert "has no model 'huge', it has tiny: correct model" in failure(remote(model="huge"))
    loopback.reply(Told.json({"detail": "Not Found"}, 404))
    assert "has no model 'tiny', or the url in [endpoints.big] lacks /v1" in failure(remote())


def refused_parameter(name: str) -> Told:
    """What a server says that does not take a parameter with its model."""
    error = {"message": f"no {name} here", "param": name, "code": "unsupported_value"}
    return Told.json({"error": error}, 400)


def test_what_a_server_does_not_take_with_its_model_is_left_out_from_then_on(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    engine = remote()
    request = Request(QUESTION, max_tokens=9)
    for name in ("temperature", "max_tokens"):
        loopback.reply(refused_parameter(name))
    loopback.say(chunk("Blue."), end(), usage(20, 2), DONE)
    events = asked(engine, request)
    assert texts(events) == "Blue."
    assert notices(events) == ["the server does not take temperature with this model: left out"]
    loopback.say(chunk("Blue."), end(), usage(20, 2), DONE)
    assert not notices(asked(engine, request))
    for one in loopback.asked[2:]:
        assert "temperature" not in one.body
        assert one.body["max_completion_tokens"] == 9
    loopback.reply(refused_parameter("max_completion_tokens"))
    loopback.say(chunk("Blue."), end(), usage(20, 2), DONE)
    assert texts(asked(engine, request)) == "Blue.", "it is not asked for ever"


def test_a_value_out_of_the_servers_bounds_is_left_out_and_said(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    message = "Field 'top_k': Value must be between 0 <= value <= 10, but got 40"
    error = {"code": 400, "message": message, "type": "invalid_request_error"}
    loopback.reply(Told.json({"error": error}, 400))
    loopback.say(chunk("Blue."), end(), usage(20, 2), DONE)
    events = asked(remote())
    assert texts(events) == "Blue."
    assert notices(events) == ["the server does not take top_k with this model: left out"]
    assert "top_k" not in loopback.asked[1].body


def test_what_an_answer_needs_is_never_left_out(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    engine = remote()
    loopback.reply(refused_parameter("response_format"))
    assert "no response_format here" in failure(engine, Request(QUESTION, schema="{}"))
    loopback.reply(refused_parameter("tools"))
    assert "refused the request (400 Bad Request): no tools here" in failure(engine)
    assert len(loopback.asked) == 2


def test_one_of_several_models_must_be_named(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.models = Told.json({"data": [{"id": "one"}, {"id": "two"}]})
    assert "has one, two: name one as model in [endpoints.big]" in failure(remote())


def test_a_page_that_is_no_list_of_models(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.models = Told((b"<html>It works!</html>",), kind="text/html")
    assert "does not list its models" in failure(remote())


def test_an_address_that_has_moved(loopback: Loopback, remote: Callable[..., RemoteEngine]) -> None:
    loopback.reply(Told(status=308, headers={"Location": "https://other.example/v1"}))
    assert "redirects to https://other.example/v1: put that address into url" in failure(remote())


def test_an_answer_that_is_not_streamed(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.reply(Told.json({"choices": []}))
    assert "does not stream answers" in failure(remote())


def test_an_endless_line_ends_before_the_memory_does(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.reply(Told(b"data: " + b"x" * 2**20 for _ in range(1000)))
    assert "sends something that is not an answer" in failure(remote())


@pytest.mark.parametrize(
    "error",
    [
        {
            "message": "This model's maximum context length is 4096 tokens. However, you "
            "requested 5000 tokens (4900 in the messages, 100 in the completion).",
            "code": "context_length_exceeded",
        },
        {
            "message": "request (4900 tokens) exceeds the available context size (4096 tokens), "
            "try increasing it",
            "type": "exceed_context_size_error",
        },
    ],
)
def test_a_prompt_that_the_server_finds_too_long(
    error: dict[str, str], loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.reply(Told.json({"error": error}, 400))
    with pytest.raises(CannotFit) as caught:
        asked(remote())
    assert (caught.value.needed, caught.value.available) == (4900, 4095)


def test_an_unknown_context_is_assumed_and_said_once(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.models = Told.json({"data": [{"id": "tiny"}]})
    engine = remote()
    for _ in range(2):
        loopback.say(chunk("Blue."), end(), DONE)
    assert "does not say how long its context is: 8,192 tokens" in notices(asked(engine))[0]
    assert not notices(asked(engine))
    assert remote(n_ctx=2048).describe().n_ctx == 2048


def test_a_server_without_a_list_of_models_is_taken_at_its_word(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.models = Told.json({}, 404)
    loopback.say(chunk("Blue."), end(), DONE)
    assert texts(asked(remote(model="tiny"))) == "Blue."
    assert loopback.asked[0].body["model"] == "tiny"


def test_half_a_character_becomes_a_whole_one(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    loopback.say(chunk("\ud83d Blue"), end(), DONE)
    assert texts(asked(remote())) == "\ufffd Blue"


def test_nothing_is_connected_before_something_is_asked(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    engine = remote()
    assert engine.count(QUESTION) > 3
    assert engine.card is None
    with pytest.raises(Unsupported, match="cannot score"):
        engine.score(QUESTION, "Blue.")
    assert not loopback.looked_up


def test_a_connection_is_used_again(
    loopback: Loopback, remote: Callable[..., RemoteEngine]
) -> None:
    """Not a new one for each sentence of a draft: TLS takes its time."""
    engine = remote()
    body = chunk("Blue.") + end() + DONE
    for _ in range(2):
        loopback.reply(Told((body,), headers={"Content-Length": str(len(body))}))
        assert texts(asked(engine)) == "Blue."
    assert json.loads(json.dumps(MODELS))["data"][0]["id"] == loopback.asked[1].body["model"]
