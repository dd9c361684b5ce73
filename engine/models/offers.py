"""What a repository of Hugging Face has to offer: its GGUF files by quantization."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.models.finding import quantization_of
from engine.models.memory import memory_of_download

_PART = re.compile(r"(.+)-\d{5}-of-(\d{5})")

_DRAFTERS = ("mtp-", "eagle3-", "dflash-", "dspark-")
"""How llama.cpp has files named that draft for a model, and write nothing good by themselves."""

_NEARLY_LOSSLESS = ("Q8_0", "Q8_K_XL", "BF16", "F16", "F32")
"""Larger than Q6_K, which loses next to nothing already."""


@dataclass(frozen=True, slots=True)
class RepoFile:
    """A file of a repository."""

    path: str
    """Within the repository."""
    size: int
    sha256: str | None
    """Of a file in large-file storage, as nearly all weights are."""
    git_sha1: str | None
    """Of the file as a blob of git, for one that is not."""

    @property
    def name(self) -> str:
        """Without the folders around it."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Offer:
    """One quantization of a model."""

    name: str
    """Of its file, without ``.gguf``."""
    files: tuple[RepoFile, ...]
    """Its parts, the first one first."""

    @property
    def quantization(self) -> str:
        """How it is quantized, or its whole name where that does not tell."""
        return quantization_of(self.name) or self.name

    @property
    def size_bytes(self) -> int:
        """Of all files."""
        return sum(file.size for file in self.files)

    def fits(self, memory: int) -> bool:
        """Whether it runs in so many bytes."""
        return memory_of_download(self.size_bytes) <= memory


@dataclass(frozen=True, slots=True)
class Offers:
    """Everything that a repository offers."""

    repo: str
    """As the hub spells it."""
    commit: str
    """The revision that the files are of."""
    licence: str | None
    offers: tuple[Offer, ...]
    """From the smallest to the largest."""

    def best(self, memory: int) -> Offer | None:
        """The one that loses the least and fits: the largest up to Q6_K, or else any that fits."""
        fitting = [offer for offer in self.offers if offer.fits(memory)]
        small = [offer for offer in fitting if offer.quantization not in _NEARLY_LOSSLESS]
        chosen = small or fitting
        return chosen[-1] if chosen else None

    def label(self, offer: Offer) -> str:
        """What an offer goes by behind its repository: its name, if another is quantized so."""
        same = [each for each in self.offers if each.quantization == offer.quantization]
        return offer.quantization if len(same) == 1 else offer.name

    def named(self, quantization: str) -> list[Offer]:
        """Those that are quantized so, or whose file is called so."""
        wanted = quantization.lower().removesuffix(".gguf")
        exact = [
            each for each in self.offers if wanted in (each.quantization.lower(), each.name.lower())
        ]
        # Such as UD-Q4_K_XL, of which only the second half is a quantization.
        return exact or [each for each in self.offers if each.name.lower().endswith(f"-{wanted}")]


def sorted_offers(files: Sequence[RepoFile]) -> tuple[Offer, ...]:
    """Files made into offers: parts joined, and what is no model left out."""
    groups: dict[str, list[RepoFile]] = {}
    for file in sorted(files, key=lambda file: file.path):
        if not _is_model(file.name):
            continue
        stem = file.name.removesuffix(".gguf")
        part = _PART.fullmatch(stem)
        groups.setdefault(part[1] if part else stem, []).append(file)
    offers = [Offer(name, tuple(group)) for name, group in groups.items()]
    return tuple(sorted(offers, key=lambda offer: offer.size_bytes))


def _is_model(name: str) -> bool:
    """Whether a file is called as one of a model, and not as what only goes with one."""
    if not name.endswith(".gguf"):
        return False
    name = name.lower()
    is_imatrix = "imatrix" in name and quantization_of(name) is None
    return not (name.startswith(_DRAFTERS) or "mmproj" in name or is_imatrix)
