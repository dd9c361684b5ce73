"""The wheel that people install has every room, the packaged prompts, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ["engine", "prompts", "sessions", "drafts", "tui"]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    (wheel,) = folder.glob("draftsmith-*.whl")
    return zipfile.ZipFile(wheel).namelist()


def test_every_module_is_in_the_wheel(names: list[str]) -> None:
    modules = {
        str(path.relative_to(ROOT)) for room in ROOMS for path in (ROOT / room).rglob("*.py")
    }
    assert modules <= set(names)


def test_packaged_prompts_models_and_type_markers_are_in_the_wheel(names: list[str]) -> None:
    prompts = {f"prompts/library/{path.name}" for path in (ROOT / "prompts/library").glob("*.toml")}
    assert len(prompts) >= 9
    assert prompts <= set(names)
    assert "engine/models/catalogue.toml" in names
    assert {f"{room}/py.typed" for room in ROOMS} <= set(names)


def test_nothing_else_is_in_the_wheel(names: list[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith((".dist-info", ".data"))} == set(ROOMS)
    data = [name.partition(".data/")[2] for name in names if ".data/" in name]
    assert data == ["data/share/man/man1/chat.1"]
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name]
