"""``chat doctor``: what this installation has and lacks, for the person and for a bug report."""

from __future__ import annotations

import locale
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.client import system_report
from engine.errors import EngineError
from engine.machine import available_memory, usable_cores
from engine.models import find_models
from tui.config import ConfigError
from tui.engine_findings import engine_findings
from tui.errors import STARTER_COMMAND
from tui.runtime import Runtime
from tui.tables import file_size, print_table
from tui.version import __version__
from tui.which_model import endpoints_of

if TYPE_CHECKING:
    from engine.remote.endpoint import Endpoint

_CUDA_COMMAND = (
    f"CMAKE_ARGS=-DGGML_CUDA=on {sys.executable} -m pip install "
    "--force-reinstall --no-deps --no-cache-dir --no-binary :all: llama-cpp-python"
)


def examine(runtime: Runtime) -> None:
    """Print the findings, a line each."""
    rows = [
        *_program(),
        *_llama_cpp(),
        *_models(runtime),
        *engine_findings(runtime),
        *_folders(runtime),
        *_terminal(runtime),
    ]
    print_table(runtime, ("WHAT", "FOUND"), rows)


def _program() -> Iterator[tuple[str, str]]:
    yield "chat", __version__
    yield "Python", f"{platform.python_version()} on {platform.platform()}"
    yield "cores", str(usable_cores())
    yield "free memory", file_size(available_memory())


def _llama_cpp() -> Iterator[tuple[str, str]]:
    try:
        report = system_report()
    except EngineError as error:
        yield "llama.cpp", f"cannot be used: {error}"
        return
    yield "llama.cpp", f"{report.llama_cpp}, through llama-cpp-python {report.binding}"
    yield "CPU features", _present(report.features)
    yield "GPU", "yes" if report.gpu_offload else f"not in this build; for CUDA: `{_CUDA_COMMAND}`"


def _present(features: str) -> str:
    """The names that llama.cpp's ``NAME = 1 | …`` list says are there."""
    items = (item.partition("=") for item in features.replace(" : ", " | ").split("|"))
    return " ".join(name.strip() for name, _, value in items if value.strip() == "1")


def _models(runtime: Runtime) -> Iterator[tuple[str, str]]:
    models = find_models(runtime.paths.models)
    if not models:
        yield "model", f"none; `{STARTER_COMMAND}` brings a small one"
    for model in models:
        yield "model", f"{model.name}, {file_size(model.size_bytes)}, {model.source}"
    try:
        for name, endpoint in endpoints_of(runtime.config).items():
            yield "endpoint", f"{name}, {endpoint.url}, {_key(endpoint, runtime)}"
        if runtime.config.model:
            yield "configured model", runtime.config.model
    except ConfigError as error:
        yield "configuration", f"cannot be used: {error}"


def _key(endpoint: Endpoint, runtime: Runtime) -> str:
    if endpoint.key_env:
        is_set = runtime.environment.get(endpoint.key_env)
        return f"its key in {endpoint.key_env}{'' if is_set else ', which is not set'}"
    return "its key in the keyring" if endpoint.in_keyring else "without a key"


def _folders(runtime: Runtime) -> Iterator[tuple[str, str]]:
    paths = runtime.paths
    places = {
        "configuration": paths.config_file,
        "prompts": paths.prompts,
        "sessions": paths.sessions,
        "drafts": paths.drafts,
        "models folder": paths.models,
        "cache": paths.cache,
    }
    for name, path in places.items():
        yield name, f"{path} ({_mode(path)})"


def _mode(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "not there yet"
    except OSError as error:
        return error.strerror or "unreadable"
    return stat.filemode(mode)


def _terminal(runtime: Runtime) -> Iterator[tuple[str, str]]:
    size = shutil.get_terminal_size()
    is_terminal = "a terminal" if runtime.stdout.isatty() else "not a terminal"
    kind = runtime.environment.get("TERM", "unknown")
    colour = "colours" if runtime.has_colour else "no colours"
    yield "stdout", f"{is_terminal}, {kind}, {size.columns}×{size.lines}, {colour}"
    yield "encoding", f"{runtime.stdout.encoding}, locale {locale.getlocale()[1] or 'C'}"
