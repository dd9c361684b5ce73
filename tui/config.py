"""The configuration file, checked: what a person set, and where they mistyped."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from engine.types import SAMPLING_NAMES, FlashAttention, KvType, Sampling

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class ConfigError(Exception):
    """The configuration cannot be used; the text says which key of which file, and why."""


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
    load: Mapping[str, int | str] = field(default_factory=dict)
    """Fields of `LoadOptions`, those of `LOAD_NAMES`."""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Sampling`, as TOML has them."""
    snapshots: Snapshots = Snapshots()
    theme: str | None = None
    """The colours of the app."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Other keys for the app's actions, by their ids."""
    unknown: tuple[str, ...] = ()
    """Warnings about keys that mean nothing, each with the nearest that would."""


LOAD_NAMES: Mapping[str, range | tuple[str, ...]] = {
    "n_ctx": range(1, 2**31),
    "threads": range(1, 513),
    "batch": range(1, 65_537),
    "gpu_layers": range(-1, 10_001),
    "kv_type": get_args(KvType),
    "flash_attention": get_args(FlashAttention),
}
"""How weights are put to work: keys of the file and ``-o`` options, with what each may be.
llama.cpp takes no more threads, and 32 bits for the rest."""

KEYS: Mapping[str, type] = {
    "model": str,
    "system": str,
    "max_tokens": int,
    **{name: int if isinstance(may_be, range) else str for name, may_be in LOAD_NAMES.items()},
    "sampling": dict,
    "snapshots": dict,
    "theme": str,
    "keys": dict,
}
"""The keys of the file, and what each may be."""

_SNAPSHOT_KEYS: Mapping[str, type] = {"enabled": bool, "budget_mib": int}

_NUMBERS: Mapping[str, range] = {"max_tokens": range(1, 2**31), "budget_mib": range(1, 2**30)}

_KINDS: Mapping[type, str] = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    dict: "a table",
}


def load_config(file: Path, environment: Mapping[str, str]) -> Config:
    """Read the file, if there is one; ``CHAT_MODEL`` wins over its ``model``.

    Raises:
        ConfigError: If the file cannot be read, is not TOML, or a value cannot be used.
    """
    values = _read(file)
    unknown = tuple(_unknown_keys(file, values))
    known = {key: value for key, value in values.items() if key in KEYS}
    for key, value in known.items():
        _check(file, key, value, KEYS[key])
    sampling, snapshots = known.pop("sampling", {}), known.pop("snapshots", {})
    _check_sampling(file, sampling)
    for key in snapshots.keys() & _SNAPSHOT_KEYS.keys():
        _check(file, f"snapshots.{key}", snapshots[key], _SNAPSHOT_KEYS[key])
    for name, key in known.get("keys", {}).items():
        _check(file, f"keys.{name}", key, str)
    load = {key: known.pop(key) for key in LOAD_NAMES if key in known}
    if environment.get("CHAT_MODEL"):
        known["model"] = environment["CHAT_MODEL"]
    return Config(
        **known,
        load=load,
        sampling={key: value for key, value in sampling.items() if key in SAMPLING_NAMES},
        snapshots=Snapshots(**{k: v for k, v in snapshots.items() if k in _SNAPSHOT_KEYS}),
        unknown=unknown,
    )


def check_load_value(name: str, value: object) -> None:
    """Check one of `LOAD_NAMES`.

    Raises:
        ValueError: If the value cannot be used; it says what could.
    """
    may_be = LOAD_NAMES[name]
    if isinstance(may_be, range):
        _check_number(name, value, may_be)
    elif value not in may_be:
        raise ValueError(f"{name} must be one of {', '.join(may_be)}, not {value!r}")


def _check_number(name: str, value: object, may_be: range) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value not in may_be:
        low, high = may_be[0], may_be[-1]
        raise ValueError(f"{name} must be a whole number from {low:,} to {high:,}")


def _read(file: Path) -> dict[str, Any]:
    if file.exists() and not file.is_file():
        raise ConfigError(f"{file} is not a file")
    try:
        values: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8, or beyond the parser
        raise ConfigError(f"{file}: {error}") from error
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    return values


def _unknown_keys(file: Path, values: Mapping[str, Any]) -> list[str]:
    warnings = _suggestions(file, "", values, KEYS)
    for table, keys in (("sampling", SAMPLING_NAMES), ("snapshots", tuple(_SNAPSHOT_KEYS))):
        found = values.get(table)
        if isinstance(found, dict):
            warnings += _suggestions(file, f"{table}.", found, keys)
    return warnings


def _suggestions(
    file: Path, prefix: str, found: Mapping[str, Any], known: Mapping[str, type] | tuple[str, ...]
) -> list[str]:
    warnings = []
    for key in found:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {prefix}{nearest[0]}?" if nearest else ""
            warnings.append(f"{file}: unknown key {prefix}{key}{hint}")
    return warnings


def _check(file: Path, key: str, value: object, wanted: type) -> None:
    """Check a value's type and, of a number or a choice, that it can be used."""
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise ConfigError(f"{file}: {key} must be {_KINDS[wanted]}")
    name = key.rpartition(".")[2]
    try:
        if name in LOAD_NAMES:
            check_load_value(name, value)
        elif name in _NUMBERS:
            _check_number(key, value, _NUMBERS[name])
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error


def _check_sampling(file: Path, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        try:
            if key in SAMPLING_NAMES:
                Sampling.checked(key, value)
        except ValueError as error:
            raise ConfigError(f"{file}: sampling: {error}") from error
