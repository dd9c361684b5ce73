"""``chat config``: the settings in use, shown."""

from __future__ import annotations

from collections.abc import Iterator

from tui.config import Config
from tui.config_keys import KEYS, Key, KeyPath, find_key
from tui.runtime import Runtime
from tui.tables import print_json, print_line

_DEFAULT = "default"


def show_config(runtime: Runtime, *, as_json: bool, origin: bool, profile: str | None) -> None:
    """The settings as TOML, where what is not set is a comment, or as JSON.

    Raises:
        ConfigError: If they cannot be used.
    """
    runtime.profile = profile
    config, file = runtime.config, runtime.paths.config_file
    if as_json:
        print_json(runtime, _as_json(config, with_origin=origin))
        return
    print_line(runtime, f"# {file}{'' if file.exists() else ' (not created yet)'}")
    for line in _lines(config, with_origin=origin):
        print_line(runtime, line)


def config_path(runtime: Runtime) -> None:
    """Where the file is."""
    print_line(runtime, str(runtime.paths.config_file))


def toml_value(value: object) -> str:
    """A value as TOML has it, in one line."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, dict):
        pairs = (f"{toml_value(key)} = {toml_value(one)}" for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    return str(value).lower() if isinstance(value, bool) else str(value)


def _settings(config: Config) -> Iterator[tuple[KeyPath, object, str]]:
    """Every key with its value and where that comes from; keys under a person's own name only
    where they are set."""
    for key in KEYS:
        if "*" in key.path:
            own = ((path, one) for path, one in config.settings.items() if find_key(path) is key)
            yield from ((path, one.value, one.origin) for path, one in own)
        elif one := config.settings.get(key.path):
            yield key.path, one.value, one.origin
        else:
            yield key.path, key.default, _DEFAULT


def _as_json(config: Config, *, with_origin: bool) -> dict[str, object]:
    whole: dict[str, object] = {}
    for path, value, origin in _settings(config):
        table = whole
        for name in path[:-1]:
            inner = table.setdefault(name, {})
            assert isinstance(inner, dict), "no key is a table as well"
            table = inner
        table[path[-1]] = {"value": value, "origin": origin} if with_origin else value
    return whole


def _lines(config: Config, *, with_origin: bool) -> Iterator[str]:
    table: KeyPath = ()
    for path, value, origin in _settings(config):
        if path[:-1] != table:
            table = path[:-1]
            yield f"[{'.'.join(table)}]"
        key = find_key(path)
        line = _unset(key) if value is None and key else f"{path[-1]} = {toml_value(value)}"
        yield f"{line}  # {origin}" if with_origin else line


def _unset(key: Key) -> str:
    name = key.path[-1]
    return f"# {name} is random" if name == "seed" else f"# {name} is automatic"
