"""What a model is, in a line: read from its headers, and kept for the next time."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.errors import LoadFailed
from engine.models.gguf import HalfAFile, Header, read_header
from engine.models.tensor_types import FILE_TYPES

_FORM = 2
"""Of the file of summaries: another one is read anew."""

TEMPLATE_KEY = "tokenizer.chat_template"

_NO_WRITERS: Mapping[str, str] = {
    "clip": "reads pictures for another model and writes nothing itself",
    **dict.fromkeys(
        ("gemma4-assistant", "eagle3", "dflash"),
        "drafts for another model and writes nothing good itself",
    ),
    **dict.fromkeys(
        ("bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2",
         "jina-bert-v3", "eurobert", "gemma-embedding", "t5encoder"),
        "makes embeddings and writes no text",
    ),
}  # fmt: skip
"""Architectures that write no text, with what they do."""


class WritesNothing(LoadFailed):
    """The file is whole, and no model that writes text."""


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """What a model's files say of it."""

    title: str | None
    """What its makers call it."""
    architecture: str
    parameters: int
    quantization: str
    weights_bytes: int
    """Of the tensors of all parts."""
    n_ctx_train: int | None
    """Tokens of the context it was trained on."""
    licence: str | None
    """As an SPDX identifier mostly; the file does not always say."""
    template_sha256: str | None
    """Of the chat template; None where there is none, and the model cannot chat."""
    n_embd: int
    n_ff: int
    """Numbers in the widest state of a token, within the feed-forward layers."""
    kv_elements: int
    """Numbers that one token of the context leaves in the KV cache, all layers together."""


def summarise(parts: Sequence[Path]) -> ModelSummary:
    """Read the headers of a model's files.

    Args:
        parts: All of them, the first one first.

    Raises:
        LoadFailed: If one cannot be read, is shorter than it says, has no room for what it says, or
            is no model that writes.
    """
    headers = [whole_header(path) for path in parts]
    first = headers[0]
    architecture = first.text("general.architecture")
    _refuse_what_writes_nothing(parts[0].name, architecture, first)
    if architecture is None:
        raise LoadFailed(f"{parts[0].name} does not say what architecture it has")
    _refuse_what_cannot_be(parts[0].name, architecture, headers)
    template = first.text(TEMPLATE_KEY)
    return ModelSummary(
        title=first.text("general.name"),
        architecture=architecture,
        parameters=sum(header.parameters for header in headers),
        quantization=_quantization(headers),
        weights_bytes=sum(sum(header.bytes_by_type.values()) for header in headers),
        n_ctx_train=first.number(f"{architecture}.context_length"),
        licence=first.text("general.license"),
        template_sha256=template_sha256(template) if template is not None else None,
        n_embd=first.number(f"{architecture}.embedding_length") or 0,
        n_ff=max(first.numbers(f"{architecture}.feed_forward_length"), default=0),
        kv_elements=_kv_elements(first, architecture),
    )


def template_sha256(template: str) -> str:
    """The fingerprint of a chat template, as `ModelCard` has it."""
    return hashlib.sha256(template.encode(errors="replace")).hexdigest()


class Summaries:
    """Summaries of files, kept in the cache folder as long as a file stays as it is."""

    def __init__(self, file: Path) -> None:
        """Read what is kept.

        Args:
            file: JSON; it need not exist, and one that is damaged counts as none.
        """
        self._file = file
        self._kept = _read(file)
        self._used: dict[str, Any] = {}

    def summary(self, parts: Sequence[Path]) -> ModelSummary:
        """See `summarise`.

        Raises:
            LoadFailed: As there.
        """
        try:
            key, state = os.path.realpath(parts[0]), [list(file_state(path)) for path in parts]
        except OSError as error:
            raise LoadFailed(f"{parts[0]} cannot be read: {error.strerror}") from error
        kept = self._kept.get(key)
        if isinstance(kept, dict) and kept.get("state") == state:
            with suppress(TypeError, KeyError):
                summary = ModelSummary(**kept["summary"])
                self._used[key] = kept
                return summary
        summary = summarise(parts)
        self._used[key] = {"state": state, "summary": asdict(summary)}
        return summary

    def keep(self) -> None:
        """Write the summaries that were asked for, if they are not what was read."""
        if self._used == self._kept:
            return
        # A folder that cannot be written costs a tenth of a second a model, the next time too.
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_json(self._file, {"form": _FORM, "models": self._used})


def write_json(file: Path, value: object) -> None:
    """Put JSON in a file's place, whole or not at all.

    Raises:
        OSError: If the system refuses.
    """
    fd, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with open(fd, "w", encoding="utf-8") as new:
            json.dump(value, new)
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise


def _read(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    models = value.get("models") if isinstance(value, dict) and value.get("form") == _FORM else {}
    return models if isinstance(models, dict) else {}


def file_state(path: Path) -> tuple[int, ...]:
    """What changes when a file does.

    Raises:
        OSError: If it is not there.
    """
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def whole_header(path: Path) -> Header:
    """The header of a file whose tensors are all there.

    Raises:
        LoadFailed: If it cannot be read; a `HalfAFile` if it ends too early.
    """
    header = read_header(path)
    missing = header.end - path.stat().st_size
    if missing > 0:
        raise HalfAFile(f"{path.name} lacks its last {missing:,} bytes: half a download?")
    return header


def _refuse_what_writes_nothing(name: str, architecture: str | None, header: Header) -> None:
    kind = header.text("general.type")
    if kind not in (None, "model"):
        raise WritesNothing(f"{name} is not a model but a part for one ({kind})")
    if architecture is not None and architecture in _NO_WRITERS:
        raise WritesNothing(f"{name} {_NO_WRITERS[architecture]} ({architecture})")
    if not header.tensors:
        raise WritesNothing(f"{name} has a vocabulary but no weights")


def _refuse_what_cannot_be(name: str, architecture: str, headers: Sequence[Header]) -> None:
    """Numbers that the weights have no room for: llama.cpp aborts over them."""
    first = headers[0]
    layers, tensors = first.number(f"{architecture}.block_count"), sum(h.tensors for h in headers)
    if layers is not None and not 0 < layers <= tensors:
        raise LoadFailed(
            f"{name} says that it has {layers:,} layers, and has {tensors:,} tensors: "
            "it is damaged, download or copy it again"
        )
    experts = first.number(f"{architecture}.expert_count") or 0
    least = experts * max(1, first.number(f"{architecture}.embedding_length") or 0)
    if least > (parameters := sum(header.parameters for header in headers)):
        raise LoadFailed(
            f"{name} says that it has {experts:,} experts, and has {parameters:,} parameters: "
            "it is damaged, download or copy it again"
        )


def _quantization(headers: Sequence[Header]) -> str:
    """What the file says, or what most of its bytes are."""
    said = FILE_TYPES.get(headers[0].number("general.file_type") or -1)
    if said:
        return said
    total: dict[str, int] = {}
    for header in headers:
        for name, size in header.bytes_by_type.items():
            total[name] = total.get(name, 0) + size
    return max(total, key=lambda name: total[name])


def _kv_elements(header: Header, architecture: str) -> int:
    """Numbers of the keys and values of a token, as ``llama_kv_cache`` allocates them.

    Layers may have different numbers of heads, and recurrent ones have none.
    """
    layers = header.number(f"{architecture}.block_count") or 0
    heads = header.numbers(f"{architecture}.attention.head_count") or (0,)
    kv_heads = header.numbers(f"{architecture}.attention.head_count_kv") or heads
    embedding = header.number(f"{architecture}.embedding_length") or 0
    usual = embedding // max(1, *heads)
    lengths = sum(
        header.number(f"{architecture}.attention.{part}_length") or usual
        for part in ("key", "value")
    )
    per_layer = kv_heads if len(kv_heads) > 1 else kv_heads * min(layers, 4096)
    return sum(max(0, count) for count in per_layer) * lengths
