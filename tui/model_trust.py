"""Holds a model against what it was when it was first used, and shows a person what changed."""

from __future__ import annotations

import difflib
import re
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from engine.errors import LoadFailed
from engine.models import FoundModel
from engine.models.checksums import read_in_background
from engine.models.trust import Ledger, ModelChange, ledger_key, sha256_of
from tui.errors import TemplateChanged, UsageProblem
from tui.review import confirm, show_diff
from tui.tables import print_table

if TYPE_CHECKING:
    from tui.runtime import Runtime


def check_trust(runtime: Runtime, model: FoundModel) -> None:
    """Let a model pass that is what it was, or is new, or whose changes a person accepts.

    Raises:
        TemplateChanged: If its chat template changed, and nobody agreed to it.
    """
    ledger = Ledger(runtime.paths.trust)
    try:
        change = ledger.look(model)
    except (LoadFailed, OSError):
        # Loading it will say what is wrong. Where nothing can be written, nothing is kept.
        return
    if change is None:
        return
    if change.is_of_template and not _accepts(runtime, change):
        raise TemplateChanged(model.name, change.since)
    if not change.is_of_template:
        runtime.notify(f"{model.name} has different weights than on {change.since}")
    with suppress(OSError):
        ledger.accept(change)


def note_checksums(runtime: Runtime, model: FoundModel) -> None:
    """Have the checksums of a model that has none yet computed beside everything else."""
    ledger = Ledger(runtime.paths.trust)
    record = ledger.record(model)
    if record is not None and None in record.sha256:
        read_in_background(ledger, model)


def trust_model(runtime: Runtime, name: str | None, *, yes: bool) -> None:
    """Show what changed in a model, accept it, and compute its checksums.

    Raises:
        TemplateChanged: If its chat template changed, and nobody agreed to it.
        LoadFailed, UnknownModel: If it is no model.
        UsageProblem: If it is at a server.
    """
    model = runtime.find_model(name)
    if not isinstance(model, FoundModel):
        raise UsageProblem(f"{model.name} is at {model.host}, and has no file here")
    ledger = Ledger(runtime.paths.trust)
    change = ledger.look(model)
    if change is not None:
        if change.is_of_template and not (_shown(runtime, change) and (yes or _agrees(runtime))):
            raise TemplateChanged(model.name, change.since)
        ledger.accept(change)
    record = ledger.record(model)
    assert record is not None, "it was looked at, or accepted"
    sums = _checksums(runtime, model)
    for part, before, now in zip(model.parts, record.sha256, sums, strict=True):
        if before not in (None, now):
            runtime.narrator().say(f"{part} has different contents than on {record.since}")
    ledger.add_sha256(ledger_key(model), model.parts, sums)
    template = record.template_sha256 or "none"
    rows = [("name", model.name), *(("sha256", each) for each in sums)]
    print_table(
        runtime, ("WHAT", "VALUE"), [*rows, ("chat template", template), ("since", record.since)]
    )


def _accepts(runtime: Runtime, change: ModelChange) -> bool:
    """Show a change and ask, where a person can see it and answer now."""
    return _can_ask(runtime) and _shown(runtime, change) and _agrees(runtime)


def _can_ask(runtime: Runtime) -> bool:
    """Whether the terminal is not a screen's or a line editor's at the moment."""
    if not runtime.is_interactive or threading.current_thread() is not threading.main_thread():
        return False
    loops = sys.modules.get("asyncio")
    return loops is None or loops._get_running_loop() is None


def _agrees(runtime: Runtime) -> bool:
    question = "Use the model with this chat template?"
    return runtime.is_interactive and confirm(runtime, question)


def _shown(runtime: Runtime, change: ModelChange) -> bool:
    runtime.narrator().say(
        f"{change.model.name} has a different chat template than on {change.since}; what changed:"
    )
    lines = difflib.unified_diff(
        _lines(change.before),
        _lines(change.after),
        f"chat template of {change.since}",
        "chat template of today",
        lineterm="",
    )
    show_diff(runtime, "".join(f"{line}\n" for line in lines))
    return True


def _lines(template: str) -> list[str]:
    """Those of a template, broken after each block: many are a single long one."""
    return re.sub(r"(?<=[%}]})(?!\n)", "\n", template).splitlines()


def _checksums(runtime: Runtime, model: FoundModel) -> tuple[str, ...]:
    narrator = runtime.narrator()
    sums, before = [], 0
    for part in model.parts:

        def go_on(count: int, before: int = before) -> bool:
            narrator.reading_weights((before + count) / max(1, model.size_bytes))
            return True

        sums.append(sha256_of(part, go_on) or "")
        before += part.stat().st_size
    narrator.clear()
    return tuple(sums)
