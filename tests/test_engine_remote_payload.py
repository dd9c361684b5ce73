"""What servers of each kind are sent for a request, and what is refused or said instead."""

from __future__ import annotations

import pytest

from engine.errors import Unsupported
from engine.remote.dialects import DIALECTS, SERVERS, dialect_of
from engine.remote.endpoint import Endpoint
from engine.remote.payload import left_out, payload_of, refuse_what_it_cannot
from engine.sampling_params import Sampling
from engine.types import Message, Request

QUESTION = (Message("system", "Be brief."), Message("user", "Name a colour."))


def body(request: Request, server: str, indexes: tuple[int, ...] = (0,)) -> dict[str, object]:
    """What a server of a kind is posted."""
    return payload_of(request, indexes, "tiny", DIALECTS[server], n_ctx=4096).body


def test_a_server_is_known_by_what_it_says_of_its_models() -> None:
    assert dialect_of(None, "vllm") is DIALECTS["vllm"]
    assert dialect_of(None, "llamacpp") is DIALECTS["llama-server"]
    assert dialect_of(None, "somebody") is DIALECTS["openai"]
    assert dialect_of("vllm", "somebody") is DIALECTS["vllm"], "a person knows better"


def test_a_plain_server_gets_openais_parameters_alone() -> None:
    request = Request(QUESTION, Sampling(seed=3), max_tokens=20, stop=("END",))
    assert body(request, "openai") == {
        "model": "tiny",
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.7,
        "top_p": 0.95,
        "frequency_penalty": 0.0,
        "presence_penalty": 0.0,
        "seed": 3,
        "max_tokens": 20,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Name a colour."},
        ],
    }


def test_each_dialect_has_its_own_names() -> None:
    request = Request(QUESTION, Sampling(top_k=0, repeat_penalty=1.1, mirostat=2))
    assert body(request, "vllm")["repetition_penalty"] == 1.1
    assert body(request, "vllm")["top_k"] == -1, "0 is no number of tokens there"
    assert body(request, "llama-server")["repeat_penalty"] == 1.1
    assert body(request, "llama-server")["top_k"] == 0
    assert body(request, "llama-cpp-python")["mirostat_mode"] == 2


def test_a_penalty_that_reaches_all_the_way_back_says_how_far_that_is() -> None:
    sent = body(Request(QUESTION, Sampling(repeat_last_n=-1)), "llama-server")
    assert (sent["repeat_last_n"], sent["dry_penalty_last_n"]) == (4096, 4096)
    assert body(Request(QUESTION), "llama-server")["repeat_last_n"] == 64


def test_what_a_server_does_not_take_is_said() -> None:
    request = Request(QUESTION, Sampling(top_k=5, xtc_probability=0.5), think=False)
    assert left_out(request, DIALECTS["openai"]) == (
        "the server does not take top_k, xtc_probability: left out",
        "the server has no switch for thinking aloud: the model decides",
    )
    assert left_out(request, DIALECTS["llama-server"]) == ()
    assert left_out(Request(QUESTION), DIALECTS["openai"]) == (), "nobody chose the defaults"


def test_thinking_aloud_is_the_templates_business() -> None:
    assert body(Request(QUESTION, think=False), "vllm")["chat_template_kwargs"] == {
        "enable_thinking": False
    }


def test_a_schema_goes_where_the_server_wants_it() -> None:
    request = Request(QUESTION, schema='{"type": "object"}')
    assert body(request, "vllm")["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
    }
    assert body(request, "llama-cpp-python")["response_format"] == {
        "type": "json_object",
        "schema": {"type": "object"},
    }


def test_a_grammar_goes_to_llama_cpp_and_is_refused_elsewhere() -> None:
    request = Request(QUESTION, grammar='root ::= "a"')
    assert body(request, "llama-server")["grammar"] == 'root ::= "a"'
    with pytest.raises(Unsupported, match="big's server \\(vLLM\\) does not support GBNF grammars"):
        refuse_what_it_cannot(request, DIALECTS["vllm"], "big")


def test_an_answer_is_gone_on_with_where_the_server_can() -> None:
    request = Request(QUESTION, prefill="The sea is")
    sent = body(request, "vllm")
    assert sent["continue_final_message"] is True
    assert sent["add_generation_prompt"] is False
    assert sent["messages"][-1] == {  # type: ignore[index]
        "role": "assistant",
        "content": "The sea is",
    }
    assert body(request, "llama-server")["chat_template_kwargs"] == {"enable_thinking": False}
    with pytest.raises(Unsupported, match="cannot continue an answer"):
        refuse_what_it_cannot(request, DIALECTS["openai"], "big")


def test_plain_text_is_completed() -> None:
    request = Request((), prefill="Once upon", top_logprobs=2)
    payload = payload_of(request, (0,), "tiny", DIALECTS["openai"], n_ctx=4096)
    assert payload.path == "/completions"
    assert payload.body["prompt"] == "Once upon"
    assert payload.body["logprobs"] == 2


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (Request(QUESTION, banned=("delve",)), "cannot ban phrases"),
        (Request(QUESTION, Sampling(logit_bias=(("a", 1.0),))), "biases"),
        (Request(QUESTION, Sampling(beams=4)), "beam search"),
    ],
)
def test_what_no_server_can_is_refused_and_never_left_out(request_: Request, said: str) -> None:
    for server in SERVERS:
        with pytest.raises(Unsupported, match=said):
            refuse_what_it_cannot(request_, DIALECTS[server], "big")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("gpu01:8000/v1", "must be like"),
        ("ftp://gpu01/v1", "must be like"),
        ("https://me:secret@gpu01/v1", "must not contain a password"),
        ("https://gpu01/v1?key=secret", "must not contain ?"),
        ("https://gpu01:99999/v1", "[Pp]ort"),
    ],
)
def test_addresses_that_cannot_be_one_are_refused(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        Endpoint("big", url)
    assert "secret" not in str(caught.value)


def test_a_tunnel_may_begin_on_this_machine() -> None:
    here, away = Endpoint("a", "http://[::1]:8000/v1/"), Endpoint("b", "https://gpu01/v1")
    assert here.url == "http://[::1]:8000/v1"
    assert here.is_on_this_machine
    assert here.warning == "a: what you write is sent to [::1]:8000"
    assert away.warning == "b: what you write leaves this machine and is sent to gpu01"
