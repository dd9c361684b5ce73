"""``chat prompts``: what the library has, shown."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from prompts.library import Prompt
from tui.runtime import Runtime
from tui.sanitize import sanitize
from tui.tables import print_json, print_line, print_table


def list_prompts(runtime: Runtime, *, as_json: bool) -> None:
    """One line for each prompt, with where it is from and what it hides."""
    entries = runtime.library().entries()
    if as_json:
        print_json(runtime, [asdict(entry) for entry in entries])
        return
    rows = []
    for entry in entries:
        source = entry.source
        if entry.shadows:
            source += f" (over {', '.join(entry.shadows)})"
        rows.append((entry.name, entry.error or entry.summary, ", ".join(entry.tags), source))
    print_table(runtime, ("NAME", "SUMMARY", "TAGS", "FROM"), rows)


def show_prompt(runtime: Runtime, name: str, *, as_json: bool) -> None:
    """A prompt with everything it inherits."""
    prompt = runtime.library().load(name)
    if as_json:
        print_json(runtime, asdict(prompt))
        return
    text = "\n\n".join(_sections(prompt))
    runtime.stdout.write(f"{sanitize(text) if runtime.stdout.isatty() else text}\n")


def prompt_path(runtime: Runtime, name: str | None) -> None:
    """Where the user's own prompts go, or the file of one."""
    path = runtime.paths.prompts if name is None else _file(runtime, name)
    print_line(runtime, str(path))


def _file(runtime: Runtime, name: str) -> Path:
    """The file of a prompt, of one that cannot be used too: it is to be mended."""
    library = runtime.library()
    found = [entry.path for entry in library.entries() if entry.name == name]
    return found[0] if found else library.load(name).path


def _sections(prompt: Prompt) -> list[str]:
    sections = [f"{prompt.name}: {prompt.summary or prompt.title}"]
    sections += [
        f"[variable] {variable.name} ({variable.type}) {variable.description}".rstrip()
        + ("" if variable.default is None else f", {variable.default} unless given")
        for variable in prompt.variables.values()
    ]
    if prompt.params:
        params = " ".join(f"{key}={value}" for key, value in prompt.params.items())
        sections.append(f"[params] {params}")
    sections.append(f"[system]\n{prompt.system.source.strip()}")
    for example in prompt.examples:
        sections.append(f"[example]\n{example.input.strip()}\n→\n{example.output.strip()}")
    sections.append(f"[user]\n{prompt.user.source.strip()}")
    return sections
