"""``chat models pull``: what can be downloaded, and downloading it."""

from __future__ import annotations

import difflib
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import DownloadFailed, LoadFailed, NotHere, Offline, UnknownModel
from engine.machine import available_memory
from engine.models import resolve_model
from engine.models.catalogue import catalogue
from engine.models.finding import model_at, parsed_repo
from engine.models.memory import memory_of_download
from engine.models.offers import Offer, Offers
from engine.models.summary import summarise
from engine.models.trust import Ledger, ledger_key
from tui.download_progress import DownloadProgress
from tui.errors import UsageProblem
from tui.interrupts import signals_leave
from tui.private_file import make_private_folder
from tui.runtime import Runtime
from tui.tables import file_size, print_json, print_line, print_table

if TYPE_CHECKING:
    from engine.models.hub import Hub


def pull_model(runtime: Runtime, what: str | None, *, as_json: bool) -> None:
    """Download a model, or list what there is to download.

    Args:
        runtime: The process's.
        what: A name of the catalogue or a repository, each perhaps with a quantization; None lists
            the catalogue.
        as_json: Whether lists are JSON.

    Raises:
        DownloadFailed: If it cannot be downloaded.
        Offline: If it must not be.
        UsageProblem: If nothing goes by that name.
    """
    if what is None:
        _list_catalogue(runtime, as_json=as_json)
        return
    repo, quantization = _parsed(what)
    if quantization and _is_here(runtime, f"hf:{repo}:{quantization}"):
        return
    if runtime.config.offline:
        raise Offline(
            "offline forbids to download anything: set it to false, or unset CHAT_OFFLINE"
        )
    from engine.models.hub import Hub

    hub = Hub(runtime.environment)
    offers = hub.offers(repo)
    if quantization is None and len(offers.offers) > 1:
        _list_offers(runtime, offers, as_json=as_json)
        return
    _download(runtime, hub, offers, _chosen(offers, quantization))


def _parsed(what: str) -> tuple[str, str | None]:
    """The repository and the quantization that are meant."""
    if repo := parsed_repo(what):
        return repo
    name, _, quantization = what.partition(":")
    known = catalogue()
    if name.lower() in known:
        entry = known[name.lower()]
        return entry.repo, quantization or entry.quantization
    nearest = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.4)
    hint = f"the nearest: {', '.join(nearest)}" if nearest else "`chat models pull` lists some"
    raise UsageProblem(f"{what!r} is neither hf:user/repo nor a name of the list; {hint}")


def _is_here(runtime: Runtime, name: str) -> bool:
    try:
        found = resolve_model(name, runtime.paths.models, by_name=True)
    except (NotHere, UnknownModel):
        return False
    runtime.narrator().say(f"{found.name} is here already, in the {found.source}")
    print_line(runtime, str(found.path))
    return True


def _chosen(offers: Offers, quantization: str | None) -> Offer:
    fitting = offers.named(quantization) if quantization else list(offers.offers)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(f"hf:{offers.repo}:{offer.name}" for offer in fitting)
        raise DownloadFailed(f"several files are quantized so: {names}")
    there = ", ".join(dict.fromkeys(offer.quantization for offer in offers.offers))
    raise DownloadFailed(f"{offers.repo} has no {quantization}; it has {there}")


def _download(runtime: Runtime, hub: Hub, offers: Offers, offer: Offer) -> None:
    narrator = runtime.narrator()
    if not offer.fits(available_memory()):
        narrator.say(f"{offer.name} will hardly run here: it needs {_memory(offer.size_bytes)}")
    make_private_folder(runtime.paths.models)
    progress = DownloadProgress(narrator, offer.name, offer.size_bytes)
    try:
        with signals_leave():
            paths = hub.download(offers, offer, runtime.paths.models, progress)
    except (KeyboardInterrupt, SystemExit):
        narrator.say("what is there is kept: the same command goes on with it")
        raise
    finally:
        narrator.clear()
    print_line(runtime, str(paths[0]))
    _note_checksums(runtime, paths[0], offer)
    narrator.say(f"{offer.name}, {file_size(offer.size_bytes)}, licence {offers.licence or '?'}")
    try:
        summarise(paths)
    except LoadFailed as error:
        narrator.say(f"it is whole, and yet not to be used: {error}")
        return
    narrator.say(f"`chat -m {offer.name}` uses it, `chat models use {offer.name}` always")


def _note_checksums(runtime: Runtime, path: Path, offer: Offer) -> None:
    """Keep the checksums that were just found to be right."""
    ledger, model = Ledger(runtime.paths.trust), model_at(path)
    sums = tuple(file.sha256 for file in offer.files if file.sha256)
    with suppress(LoadFailed, OSError):
        if ledger.look(model) is None and len(sums) == len(offer.files):
            ledger.add_sha256(ledger_key(model), model.parts, sums)


def _list_offers(runtime: Runtime, offers: Offers, *, as_json: bool) -> None:
    memory = available_memory()
    best = offers.best(memory)
    if as_json:
        values = [
            {
                "name": f"hf:{offers.repo}:{offer.quantization}",
                "files": [asdict(file) for file in offer.files],
                "size_bytes": offer.size_bytes,
                "memory_bytes": memory_of_download(offer.size_bytes),
                "fits": offer.fits(memory),
                "best": offer is best,
            }
            for offer in offers.offers
        ]
        print_json(runtime, {"repo": offers.repo, "licence": offers.licence, "offers": values})
        return
    rows = [
        (
            offer.quantization,
            file_size(offer.size_bytes),
            _memory(offer.size_bytes),
            "yes" if offer.fits(memory) else "no",
            "*" if offer is best else "",
        )
        for offer in offers.offers
    ]
    print_table(runtime, ("QUANTIZATION", "SIZE", "MEMORY", "FITS", "BEST"), rows)
    wanted = (best or offers.offers[0]).quantization
    runtime.narrator().say(
        f"licence {offers.licence or 'not told'}; "
        f"`chat models pull hf:{offers.repo}:{wanted}` downloads one"
    )


def _list_catalogue(runtime: Runtime, *, as_json: bool) -> None:
    memory = available_memory()
    entries = catalogue()
    if as_json:
        values = {
            name: {**asdict(entry), "memory_bytes": memory_of_download(entry.size_bytes)}
            for name, entry in entries.items()
        }
        print_json(runtime, values)
        return
    rows = [
        (
            name,
            entry.parameters.partition(",")[0],
            file_size(entry.size_bytes),
            _memory(entry.size_bytes),
            "yes" if memory_of_download(entry.size_bytes) <= memory else "no",
            entry.licence,
            entry.good_for,
        )
        for name, entry in entries.items()
    ]
    headings = ("NAME", "PARAMS", "SIZE", "MEMORY", "FITS", "LICENCE", "GOOD FOR")
    print_table(runtime, headings, rows)


def _memory(size_bytes: int) -> str:
    return file_size(memory_of_download(size_bytes))
