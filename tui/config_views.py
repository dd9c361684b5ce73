"""``chat config``: the settings in use, shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from engine.types import LoadOptions, Sampling
from tui.config import LOAD_NAMES, Config
from tui.runtime import Runtime
from tui.tables import print_json, print_line


def show_config(runtime: Runtime, *, as_json: bool) -> None:
    """The settings as TOML, where what is not set is a comment, or as JSON."""
    config, file = runtime.config, runtime.paths.config_file
    if as_json:
        sampling = {**Sampling().to_dict(), **config.sampling}
        snapshots = asdict(config.snapshots)
        values = {**_plain_values(config), "sampling": sampling, "snapshots": snapshots}
        print_json(runtime, values)
        return
    print_line(runtime, f"# {file}{'' if file.exists() else ' (not there yet)'}")
    for line in _lines(config):
        print_line(runtime, line)


def config_path(runtime: Runtime) -> None:
    """Where the file is."""
    print_line(runtime, str(runtime.paths.config_file))


def _plain_values(config: Config) -> dict[str, object]:
    """The settings outside of any table, those of loading with the engine's defaults."""
    defaults = LoadOptions()
    return {
        "model": config.model,
        "system": config.system,
        "max_tokens": config.max_tokens,
        **{name: config.load.get(name, getattr(defaults, name)) for name in LOAD_NAMES},
    }


def _lines(config: Config) -> Iterator[str]:
    for name, value in _plain_values(config).items():
        yield f"# {name} is automatic" if value is None else f"{name} = {_toml(value)}"
    yield "[sampling]"
    for name, default in Sampling().to_dict().items():
        value = config.sampling.get(name, default)
        yield f"# {name} is random" if value is None else f"{name} = {_toml(value)}"
    yield "[snapshots]"
    for name, value in asdict(config.snapshots).items():
        yield f"{name} = {_toml(value)}"


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_toml(key)} = {_toml(one)}' for key, one in value.items())}}}"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    return str(value).lower() if isinstance(value, bool) else str(value)
