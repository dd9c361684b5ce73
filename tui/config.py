"""The configuration file, checked: what a person set, and where they mistyped."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.types import SAMPLING_NAMES, LoadOptions, Sampling

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class ConfigError(Exception):
    """The configuration cannot be used; the text says which key of which file, and why."""


@dataclass(frozen=True, slots=True)
class Config:
    """Settings. What is not set is None or empty, and decided where it is used."""

    model: str | None = None
    """A model's name or path."""
    system: str | None = None
    """The system text of conversations without a prompt."""
    max_tokens: int | None = None
    n_ctx: int | None = None
    threads: int | None = None
    gpu_layers: int = -1
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Sampling`, as TOML has them."""
    unknown: tuple[str, ...] = ()
    """Warnings about keys that mean nothing, each with the nearest that would."""

    @property
    def load_options(self) -> LoadOptions:
        """How weights are put to work."""
        return LoadOptions(self.n_ctx, self.threads, self.gpu_layers)


KEYS: Mapping[str, type] = {
    "model": str,
    "system": str,
    "max_tokens": int,
    "n_ctx": int,
    "threads": int,
    "gpu_layers": int,
    "sampling": dict,
}
"""The keys of the file, and what each may be."""

_RANGES: Mapping[str, tuple[int, int]] = {
    "max_tokens": (1, 2**31 - 1),
    "n_ctx": (1, 2**31 - 1),
    "threads": (1, 512),
    "gpu_layers": (-1, 10_000),
}
"""Inclusive; llama.cpp takes no more threads, and 32 bits for the rest."""


def load_config(file: Path, environment: Mapping[str, str]) -> Config:
    """Read the file, if there is one; ``CHAT_MODEL`` wins over its ``model``.

    Raises:
        ConfigError: If the file cannot be read, is not TOML, or a value cannot be used.
    """
    values = _read(file)
    unknown = tuple(_unknown_keys(file, values))
    known = {key: value for key, value in values.items() if key in KEYS}
    for key, value in known.items():
        _check(file, key, value)
    sampling = known.pop("sampling", {})
    _check_sampling(file, sampling)
    if environment.get("CHAT_MODEL"):
        known["model"] = environment["CHAT_MODEL"]
    return Config(
        **known,
        sampling={key: value for key, value in sampling.items() if key in SAMPLING_NAMES},
        unknown=unknown,
    )


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
    sampling = values.get("sampling", {})
    names = sampling if isinstance(sampling, dict) else {}
    return [
        *_suggestions(file, "", values, KEYS),
        *_suggestions(file, "sampling.", names, SAMPLING_NAMES),
    ]


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


def _check(file: Path, key: str, value: object) -> None:
    wanted = KEYS[key]
    if not isinstance(value, wanted) or isinstance(value, bool):
        kind = {str: "text", int: "a whole number", dict: "a table"}[wanted]
        raise ConfigError(f"{file}: {key} must be {kind}")
    if key in _RANGES and isinstance(value, int):
        low, high = _RANGES[key]
        if not low <= value <= high:
            raise ConfigError(f"{file}: {key} must be from {low:,} to {high:,}")


def _check_sampling(file: Path, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        try:
            if key in SAMPLING_NAMES:
                Sampling.checked(key, value)
        except ValueError as error:
            raise ConfigError(f"{file}: sampling: {error}") from error
