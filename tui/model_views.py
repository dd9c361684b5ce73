"""``chat models list`` and ``path``: what can be loaded, and where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from engine.errors import EngineError
from engine.machine import available_memory
from engine.models import DescribedModel, FoundModel, Inventory, take_inventory
from engine.models.finding import names_that_mean
from engine.models.memory import usual_memory
from engine.models.stores import UNFINISHED, Unusable
from tui.endpoint_views import endpoint_as_json, endpoint_row
from tui.errors import UsageProblem
from tui.killed_quantize import sweep
from tui.narrate import Narrator
from tui.runtime import Runtime
from tui.tables import file_size, print_entries, print_json, print_line, print_table
from tui.which_model import endpoints_of

_HEADINGS = (
    *("NAME", "ARCH", "PARAMS", "QUANT", "SIZE"),
    *("CONTEXT", "LICENCE", "FITS", "FOUND IN", "DEFAULT"),
)

_LONGEST = 20
"""Characters of an architecture or a licence: files can have texts of a megabyte in them."""


def list_models(runtime: Runtime, *, as_json: bool) -> None:
    """One line for each model that can be named; what cannot be used is told with why."""
    inventory = take_inventory(runtime.paths.models, runtime.paths.model_summaries)
    default, free = _default(runtime), available_memory()
    endpoints = endpoints_of(runtime.config).values()
    if as_json:
        at_server = [endpoint_as_json(each, runtime.config.model) for each in endpoints]
        print_json(runtime, {**_as_json(inventory, default, free), "endpoints": at_server})
        return
    at_servers = [endpoint_row(each, runtime.config.model) for each in endpoints]
    names = names_that_mean([each.found for each in inventory.models])
    rows = [
        _row(name, each, default, free) for name, each in zip(names, inventory.models, strict=True)
    ]
    _print_models(runtime, [*rows, *at_servers])
    narrator = runtime.narrator()
    _tell_unusable(inventory.unusable, narrator)
    _tell_unfinished(runtime, narrator)
    sweep(runtime.paths.models, narrator)


def _print_models(runtime: Runtime, rows: Sequence[tuple[str, ...]]) -> None:
    """Print the rows; for people the mark of the default is behind its name, as columns are few."""
    if not runtime.stdout.isatty():
        print_table(runtime, _HEADINGS, rows)
        return
    marked = [(f"{row[0]} {row[-1]}".rstrip(), *row[1:-1]) for row in rows]
    print_entries(runtime, _HEADINGS[:-1], marked)


def _tell_unusable(files: Sequence[Unusable], narrator: Narrator) -> None:
    """A line for each file that is broken, and one for all that are there for something else."""
    for broken in files:
        if not broken.is_whole:
            narrator.say(f"not usable: {broken.path} {broken.why}")
    others = [each for each in files if each.is_whole]
    if len(others) == 1:
        narrator.say(f"left out: {others[0].path.name} {others[0].why}")
    elif others:
        names = ", ".join(each.path.name for each in others[:3])
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        narrator.say(f"left out, because they do not write text: {names}{more}; --json shows why")


def _tell_unfinished(runtime: Runtime, narrator: Narrator) -> None:
    """Point out what was not downloaded to the end, which takes room and is no model."""
    folder = runtime.paths.models / UNFINISHED
    parts = list(folder.glob("*.part"))
    if parts:
        size = file_size(sum(part.stat().st_size for part in parts))
        narrator.say(f"{size} of unfinished downloads are in {folder}: pull again, or delete them")


def model_path(runtime: Runtime, name: str | None) -> None:
    """Where models go, or the file of one.

    Raises:
        UsageProblem: If it is at a server.
    """
    if name is None:
        print_line(runtime, str(runtime.paths.models))
        return
    found = runtime.find_model(name)
    if not isinstance(found, FoundModel):
        raise UsageProblem(f"{found.name} is at {found.host}, and has no file here")
    print_line(runtime, str(found.path))


def count(number: int) -> str:
    """A number of parameters as people say it: 135M, 1.8B."""
    for size, unit in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            shown = number / size
            return f"{shown:.1f}{unit}" if shown < 10 else f"{shown:.0f}{unit}"
    return str(number)


def _default(runtime: Runtime) -> Path | None:
    """The file that is used when nothing is named; a configured one may be gone."""
    with suppress(EngineError):
        found = runtime.find_model(None)
        return found.path if isinstance(found, FoundModel) else None
    return None


def _row(name: str, model: DescribedModel, default: Path | None, free: int) -> tuple[str, ...]:
    found, summary = model.found, model.summary
    return (
        name,
        short(summary.architecture),
        count(summary.parameters),
        summary.quantization,
        file_size(found.size_bytes),
        f"{summary.n_ctx_train:,}" if summary.n_ctx_train else "",
        short(summary.licence or ""),
        "yes" if usual_memory(summary) <= free else "no",
        found.source,
        "*" if found.path == default else "",
    )


def short(text: str) -> str:
    """What a file says, as far as a column has room for it."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _as_json(inventory: Inventory, default: Path | None, free: int) -> dict[str, object]:
    return {
        "models": [_model_as_json(each, default, free) for each in inventory.models],
        "unusable": [{"path": str(each.path), "why": each.why} for each in inventory.unusable],
    }


def _model_as_json(model: DescribedModel, default: Path | None, free: int) -> dict[str, object]:
    found, summary = model.found, model.summary
    memory = usual_memory(summary)
    return {
        "name": found.name,
        "path": str(found.path),
        "parts": [str(part) for part in found.parts],
        "source": found.source,
        "repo": found.repo,
        "size_bytes": found.size_bytes,
        "title": summary.title,
        "architecture": summary.architecture,
        "parameters": summary.parameters,
        "quantization": summary.quantization,
        "n_ctx_train": summary.n_ctx_train,
        "licence": summary.licence,
        "chats": summary.template_sha256 is not None,
        "memory_bytes": memory,
        "fits": memory <= free,
        "default": found.path == default,
    }
