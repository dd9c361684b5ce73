"""``chat models quantize``: smaller weights, made where they will lie."""

from __future__ import annotations

import difflib
import os
import shutil
from contextlib import closing
from pathlib import Path

from drafts.errors import DraftExists
from drafts.syscalls import OperatingSystem
from drafts.temporary import link_new
from engine.errors import QuantizeFailed
from engine.models import FoundModel, ModelSummary, resolve_model
from engine.models.summary import summarise
from engine.models.tensor_types import FILE_TYPES, TENSOR_TYPES
from engine.tasks import quantize
from tui.errors import UsageProblem
from tui.interrupts import signals_leave
from tui.killed_quantize import held_beside, sweep
from tui.runtime import Runtime
from tui.tables import file_size, print_line

_NOT_QUANTIZED = ("F32", "F16", "BF16")
_USUAL = "Q8_0, Q6_K, Q5_K_M, Q4_K_M, IQ4_XS and Q3_K_M"


def quantize_model(
    runtime: Runtime, source: str, target: Path, kind: str, *, requantize: bool
) -> None:
    """Quantize a model into a new file; nothing is left of one that was not finished.

    Raises:
        QuantizeFailed: If llama.cpp cannot, or the disk is too small.
        UnknownModel, LoadFailed: If the source is no model.
        UsageProblem: If the type is unknown, the source is quantized, or the target exists.
    """
    number, name = _file_type(kind)
    found = resolve_model(source, runtime.paths.models)
    summary = summarise(found.parts)
    if summary.quantization not in _NOT_QUANTIZED and not requantize:
        raise UsageProblem(
            f"{found.name} is already quantized ({summary.quantization}), and would lose quality "
            "twice: take its F16 file, or --requantize"
        )
    path = _target(target, found, name)
    sweep(path.parent, runtime.narrator())
    _check_room(path, summary, name)
    _write(runtime, found, path, number)
    print_line(runtime, str(path))
    before, after = found.size_bytes, path.stat().st_size
    runtime.narrator().say(
        f"{file_size(before)} became {file_size(after)}, {after / before:.0%} of it"
    )


def _file_type(kind: str) -> tuple[int, str]:
    numbers = {name: number for number, name in FILE_TYPES.items()}
    if kind.upper() in numbers:
        return numbers[kind.upper()], kind.upper()
    nearest = difflib.get_close_matches(kind.upper(), numbers, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"the usual ones are {_USUAL}"
    raise UsageProblem(f"no type {kind!r}; {hint}")


def _target(target: Path, found: FoundModel, name: str) -> Path:
    path = target / f"{found.name}-{name}.gguf" if target.is_dir() else target
    if os.path.lexists(path):
        raise UsageProblem(f"{path} already exists: name another file")
    if not path.parent.is_dir():
        raise UsageProblem(f"{path.parent} is not a folder")
    return path


def _check_room(path: Path, summary: ModelSummary, name: str) -> None:
    """Refuse what the disk has no room for, told by the bits of the type and a tenth more."""
    kinds = [each for each in TENSOR_TYPES.values() if name.startswith(each.name)]
    bits = max((each.size * 8 / each.block for each in kinds), default=8.0)
    needed, free = int(summary.parameters * bits / 8 * 1.1), shutil.disk_usage(path.parent).free
    if needed > free:
        raise QuantizeFailed(
            f"{path.parent} has {file_size(free)} free, and about {file_size(needed)} are needed"
        )


def _write(runtime: Runtime, found: FoundModel, path: Path, number: int) -> None:
    narrator = runtime.narrator()
    try:
        with held_beside(path) as partial:
            steps = quantize(found.path, partial, number, requantize=True)
            with signals_leave(), closing(steps):
                for fraction in steps:
                    narrator.quantizing(fraction)
            _sync(partial)
            link_new(partial, path, OperatingSystem())
    except DraftExists as error:
        raise UsageProblem(f"{path} exists by now: name another file") from error
    except QuantizeFailed as error:
        raise QuantizeFailed(f"{found.name} cannot be quantized: {error}") from error
    finally:
        narrator.clear()


def _sync(path: Path) -> None:
    """Have what was written on the disk before it gets its name."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
