"""A package that is installed from the app: why it could not be, and that it can be stopped."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import monotonic

import pytest

from engine.errors import DownloadFailed
from tui.installing import install


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is started in place of Python: a script that a test writes."""
    script = tmp_path / "python"
    script.touch()
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    monkeypatch.setattr("tui.installing.find_spec", lambda _name: True)
    return script


def test_the_reason_is_the_error_and_not_what_follows_it(python: Path) -> None:
    python.write_text(
        "#!/bin/sh\necho >&2 'ERROR: No matching distribution found for tale'\n"
        "echo >&2 '[notice] A new release of pip is available'\nexit 1\n"
    )
    with pytest.raises(DownloadFailed, match="tale could not be installed: ERROR: No matching"):
        install("tale", lambda: True)


def test_nobody_is_asked_and_it_is_told_what_to_install(python: Path) -> None:
    got = python.with_name("got")
    python.write_text(f'#!/bin/sh\necho "$@" > {got}\ncat >> {got}\n')
    assert install("tale", lambda: True)
    assert got.read_text() == "-m pip install tale\n"


def test_it_is_stopped_and_the_process_with_it(python: Path) -> None:
    alive = python.with_name("alive")
    python.write_text(f"#!/bin/sh\necho $$ > {alive}\nexec cat /dev/zero > /dev/null\n")
    started = monotonic()
    assert not install("tale", lambda: not (alive.exists() and alive.read_text()))
    assert monotonic() - started < 10
    with pytest.raises(ProcessLookupError):
        os.kill(int(alive.read_text()), 0)


def test_where_there_is_no_pip_it_is_uv(python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.installing.find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(python.parent))
    with pytest.raises(FileNotFoundError, match="uv"):
        install("tale", lambda: True)
    python.rename(python.with_name("uv"))
    python.with_name("uv").write_text(f'#!/bin/sh\necho "$@" > {python}\n')
    assert install("tale", lambda: True)
    assert python.read_text() == f"pip install --python {python} tale\n"
