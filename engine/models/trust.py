"""What a model was like when it was first used, so that it is noticed when it becomes another.

A model that is updated, or replaced by somebody else, keeps its name. Its chat template is code
that decides what the model gets to read: a changed one is held up until a person has seen it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from engine.fingerprint import fingerprint
from engine.models.finding import FoundModel, model_at
from engine.models.gguf import read_header
from engine.models.stores import HUGGING_FACE, OLLAMA
from engine.models.summary import TEMPLATE_KEY, file_state, template_sha256, write_json

_NAMED_BY_HASH = re.compile(r"(?:sha256-)?([0-9a-f]{64})")
"""How Ollama and the Hugging Face cache name their blobs, which they have checked."""

_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class TrustRecord:
    """What a model's files were."""

    state: tuple[tuple[int, ...], ...]
    """Of each part, what changes when the file does."""
    fingerprint: str
    """Of all parts, without having read them whole."""
    template_sha256: str | None
    sha256: tuple[str | None, ...]
    """Of each part; None as long as it was not read whole."""
    since: str
    """The day when it was first used so, as ISO 8601."""


@dataclass(frozen=True, slots=True)
class ModelChange:
    """A model is not what it was."""

    model: FoundModel
    since: str
    """The day when it was first used as it was."""
    before: str
    """The chat template that was in use."""
    after: str
    """The one that the file has now."""
    record: TrustRecord
    """What will be known of it once it is accepted."""

    @property
    def is_of_template(self) -> bool:
        """Whether the model would get to read something else."""
        return self.before != self.after


class Ledger:
    """The records of all models that were used."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet.

        Args:
            folder: In the data directory; it need not exist.
        """
        self.folder = folder
        self._file = folder / "models.json"

    def record(self, model: FoundModel) -> TrustRecord | None:
        """What is known of a model."""
        return _decoded(self._read().get(ledger_key(model)))

    def used_by_path(self, name: str) -> FoundModel | None:
        """The model of that name that was used by its path, wherever that is; None where there is
        none any more, or more than one."""
        paths = (Path(key) for key in self._read() if os.path.isabs(key) and os.path.isfile(key))
        found = [model for path in paths if (model := model_at(path)).name == name]
        return found[0] if len(found) == 1 else None

    def look(self, model: FoundModel) -> ModelChange | None:
        """Hold a model against what is known of it; one that is new becomes known.

        Of one that is as it was only the state of its files is asked for.

        Raises:
            LoadFailed: If its header cannot be read.
            OSError: If the ledger cannot be written.
        """
        known = self.record(model)
        state = tuple(map(file_state, model.parts))
        if known and known.state == state:
            return None
        template = read_header(model.path).text(TEMPLATE_KEY) or ""
        now = _described(model, state, template)
        if known is None:
            self._keep(model, now, template)
        elif (known.fingerprint, known.template_sha256) == (now.fingerprint, now.template_sha256):
            # Behind a large vocabulary a template is not among the bytes of a fingerprint.
            self._keep(model, replace(known, state=state), template)
        else:
            is_same = known.template_sha256 == now.template_sha256
            before = template if is_same else self._template(known.template_sha256)
            return ModelChange(model, known.since, before, template, now)
        return None

    def accept(self, change: ModelChange) -> None:
        """From now on the model is what it is now.

        Raises:
            OSError: If the ledger cannot be written.
        """
        self._keep(change.model, change.record, change.after)

    def add_sha256(self, key: str, parts: Sequence[Path], sha256: tuple[str, ...]) -> None:
        """Note the checksums of a model's parts, if its files are still those of its record.

        Args:
            key: What `ledger_key` gives for it.
            parts: Its files.
            sha256: Of each.

        Raises:
            OSError: If the ledger cannot be written.
        """
        if not self._file.exists():
            return
        with self._changed() as records:
            known = _decoded(records.get(key))
            if known and known.state == tuple(map(file_state, parts)):
                records[key] = asdict(replace(known, sha256=sha256))

    def _keep(self, model: FoundModel, record: TrustRecord, template: str) -> None:
        with self._changed() as records:
            if record.template_sha256:
                self._keep_template(record.template_sha256, template)
            records[ledger_key(model)] = asdict(record)

    def _keep_template(self, sha256: str, template: str) -> None:
        path = self.folder / "templates" / f"{sha256}.jinja"
        path.parent.mkdir(exist_ok=True, mode=0o700)
        path.write_text(template, encoding="utf-8", errors="replace")

    def _template(self, sha256: str | None) -> str:
        try:
            path = self.folder / "templates" / f"{sha256}.jinja"
            return path.read_text(encoding="utf-8", errors="replace") if sha256 else ""
        except OSError:
            return ""

    @contextmanager
    def _changed(self) -> Iterator[dict[str, Any]]:
        """The records, to be written back as the block leaves them; others wait."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            records = self._read()
            yield records
            write_json(self._file, records)

    def _read(self) -> dict[str, Any]:
        try:
            value = json.loads(self._file.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


def sha256_of(path: Path, go_on: Callable[[int], bool] = lambda _count: True) -> str | None:
    """The SHA-256 of a file.

    Args:
        path: The file.
        go_on: Gets how many bytes were read now and then; returning False gives up.

    Returns:
        None where it was given up.

    Raises:
        OSError: If the file cannot be read.
    """
    digest, count = hashlib.sha256(), 0
    buffer = memoryview(bytearray(_BLOCK))
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(buffer):
            digest.update(buffer[:size])
            count += size
            if not go_on(count):
                return None
    return digest.hexdigest()


def ledger_key(model: FoundModel) -> str:
    """What stays the same when a model is updated where it lies."""
    if model.source == OLLAMA:
        return f"{model.source}: {model.name}"
    if model.source == HUGGING_FACE:
        return f"{model.source}: {model.repo}/{model.name}"
    return os.path.abspath(model.path)


def _described(model: FoundModel, state: tuple[tuple[int, ...], ...], template: str) -> TrustRecord:
    prints = "".join(map(fingerprint, model.parts))
    return TrustRecord(
        state,
        hashlib.sha256(prints.encode()).hexdigest(),
        template_sha256(template) if template else None,
        tuple(map(_told_sha256, model.parts)),
        date.today().isoformat(),
    )


def _told_sha256(path: Path) -> str | None:
    """The checksum that a file is named by."""
    name = os.path.basename(os.path.realpath(path))
    found = _NAMED_BY_HASH.fullmatch(name)
    return found[1] if found else None


def _decoded(value: object) -> TrustRecord | None:
    """A record from its JSON; a damaged one is none."""
    try:
        record = TrustRecord(**value)  # type: ignore[arg-type]
        state = tuple(tuple(map(int, each)) for each in record.state)
        return replace(record, state=state, sha256=tuple(record.sha256))
    except (TypeError, ValueError):
        return None
