"""Installs packages beside this program, with whatever made the environment that it is in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib import invalidate_caches
from importlib.util import find_spec

from engine.errors import DownloadFailed

_LOOK_S = 0.1
"""How often it is asked whether to go on."""

_NO_QUESTIONS = {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def install_command(*arguments: str) -> list[str]:
    """The words of a command that installs. Environments that uv made have no pip."""
    if find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", *arguments]
    return ["uv", "pip", "install", "--python", sys.executable, *arguments]


def install(package: str, goes_on: Callable[[], bool]) -> bool:
    """Install a package; whether it is there, as it was not stopped.

    Args:
        package: Its name.
        goes_on: Asked now and then; it is stopped where not.

    Raises:
        DownloadFailed: If it cannot be installed.
        OSError: If there is nothing that could install it.
    """
    with subprocess.Popen(
        install_command(package),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, **_NO_QUESTIONS},
    ) as process:
        while True:
            try:
                _, said = process.communicate(timeout=_LOOK_S)
            except subprocess.TimeoutExpired:
                if not goes_on():
                    process.kill()
                    return False
            else:
                break
    if process.returncode != 0:
        raise DownloadFailed(f"{package} could not be installed: {_reason(said)}")
    invalidate_caches()
    return True


def _reason(said: str) -> str:
    """The line that says why: installers write others behind it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["the installer did not say why"])[-1]
