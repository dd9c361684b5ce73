"""From a request to what a server is sent, in its dialect, and what of it has to be left out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from typing import Any

from engine.errors import Unsupported
from engine.remote.dialects import Dialect
from engine.sampling_params import Sampling
from engine.types import Request

MOST_LOGPROBS = 20
"""Other tokens that servers score beside each one."""

_BEAMS = ("beams", "beam_groups", "beam_diversity", "length_penalty")


@dataclass(frozen=True, slots=True)
class Payload:
    """What is posted."""

    path: str
    """Below the endpoint's url."""
    body: dict[str, Any]


def refuse_what_it_cannot(request: Request, dialect: Dialect, name: str) -> None:
    """Refuse a request whose answer would not be what was asked for.

    Raises:
        Unsupported: If the server cannot carry out a part of it; the text says what else to do.
    """
    its = f"{name}'s server{f' ({dialect.title})' if dialect.title else ''}"
    here = "a model on this machine can"
    if request.banned:
        raise Unsupported(f"{its} cannot ban phrases; {here}")
    if request.grammar is not None and dialect.grammar is None:
        raise Unsupported(f"{its} does not support GBNF grammars; use a JSON Schema, or {here}")
    if request.sampling.logit_bias:
        raise Unsupported(f"{its} does not support biases by text; {here}")
    if request.sampling.beams > 1:
        raise Unsupported(f"{its} has no beam search; {here}")
    if request.messages and request.prefill and dialect.prefill is None:
        raise Unsupported(f"{its} cannot continue an answer; regenerate it instead, or {here}")


def left_out(request: Request, dialect: Dialect) -> tuple[str, ...]:
    """What of a request has no effect at such a server, a line each."""
    told, default = asdict(request.sampling), asdict(Sampling())
    names = [
        name
        for name, value in told.items()
        if value != default[name] and name not in dialect.sampling and name not in _BEAMS
    ]
    lines = []
    if names:
        lines.append(f"the server does not take {', '.join(names)}: left out")
    if request.think is not None and not dialect.think:
        lines.append("the server has no switch for thinking aloud: the model decides")
    if (request.top_logprobs or 0) > MOST_LOGPROBS:
        lines.append(f"the server reports at most {MOST_LOGPROBS} other tokens")
    return tuple(lines)


def payload_of(
    request: Request, indexes: Sequence[int], model: str, dialect: Dialect, n_ctx: int
) -> Payload:
    """What is posted for some of a request's alternatives, by their indexes.

    Stop strings stay here: servers do not say whether it was one that ended an answer, and
    OpenAI's take four of them.

    Args:
        request: What is asked for.
        indexes: Of the alternatives that the server shall write.
        model: What the server calls it.
        dialect: The server's.
        n_ctx: Tokens of its context.
    """
    body: dict[str, Any] = {
        "model": model,
        "stream": True,
        "stream_options": {"include_usage": True},
        **_sampling(request.sampling_of(indexes[0]), dialect, n_ctx),
    }
    if request.max_tokens is not None:
        body["max_tokens"] = request.max_tokens
    if len(indexes) > 1:
        body["n"] = len(indexes)
    body |= _constraint(request, dialect)
    if not request.messages:
        if request.top_logprobs is not None:
            body["logprobs"] = _others(request.top_logprobs)
        return Payload("/completions", {**body, "prompt": request.prefill})
    if request.top_logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": _others(request.top_logprobs)}
    if request.think is not None and dialect.think:
        body["chat_template_kwargs"] = {"enable_thinking": request.think}
    messages = [{"role": one.role, "content": one.content} for one in request.messages]
    if request.prefill:
        messages.append({"role": "assistant", "content": request.prefill})
        body |= dialect.prefill or {}
    return Payload("/chat/completions", {**body, "messages": messages})


_NEEDED = frozenset({"model", "messages", "prompt", "stream", "response_format", "grammar"})
"""Parameters without which there is no answer, or another than was asked for."""


def can_be_left_out(parameter: str, body: Mapping[str, Any]) -> bool:
    """Whether a request can be sent without a parameter that the server has refused."""
    return parameter in body and parameter not in _NEEDED


def without(body: Mapping[str, Any], refused: Set[str]) -> dict[str, Any]:
    """What is posted where the server does not take some parameters with this model. The limit of
    tokens has another name there."""
    sent = dict(body)
    if "max_tokens" in refused and "max_tokens" in sent:
        sent["max_completion_tokens"] = sent.pop("max_tokens")
    return {name: value for name, value in sent.items() if name not in refused}


def _others(wanted: int) -> int:
    """How many other tokens a server is asked for: some give no probability at all for none."""
    return min(max(wanted, 1), MOST_LOGPROBS)


_REACHES = ("repeat_last_n", "dry_penalty_last_n")
"""Numbers of tokens, of which -1 are all. llama-server takes no -1 any more."""


def _sampling(sampling: Sampling, dialect: Dialect, n_ctx: int) -> dict[str, Any]:
    """All that the server takes, what is off too: servers have defaults of their own, such as a
    penalty for repetitions that nobody asked for."""
    values = sampling.to_dict()
    values |= {name: n_ctx for name in _REACHES if values[name] == -1}
    told = {theirs: values[name] for name, theirs in dialect.sampling.items()}
    if told.get("top_k") == 0:
        told["top_k"] = dialect.top_k_off
    return {name: value for name, value in told.items() if value not in (None, [])}


def _constraint(request: Request, dialect: Dialect) -> dict[str, Any]:
    if request.grammar is not None and dialect.grammar is not None:
        return {dialect.grammar: request.grammar}
    if request.schema is None:
        return {}
    schema = json.loads(request.schema)
    if dialect.schema == "json_object":
        return {"response_format": {"type": "json_object", "schema": schema}}
    wrapped = {"name": "answer", "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": wrapped}}
