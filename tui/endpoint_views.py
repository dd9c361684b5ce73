"""``chat models list`` and ``info`` for models at servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.reports import ModelCard
from tui.runtime import Runtime, reach_server
from tui.tables import file_size, print_json, print_table

if TYPE_CHECKING:
    from engine.remote.endpoint import Endpoint


def endpoint_row(endpoint: Endpoint, default: str | None) -> tuple[str, ...]:
    """A row of the list. The server is not asked: it may be asleep, and would see who lists."""
    context = f"{endpoint.n_ctx:,}" if endpoint.n_ctx else ""
    unknown = ("", "", "", "")
    where = f"server {endpoint.host}"
    is_default = "*" if endpoint.name == default else ""
    return (endpoint.name, *unknown, context, "", "", where, is_default)


def endpoint_as_json(endpoint: Endpoint, default: str | None) -> dict[str, object]:
    """The same for programs."""
    return {
        "name": endpoint.name,
        "url": endpoint.url,
        "model": endpoint.model,
        "n_ctx": endpoint.n_ctx,
        "default": endpoint.name == default,
    }


def endpoint_info(runtime: Runtime, endpoint: Endpoint, *, as_json: bool) -> None:
    """What a server says of its model. It is asked, and nothing else is sent.

    Raises:
        EndpointFailed: If it is not there, does not have the model, or wants another key.
    """
    engine = reach_server(endpoint, runtime.environment, sends=True)
    try:
        card = engine.describe()
    finally:
        engine.close()
    if as_json:
        print_json(runtime, {**endpoint_as_json(endpoint, runtime.config.model), **_told(card)})
        return
    print_table(runtime, ("WHAT", "VALUE"), list(_rows(endpoint, card)))


def _told(card: ModelCard) -> dict[str, object]:
    return {
        "model": card.metadata["model"],
        "n_ctx": card.n_ctx,
        "description": card.description,
        "metadata": dict(card.metadata),
        "notes": list(card.notices),
    }


def _rows(endpoint: Endpoint, card: ModelCard) -> Iterator[tuple[str, str]]:
    yield "name", endpoint.name
    yield "description", card.description
    yield "context", f"{card.n_ctx:,} tokens"
    if card.parameters:
        yield "parameters", f"{card.parameters:,}"
    if card.size_bytes:
        yield "size", file_size(card.size_bytes)
    yield "key", _key(endpoint)
    yield from card.metadata.items()
    yield from (("note", notice) for notice in card.notices)


def _key(endpoint: Endpoint) -> str:
    if endpoint.key_env:
        return f"in the environment variable {endpoint.key_env}"
    return "in the keyring" if endpoint.in_keyring else "none"
