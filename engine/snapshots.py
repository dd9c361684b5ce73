"""KV state on disk, so that a new process does not read again what an old one has read.

One file per snapshot, ``<tokens>-<digest>.kv`` in a folder per weights and set-up::

    magic      8 bytes   b"CHATKV01"
    digest    32 bytes   SHA-256 of what follows
    count      8 bytes   tokens, little-endian
    tokens     4 bytes each
    state      llama.cpp's own form, to the end of the file

The digest is checked before llama.cpp sees a byte, since a damaged state aborts the process. A
snapshot is only ever a shortcut: what cannot be used is deleted, and what cannot be written is not.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
import tempfile
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import time

from engine.prefix import agreement

SUFFIX = ".kv"

_UNFINISHED = ".part"
_STALE_S = 60.0
"""Nobody writes a snapshot for so long: a worker has ten seconds to end."""

_MAGIC = b"CHATKV01"
_COUNT = struct.Struct("<Q")
_START = len(_MAGIC) + hashlib.sha256().digest_size
_SHORTEST = 64
"""Tokens that are worth a file."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A file, and the tokens whose state it says it holds."""

    path: Path
    tokens: Sequence[int]


class SnapshotStore:
    """The snapshots of one set-up, in a folder shared with those of others."""

    def __init__(self, folder: Path, *, key: Sequence[str], budget: int) -> None:
        """Nothing is read or created yet.

        Args:
            folder: Where all snapshots are.
            key: Whatever makes a state useless elsewhere: fingerprint of the weights, types of the
                cache, library version.
            budget: Bytes that the folder may hold; the longest unused go first.
        """
        self._root = folder
        self._folder = folder / hashlib.sha256("\n".join(key).encode()).hexdigest()[:32]
        self._budget = budget
        self._read: dict[Path, Sequence[int]] = {}
        """Tokens of the files that were looked at: they never change."""

    def find(
        self,
        prompt: Sequence[int],
        bytes_of: Callable[[int], bytes],
        *,
        better_than: int,
        whole_only: bool,
    ) -> Snapshot | None:
        """The snapshot that holds most of the prompt.

        Args:
            prompt: Its tokens.
            bytes_of: A token's bytes, see `engine.prefix.agreement`.
            better_than: Tokens of the prompt that are at hand already.
            whole_only: Whether a part of a snapshot is of no use, as with recurrent models.
        """
        best = None
        least = better_than + _SHORTEST // 2
        for path in self._files():
            tokens = self._tokens(path)
            ours, theirs = agreement(tokens, prompt, bytes_of)
            if theirs > least and not (whole_only and ours < len(tokens)):
                best, least = Snapshot(path, tokens), theirs
        return best

    def load(self, snapshot: Snapshot) -> memoryview | None:
        """The state of a snapshot, after its digest was checked; None where that failed."""
        try:
            with snapshot.path.open("rb") as file:
                # A private, writable view of the page cache: nothing is copied.
                whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
            os.utime(snapshot.path)
        except (OSError, ValueError):  # a file of no bytes cannot be mapped
            return None
        body = whole[_START:]
        if whole[len(_MAGIC) : _START] != hashlib.sha256(body).digest():
            self.forget(snapshot)
            return None
        return body[_COUNT.size + 4 * len(snapshot.tokens) :]

    def forget(self, snapshot: Snapshot) -> None:
        """Delete a snapshot that is of no use."""
        _delete(snapshot.path)

    def has(self, tokens: Sequence[int]) -> bool:
        """Whether these very tokens are saved, or too few to be."""
        try:
            return len(tokens) < _SHORTEST or self._path(tokens).exists()
        except OSError:
            return False

    def save(self, tokens: Sequence[int], state: bytes | memoryview) -> Snapshot | None:
        """Write a snapshot; None where it could not be written or is larger than the budget.

        Args:
            tokens: What the state has read.
            state: llama.cpp's form.
        """
        counted = _COUNT.pack(len(tokens)) + array("i", tokens).tobytes()
        if len(counted) + len(state) + _START > self._budget:
            return None
        path = self._path(tokens)
        try:
            self._write(path, counted, state)
        except OSError:
            return None
        self._prune(path)
        return Snapshot(path, tokens)

    def _write(self, path: Path, *body: bytes | memoryview) -> None:
        for folder in (self._root, self._folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()
        descriptor, temporary = tempfile.mkstemp(_UNFINISHED, dir=self._folder)  # mode 0600
        try:
            with open(descriptor, "wb") as file:
                file.write(_MAGIC)
                digest = hashlib.sha256()
                for part in body:
                    digest.update(part)
                file.write(digest.digest())
                file.writelines(body)
            os.replace(temporary, path)
        except BaseException:
            _delete(Path(temporary))
            raise

    def _sweep(self) -> None:
        """Delete what killed processes have left unfinished."""
        for path in self._root.glob(f"*/*{_UNFINISHED}"):
            with suppress(OSError):
                if time() - path.stat().st_mtime > _STALE_S:
                    path.unlink()

    def _path(self, tokens: Sequence[int]) -> Path:
        digest = hashlib.sha256(array("i", tokens).tobytes()).hexdigest()
        return self._folder / f"{len(tokens)}-{digest[:32]}{SUFFIX}"

    def _tokens(self, path: Path) -> Sequence[int]:
        """The tokens of a snapshot; none where the file is not one, which is deleted."""
        tokens = self._read.get(path)
        if tokens is None:
            tokens = _read_tokens(path)
            if tokens:
                self._read[path] = tokens
            else:
                _delete(path)
        return tokens

    def _files(self) -> list[Path]:
        try:
            return [
                path
                for path in self._folder.iterdir()
                if path.suffix == SUFFIX and path.is_file() and not path.is_symlink()
            ]
        except OSError:
            return []

    def _prune(self, newest: Path) -> None:
        """Delete what was unused the longest, until the folder is within its budget."""
        held = []
        for path in self._root.glob("*/*"):
            with suppress(OSError):
                status = path.stat()
                held.append((status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, size, _ in held)
        for _, size, path in sorted(held):
            if total <= self._budget:
                return
            if path != newest:
                _delete(path)
                total -= size


def _read_tokens(path: Path) -> Sequence[int]:
    tokens = array("i")
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return ()
            file.seek(_START)
            (count,) = _COUNT.unpack(file.read(_COUNT.size))
            if count * 4 > os.fstat(file.fileno()).st_size:
                return ()
            tokens.frombytes(file.read(4 * count))
    except (OSError, struct.error, ValueError):
        return ()
    return tokens if len(tokens) == count else ()


def _delete(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
