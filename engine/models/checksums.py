"""Reads weights to the end for their checksums, in a process of the lowest priority.

It outlives the command that asked for it: a short answer is over before a large file is read. In a
thread of the same process it would hold up the answer, whenever it holds the interpreter's lock
and does not get a core to go on.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from engine.models.finding import FoundModel
from engine.models.trust import Ledger, ledger_key, sha256_of

_LAZIEST = 19

_BOOT = (
    "import sys; folder, key, count, *rest = sys.argv[1:]; sys.path[:] = rest[int(count):]; "
    "from engine.models.checksums import read_apart; read_apart(folder, key, rest[:int(count)])"
)
"""Takes over the parent's import path, as the worker does."""


def read_in_background(ledger: Ledger, model: FoundModel) -> None:
    """Have the checksums of a model computed and noted; returns at once."""
    arguments = [str(ledger.folder), ledger_key(model), str(len(model.parts))]
    parts = [os.path.abspath(part) for part in model.parts]
    command = [sys.executable, "-c", _BOOT, *arguments, *parts, *filter(None, sys.path)]
    name = f"checksums of {model.name}"
    threading.Thread(target=_start, args=(command,), name=name, daemon=True).start()


def _start(command: list[str]) -> None:
    """Start the process and wait for it to have left its parent."""
    nothing = subprocess.DEVNULL
    with suppress(OSError):
        subprocess.run(
            command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True,
            check=False,
        )  # fmt: skip


def read_apart(folder: str, key: str, parts: list[str]) -> None:
    """What the process does: go on without a parent, read, and note."""
    if os.fork():
        os._exit(0)
    os.nice(_LAZIEST)
    with suppress(OSError):  # what is gone by now needs no checksum
        paths = tuple(map(Path, parts))
        sums = tuple(sha256_of(path) or "" for path in paths)
        Ledger(Path(folder)).add_sha256(key, paths, sums)
