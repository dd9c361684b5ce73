"""Each room imports what it may and nothing else, and the quick commands import next to nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

TOOLKITS = {"textual", "rich", "prompt_toolkit", "click"}
HEAVY = {"llama_cpp", "numpy", "jinja2", "huggingface_hub"}
ROOMS = {"engine", "prompts", "sessions", "drafts", "tui"}

CLIENT_SIDE = {
    *("client", "errors", "load_options", "loaded_worker", "machine", "models", "process"),
    *("protocol", "remote", "reports", "sampling_params", "scripted", "tasks", "types", "wire"),
}
"""Modules of the engine that its callers load; all others are for the worker process."""

LLAMA_ADAPTERS = {
    *("abort", "devices", "kvcache", "loading", "native_log", "quantizing", "weights", "worker"),
    *("candidates", "chain", "grammar", "logprobs", "sampler"),
}


def modules_after(program: str) -> set[str]:
    """The top-level names in `sys.modules` of a process that ran the program."""
    report = f"{program}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split("\n")[-2].split())


def modules_of_room(room: str) -> list[str]:
    """Every module of a room but those that only the worker process loads."""
    paths = (path.relative_to(ROOT / room) for path in (ROOT / room).rglob("*.py"))
    names = sorted(".".join(path.with_suffix("").parts) for path in paths)
    return [
        f"{room}.{name}"
        for name in names
        if room != "engine" or name.partition(".")[0] in CLIENT_SIDE
    ]


@pytest.mark.parametrize("room", ["engine", "prompts", "sessions", "drafts"])
def test_no_toolkit_and_no_llama_cpp_below_the_front_end(room: str) -> None:
    names = modules_of_room(room)
    if room == "prompts":
        names.remove("prompts.sandbox")
    if room == "engine":
        names.remove("engine.models.hub")
    # httpx has a command line of its own, which loads click and rich, and does without.
    no_command_line = "import sys; sys.modules['httpx._main'] = None"
    loaded = modules_after("\n".join([no_command_line, *(f"import {name}" for name in names)]))
    assert not loaded & (TOOLKITS | HEAVY)
    assert loaded & ROOMS <= {room, "engine"}


def test_the_conversation_and_its_commands_know_no_toolkit() -> None:
    loaded = modules_after("import tui.commands, tui.commands.page, tui.context_use")
    assert not loaded & (TOOLKITS | HEAVY)


@pytest.mark.parametrize("room", ["prompts", "sessions", "drafts"])
def test_a_room_knows_only_the_engines_values(room: str) -> None:
    report = "; ".join(f"import {name}" for name in modules_of_room(room))
    report += "; import sys; print(*[n for n in sys.modules if n.startswith('engine.')])"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert set(done.stdout.split()) <= {"engine.types", "engine.sampling_params"}


def test_llama_cpp_is_imported_by_its_adapters_alone() -> None:
    importers = {
        path.stem
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any(
            name.split(".")[0] == "llama_cpp"
            for name in [
                *(alias.name for alias in node.names if isinstance(node, ast.Import)),
                getattr(node, "module", None) or "",
            ]
        )
    }
    assert importers == LLAMA_ADAPTERS


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]])
def test_version_and_help_import_click_and_little_else(arguments: list[str]) -> None:
    loaded = modules_after(f"from tui.cli import main; main({arguments!r})")
    assert "click" in loaded
    unwanted = {"platformdirs", "rich", "prompt_toolkit", "ulid", "importlib_metadata", "asyncio"}
    assert not loaded & (unwanted | HEAVY | {"textual", "sessions", "prompts", "drafts", "engine"})


def test_listing_sessions_loads_no_model_code(tmp_path: Path) -> None:
    program = (
        f"import os; os.environ['CHAT_HOME'] = {str(tmp_path)!r}\n"
        "from tui.cli import main; main(['sessions', 'list'])"
    )
    unwanted = {
        "textual",
        "prompt_toolkit",
        "rich",
        "ulid",
        "email",
        "prompts",
        "drafts",
        "asyncio",
    }
    assert not modules_after(program) & (HEAVY | unwanted)
