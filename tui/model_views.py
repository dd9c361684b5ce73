"""``chat models``: what can be loaded, and what it is."""

from __future__ import annotations

from dataclasses import asdict

from engine.models import find_models, resolve_model
from tui.runtime import Runtime
from tui.tables import file_size, print_json, print_line, print_table


def list_models(runtime: Runtime, *, as_json: bool) -> None:
    """One line for each model that can be named."""
    models = find_models(runtime.paths.models)
    if as_json:
        print_json(runtime, [asdict(model) for model in models])
        return
    print_table(
        runtime,
        ("NAME", "SIZE", "FOUND IN", "PATH"),
        [
            (model.name, file_size(model.size_bytes), model.source, str(model.path))
            for model in models
        ],
    )


def model_info(runtime: Runtime, name: str | None, *, as_json: bool) -> None:
    """What the loaded weights say of themselves."""
    engine = runtime.start_engine(name)
    try:
        card = engine.describe()
    finally:
        engine.close()
    if as_json:
        print_json(runtime, asdict(card))
        return
    rows = [
        ("name", card.name),
        ("path", str(card.path)),
        ("description", card.description),
        ("parameters", f"{card.parameters:,}"),
        ("size", file_size(card.size_bytes)),
        ("context", f"{card.n_ctx:,} tokens here, {card.n_ctx_train:,} in training"),
        ("chat template", "yes" if card.has_chat_template else "no: it cannot chat"),
        *sorted(card.metadata.items()),
    ]
    print_table(runtime, ("WHAT", "VALUE"), rows)


def model_path(runtime: Runtime, name: str | None) -> None:
    """Where models go, or the file of one."""
    folder = runtime.paths.models
    print_line(runtime, str(folder if name is None else resolve_model(name, folder)))
