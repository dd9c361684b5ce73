"""Cores that may be used, and memory that is used: measured against what is told of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.load_options import KvType
from engine.machine import available_memory, usable_cores
from engine.models.memory import memory_needed
from engine.models.summary import summarise
from engine.models.tensor_types import FILE_TYPES
from engine.tasks import quantize

_LOADED = """
import sys
from pathlib import Path
import engine.worker
from engine.abort import AbortFlag
from engine.kvcache import Addition, CacheOptions, KvCache
from engine.native_log import NativeLog
from engine.weights import Weights
path, n_ctx, kv_type = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
weights = Weights(path, gpu_layers=0, log=NativeLog(lambda _: None), progress=lambda _: True)
options = CacheOptions(limit=n_ctx, threads=2, kv_type=kv_type, first_size=n_ctx)
cache = KvCache(weights, options, AbortFlag())
sequence, _ = cache.begin([1] * 512)
cache.evaluate([Addition(sequence, [1] * 512, 1)])
pages = int(Path("/proc/self/statm").read_text().split()[1])
print(pages)
"""
"""Loads a model as a worker does, with all of its context's cache, and reads one whole batch."""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what is resident")
@pytest.mark.parametrize(("n_ctx", "kv_type"), [(8192, "f16"), (8192, "q8_0")])
def test_the_estimate_of_memory_is_within_15_percent_of_what_is_resident(
    starter_path: Path, n_ctx: int, kv_type: KvType
) -> None:
    assert 0.85 <= estimated_share(starter_path, n_ctx, kv_type) <= 1.15


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what is resident")
def test_weights_that_llama_cpp_puts_into_another_order_are_there_once(
    starter_path: Path, tmp_path: Path
) -> None:
    model = tmp_path / "Q4_0.gguf"
    (q4_0,) = (number for number, name in FILE_TYPES.items() if name == "Q4_0")
    for _ in quantize(starter_path, model, q4_0, requantize=True):
        pass
    assert 0.85 <= estimated_share(model, 1024, "f16") <= 1.15


def estimated_share(model: Path, n_ctx: int, kv_type: KvType) -> float:
    command = [sys.executable, "-c", _LOADED, str(model), str(n_ctx), kv_type]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    resident = int(done.stdout) * os.sysconf("SC_PAGE_SIZE")
    return memory_needed(summarise([model]), n_ctx, kv_type) / resident


def system(root: Path, **files: str) -> Path:
    """Files of a system, with ``__`` for a slash."""
    for name, text in files.items():
        file = root / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def siblings(root: Path, groups: dict[int, str]) -> None:
    for number, text in groups.items():
        folder = root / f"sys/devices/system/cpu/cpu{number}/topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(f"{text}\n")


def test_two_threads_of_a_core_are_one(tmp_path: Path) -> None:
    allowed = sorted(os.sched_getaffinity(0))
    siblings(tmp_path, dict.fromkeys(allowed, "0,1"))
    assert usable_cores(tmp_path) == 1
    assert usable_cores(tmp_path / "nothing is told") == len(allowed)


@pytest.mark.parametrize(
    ("groups", "files"),
    [
        ("0::/user/me\n", {"sys__fs__cgroup__user__cpu.max": "100000 100000\n"}),
        ("0::/user/me\n", {"sys__fs__cgroup__user__me__cpu.max": "50000 100000\n"}),
        (
            "3:cpu,cpuacct:/docker/x\n",
            {
                "sys__fs__cgroup__cpu,cpuacct__cpu.cfs_quota_us": "90000\n",
                "sys__fs__cgroup__cpu,cpuacct__cpu.cfs_period_us": "100000\n",
            },
        ),
    ],
)
def test_a_share_of_time_counts_as_so_many_cores(
    tmp_path: Path, groups: str, files: dict[str, str]
) -> None:
    system(tmp_path, proc__self__cgroup=groups, **files)
    assert usable_cores(tmp_path) == 1


def test_no_limit_and_nonsense_are_no_limit(tmp_path: Path) -> None:
    cores = usable_cores(tmp_path)
    system(
        tmp_path,
        proc__self__cgroup="0::/me\nnonsense\n",
        **{"sys__fs__cgroup__me__cpu.max": "max 100000\n", "sys__fs__cgroup__cpu.max": "0 0\n"},
    )
    assert usable_cores(tmp_path) == cores


def test_memory_is_what_the_machine_has_and_the_control_groups_allow(tmp_path: Path) -> None:
    meminfo = "MemTotal: 9000 kB\nMemAvailable: 8000 kB\n"
    system(tmp_path, proc__meminfo=meminfo, proc__self__cgroup="0::/user/me\n")
    assert available_memory(tmp_path) == 8000 * 1024
    group = {
        "max": "4000000\n",
        "current": "3000000\n",
        "stat": "inactive_file 400000\nactive_file 100000\n",
    }
    system(tmp_path, **{f"sys__fs__cgroup__user__memory.{k}": v for k, v in group.items()})
    system(tmp_path, **{"sys__fs__cgroup__user__me__memory.max": "max\n"})
    assert available_memory(tmp_path) == 1_500_000


def test_the_older_form_of_control_groups_counts_too(tmp_path: Path) -> None:
    group = {"limit_in_bytes": "4000000", "usage_in_bytes": "4100000", "stat": "cache 7\n"}
    system(
        tmp_path,
        proc__meminfo="MemAvailable: 8000 kB\n",
        proc__self__cgroup="4:memory:/docker/x\n",
        **{f"sys__fs__cgroup__memory__memory.{k}": v for k, v in group.items()},
    )
    assert available_memory(tmp_path) == 0
