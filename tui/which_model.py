"""Which model a name means: one at a server that the configuration has, or one on this machine."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from engine.errors import NotHere, Offline, UnknownModel
from engine.models import FoundModel, find_models, resolve_model
from engine.models.trust import Ledger
from tui.config import Config, ConfigError
from tui.errors import DefaultUnknown
from tui.paths import Paths

if TYPE_CHECKING:
    from engine.protocol import Engine
    from engine.remote.endpoint import Endpoint

ModelMeant: TypeAlias = "FoundModel | Endpoint"


def find_model(
    name: str | None, config: Config, folder: Path, *, by_name: bool = False
) -> ModelMeant:
    """What a name means; endpoints come first, by their whole name.

    Args:
        name: As for `resolve_model`, or an endpoint's; None is the configured one, or the first
            on this machine.
        config: Has the endpoints, and whether there may be any.
        folder: The models folder.
        by_name: Whether a path is no name.

    Raises:
        ConfigError: If the endpoint is not described as it must be.
        NoModel, NotHere, NotUsable, UnknownModel: If there is nothing of that name.
        Offline: If it is an endpoint, and nothing may be sent.
    """
    wanted = name or config.model
    endpoints = endpoints_of(config)
    if wanted is not None and wanted in endpoints:
        if config.offline:
            raise Offline(
                f"{wanted} is a model at {endpoints[wanted].host}, and offline is set, so "
                "nothing may be sent: name one on this machine with -m"
            )
        return endpoints[wanted]
    try:
        return resolve_model(wanted, folder, by_name=by_name)
    except UnknownModel as error:
        if name is None:
            raise DefaultUnknown(error) from error
        near = difflib.get_close_matches(error.name, endpoints, n=1)
        if not near or error.is_ambiguous:
            raise
        raise UnknownModel(error.name, [*near, *error.nearest]) from error


def find_model_of_session(name: str, config: Config, paths: Paths) -> ModelMeant:
    """What the name of the model that answered in a session means.

    A path is no name there, as the session may be somebody else's; but a model that was used by its
    path on this machine goes by the name that its file gives it.

    Raises:
        ConfigError, NotHere, NotUsable, Offline, UnknownModel: As for `find_model`.
    """
    try:
        return find_model(name, config, paths.models, by_name=True)
    except (NotHere, UnknownModel):
        used = Ledger(paths.trust).used_by_path(name)
        if used is None:
            raise
        return used


def model_names(config: Config, folder: Path) -> tuple[str, ...]:
    """Everything that can be named: models at servers, then those on this machine.

    Args:
        config: Has the endpoints.
        folder: The models folder.

    Raises:
        ConfigError: If an endpoint is not described as it must be.
    """
    return (*endpoints_of(config), *(model.name for model in find_models(folder)))


def endpoints_of(config: Config) -> Mapping[str, Endpoint]:
    """Every model at a server that the configuration has, by its name.

    Raises:
        ConfigError: If one is not described as it must be.
    """
    if not config.endpoints:
        return {}
    from engine.remote.endpoint import Endpoint

    found = {}
    for name, values in config.endpoints.items():
        if "url" not in values:
            raise ConfigError(f"endpoints.{name} has no url")
        try:
            found[name] = Endpoint(name, **values)
        except ValueError as error:
            raise ConfigError(f"endpoints.{name}: {error}") from error
    return found


def stays_here(engine: Engine, config: Config) -> bool:
    """Whether what is said to an engine stays on this machine."""
    endpoint = endpoints_of(config).get(engine.model_name) if engine.host else None
    return engine.host is None or (endpoint is not None and endpoint.is_on_this_machine)


def shown_name(engine: Engine) -> str:
    """What a front end calls the model that answers; one at a server is marked with where."""
    return f"{engine.model_name} at {engine.host}" if engine.host else engine.model_name
