"""What a build of llama.cpp lacks on a machine, and what the doctor says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.reports import SystemReport
from tui.build_troubles import Hardware, build_troubles, find_hardware, graphics

PLAIN = SystemReport("1", "1", "CPU : AVX2 = 1 | FMA = 1 | F16C = 1 | ", False, ("CPU",))


def test_what_is_there_is_found(tmp_path: Path) -> None:
    assert find_hardware(tmp_path).instructions == frozenset()
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("model name\t: x\nflags\t\t: fpu avx2 fma avx512f\n")
    for card, vendor in {"card0": "0x1002", "card1": "0x10de", "card2": "0x1af4"}.items():
        (tmp_path / "sys/class/drm" / card / "device").mkdir(parents=True)
        (tmp_path / "sys/class/drm" / card / "device/vendor").write_text(f"{vendor}\n")
    found = find_hardware(tmp_path)
    assert found.instructions == {"AVX2", "FMA", "AVX512"}
    assert found.cards[:2] == ("AMD", "NVIDIA")


@pytest.mark.parametrize(
    ("maker", "flag"), [("NVIDIA", "GGML_CUDA"), ("AMD", "GGML_HIP"), ("Apple", "GGML_METAL")]
)
def test_a_card_that_the_build_does_not_use_gets_the_command(maker: str, flag: str) -> None:
    hardware = Hardware(frozenset({"AVX2"}), (maker,))
    (trouble,) = build_troubles(PLAIN, hardware)
    assert maker in trouble.what
    assert f"CMAKE_ARGS=-D{flag}=on" in trouble.fix
    # Of the library alone: what it is built with is not to be built from source as well.
    assert "--no-binary llama-cpp-python 'llama-cpp-python" in trouble.fix
    assert "<" in trouble.fix
    assert not trouble.is_broken
    assert flag in graphics(PLAIN, hardware)


def test_a_card_that_is_used_or_cannot_be_reached_needs_no_other_build() -> None:
    card = Hardware(frozenset(), ("NVIDIA",))
    used = SystemReport("1", "1", "", True, ("CUDA", "CPU"))
    assert list(build_troubles(used, card)) == []
    (trouble,) = build_troubles(SystemReport("1", "1", "", False, ("CUDA", "CPU")), card)
    assert "driver" in trouble.fix
    assert graphics(PLAIN, Hardware(frozenset(), ())) == "none"


def test_instructions_that_the_build_leaves_out_are_told() -> None:
    (trouble,) = build_troubles(PLAIN, Hardware(frozenset({"AVX2", "AVX512"}), ()))
    assert "the processor's AVX512 unused" in trouble.what
    assert "GGML_NATIVE" in trouble.fix
