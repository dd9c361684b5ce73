"""How weights are put to work: the command line's choices over the configuration's."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.load_options import LoadOptions
from engine.sampling_params import SAMPLING_NAMES
from tui.config import Config
from tui.config_keys import LOAD_NAMES, check_load_value, seconds_of
from tui.errors import UsageProblem
from tui.options import EngineOptions
from tui.paths import Paths
from tui.texts import read_text

if TYPE_CHECKING:
    from engine.remote.endpoint import Endpoint

NOTHING_LEFT: Mapping[str, Any] = {"snapshots": None, "keep_alive": None}
"""Options of an engine that leaves nothing of what it reads, neither on disk nor in memory."""

_LARGEST_TEMPLATE = 2**20
"""Bytes; those of released models have some thousand."""


def load_options(config: Config, paths: Paths, chosen: Mapping[str, Any]) -> LoadOptions:
    """Everything an engine is loaded with.

    Args:
        config: The settings.
        paths: Where snapshots go.
        chosen: What `chosen_load_options` gave, or nothing.
    """
    snapshots = str(paths.snapshots) if config.snapshots.enabled else None
    own: dict[str, Any] = {**config.load, "snapshots": snapshots, **chosen}
    own["keep_alive"] = seconds_of(own.get("keep_alive"))
    own["runtime"] = str(paths.runtime) if own["keep_alive"] else None
    budget = config.snapshots.budget_mib * 2**20
    return replace(LoadOptions(snapshot_budget=budget, layers_file=str(paths.gpu_layers)), **own)


def chosen_load_options(options: EngineOptions, *, save: bool) -> Mapping[str, Any]:
    """What the command line says of loading, as fields of `LoadOptions`.

    Args:
        options: Names and values as they were typed, and the template's file.
        save: Whether the conversation may leave something behind. A snapshot tells what was said.

    Raises:
        UsageProblem: If a name or a value cannot be used, or the template cannot be read.
    """
    chosen: dict[str, Any] = {name: _value(name, text) for name, text in options.load}
    if options.chat_template is not None:
        chosen["chat_template"] = read_text(options.chat_template, _LARGEST_TEMPLATE)
    return chosen if save else {**chosen, **NOTHING_LEFT}


def refuse_loading(chosen: Mapping[str, Any], endpoint: Endpoint) -> None:
    """Refuse options about weights where those are at a server, which has loaded them already.

    Raises:
        UsageProblem: If there are any.
    """
    for name, value in chosen.items():
        if name != "snapshots" and value is not None:
            option = "--chat-template" if name == "chat_template" else f"-o {name}"
            raise UsageProblem(
                f"{option} applies to models on this machine, and {endpoint.name} is a model at "
                f"{endpoint.host}"
            )


def is_load_option(name: str) -> bool:
    """Whether an ``-o`` name is about loading the weights, not about sampling.

    Raises:
        UsageProblem: If it is neither, but almost.
    """
    if name in LOAD_NAMES or name in SAMPLING_NAMES:
        return name in LOAD_NAMES
    known = (*SAMPLING_NAMES, *LOAD_NAMES)
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    if nearest and nearest[0] in LOAD_NAMES:
        raise UsageProblem(f"-o: no option {name!r}; did you mean {nearest[0]}?")
    return False


def _value(name: str, text: str) -> int | str:
    value: int | str = text
    may_be = LOAD_NAMES[name]
    words = may_be if isinstance(may_be, tuple) else (may_be,)
    if any(isinstance(each, range) for each in words):
        with suppress(ValueError):  # said below, with what it could be
            value = int(text)
    try:
        check_load_value(name, value)
    except ValueError as error:
        raise UsageProblem(f"-o {error}") from error
    return value
