"""``chat config``: the settings in use, shown."""

from __future__ import annotations

from collections.abc import Iterator

from engine.types import Sampling
from tui.config import KEYS, Config
from tui.runtime import Runtime
from tui.sanitize import sanitize_line


def show_config(runtime: Runtime) -> None:
    """The settings as TOML; what is not set is a comment."""
    file = runtime.paths.config_file
    runtime.stdout.write(f"# {file}{'' if file.exists() else ' (not there yet)'}\n")
    for line in _lines(runtime.config):
        runtime.stdout.write(f"{sanitize_line(line)}\n")


def config_path(runtime: Runtime) -> None:
    """Where the file is."""
    runtime.stdout.write(f"{runtime.paths.config_file}\n")


def _lines(config: Config) -> Iterator[str]:
    for name in KEYS:
        if name != "sampling":
            value = getattr(config, name)
            yield f"# {name} is automatic" if value is None else f"{name} = {_toml(value)}"
    yield "[sampling]"
    for name, default in Sampling().to_dict().items():
        value = config.sampling.get(name, default)
        yield f"# {name} is random" if value is None else f"{name} = {_toml(value)}"


def _toml(value: object) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    return str(value)
