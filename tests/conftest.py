"""What the tests share: the starter model, loaded once, and a home that is not the developer's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.client import WorkerEngine
from engine.models import find_models


@pytest.fixture(scope="session")
def starter_path() -> Path:
    """The GGUF file of the starter's wheel."""
    starters = [model.path for model in find_models(Path("/nowhere")) if model.source == "starter"]
    assert starters, "the tests need the extra 'starter'"
    return starters[0]


@pytest.fixture(scope="session")
def starter_engine(starter_path: Path) -> Iterator[WorkerEngine]:
    """A worker with the starter model in it, shared by all tests that leave it alive."""
    engine = WorkerEngine(starter_path)
    yield engine
    engine.close()
