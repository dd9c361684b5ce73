"""Getting a model from the hub, for ``chat models pull`` and for the app: which one is meant, and
everything that happens to it until it can be used."""

from __future__ import annotations

import difflib
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import (
    DownloadFailed,
    LoadFailed,
    NoRepository,
    NotHere,
    Offline,
    UnknownModel,
)
from engine.models import FoundModel, resolve_model
from engine.models.catalogue import catalogue
from engine.models.finding import model_at, parsed_repo
from engine.models.offers import Offer, Offers
from engine.models.summary import summarise
from engine.models.trust import Ledger, ledger_key
from tui.errors import UsageProblem
from tui.private_file import make_private_folder
from tui.runtime import Runtime

if TYPE_CHECKING:
    from engine.models.hub import Hub, Progress


_ADDRESS = re.compile(
    r"(?:(?:https?://)?(?:huggingface\.co|hf\.co)/)?(?P<repo>[\w.-]+/[\w.-]+)"
    r"(?::(?P<kind>[^/:\s]+)|/(?:blob|resolve)/[^/]+/(?:[^?#]*/)?(?P<file>[^/?#]+)\.gguf(?:\?.*)?"
    r"|/tree/.*)?/?"
)
"""What is copied from a page of the hub, or from a command for another program."""

_PART = re.compile(r"-\d{5}-of-\d{5}$")


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A model that is whole and checked."""

    name: str
    path: Path
    """Of its first file."""
    problem: str = ""
    """Why it cannot be used all the same."""


def wanted_download(what: str) -> tuple[str, str | None]:
    """The repository and the quantization that are meant.

    Args:
        what: A name of the catalogue or a repository, each perhaps with a quantization, or the
            address of a page of the hub.

    Raises:
        UsageProblem: If nothing goes by that name.
    """
    if repo := parsed_repo(what):
        return repo
    if found := _ADDRESS.fullmatch(what):
        file = found["file"] and _PART.sub("", found["file"])
        return found["repo"], found["kind"] or file
    name, _, quantization = what.partition(":")
    known = catalogue()
    if name.lower() in known:
        entry = known[name.lower()]
        return entry.repo, quantization or entry.quantization
    nearest = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.4)
    hint = f"the nearest: {', '.join(nearest)}" if nearest else "`chat models pull` lists some"
    raise UsageProblem(f"{what!r} is neither hf:user/repo nor a name on the list; {hint}")


def open_hub(runtime: Runtime) -> Hub:
    """The hub that models come from.

    Raises:
        DownloadFailed, Offline: If nothing may be asked of it.
    """
    if runtime.config.offline:
        raise Offline(
            "offline is set, so nothing is downloaded: set it to false, or unset CHAT_OFFLINE"
        )
    from engine.models.hub import Hub

    return Hub(runtime.environment)


def found_here(runtime: Runtime, repo: str, quantization: str) -> FoundModel | None:
    """A model of a repository that is on this machine already, by its quantization or name."""
    with suppress(NotHere, UnknownModel):
        return resolve_model(f"hf:{repo}:{quantization}", runtime.paths.models, by_name=True)
    return None


def ask_for_offers(hub: Hub, what: str) -> Offers:
    """What the repository offers that is meant.

    Raises:
        DownloadFailed: If it is not there, or may not be read.
        UsageProblem: If nothing goes by that name.
    """
    repo, _ = wanted_download(what)
    try:
        return hub.offers(repo)
    except NoRepository as error:
        if what.partition(":")[0].lower() not in catalogue():
            raise
        raise DownloadFailed(
            f"{repo}, where {what} comes from, no longer exists: choose another from the list, "
            "or find one on the hub and name it as hf:user/repo"
        ) from error


def chosen_offer(offers: Offers, quantization: str | None) -> Offer:
    """The one that is quantized so; the only one, where nothing is said.

    Raises:
        DownloadFailed: If none is, or several are.
    """
    fitting = offers.named(quantization) if quantization else list(offers.offers)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(f"hf:{offers.repo}:{offer.name}" for offer in fitting)
        raise DownloadFailed(f"several files have this quantization: {names}")
    there = ", ".join(map(offers.label, offers.offers))
    raise DownloadFailed(
        f"{offers.repo} has no {quantization}; it has {there}: put one of these after "
        f"hf:{offers.repo}:"
    )


def download(
    runtime: Runtime, hub: Hub, offers: Offers, offer: Offer, progress: Progress
) -> Downloaded:
    """Download an offer, keep its checksums, and see whether it can be used.

    Raises:
        DownloadFailed: If it breaks off; what is there is kept.
    """
    make_private_folder(runtime.paths.models)
    path = (paths := hub.download(offers, offer, runtime.paths.models, progress))[0]
    _note_checksums(runtime, path, offer)
    try:
        summarise(paths)
    except LoadFailed as error:
        return Downloaded(offer.name, path, str(error))
    return Downloaded(offer.name, path)


def _note_checksums(runtime: Runtime, path: Path, offer: Offer) -> None:
    """Keep the checksums that were just found to be right."""
    ledger, model = Ledger(runtime.paths.trust), model_at(path)
    sums = tuple(file.sha256 for file in offer.files if file.sha256)
    with suppress(LoadFailed, OSError):
        if ledger.look(model) is None and len(sums) == len(offer.files):
            ledger.add_sha256(ledger_key(model), model.parts, sums)
