"""What the build of llama.cpp lacks on this machine, and the one command that rebuilds it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from engine.reports import SystemReport
from tui.installing import install_command
from tui.troubles import DISTRIBUTION, Trouble

_LIBRARY = "llama-cpp-python"

_VENDORS: Mapping[str, str] = {"0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel"}
"""Of graphics cards, by their numbers on the PCI bus."""

_BACKENDS: Mapping[str, str] = {"NVIDIA": "CUDA", "AMD": "HIP", "Intel": "VULKAN", "Apple": "METAL"}
"""What llama.cpp is built with for a card, as its CMake calls it."""

_NAMES: Mapping[str, frozenset[str]] = {
    "CUDA": frozenset({"CUDA", "Vulkan"}),
    "HIP": frozenset({"ROCm", "HIP", "Vulkan"}),
    "VULKAN": frozenset({"Vulkan", "SYCL"}),
    "METAL": frozenset({"Metal", "MTL"}),
}
"""The backends that use such a card, as llama.cpp calls them."""

_INSTRUCTIONS: Mapping[str, str] = {
    **{"avx2": "AVX2", "fma": "FMA", "f16c": "F16C", "avx512f": "AVX512"},
    **{"asimddp": "DOTPROD", "i8mm": "MATMUL_INT8", "sve": "SVE"},
}
"""What Linux calls instruction sets, and what llama.cpp does."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """What there is, whatever the build makes of it."""

    instructions: frozenset[str]
    """As llama.cpp calls them; none where the system does not say."""
    cards: tuple[str, ...]
    """Makers of the graphics cards."""


def find_hardware(root: Path = Path("/")) -> Hardware:
    """Look around.

    Args:
        root: Of the file system that tells.
    """
    flags: set[str] = set()
    with suppress(OSError):
        for line in (
            (root / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n")
        ):
            name, _, value = line.partition(":")
            if name.strip() in ("flags", "Features"):
                flags |= set(value.split())
    known = frozenset(ours for theirs, ours in _INSTRUCTIONS.items() if theirs in flags)
    return Hardware(known, tuple(dict.fromkeys(_cards(root))))


def _cards(root: Path) -> Iterator[str]:
    if (root / "dev/nvidia0").exists():
        yield "NVIDIA"
    for file in sorted((root / "sys/class/drm").glob("card*/device/vendor")):
        with suppress(OSError, KeyError):
            yield _VENDORS[file.read_text(encoding="ascii", errors="replace").strip()]
    if sys.platform == "darwin":
        yield "Apple"


def rebuild_command(flag: str | None = None) -> str:
    """The line for a shell that builds llama.cpp anew, in a version that this program knows: its
    interface is another one in each.

    Args:
        flag: Of llama.cpp's CMake, such as ``GGML_CUDA``.
    """
    needed = _LIBRARY
    with suppress(PackageNotFoundError):
        own = (each for each in requires(DISTRIBUTION) or () if ";" not in each)
        needed = next(each for each in own if each.startswith(_LIBRARY))
    anew = ("--force-reinstall", "--no-deps", "--no-cache-dir", "--no-binary", _LIBRARY)
    command = shlex.join(install_command(*anew, needed))
    return f"CMAKE_ARGS=-D{flag}=on {command}" if flag else command


def build_troubles(report: SystemReport, hardware: Hardware) -> Iterator[Trouble]:
    """Cards and instructions that are there and not used. None of them keeps anything from working.

    Intel's graphics are seldom quicker than the processor beside them, and are not told.
    """
    for maker in hardware.cards:
        backend = _BACKENDS[maker]
        if report.gpu_offload or maker == "Intel":
            continue
        if _NAMES[backend] & set(report.backends):
            yield Trouble(
                f"there is a graphics card ({maker}), and llama.cpp finds none",
                "install its driver, or let this process use it",
                is_broken=False,
            )
        else:
            yield Trouble(
                f"there is a graphics card ({maker}) that this build of llama.cpp does not use",
                f"`{rebuild_command(f'GGML_{backend}')}`",
                is_broken=False,
            )
    missing = sorted(hardware.instructions - set(cpu_features(report)))
    if missing:
        names = ", ".join(missing)
        yield Trouble(
            f"this build of llama.cpp is slow: it leaves the processor's {names} unused",
            f"`{rebuild_command('GGML_NATIVE')}`",
            is_broken=False,
        )


def graphics(report: SystemReport, hardware: Hardware) -> str:
    """What is said of graphics cards where the build can use none."""
    if not hardware.cards:
        return "none"
    backend = _BACKENDS[hardware.cards[0]]
    if _NAMES[backend] & set(report.backends):
        return f"{hardware.cards[0]}, not to be reached"
    command = rebuild_command(f"GGML_{backend}")
    return f"{hardware.cards[0]}, not in this build; for {backend}: `{command}`"


def cpu_features(report: SystemReport) -> list[str]:
    """The names that llama.cpp's ``NAME = 1 | …`` list says are there."""
    items = (item.partition("=") for item in report.features.replace(" : ", " | ").split("|"))
    return [name.strip() for name, _, value in items if value.strip() == "1"]
