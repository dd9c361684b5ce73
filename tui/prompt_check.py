"""``chat prompts check``: what is wrong with prompts, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.protocol import Engine
from engine.types import Message
from prompts.check import Report, check_file
from prompts.errors import InvalidPrompt, UnreadablePrompt
from prompts.files import stems
from prompts.library import Library, Source
from prompts.render import Rendered
from tui import exit_codes
from tui.prompt_views import prompt_file
from tui.runtime import Runtime
from tui.tables import print_json, print_line


def check_prompts(
    runtime: Runtime, *, path: str | None, model: str | None, count: bool, as_json: bool
) -> int:
    """Check what a path stands for; the exit code."""
    engine = runtime.start_engine(model) if count else None
    try:
        reports = list(_reports(runtime, path))
        checked = [(report, _costs(engine, report.rendered)) for report in reports]
    finally:
        if engine is not None:
            engine.close()
    if as_json:
        print_json(runtime, [_as_json(report, costs) for report, costs in checked])
    else:
        for report, costs in checked:
            for line in _lines(report, costs):
                print_line(runtime, line)
    return exit_codes.FAILED if any(report.problems for report in reports) else exit_codes.DONE


def _reports(runtime: Runtime, path: str | None) -> Iterator[Report]:
    """One of each file: of a file, of a folder, of a prompt by name, or of all there are."""
    library = runtime.library()
    if path is None:
        for entry in library.entries():
            yield check_file(entry.path, library)
    elif path in library.names():  # a folder of the draft may be called like a prompt
        yield check_file(prompt_file(runtime, path), library)
    elif Path(path).is_dir():
        for name in sorted(stems(Path(path))):
            yield check_file(Path(path) / f"{name}.toml", library_with(library, Path(path)))
    elif path.endswith(".toml") or "/" in path:
        yield check_file(Path(path), library_with(library, Path(path).parent))
    else:
        yield check_file(prompt_file(runtime, path), library)


def library_with(library: Library, folder: Path) -> Library:
    """The library with a folder as its nearest source, unless it is one already."""
    if any(source.folder.resolve() == folder.resolve() for source in library.sources):
        return library
    return Library([Source(str(folder), folder), *library.sources])


def _costs(engine: Engine | None, rendered: Rendered | None) -> list[int]:
    """Tokens of the system text, and of each example."""
    if engine is None or rendered is None:
        return []
    bare = engine.count([Message("user", "")])
    system = [Message("system", rendered.system)] if rendered.system else []
    costs = [engine.count([*system, Message("user", "")]) - bare]
    for example in rendered.examples:
        costs.append(engine.count([*example, Message("user", "")]) - bare)
    return costs


def _lines(report: Report, costs: Sequence[int]) -> Iterator[str]:
    for problem in report.problems:
        yield str(problem)
    if report.rendered is None:
        return
    examples = f"{len(report.rendered.examples)} examples"
    if not costs:
        yield f"{report.name}: sound, {examples}"
        return
    each = ", ".join(f"{cost:,}" for cost in costs[1:])
    shares = f"system {costs[0]:,}, {examples} {each}" if each else f"system {costs[0]:,}"
    yield f"{report.name}: sound, {sum(costs):,} tokens ({shares})"


def _as_json(report: Report, costs: Sequence[int]) -> dict[str, Any]:
    return {
        "name": report.name,
        "path": str(report.path),
        "problems": [_problem(problem) for problem in report.problems],
        "tokens": {"system": costs[0], "examples": list(costs[1:])} if costs else None,
    }


def _problem(problem: Exception) -> dict[str, Any]:
    found: dict[str, Any] = {"message": str(problem)}
    if isinstance(problem, InvalidPrompt):
        place = {"path": str(problem.path), "line": problem.line, "column": problem.column}
        found |= {**place, "key": problem.key, "nearest": problem.nearest}
    elif isinstance(problem, UnreadablePrompt):
        found["path"] = str(problem.path)
    return found
