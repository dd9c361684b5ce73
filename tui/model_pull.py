"""``chat models pull``: what can be downloaded, and downloading it."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from engine.machine import available_memory
from engine.models.catalogue import catalogue
from engine.models.memory import memory_of_download
from engine.models.offers import Offer, Offers
from tui.download_progress import DownloadProgress
from tui.interrupts import signals_leave
from tui.model_download import (
    ask_for_offers,
    chosen_offer,
    download,
    found_here,
    open_hub,
    wanted_download,
)
from tui.runtime import Runtime
from tui.tables import file_size, print_entries, print_json, print_line, print_table

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
    repo, quantization = wanted_download(what)
    if quantization and _is_here(runtime, repo, quantization):
        return
    hub = open_hub(runtime)
    offers = ask_for_offers(hub, what)
    if offers.repo.lower() != repo.lower():
        runtime.narrator().say(f"{repo} is now called {offers.repo}")
    if quantization is None and len(offers.offers) > 1:
        _list_offers(runtime, offers, as_json=as_json)
        return
    offer = chosen_offer(offers, quantization)
    if not _is_here(runtime, offers.repo, offer.name):
        _download(runtime, hub, offers, offer)


def _is_here(runtime: Runtime, repo: str, quantization: str) -> bool:
    found = found_here(runtime, repo, quantization)
    if found is None:
        return False
    runtime.narrator().say(f"{found.name} is already on this machine, in the {found.source}")
    print_line(runtime, str(found.path))
    return True


def _download(runtime: Runtime, hub: Hub, offers: Offers, offer: Offer) -> None:
    narrator = runtime.narrator()
    if not offer.fits(available_memory()):
        narrator.say(
            f"{offer.name} will hardly run on this machine: it needs {_memory(offer.size_bytes)}"
        )
    show = partial(narrator.downloading, offer.name)
    try:
        with signals_leave(), DownloadProgress(show, offer.size_bytes) as progress:
            downloaded = download(runtime, hub, offers, offer, progress)
    except (KeyboardInterrupt, SystemExit):
        narrator.say("the partial download is kept: the same command resumes it")
        raise
    finally:
        narrator.clear()
    print_line(runtime, str(downloaded.path))
    narrator.say(f"{offer.name}, {file_size(offer.size_bytes)}, licence {offers.licence or '?'}")
    if downloaded.problem:
        narrator.say(f"the download is complete, but cannot be used: {downloaded.problem}")
    else:
        narrator.say(f"`chat -m {offer.name}` uses it, `chat models use {offer.name}` always")


def _list_offers(runtime: Runtime, offers: Offers, *, as_json: bool) -> None:
    memory = available_memory()
    best = offers.best(memory)
    if as_json:
        values = [
            {
                "name": f"hf:{offers.repo}:{offers.label(offer)}",
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
            offers.label(offer),
            file_size(offer.size_bytes),
            _memory(offer.size_bytes),
            "yes" if offer.fits(memory) else "no",
            "*" if offer is best else "",
        )
        for offer in offers.offers
    ]
    print_table(runtime, ("QUANTIZATION", "SIZE", "MEMORY", "FITS", "BEST"), rows)
    wanted = offers.label(best or offers.offers[0])
    runtime.narrator().say(
        f"licence {offers.licence or 'not given'}; "
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
    print_entries(runtime, headings, rows)
    runtime.narrator().say("`chat models pull NAME` downloads one")


def _memory(size_bytes: int) -> str:
    return file_size(memory_of_download(size_bytes))
