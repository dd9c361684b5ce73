"""A test that fails is the only one that does."""

from __future__ import annotations

import os
from pathlib import Path

import conftest
import pytest

FAILS_IN_THE_MIDDLE = """
import gc, pathlib, socket, subprocess

class Holder:
    pass

def test_that_fails(cleanup):
    ended = cleanup(subprocess.Popen(["cat"], stdin=subprocess.PIPE))
    pathlib.Path(__file__).with_name("pid").write_text(str(ended.pid))
    other, holder, file = subprocess.Popen(["cat"], stdin=subprocess.PIPE), Holder(), open(__file__)
    holder.itself, holder.lines, holder.socket = holder, iter(file), socket.socket()
    try:
        raise KeyError
    except KeyError:
        assert holder is None

def test_that_passes():
    gc.collect()

def test_that_fails_too():
    assert None

def test_that_passes_as_well():
    gc.collect()
"""


class Outcomes:
    """How tests ended."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep words and no objects, which would hold what is to be let go."""
        if report.when == "call" or not report.passed:
            self.seen.append((report.nodeid.rpartition("::")[2], report.outcome))


def test_what_a_failed_test_leaves_fails_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "test_of_leftovers.py").write_text(FAILS_IN_THE_MIDDLE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    outcomes = Outcomes()
    # The plugin of pictures would throw away those of the run that this is a part of.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    options = ["-p", "no:cacheprovider", "--capture=no"]
    pytest.main([str(tmp_path), *options], plugins=[conftest, outcomes])
    assert outcomes.seen == [
        ("test_that_fails", "failed"),
        ("test_that_passes", "passed"),
        ("test_that_fails_too", "failed"),
        ("test_that_passes_as_well", "passed"),
    ]
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
