"""What servers that people run were heard to say, word for word: vLLM, LiteLLM, transformers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from loopback import DONE, Loopback, Told, chunk, end, usage

from engine.errors import CannotFit
from engine.remote.client import RemoteEngine
from engine.remote.endpoint import Endpoint
from engine.remote.schema import fits
from engine.types import Event, Finished, Message, Notice, Piece, Request

QUESTION = (Message("user", "Name a colour."),)

VLLM_MODELS = {
    "object": "list",
    "data": [
        {
            "id": "smol",
            "object": "model",
            "created": 1795986821,
            "owned_by": "vllm",
            "root": "/models/smol",
            "parent": None,
            "max_model_len": 2048,
            "permission": [{"id": "modelperm-97ae08a5aa9c6e5d", "object": "model_permission"}],
        }
    ],
}

LITELLM_MODELS = {
    "data": [
        {
            "id": "proxied",
            "object": "model",
            "created": 1677610602,
            "owned_by": "openai",
            "max_input_tokens": 2048,
            "max_output_tokens": 2048,
        }
    ],
    "object": "list",
}

VLLM_TOO_LONG = (
    "This model's maximum context length is 2048 tokens. However, your prompt contains at least "
    "2049 input tokens, which exceeds this limit even without any output tokens. Please reduce the "
    "length of the input prompt. (parameter=input_tokens, value=2049)"
)

LITELLM_TOO_LONG = (
    "litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: "
    f"OpenAIException - {VLLM_TOO_LONG}\nmodel=proxied. context_window_fallbacks=None. "
    "fallbacks=None.\n\nLiteLLM: model group 'proxied' failed with the error above."
)

SCHEMA = json.dumps({"type": "object", "required": ["name"]})


@pytest.fixture
def ask(loopback: Loopback) -> Iterator[Callable[..., list[Event]]]:
    """Asks the loopback server; a model may be named for the endpoint."""
    made: list[RemoteEngine] = []

    def events(request: Request | None = None, model: str | None = None) -> list[Event]:
        made.append(RemoteEngine(Endpoint("big", loopback.url, model), {}, pause_s=0.001))
        return list(made[-1].stream(request or Request(QUESTION)))

    yield events
    for engine in made:
        engine.close()


def words(events: list[Event], index: int = 0) -> str:
    """The words of an answer."""
    pieces = [event for event in events if isinstance(event, Piece)]
    return "".join(piece.text for piece in pieces if piece.index == index)


def ends(events: list[Event]) -> list[Finished]:
    """How the answers ended, in their order."""
    return sorted(
        (event for event in events if isinstance(event, Finished)), key=lambda one: one.index
    )


@pytest.mark.parametrize(
    ("models", "error"),
    [
        (VLLM_MODELS, {"message": VLLM_TOO_LONG, "type": "BadRequestError", "code": 400}),
        (
            LITELLM_MODELS,
            {"message": LITELLM_TOO_LONG, "type": "invalid_request_error", "code": "400"},
        ),
    ],
    ids=["vLLM", "LiteLLM"],
)
def test_a_server_that_stops_counting_says_at_least_how_many_are_too_many(
    models: object,
    error: dict[str, object],
    loopback: Loopback,
    ask: Callable[..., list[Event]],
) -> None:
    loopback.models = Told.json(models)
    loopback.reply(Told.json({"error": error}, 400))
    with pytest.raises(CannotFit, match="at least 2,049 tokens and the context holds 2,047"):
        ask()


@pytest.mark.parametrize("models", [VLLM_MODELS, LITELLM_MODELS], ids=["vLLM", "LiteLLM"])
def test_no_more_is_asked_for_than_the_context_holds(
    models: object, loopback: Loopback, ask: Callable[..., list[Event]]
) -> None:
    """vLLM refuses 5000 tokens of a context of 2048 with ``400``; the prompt it allows for."""
    loopback.models = Told.json(models)
    for _ in range(2):
        loopback.say(chunk("Blue."), end(), usage(9, 2), DONE)
    events = ask(Request(QUESTION, max_tokens=5000))
    assert not [event for event in events if isinstance(event, Notice)], "the context is known"
    ask(Request(QUESTION, max_tokens=500))
    assert [one.body["max_tokens"] for one in loopback.asked] == [2047, 500]


def test_a_limit_is_the_persons_where_the_context_is_only_assumed(
    loopback: Loopback, ask: Callable[..., list[Event]]
) -> None:
    loopback.models = Told.json({"data": [{"id": "tiny"}]})
    loopback.say(chunk("Blue."), end(), usage(9, 2), DONE)
    ask(Request(QUESTION, max_tokens=20_000))
    assert loopback.asked[0].body["max_tokens"] == 20_000


def test_a_proxy_that_says_of_one_of_several_answers_why_it_ended(
    loopback: Loopback, ask: Callable[..., list[Event]]
) -> None:
    loopback.say(
        *(chunk("", delta={"role": "assistant", "content": ""}), chunk("Cent"), chunk("way")),
        *(chunk("This", 1), chunk("L", 2), chunk("."), chunk(" question", 1), chunk("izzy", 2)),
        *(end(), chunk(" is", 1), chunk(" old", 1)),
        usage(34, 16),
        DONE,
    )
    events = ask(Request(QUESTION, alternatives=3, max_tokens=4))
    assert [words(events, index) for index in range(3)] == [
        *("Centway.", "This question is old", "Lizzy"),
    ]
    assert [one.reason for one in ends(events)] == ["end", "length", "end"]
    assert not any(one.error for one in ends(events))


def test_an_answer_is_broken_off_where_a_stream_ends_before_its_last_event(
    loopback: Loopback, ask: Callable[..., list[Event]]
) -> None:
    loopback.say(chunk("Blue."), end(), chunk("Re", 1))
    events = ask(Request(QUESTION, alternatives=2))
    assert [one.reason for one in ends(events)] == ["end", "error"]


@pytest.mark.parametrize(
    "listed",
    [
        Told.json({"object": "list", "data": []}),
        Told((b"Internal Server Error",), 500, kind="text/plain"),
    ],
    ids=["an empty list", "no cache to list"],
)
def test_a_server_that_loads_what_it_is_asked_for_need_not_list_it(
    listed: Told, loopback: Loopback, ask: Callable[..., list[Event]]
) -> None:
    """As transformers' server does, which lists what the hub's cache has."""
    loopback.models = listed
    loopback.say(chunk("Blue."), end(), usage(9, 2), DONE)
    assert words(ask(model="/models/smol")) == "Blue."
    assert loopback.asked[0].body["model"] == "/models/smol"


@pytest.mark.parametrize(
    ("said", "is_kept"),
    [
        ('{"name": "Blue"}', True),
        ('{"colour": "Blue"}', False),
        ('```json\n{"name": "Blue"}\n```', False),
        ("Blue is a fine colour.", False),
    ],
)
def test_an_answer_that_is_not_what_the_schema_asks_for_is_no_answer(
    said: str, is_kept: bool, loopback: Loopback, ask: Callable[..., list[Event]]
) -> None:
    """transformers' server takes ``response_format``, and pays it no heed."""
    loopback.say(chunk(said), end(), usage(9, 2), DONE)
    events = ask(Request(QUESTION, schema=SCHEMA))
    (finished,) = ends(events)
    assert words(events) == said, "what came is kept"
    assert finished.reason == ("end" if is_kept else "error")
    assert is_kept or "does not keep to the schema" in (finished.error or "")


def test_a_megabyte_is_held_against_a_schema() -> None:
    item = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["name"]}
    schema = json.dumps({"type": "array", "items": item})
    items: list[dict[str, object]] = [{"name": f"a {n}", "number": n} for n in range(27_000)]
    text, wrong = json.dumps(items), json.dumps([*items, {"name": "b", "number": "c"}])
    assert len(text) > 1_000_000
    assert fits(schema, text)
    assert not fits(schema, wrong)


@pytest.mark.parametrize(
    ("schema", "text", "is_fit"),
    [
        ({"pattern": "^(a+)+$"}, "a" * 50 + "b", False),
        ({"pattern": "(?<=a)b"}, "c", True),  # cannot be looked for in linear time
        ({"$ref": "http://localhost/nothing"}, "c", True),
        ({"type": "objekt"}, "c", True),
    ],
)
def test_a_schema_is_looked_at_as_far_as_it_can_be(schema: object, text: str, is_fit: bool) -> None:
    assert fits(json.dumps(schema), json.dumps(text)) == is_fit


def test_where_no_token_came_none_had_a_probability(
    loopback: Loopback, ask: Callable[..., list[Event]]
) -> None:
    """vLLM that goes on with an answer which was complete."""
    loopback.say(chunk("", delta={"role": "assistant", "content": ""}), end(), usage(44, 1), DONE)
    events = ask(Request(QUESTION, prefill="Blue.", top_logprobs=0))
    assert ends(events)[0].reason == "end"
    assert not [event for event in events if isinstance(event, Notice)]
