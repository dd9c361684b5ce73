"""What the models screen lists: models on this machine, at servers, and such as can be downloaded,
made into one frozen value by a thread that nobody waits for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from engine.errors import EngineError, LoadFailed
from engine.machine import available_memory
from engine.models import DescribedModel, FoundModel, take_inventory
from engine.models.catalogue import CatalogueEntry, catalogue
from engine.models.finding import described, names_that_mean
from engine.models.memory import USUAL_CONTEXT, memory_of_download, usual_memory
from engine.models.stores import STARTER
from engine.models.summary import summarise
from engine.models.trust import Ledger
from engine.remote.endpoint import Endpoint
from tui.model_views import count, short
from tui.paths import shown_path
from tui.runtime import Runtime
from tui.tables import file_size
from tui.which_model import endpoints_of

Kind: TypeAlias = Literal["here", "server", "starter", "download"]

STARTER_SIZE = 98 * 10**6
"""Bytes of the starter model."""


@dataclass(frozen=True, slots=True)
class ShelfRow:
    """A model that there is, or that can be had."""

    kind: Kind
    name: str
    target: str
    """What means it to `use_model`, or to a download."""
    parameters: str = ""
    quantization: str = ""
    size_bytes: int | None = None
    context: int | None = None
    """Tokens that it was trained on."""
    fits: bool | None = None
    """Whether it runs in the memory that is free; None where nobody knows."""
    note: str = ""
    """Where it was found, or what it is good for."""
    about: tuple[str, ...] = ()
    """Lines that say more."""
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """Everything there is to choose from."""

    rows: tuple[ShelfRow, ...]
    unusable: tuple[str, ...]
    """What looks like a model and cannot be used, with why."""
    memory: int
    """Bytes that are free."""

    def of(self, *kinds: Kind) -> list[ShelfRow]:
        """The rows of some kinds."""
        return [row for row in self.rows if row.kind in kinds]


def take_shelf(runtime: Runtime, used: str = "") -> Shelf:
    """Look at everything. Headers of files that are new are read, which can take a second.

    Args:
        runtime: Where everything is.
        used: The name of the model that answers; one that was given by its path is listed first.

    Raises:
        ConfigError: If an endpoint is not described as it must be.
    """
    inventory = take_inventory(runtime.paths.models, runtime.paths.model_summaries)
    memory = available_memory()
    default = _default(runtime)
    names = names_that_mean([each.found for each in inventory.models])
    here = [
        _here(name, each, memory, default)
        for name, each in zip(names, inventory.models, strict=True)
    ]
    servers = [_server(each, default) for each in endpoints_of(runtime.config).values()]
    if used and all(row.name != used for row in (*here, *servers)):
        by_path = _by_path(runtime, used)
        here[:0] = [_here(str(each.found.path), each, memory, default) for each in by_path]
    has_starter = any(each.found.source == STARTER for each in inventory.models)
    return Shelf(
        (*here, *servers, *_to_download(inventory.models, memory, has_starter=has_starter)),
        tuple(f"{each.path} {each.why}" for each in inventory.unusable),
        memory,
    )


def _by_path(runtime: Runtime, name: str) -> Iterator[DescribedModel]:
    found = Ledger(runtime.paths.trust).used_by_path(name)
    if found is not None:
        with suppress(LoadFailed):
            yield described(found, summarise(found.parts))


def _default(runtime: Runtime) -> Path | str | None:
    """The file, or the endpoint's name, that is used when nothing is named."""
    with suppress(EngineError):
        found = runtime.find_model(None)
        return found.path if isinstance(found, FoundModel) else found.name
    return None


def _here(name: str, model: DescribedModel, memory: int, default: Path | str | None) -> ShelfRow:
    found, summary = model.found, model.summary
    needed = usual_memory(summary)
    context = min(USUAL_CONTEXT, summary.n_ctx_train or USUAL_CONTEXT)
    chats = "" if summary.template_sha256 else "; no chat template: it continues plain text"
    return ShelfRow(
        "here",
        found.name,
        name,
        count(summary.parameters),
        summary.quantization,
        found.size_bytes,
        summary.n_ctx_train,
        needed <= memory,
        found.source,
        (
            shown_path(found.path),
            f"needs {file_size(needed)} with {context:,} tokens of context, "
            f"and {file_size(memory)} are free",
            f"licence {short(summary.licence or 'not given')}{chats}",
        ),
        found.path == default,
    )


def _server(endpoint: Endpoint, default: Path | str | None) -> ShelfRow:
    return ShelfRow(
        "server",
        endpoint.name,
        endpoint.name,
        context=endpoint.n_ctx,
        note=f"server {endpoint.host}",
        about=(f"at {endpoint.host}: your text is sent there",),
        is_default=endpoint.name == default,
    )


def _to_download(
    models: tuple[DescribedModel, ...], memory: int, *, has_starter: bool
) -> Iterator[ShelfRow]:
    if not has_starter:
        about = "shows that everything works; for real work, choose one below that fits"
        yield ShelfRow(
            "starter",
            "starter (SmolLM2)",
            "",
            "135M",
            "Q4_1",
            STARTER_SIZE,
            8192,
            memory_of_download(STARTER_SIZE) <= memory,
            "small and quick to download; it writes nonsense",
            (about,),
        )
    there = {each.found.repo.lower() for each in models if each.found.repo}
    for name, entry in catalogue().items():
        if entry.repo.lower() not in there:
            yield _entry(name, entry, memory)


def _entry(name: str, entry: CatalogueEntry, memory: int) -> ShelfRow:
    needed = memory_of_download(entry.size_bytes)
    return ShelfRow(
        "download",
        name,
        name,
        entry.parameters.partition(",")[0],
        entry.quantization,
        entry.size_bytes,
        entry.context,
        needed <= memory,
        entry.good_for,
        (
            f"good for {entry.good_for}",
            f"needs about {file_size(needed)}, and {file_size(memory)} are free",
            f"hf:{entry.repo}:{entry.quantization}, licence {entry.licence}",
        ),
    )
