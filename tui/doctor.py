"""``chat doctor``: what this installation has and lacks, for the person and for a bug report."""

from __future__ import annotations

import locale
import platform
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from engine.errors import EngineError
from engine.machine import available_memory, usable_cores
from engine.models import find_models
from engine.reports import SystemReport
from engine.tasks import system_report
from tui import exit_codes
from tui.build_troubles import (
    build_troubles,
    cpu_features,
    find_hardware,
    graphics,
    rebuild_command,
)
from tui.config import ConfigError
from tui.engine_findings import engine_findings
from tui.model_troubles import model_memory, model_troubles
from tui.runtime import Runtime
from tui.tables import file_size, print_json, print_table
from tui.troubles import (
    Trouble,
    locale_troubles,
    network_troubles,
    package_troubles,
    terminal_troubles,
    writable_troubles,
)
from tui.version import __version__
from tui.which_model import endpoints_of


def examine(runtime: Runtime, *, as_json: bool) -> int:
    """Print what there is and what is wrong, a line each; the exit code says if something is
    broken."""
    report = _system_report()
    findings = [
        *_program(),
        *_llama_cpp(report),
        *_models(runtime),
        *engine_findings(runtime),
        *_folders(runtime),
        *_terminal(runtime),
    ]
    troubles = list(_troubles(runtime, report))
    if as_json:
        found = [{"what": what, "found": words} for what, words in findings]
        print_json(runtime, {"findings": found, "troubles": [asdict(each) for each in troubles]})
    else:
        told = [
            ("BROKEN" if each.is_broken else "warning", f"{each.what}: {each.fix}")
            for each in troubles
        ]
        print_table(runtime, ("WHAT", "FOUND"), [*findings, *(told or [("trouble", "none found")])])
    return exit_codes.FAILED if any(each.is_broken for each in troubles) else exit_codes.DONE


def _troubles(runtime: Runtime, report: SystemReport | EngineError) -> Iterator[Trouble]:
    yield from package_troubles()
    if isinstance(report, EngineError):
        yield Trouble(f"llama.cpp cannot be used: {report}", f"`{rebuild_command()}`")
    else:
        yield from build_troubles(report, find_hardware())
    yield from _settings_troubles(runtime)
    yield from model_troubles(runtime)
    stores = {"sessions": runtime.paths.sessions, "drafts' versions": runtime.paths.drafts}
    with suppress(OSError):  # there is no such file but on Linux
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
        yield from network_troubles(stores, mounts)
    yield from writable_troubles(stores)
    yield from locale_troubles(runtime.stdout.encoding)
    kind = runtime.environment.get("TERM")
    yield from terminal_troubles(kind, is_terminal=runtime.stdout.isatty())


def _settings_troubles(runtime: Runtime) -> Iterator[Trouble]:
    try:
        warnings = runtime.config.warnings
    except ConfigError as error:
        yield Trouble(f"the configuration cannot be used: {error}", "`chat config edit`")
        return
    for warning in warnings:
        yield Trouble(warning, "`chat config edit`", is_broken=False)


def _system_report() -> SystemReport | EngineError:
    try:
        return system_report()
    except EngineError as error:
        return error


def _program() -> Iterator[tuple[str, str]]:
    yield "chat", __version__
    yield "Python", f"{platform.python_version()} on {platform.platform()}"
    yield "cores", f"{usable_cores()} that this process may use"
    yield "free memory", file_size(available_memory())


def _llama_cpp(report: SystemReport | EngineError) -> Iterator[tuple[str, str]]:
    if isinstance(report, EngineError):
        return
    yield "llama.cpp", f"{report.llama_cpp}, through llama-cpp-python {report.binding}"
    yield "backends", ", ".join(report.backends)
    yield "CPU features", " ".join(cpu_features(report))
    for device in report.devices:
        room = f"{file_size(device.free_bytes)} of {file_size(device.total_bytes)} free"
        yield "device", f"{device.name}, {device.description}, {room}"
    if not report.gpu_offload:
        yield "GPU", graphics(report, find_hardware())


def _models(runtime: Runtime) -> Iterator[tuple[str, str]]:
    for model in find_models(runtime.paths.models):
        yield "model", f"{model.name}, {file_size(model.size_bytes)}, {model.source}"
    with suppress(ConfigError):
        for name, endpoint in endpoints_of(runtime.config).items():
            yield "model", f"{name}, at {endpoint.host}"
        if runtime.config.model:
            yield "configured model", runtime.config.model
    yield from model_memory(runtime)


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
        return "not created yet"
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
