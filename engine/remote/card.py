"""What a server says of its models, read into a card as far as it goes."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from engine.errors import EndpointFailed
from engine.remote.chunks import clean
from engine.remote.connection import Connection
from engine.remote.dialects import Dialect, dialect_of
from engine.remote.endpoint import Endpoint
from engine.remote.failures import Page
from engine.reports import ModelCard

ASSUMED_CONTEXT = 8192
"""Tokens, where neither the server nor the person says."""

_NAMED = 5
"""Models that are named to a person who named none of them."""


_WITHOUT_LIST = frozenset(
    {
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.NOT_IMPLEMENTED,
    }
)
"""What a server answers that cannot list its models, and may well have them."""


_LONGEST = 200
"""Characters of what is shown of a name or a value."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What is known of a server's model before it is asked anything."""

    card: ModelCard
    model: str
    """What the server calls it."""
    dialect: Dialect
    knows_context: bool
    """Whether the server or the person has said how long its context is."""


def introduce(
    endpoint: Endpoint, connection: Connection
) -> Generator[None, None, Introduction | None]:
    """Ask a server for its models; None where that was cancelled. Yields while it waits.

    Raises:
        EndpointFailed: If it is not there, wants another key, or does not have the model.
    """
    page = yield from connection.page(f"{endpoint.url}/models")
    if page is None:
        return None
    if page.status in _WITHOUT_LIST and endpoint.model:
        return (yield from _introduction(endpoint, connection, {"id": endpoint.model}))
    if page.status != HTTPStatus.OK or page.is_error:
        raise connection.error(page)
    chosen = _chosen(endpoint, _models(endpoint, page))
    return (yield from _introduction(endpoint, connection, chosen))


def assumed(endpoint: Endpoint) -> Introduction:
    """What can be known of a server's model without a call."""
    model = {"id": endpoint.model or endpoint.name}
    dialect, n_ctx = dialect_of(endpoint.server, None), endpoint.n_ctx
    card = _card(endpoint, dialect, model, n_ctx)
    return Introduction(card, model["id"], dialect, n_ctx is not None)


def _models(endpoint: Endpoint, page: Page) -> list[Mapping[str, Any]]:
    try:
        value = json.loads(page.text)
        listed = value["data"] if isinstance(value, dict) else value
        return [{**one, "id": clean(str(one["id"]))} for one in listed]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise EndpointFailed(
            f"{endpoint.host} does not list its models as OpenAI-compatible servers do: is url in "
            f"[endpoints.{endpoint.name}] right, with /v1?"
        ) from error


def _chosen(endpoint: Endpoint, models: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    table = f"[endpoints.{endpoint.name}]"
    names = ", ".join(_shortened(one["id"]) for one in models[:_NAMED])
    there = f"{names}{' and others' if len(models) > _NAMED else ''}" or "none"
    if endpoint.model is None:
        if len(models) != 1:
            raise EndpointFailed(f"{endpoint.host} has {there}: name one as model in {table}")
        return models[0]
    if not models:  # it may load what it is asked for, as transformers' server does
        return {"id": endpoint.model}
    for one in models:
        if one["id"] == endpoint.model:
            return one
    raise EndpointFailed(
        f"{endpoint.host} has no model {endpoint.model!r}, it has {there}: correct model in {table}"
    )


def _introduction(
    endpoint: Endpoint, connection: Connection, model: Mapping[str, Any]
) -> Generator[None, None, Introduction]:
    dialect = dialect_of(endpoint.server, model.get("owned_by"))
    known = yield from _context(endpoint, connection, dialect, model)
    card = _card(endpoint, dialect, model, known)
    return Introduction(card, str(model["id"]), dialect, known is not None)


def _card(
    endpoint: Endpoint, dialect: Dialect, model: Mapping[str, Any], known: int | None
) -> ModelCard:
    """What is told of a model.

    Args:
        endpoint: Where it is.
        dialect: Its server's.
        model: What the server says of it.
        known: Tokens of its context.
    """
    name = str(model["id"])
    notices = [] if known else [_assumed(endpoint)]
    meta = model.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    told = {key: value for key, value in meta.items() if isinstance(value, int)}
    return ModelCard(
        name=endpoint.name,
        path=None,
        description=f"{name} at {endpoint.host}"
        + (f", answered by {dialect.title}" if dialect.title else ""),
        parameters=told.get("n_params", 0),
        size_bytes=told.get("size", 0),
        n_ctx=known or ASSUMED_CONTEXT,
        n_ctx_train=told.get("n_ctx_train", known or ASSUMED_CONTEXT),
        has_chat_template=True,
        metadata={"model": name, "url": endpoint.url, **_plain(model)},
        notices=tuple(notices),
        fingerprint=f"{name} at {endpoint.host}",
    )


def _context(
    endpoint: Endpoint, connection: Connection, dialect: Dialect, model: Mapping[str, Any]
) -> Generator[None, None, int | None]:
    """Tokens of the context, as far as anybody says."""
    if endpoint.n_ctx is not None:
        return endpoint.n_ctx
    for key in ("max_model_len", "context_length", "max_context_length", "max_input_tokens"):
        if isinstance(model.get(key), int) and model[key] > 0:
            return int(model[key])
    if dialect.context_at is None:
        return None
    page = yield from connection.page(f"{endpoint.root}{dialect.context_at}")
    try:
        return int(json.loads(page.text)["default_generation_settings"]["n_ctx"]) if page else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _assumed(endpoint: Endpoint) -> str:
    return (
        f"{endpoint.host} does not say how long its context is: {ASSUMED_CONTEXT:,} tokens are "
        f"assumed; n_ctx in [endpoints.{endpoint.name}] says it"
    )


def _plain(model: Mapping[str, Any]) -> dict[str, str]:
    return {
        clean(str(key)): _shortened(clean(str(value)))
        for key, value in model.items()
        if key != "id" and isinstance(value, str | int | float)
    }
