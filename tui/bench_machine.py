"""What figures depend on beside the model: the machine, the build and how weights are loaded."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.load_options import LoadOptions
from engine.machine import usable_cores
from engine.reports import SystemReport
from engine.tasks import system_report
from tui.tables import file_size
from tui.version import __version__


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and how it was measured."""

    processor: str
    """The CPU's name, or at least its architecture."""
    system: str
    """The operating system."""
    cores: int
    """Those that this process may use."""
    memory_bytes: int
    """All of the machine's."""
    llama_cpp: SystemReport
    load: LoadOptions
    """As it is configured."""

    @property
    def threads(self) -> int:
        """Those that llama.cpp computes with."""
        return self.load.threads or self.cores

    @property
    def features(self) -> list[str]:
        """Instruction sets and libraries that the build uses on this machine."""
        items = (item.partition("=") for item in self.llama_cpp.features.split("|"))
        return [name.rpartition(":")[2].strip() for name, _, value in items if value.strip() == "1"]

    def rows(self) -> Iterator[tuple[str, str]]:
        """What people should know of it, and its values."""
        llama_cpp = self.llama_cpp
        yield "chat", __version__
        yield "llama.cpp", f"{llama_cpp.llama_cpp}, through llama-cpp-python {llama_cpp.binding}"
        yield "built with", " ".join(self.features)
        yield "machine", f"{self.processor}, {file_size(self.memory_bytes)} memory"
        yield "cores", f"{self.cores}, and {self.threads} threads"
        yield "KV type", f"{self.load.kv_type}, flash attention {self.load.flash_attention}"
        words = {"auto": "the layers that fit", "all": "all layers"}
        layers = words.get(str(self.load.gpu_layers), f"{self.load.gpu_layers} layers")
        yield "GPU", layers if llama_cpp.gpu_offload else "none that this build can use"

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "llama_cpp": {
                "version": self.llama_cpp.llama_cpp,
                "binding": self.llama_cpp.binding,
                "features": self.features,
                "gpu_offload": self.llama_cpp.gpu_offload,
            },
            "machine": {
                "processor": self.processor,
                "system": self.system,
                "cores": self.cores,
                "memory_bytes": self.memory_bytes,
            },
            "load": {
                "threads": self.threads,
                "kv_type": self.load.kv_type,
                "flash_attention": self.load.flash_attention,
                "gpu_layers": self.load.gpu_layers,
                "batch": self.load.batch,
                "n_ctx": self.load.n_ctx,
            },
        }


def this_machine(load: LoadOptions) -> Machine:
    """Look around.

    Args:
        load: How weights will be put to work.

    Raises:
        WorkerFailed: If llama.cpp cannot be imported.
    """
    return Machine(
        processor=_processor(),
        system=platform.platform(),
        cores=usable_cores(),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        llama_cpp=system_report(),
        load=load,
    )


def _processor() -> str:
    """The CPU's name as the system knows it."""
    with suppress(OSError):
        if sys.platform == "darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.stdout.strip():
                return done.stdout.strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
