"""``chat prompts``: what the library has, shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from engine.types import Message
from prompts.errors import MissingVariables, RenderFailed
from prompts.examples import with_chosen_examples, within_budget
from prompts.fence import explained, steady_fence, with_fenced_examples
from prompts.inherit import Prompt
from prompts.jsonschema import schema
from prompts.render import Rendered, render
from prompts.schema import AnyExample, Dialogue, Template
from tui.documents import read_stdin
from tui.library_prompts import load_stacked
from tui.runtime import Runtime
from tui.sanitize import sanitize
from tui.tables import print_json, print_line, print_table
from tui.texts import read_text


@dataclass(frozen=True, slots=True)
class Shown:
    """Which prompts are to be shown with their values, and how."""

    names: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    model: str | None
    as_json: bool


def list_prompts(runtime: Runtime, *, tag: str | None, as_json: bool) -> None:
    """One line for each prompt, with where it is from and what it hides."""
    entries = [entry for entry in runtime.library().entries() if not tag or tag in entry.tags]
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


def show_prompt(runtime: Runtime, names: Sequence[str], *, as_json: bool) -> None:
    """A prompt with everything it inherits."""
    prompt = load_stacked(runtime.library(), names)
    if as_json:
        print_json(runtime, _as_json(prompt))
        return
    if not runtime.stdout.isatty():
        runtime.stdout.write("\n\n".join(_sections(prompt)) + "\n")
        return
    from rich.console import Console  # noqa: PLC0415  only a terminal needs it
    from rich.text import Text  # noqa: PLC0415

    text = Text(sanitize("\n\n".join(_sections(prompt))))
    text.highlight_regex(r"(?m)^\[[a-z ]+\]", "bold cyan")
    text.highlight_regex(r"(?m)\A.*$", "bold")
    text.highlight_regex(r"(?s)\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "yellow")
    Console(file=runtime.stdout, highlight=False).print(text)


def show_messages(runtime: Runtime, options: Shown) -> None:
    """Exactly what the model will get, message by message."""
    prompt, rendered = _rendered(runtime, options)
    if prompt.max_example_tokens is not None:
        engine = runtime.start_engine(options.model)
        try:
            rendered, _ = within_budget(rendered, prompt.max_example_tokens, engine.count)
        finally:
            engine.close()
    messages = _messages(rendered)
    if options.as_json:
        print_json(runtime, [asdict(message) for message in messages])
        return
    text = "\n\n".join(f"[{message.role}]\n{message.content}" for message in messages)
    runtime.stdout.write(f"{sanitize(text) if runtime.stdout.isatty() else text}\n")


def show_tokens(runtime: Runtime, options: Shown) -> None:
    """What each part costs with a model, and all of it together."""
    engine = runtime.start_engine(options.model)
    try:
        prompt, rendered = _rendered(runtime, options)
        rendered, _ = within_budget(rendered, prompt.max_example_tokens, engine.count)
        system, *others = _growing(rendered)
        counts = [engine.count(messages) for messages in (system, *others)]
        context = engine.describe().n_ctx
    finally:
        engine.close()
    names = ["system", *(f"example {n}" for n in range(1, len(rendered.examples) + 1)), "text"]
    costs = [counts[0], *(after - before for before, after in pairwise(counts))]
    if options.as_json:
        parts = [{"part": n, "tokens": c} for n, c in zip(names, costs, strict=True)]
        print_json(runtime, {"parts": parts, "tokens": counts[-1], "context": context})
        return
    rows = [(name, f"{cost:,}") for name, cost in zip(names, costs, strict=True)]
    rows.append(("together", f"{counts[-1]:,} of {context:,}"))
    print_table(runtime, ("PART", "TOKENS"), rows)


def print_schema(runtime: Runtime) -> None:
    """The JSON Schema of prompt files."""
    print_json(runtime, schema())


def prompt_path(runtime: Runtime, name: str | None) -> None:
    """Where the user's own prompts go, or the file of one."""
    path = runtime.paths.prompts if name is None else prompt_file(runtime, name)
    print_line(runtime, str(path))


def prompt_file(runtime: Runtime, name: str) -> Path:
    """The file of a prompt, of one that cannot be used too: it is to be mended.

    Raises:
        UnknownPrompt: If there is none.
    """
    library = runtime.library()
    found = [entry.path for entry in library.entries() if entry.name == name]
    return found[0] if found else library.load(name).path


def _rendered(runtime: Runtime, options: Shown) -> tuple[Prompt, Rendered]:
    """The prompts with their values, around a text that is piped in."""
    stdin = read_stdin(runtime.stdin)
    prompt = load_stacked(runtime.library(), options.names)
    return prompt, filled(prompt, dict(options.variables), stdin.text if stdin else None)


def filled(prompt: Prompt, values: Mapping[str, str], text: str | None = None) -> Rendered:
    """A prompt with values, around a text; what is not given stands in double braces. The code of
    the text's fence is the one that it has with ``--seed``.

    Raises:
        PromptError: If a value cannot be taken, or a template is wrong.
    """
    prompt = with_chosen_examples(prompt, text or "")
    if text is None:
        return _with_placeholders(prompt, values, {})
    builtins = {"text": steady_fence(text).content}
    rendered = _with_placeholders(with_fenced_examples(prompt), values, builtins)
    return replace(rendered, system=explained(rendered.system))


def _with_placeholders(
    prompt: Prompt, values: Mapping[str, str], builtins: dict[str, str]
) -> Rendered:
    builtins = {"date": date.today().isoformat(), **builtins}
    try:
        return render(prompt, values, builtins, read_file=read_text)
    except MissingVariables as error:
        missing = error
    builtins |= {name: f"{{{{ {name} }}}}" for name in missing.names}
    try:
        return render(prompt, values, builtins, read_file=read_text)
    except RenderFailed as error:  # nobody can reckon with a name
        raise missing from error


def _messages(rendered: Rendered) -> list[Message]:
    system = [Message("system", rendered.system)] if rendered.system else []
    return [*system, *rendered.example_messages, Message("user", rendered.user)]


def _growing(rendered: Rendered) -> list[list[Message]]:
    """The conversation as far as each part: what comes after it is an empty question."""
    parts = [Message("system", rendered.system)] if rendered.system else []
    steps = [[*parts, Message("user", "")]]
    for example in rendered.examples:
        parts = [*parts, *example]
        steps.append([*parts, Message("user", "")])
    return [*steps, [*parts, Message("user", rendered.user)]]


def _as_json(prompt: Prompt) -> dict[str, Any]:
    bare = asdict(replace(prompt, systems=(), user=Template("", prompt.path)))
    del bare["systems"]
    system = "\n\n".join(template.source.strip() for template in prompt.systems)
    return {**bare, "system": system, "user": prompt.user.source}


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
    sections += [f"[system]\n{template.source.strip()}" for template in prompt.systems]
    sections += [_example_section(example) for example in prompt.examples]
    sections.append(f"[user]\n{prompt.user.source.strip()}")
    return sections


def _example_section(example: AnyExample) -> str:
    if isinstance(example, Dialogue):
        said = (f"{message.role}: {message.content.strip()}" for message in example.messages)
        return "[example]\n" + "\n".join(said)
    before = [*(f"{k}={v}" for k, v in example.variables.items()), example.instruction]
    heading = "\n".join(["[example]", *filter(None, before)])
    return f"{heading}\n{example.input.strip()}\n→\n{example.output.strip()}"
