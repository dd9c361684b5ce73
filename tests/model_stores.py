"""Folders of models as other programs leave them behind."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tiny_gguf import tiny_gguf


def put(path: Path, data: bytes) -> Path:
    """A file, and the folders around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def put_in_hub_cache(
    home: Path, repo: str, name: str, data: bytes, *, revision: str = "1" * 40, main: bool = True
) -> Path:
    """A download of huggingface_hub: a link in a revision to a blob."""
    place = home / ".cache" / "huggingface" / "hub" / f"models--{repo.replace('/', '--')}"
    blob = put(place / "blobs" / hashlib.sha256(data).hexdigest(), data)
    link = place / "snapshots" / revision / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(blob)
    if main:
        put(place / "refs" / "main", revision.encode())
    return link


def put_in_ollama(models: Path, manifest: str, data: bytes | None) -> Path:
    """A download of Ollama: a manifest that names a blob; None is a blob that is not there."""
    digest = hashlib.sha256(data or b"").hexdigest()
    layers = [
        {"mediaType": "application/vnd.ollama.image.license", "digest": f"sha256:{'0' * 64}"},
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}"},
    ]
    put(models / "manifests" / manifest, json.dumps({"layers": layers}).encode())
    blob = models / "blobs" / f"sha256-{digest}"
    return put(blob, data) if data is not None else blob


def numbered(number: int) -> bytes:
    """A sound model that no other number gives."""
    return tiny_gguf(changed={"general.name": f"Tiny {number}"})
