"""The settings in use: what the environment, the project, the person and the program say, in that
order, with where each value comes from and what was mistyped."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from tui.config_keys import (
    ENDPOINTS,
    KEYS,
    LOAD_NAMES,
    PROFILES,
    KeyPath,
    find_key,
    is_table,
    names_below,
)
from tui.needed_keys import check_keys

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class ConfigError(Exception):
    """The configuration cannot be used; the text says which key of which file, and why."""


class UnknownProfile(ConfigError):
    """The configuration has no profile of a name."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A value, and who said so."""

    value: object
    origin: str
    """A file, an environment variable or a profile."""


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Whether and how much of what a model has read is kept for the next time."""

    enabled: bool = True
    budget_mib: int = 2048
    """How much room they may take; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Config:
    """Settings. What is not set is None or empty, and decided where it is used."""

    model: str | None = None
    """A model's name or path."""
    system: str | None = None
    """The system text of conversations without a prompt."""
    max_tokens: int | None = None
    editing: str = "emacs"
    """How the REPL's line is edited: as in emacs, or as in vi."""
    load: Mapping[str, int | str] = field(default_factory=dict)
    """Fields of `LoadOptions`, those of `LOAD_NAMES`."""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Sampling`, as TOML has them."""
    snapshots: Snapshots = Snapshots()
    theme: str | None = None
    """The colours of the app."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Other keys for what the app does, by the ids of its bindings."""
    titles: str = "here"
    """Which models find titles for sessions unasked: those on this machine, all, or none."""
    offline: bool = False
    """Whether nothing may be sent to a server."""
    endpoints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Fields of `Endpoint` by its name."""
    settings: Mapping[KeyPath, Setting] = field(default_factory=dict)
    """Everything that is set, and by whom."""
    warnings: tuple[str, ...] = ()
    """Of keys that mean nothing, each with the nearest that would, or that are not the project's to
    set."""


@dataclass(frozen=True, slots=True)
class ConfigSources:
    """Where settings come from."""

    user: Path
    project: Path | None = None
    """The file of the project around the working directory."""
    profile: str | None = None
    """One that was named on the command line."""


_Values: TypeAlias = "dict[KeyPath, object]"

PROFILE_VARIABLE = "CHAT_PROFILE"


def load_config(sources: ConfigSources, environment: Mapping[str, str]) -> Config:
    """Put the settings together; the nearer source wins, key by key.

    Raises:
        ConfigError: If a file cannot be read, is not TOML, or a value cannot be used.
        UnknownProfile: If there is no profile of the name.
    """
    values, warnings = read_settings(sources.user)
    profiles = {path: values.pop(path) for path in list(values) if path[0] == PROFILES}
    settings = _from(str(sources.user), values)
    if sources.project is not None:
        found, others = read_settings(sources.project, is_project=True)
        settings |= _from(str(sources.project), found)
        warnings += others
    chosen = environment.get(PROFILE_VARIABLE)
    if chosen and not sources.profile:
        settings |= _profile(chosen, profiles, sources.user)
    settings |= _of_environment(environment)
    if sources.profile:
        settings |= _profile(sources.profile, profiles, sources.user)
    return _config(settings, tuple(warnings))


def read_settings(file: Path, *, is_project: bool = False) -> tuple[_Values, list[str]]:
    """What a file sets, checked, and warnings about the rest; nothing where there is no file.

    Raises:
        ConfigError: If it cannot be read, is not TOML, or a value cannot be used.
    """
    return checked_settings(file, _text_of(file), is_project=is_project)


def parse_toml(file: Path, text: str) -> dict[str, Any]:
    """The tables of a file.

    Raises:
        ConfigError: If it is not TOML, or beyond the parser.
    """
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{file}: {error}") from error
    return table


def checked_settings(
    file: Path, text: str, *, is_project: bool = False
) -> tuple[_Values, list[str]]:
    """The same for a text that is in the file, or shall be."""
    table = parse_toml(file, text)
    values: _Values = {}
    warnings = []
    for path, value in _entries(file, table, ()):
        key, name = find_key(path), ".".join(path)
        if key is None:
            warnings.append(f"{file}: unknown key {name}{_suggestion(path)}")
        elif is_project and not (key.in_project and path[0] != PROFILES):
            warnings.append(f"{file}: {name} is ignored: a project cannot set it, only you can")
        else:
            values[path] = value
    if not is_project:  # a profile whose keys all mean nothing is there nevertheless
        values |= {(PROFILES, name): {} for name in table.get(PROFILES, {})}
        servers = table.get(ENDPOINTS, {})
        values |= {(ENDPOINTS, name): {} for name, own in servers.items() if own == {}}
    _check_keyboard(str(file), _named(values, "keys"))
    return values, warnings


def _check_keyboard(origin: str, keys: Mapping[str, Any]) -> None:
    try:
        check_keys(keys)
    except ValueError as error:
        raise ConfigError(f"{origin}: {error}") from error


def _entries(
    file: Path, table: Mapping[str, Any], above: KeyPath
) -> Iterator[tuple[KeyPath, object]]:
    """Every value of a file with its place; that of a key that is known is looked at."""
    for name, value in table.items():
        path = (*above, name)
        key = find_key(path)
        if key is not None:
            try:
                key.check(value, ".".join(path))
            except ValueError as error:
                raise ConfigError(f"{file}: {error}") from error
            yield path, value
        elif not is_table(path):
            yield path, value
        elif isinstance(value, dict):
            yield from _entries(file, value, path)
        else:
            raise ConfigError(f"{file}: {'.'.join(path)} must be a table")


def _suggestion(path: KeyPath) -> str:
    """The key that was probably meant: one of the same table, or of that name in another."""
    *above, name = path
    nearest = difflib.get_close_matches(name, names_below(tuple(above)), n=1)
    if nearest:
        return f"; did you mean {'.'.join([*above, nearest[0]])}?"
    elsewhere = [key.name for key in KEYS if key.path[-1] == name]
    return f"; did you mean {elsewhere[0]}?" if elsewhere else ""


def _text_of(file: Path) -> str:
    if file.exists() and not file.is_file():
        raise ConfigError(f"{file} is not a file")
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error


def _from(origin: str, values: _Values) -> dict[KeyPath, Setting]:
    return {path: Setting(value, origin) for path, value in values.items()}


def _of_environment(environment: Mapping[str, str]) -> dict[KeyPath, Setting]:
    found = {}
    for key in KEYS:
        if key.variable is not None and environment.get(key.variable):
            try:
                value = key.parsed(environment[key.variable])
            except ValueError as error:
                raise ConfigError(f"the environment: {error}") from error
            found[key.path] = Setting(value, key.variable)
    return found


def _profile(name: str, profiles: _Values, file: Path) -> dict[KeyPath, Setting]:
    known = list(dict.fromkeys(path[1] for path in profiles))
    if name in known:
        chosen = {path[2:]: one for path, one in profiles.items() if path[1] == name and path[2:]}
        return _from(f"profile {name} of {file}", chosen)
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"there is {', '.join(known) or 'none'}"
    raise UnknownProfile(f"{file} has no profile {name!r}; {hint}")


def _config(settings: Mapping[KeyPath, Setting], warnings: tuple[str, ...]) -> Config:
    own: dict[str, Any] = {path[0]: one.value for path, one in settings.items() if len(path) == 1}
    load = {name: own.pop(name) for name in LOAD_NAMES if name in own}
    keyboard = {one.origin: None for path, one in settings.items() if path[0] == "keys"}
    _check_keyboard(" and ".join(keyboard), _table(settings, "keys"))
    return Config(
        **own,
        load=load,
        sampling=_table(settings, "sampling"),
        keys=_table(settings, "keys"),
        snapshots=Snapshots(**_table(settings, "snapshots")),
        endpoints=_tables(settings, ENDPOINTS),
        settings=settings,
        warnings=warnings,
    )


def _table(settings: Mapping[KeyPath, Setting], name: str) -> dict[str, Any]:
    """The values of a table whose names are known."""
    return _named({path: one.value for path, one in settings.items()}, name)


def _named(values: Mapping[KeyPath, object], table: str) -> dict[str, Any]:
    return {path[1]: one for path, one in values.items() if path[0] == table and len(path) == 2}


def _tables(settings: Mapping[KeyPath, Setting], name: str) -> dict[str, dict[str, Any]]:
    """The values of tables that each stand under a name of the person's own."""
    found: dict[str, dict[str, Any]] = {}
    for path, one in settings.items():
        if path[0] == name:
            found.setdefault(path[1], {}).update({path[2]: one.value} if len(path) == 3 else {})
    return found
