"""The packaged list of models that are worth downloading."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A model that is known by a short name."""

    repo: str
    """``user/name`` on Hugging Face."""
    quantization: str
    """The one to download unless another is named."""
    parameters: str
    """For people."""
    size_mb: int
    """Of that file, in millions of bytes, rounded."""
    context: int
    """Tokens it was trained on."""
    licence: str
    good_for: str
    """What it does well in writing."""

    @property
    def size_bytes(self) -> int:
        """About how large the file is."""
        return self.size_mb * 10**6


@cache
def catalogue() -> Mapping[str, CatalogueEntry]:
    """The entries by name, from the smallest to the largest."""
    text = (resources.files("engine.models") / "catalogue.toml").read_text(encoding="utf-8")
    return {name: CatalogueEntry(**values) for name, values in tomllib.loads(text).items()}


def known_licence(repo: str | None) -> str | None:
    """The licence of a repository of the list: many files do not say theirs."""
    entries = (each for each in catalogue().values() if each.repo == repo)
    return next((entry.licence for entry in entries), None)
