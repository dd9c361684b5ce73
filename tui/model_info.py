"""``chat models info``: what a model is, what it needs, and how it chats, without loading it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.machine import available_memory
from engine.models import FoundModel, ModelSummary
from engine.models.finding import described
from engine.models.gguf import Header, read_header, read_strings
from engine.models.memory import memory_needed
from engine.models.summary import TEMPLATE_KEY, summarise
from engine.models.trust import Ledger, TrustRecord
from engine.reports import TemplateReport
from engine.tasks import inspect_template
from tui.endpoint_views import endpoint_info
from tui.model_views import count
from tui.runtime import Runtime
from tui.sanitize import sanitize
from tui.tables import file_size, print_json, print_table

_SPECIALS = ("bos", "eos", "eot", "eom", "unknown", "separator", "padding", "mask")
_TOKENS = "tokenizer.ggml.tokens"
_LONGEST_SHOWN = 200
"""Characters of a value of the metadata."""

_CONTEXTS = (2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Everything that is told of a model."""

    found: FoundModel
    summary: ModelSummary
    metadata: Mapping[str, str]
    special_tokens: Mapping[str, tuple[int, str]]
    """Number and text by name."""
    template: TemplateReport | None
    memory: Mapping[int, int]
    """Bytes by tokens of context."""
    warnings: tuple[str, ...]
    known: TrustRecord | None
    """What it was when it was first used; None if it never was."""


def model_info(runtime: Runtime, name: str | None, *, as_json: bool) -> None:
    """What the files of a model say, and what its chat template does to an example."""
    found = runtime.find_model(name)
    if not isinstance(found, FoundModel):
        endpoint_info(runtime, found, as_json=as_json)
        return
    info = _examined(found, Ledger(runtime.paths.trust))
    if as_json:
        print_json(runtime, _as_json(info))
        return
    print_table(runtime, ("WHAT", "VALUE"), list(_rows(info)))
    if info.template and info.template.rendering:
        _print_rendering(runtime, info.template.rendering)


def model_rows(runtime: Runtime, found: FoundModel) -> list[tuple[str, str]]:
    """What the files of a model say, in pairs."""
    return list(_rows(_examined(found, Ledger(runtime.paths.trust))))


def _examined(found: FoundModel, ledger: Ledger) -> ModelInfo:
    summary = described(found, summarise(found.parts)).summary
    header = read_header(found.path)
    specials = _special_tokens(found.path, header)
    source = header.text(TEMPLATE_KEY)
    template = None
    if source is not None:
        texts = {f"{name}_token": specials.get(name, (0, ""))[1] for name in ("bos", "eos")}
        template = inspect_template(source, texts)
    metadata = {
        key: str(value) for key, value in sorted(header.metadata.items()) if key != TEMPLATE_KEY
    }
    contexts = [size for size in _CONTEXTS if size < (summary.n_ctx_train or 0)]
    contexts = [*contexts, summary.n_ctx_train or _CONTEXTS[0]]
    memory = {size: memory_needed(summary, size) for size in contexts}
    warnings = tuple(_warnings(header, template))
    known = ledger.record(found)
    return ModelInfo(found, summary, metadata, specials, template, memory, warnings, known)


def _special_tokens(path: Path, header: Header) -> dict[str, tuple[int, str]]:
    numbers = {name: header.number(f"tokenizer.ggml.{name}_token_id") for name in _SPECIALS}
    known = {name: number for name, number in numbers.items() if number is not None}
    place = header.strings.get(_TOKENS)
    texts = read_strings(path, place, set(known.values())) if place else {}
    return {name: (number, texts.get(number, "")) for name, number in known.items()}


def _warnings(header: Header, template: TemplateReport | None) -> Iterator[str]:
    if header.text("tokenizer.ggml.model") == "gpt2" and not header.text("tokenizer.ggml.pre"):
        yield (
            "it does not say how words are split: an old converter made it, and its answers "
            "suffer; get a newer file"
        )
    if template is None:
        yield "it has no chat template: give one with --chat-template, or use --raw"
    elif template.failure:
        yield template.failure
    if template:
        yield from template.findings


def _rows(info: ModelInfo) -> Iterator[tuple[str, str]]:
    found, summary = info.found, info.summary
    yield "name", found.name
    yield "title", _cut(summary.title or "")
    for number, part in enumerate(found.parts, 1):
        yield "path" if len(found.parts) == 1 else f"part {number}", str(part)
    yield "found in", found.source
    yield "architecture", _cut(summary.architecture)
    yield "parameters", f"{count(summary.parameters)} ({summary.parameters:,})"
    yield "quantization", summary.quantization
    yield "size", file_size(found.size_bytes)
    yield "licence", _cut(summary.licence or "not given in the file")
    yield "trained context", f"{summary.n_ctx_train:,} tokens" if summary.n_ctx_train else "unknown"
    free = available_memory()
    for size, needed in info.memory.items():
        fits = "fits" if needed <= free else f"too much: {file_size(free)} free"
        yield f"memory at {size:,} tokens", f"{file_size(needed)}, {fits}"
    for name, (number, text) in info.special_tokens.items():
        yield f"{name} token", f"{_cut(text)} ({number})"
    yield "chat template", summary.template_sha256 or "none"
    if info.known:
        yield "first used", info.known.since
        yield from (("sha256", each or "not computed yet") for each in info.known.sha256)
    yield from (("note", warning) for warning in info.warnings)
    yield from ((key, _cut(value)) for key, value in info.metadata.items())


def _cut(value: str) -> str:
    """A value in a line or three: files can have texts of a megabyte in them."""
    is_long = len(value) > _LONGEST_SHOWN
    return f"{value[:_LONGEST_SHOWN]}… (--json has all of it)" if is_long else value


def _print_rendering(runtime: Runtime, rendering: str) -> None:
    runtime.stdout.write("\nHow an example reaches the model:\n\n")
    text = sanitize(rendering) if runtime.stdout.isatty() else rendering
    runtime.stdout.write("".join(f"  {line}\n" for line in text.splitlines()))


def _as_json(info: ModelInfo) -> dict[str, object]:
    tokens = {
        name: {"id": number, "text": text} for name, (number, text) in info.special_tokens.items()
    }
    return {
        **asdict(info.found),
        **asdict(info.summary),
        "memory_bytes": info.memory,
        "special_tokens": tokens,
        "template": asdict(info.template) if info.template else None,
        "notes": info.warnings,
        "known": asdict(info.known) if info.known else None,
        "metadata": info.metadata,
    }
