"""The command line in this process, with an engine that says what the test wrote."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from engine.load_options import LoadOptions
from engine.protocol import Engine
from engine.scripted import Reply, ScriptedEngine
from sessions import SessionStore
from tui.cli import main


def uncoded(content: str) -> str:
    """A question with a word in place of each fence's code, which is another one every time."""
    return re.sub(r"(?<=of material )[0-9a-f]{10}", "CODE", content)


class Chat:
    """Runs the command line with scripted replies, and keeps what came of it."""

    def __init__(
        self,
        capsysbinary: pytest.CaptureFixture[bytes],
        monkeypatch: pytest.MonkeyPatch,
        home: Path,
    ) -> None:
        self.engine = ScriptedEngine(["Hello there."])
        self.home = home
        self.started = 0
        """How many engines."""
        self.out = self.err = ""
        self._capsys = capsysbinary
        self._monkeypatch = monkeypatch
        model = home / "data" / "models" / "tiny.gguf"
        model.parent.mkdir(parents=True)
        model.write_bytes(b"GGUF")

    def script(self, *replies: Reply | str, n_ctx: int = 4096) -> None:
        """What the engine will say."""
        self.engine = ScriptedEngine(replies, n_ctx=n_ctx)

    def __call__(self, *arguments: str, stdin: str | bytes = b"") -> int:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))
        code = main(arguments, starter=self.start)
        out, err = self._capsys.readouterr()
        self.out, self.err = out.decode("utf-8", "surrogateescape"), err.decode()
        return code

    def start(self, path: Path, options: LoadOptions) -> Engine:
        """The engine, as if it were that file's."""
        self.loaded = path, options
        self.started += 1
        self.engine.model_name = options.name or path.stem
        return self.engine

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Role and content of each message of the last request."""
        return [(message.role, message.content) for message in self.engine.requests[-1].messages]

    @property
    def saved(self) -> list[str]:
        """The contents of the latest session's turns."""
        store = SessionStore(self.home / "data" / "sessions")
        return [turn.content for turn in store.open(store.latest()).session.path()]
