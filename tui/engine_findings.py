"""What ``chat doctor`` says of the engine: how weights would be put to work here, and why."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from engine.load_options import LoadOptions
from engine.machine import usable_cores
from tui.config import Config, ConfigError
from tui.runtime import Runtime

_SUFFIX = ".kv"


def engine_findings(runtime: Runtime) -> Iterator[tuple[str, str]]:
    """The value in use and its reason, a line each. A broken configuration is said elsewhere."""
    try:
        config = runtime.config
    except ConfigError:
        config = Config()
    defaults = LoadOptions()
    findings = {
        "threads": ("threads", f"{usable_cores()}: the physical cores this process may use"),
        "context": ("n_ctx", "automatic: what the model was trained on, or what fits in memory"),
        "batch": ("batch", "automatic: the engine's own choice"),
        "KV type": ("kv_type", f"{defaults.kv_type}: no loss"),
        "flash attention": ("flash_attention", f"{defaults.flash_attention}: where possible"),
        "GPU layers": (
            "gpu_layers",
            f"{defaults.gpu_layers}: as many as fit, if there is a GPU",
        ),
        "keep alive": ("keep_alive", "off: a model is unloaded with its command"),
    }
    for what, (name, automatic) in findings.items():
        value = config.load.get(name)
        yield what, automatic if value is None else f"{value}: set in the configuration"
    yield "snapshots", _snapshots(runtime.paths.snapshots, config)


def _snapshots(folder: Path, config: Config) -> str:
    """Whether and where there are snapshots, and how much of their budget they take."""
    sizes = list(_sizes(folder))
    held = f"{sum(sizes) / 2**20:,.1f} of {config.snapshots.budget_mib:,} MiB"
    state = "on" if config.snapshots.enabled else "off: set in the configuration"
    files = f"{len(sizes)} file{'' if len(sizes) == 1 else 's'}"
    return f"{state}; {files}, {held}, in {folder}"


def _sizes(folder: Path) -> Iterator[int]:
    """Bytes of each snapshot below a folder, as far as it can be looked into."""
    for place, _, files in os.walk(folder):
        for name in files:
            if name.endswith(_SUFFIX):
                with suppress(OSError):
                    yield os.lstat(os.path.join(place, name)).st_size
