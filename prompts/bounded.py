"""Has what comes out of files, and could go on for ever, done in a short-lived process: nothing
inside a process can stop an endless loop, or what asks for all of the memory."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from prompts.errors import Unfinished

_BOOT = "import sys, runpy; file, *sys.path[:] = sys.argv[1:]; runpy.run_path(file)['main']()"
"""Takes over the parent's import path, without the working directory; runs the file rather than the
module, because importing this package would take as long again as importing what it needs."""

_WALL_SECONDS = 10.0
"""The scripts limit their own processor time; this is for a machine that gives them none."""


def run_bounded(script: Path, job: object) -> Any:
    """What the ``main`` of a script makes of a job: JSON that it reads, and JSON that it prints.

    Args:
        script: A module of this package, which limits its own processor time.
        job: What JSON can express.

    Raises:
        Unfinished: If it took too long, could not be started, or failed.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _BOOT, str(script), *filter(None, sys.path)],
            input=json.dumps(job).encode("ascii"),
            capture_output=True,
            env={},
            start_new_session=True,  # Ctrl+C is the caller's to handle
            timeout=_WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unfinished("it took too long", is_slow=True) from error
    except OSError as error:
        raise Unfinished(f"no process could be started: {error.strerror or error}") from error
    if done.returncode == 0:
        return json.loads(done.stdout)
    if done.returncode == -signal.SIGXCPU:
        raise Unfinished("it took too long", is_slow=True)
    lines = done.stderr.decode("utf-8", "replace").split("\n")
    last = next((line for line in reversed(lines) if line.strip()), f"exit {done.returncode}")
    raise Unfinished(last.strip())
