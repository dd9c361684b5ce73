"""What this machine has to offer: cores and memory."""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

_LARGEST = 2**62
"""Bytes; more is no limit."""


def usable_cores(root: Path = Path("/")) -> int:
    """Physical cores that this process may keep busy, by its affinity and its share of time.

    llama.cpp's threads share a core badly: two on one are slower than one.

    Args:
        root: Of the file system that tells; there is none but on Linux.
    """
    if hasattr(os, "sched_getaffinity"):
        processors = os.sched_getaffinity(0)
    else:
        processors = set(range(os.cpu_count() or 1))
    cores = len({_core(root, number) for number in processors})
    return max(1, math.ceil(min(cores, _time_share(root))))


def _core(root: Path, processor: int) -> str:
    """What the processors of one core have in common; of one that is not known, its number."""
    siblings = f"sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list"
    return _text(root / siblings) or str(processor)


def _time_share(root: Path) -> float:
    """Processors' worth of time that the control groups of this process allow."""
    return min(
        (share for folder in _control_groups(root, "cpu") if (share := _quota(folder)) > 0),
        default=math.inf,
    )


def _control_groups(root: Path, controller: str) -> Iterator[Path]:
    """The groups around this process, up to the outermost that can be seen."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if not controllers or controller in controllers.split(","):
            inner = PurePosixPath(path.lstrip("/"))
            for each in (inner, *inner.parents):
                yield root / "sys/fs/cgroup" / controllers / each


def _quota(folder: Path) -> float:
    """What a group allows, in either version's form; 0 where it sets no limit."""
    words = _text(folder / "cpu.max").split() or [
        _text(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period")
    ]
    with suppress(ValueError, ZeroDivisionError):
        quota, period = words
        return max(0.0, float(quota) / float(period))
    return 0.0


def _text(file: Path) -> str:
    """What a file of the system says; nothing where there is none."""
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def available_memory(root: Path = Path("/")) -> int:
    """Bytes that can be had without swapping, of the machine and of this process's control groups;
    half of all memory where the system does not say.

    Args:
        root: Of the file system that tells.
    """
    folders = _control_groups(root, "memory")
    rooms = [room for folder in folders if (room := _room(folder)) is not None]
    return max(0, min(_machine_memory(root), *rooms, _LARGEST))


def _machine_memory(root: Path) -> int:
    for line in _text(root / "proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _room(folder: Path) -> int | None:
    """Bytes that a group may still take, in either version's form; None where it sets no limit.

    What it holds of files gives way: a model's own pages, too, from the last time it was used.
    """
    for limit, used, prefix in (
        ("memory.max", "memory.current", ""),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
    ):
        with suppress(ValueError):
            room = int(_text(folder / limit)) - int(_text(folder / used))
            lines = _text(folder / "memory.stat").splitlines()
            files = (f"{prefix}inactive_file ", f"{prefix}active_file ")
            return room + sum(int(line.split()[1]) for line in lines if line.startswith(files))
    return None


@contextmanager
def memory_limit(room: int) -> Iterator[None]:
    """Give the block so many bytes beside what the process has, where Linux can tell how much.

    Beyond that Python raises MemoryError, and C++ aborts. Weights are mapped into the process: what
    it has can be more than the machine's memory.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = pages * resource.getpagesize() + room
    if soft != resource.RLIM_INFINITY:
        most = min(most, soft)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
