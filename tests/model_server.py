"""llama-cpp-python's own server with the starter model, as a process on loopback."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from loopback import closed_port

CONTEXT = 1024
"""Tokens of its context."""


class ModelServer:
    """The server, from its start to its end."""

    def __init__(self, weights: Path, folder: Path) -> None:
        """Start it and wait until it listens.

        Args:
            weights: What it answers with.
            folder: Its working directory: it must not find anything of ours.
        """
        port = closed_port()
        self.url = f"http://127.0.0.1:{port}/v1"
        options = {
            "model": weights,
            "model_alias": "tiny",
            "host": "127.0.0.1",
            "port": port,
            "n_ctx": CONTEXT,
            "logits_all": True,  # or it has no log-probabilities
            "disable_ping_events": True,
        }
        arguments = [f"--{name}={value}" for name, value in options.items()]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "llama_cpp.server", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
        )
        self._wait()

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        self._drain.join()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def _wait(self) -> None:
        assert self._process.stderr is not None
        said = []
        for line in self._process.stderr:
            said.append(line)
            if "running on" in line:
                break
        else:
            raise AssertionError(f"the server did not start:\n{''.join(said[-20:])}")
        self._drain = threading.Thread(target=self._process.stderr.read)
        self._drain.start()
