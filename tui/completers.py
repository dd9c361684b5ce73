"""What values on a command line may become: names of this person's sessions, prompts and models."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import click
from click.shell_completion import CompletionItem

from engine.errors import EngineError
from engine.models import find_models
from engine.models.catalogue import catalogue
from engine.models.tensor_types import FILE_TYPES
from prompts.errors import PromptError
from prompts.schema import Variable
from sessions import SessionError, branch_names
from tui.config import ConfigError, read_settings
from tui.config_keys import KEYS, LOAD_NAMES, PROFILES
from tui.errors import UsageProblem
from tui.library_prompts import load_stacked
from tui.runtime import Runtime, spawn_worker
from tui.setting_values import MEANINGS, NUMBERS, range_of
from tui.tables import age, file_size
from tui.which_model import endpoints_of

Found: TypeAlias = Iterator[tuple[str, str]]
"""Values with their meanings."""

_MOST_SESSIONS = 100


def values(kind: str, context: click.Context, incomplete: str) -> list[CompletionItem[str]]:
    """The values of a kind that a word may become, each with its meaning in a few words.

    Where they cannot be found out there are none: nobody can be told in the middle of a line.
    """
    runtime = Runtime(os.environ, spawn_worker)
    try:
        found = list(_KINDS[kind](runtime, context))
    except (ConfigError, EngineError, OSError, PromptError, SessionError, UsageProblem):
        return []
    return [
        CompletionItem(value, help=meaning or None)
        for value, meaning in dict(found).items()
        if value.startswith(incomplete) and value.isprintable() and meaning.isprintable()
    ]


def _sessions(runtime: Runtime, _context: click.Context) -> Found:
    """Titles, and the ids of those whose title another one has."""
    summaries = runtime.sessions().list(_MOST_SESSIONS)
    titles = [each.title for each in summaries]
    for each in summaries:
        is_name = titles.count(each.title) == 1 and each.title.isprintable() and each.title
        yield each.title if is_name else each.id, f"{age(each.updated)} ago, {each.turns} turns"


def _branches(runtime: Runtime, context: click.Context) -> Found:
    store = runtime.sessions()
    session = store.open(store.resolve(context.params["session"])).session
    yield from ((name, "") for name in branch_names(session))


def _trashed(runtime: Runtime, _context: click.Context) -> Found:
    yield from ((each.id, each.title) for each in runtime.sessions().trash())


def _prompts(runtime: Runtime, _context: click.Context) -> Found:
    yield from ((entry.name, entry.error or entry.summary) for entry in runtime.library().entries())


def _tags(runtime: Runtime, _context: click.Context) -> Found:
    yield from ((tag, "") for entry in runtime.library().entries() for tag in entry.tags)


def _models(runtime: Runtime, _context: click.Context) -> Found:
    for endpoint in endpoints_of(runtime.config).values():
        yield endpoint.name, f"at {endpoint.host}"
    for model in find_models(runtime.paths.models):
        yield model.name, f"{file_size(model.size_bytes)}, {model.source}"


def _downloadable(_runtime: Runtime, _context: click.Context) -> Found:
    for name, entry in catalogue().items():
        yield name, f"{file_size(entry.size_bytes)}, {entry.good_for}"


def _quantizations(_runtime: Runtime, _context: click.Context) -> Found:
    yield from ((name, "") for name in FILE_TYPES.values())


def _profiles(runtime: Runtime, _context: click.Context) -> Found:
    values, _ = read_settings(runtime.paths.config_file)
    yield from ((path[1], "") for path in values if path[0] == PROFILES)


def _variables(runtime: Runtime, context: click.Context) -> Found:
    """The variables of the prompts that the line names and, behind a name, its values."""
    names = context.params.get("templates") or context.params.get("names") or ()
    variables = load_stacked(runtime.library(), names).variables
    before = _last_word(context)
    if before in variables:
        yield from ((value, "") for value in _values_of(variables[before]))
        return
    for name, variable in variables.items():
        yield name, variable.description or variable.type


def _values_of(variable: Variable) -> Iterator[str]:
    if variable.type == "bool":
        yield from ("true", "false")
    yield from variable.choices
    if not variable.choices and variable.type != "bool" and variable.default is not None:
        yield str(variable.default)


def _options(_runtime: Runtime, context: click.Context) -> Found:
    """Names of settings and, behind one, what it may be."""
    meanings = {key.name: key.meaning for key in KEYS if key.name in LOAD_NAMES}
    named = {**{name: MEANINGS[name] for name in MEANINGS if name not in NUMBERS}, **meanings}
    before = _last_word(context)
    if before not in named:
        yield from named.items()
        return
    may_be = LOAD_NAMES.get(before)
    if isinstance(may_be, tuple):
        yield from ((value, "") for value in may_be if isinstance(value, str))
    elif default := next((str(key.default) for key in KEYS if key.path[-1] == before), ""):
        yield default, range_of(before)


def _last_word(context: click.Context) -> str:
    """The word before the one that is completed."""
    words = context.find_root().obj or ()
    return words[-1] if words else ""


_KINDS: Mapping[str, Callable[[Runtime, click.Context], Found]] = {
    "sessions": _sessions,
    "branches": _branches,
    "trashed": _trashed,
    "prompts": _prompts,
    "tags": _tags,
    "models": _models,
    "downloadable": _downloadable,
    "quantizations": _quantizations,
    "profiles": _profiles,
    "variables": _variables,
    "options": _options,
}
